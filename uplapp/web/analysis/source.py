"""Where the votes come from: a study, a file whose columns may be named, a matrix, a published table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import pandas as pd

from uplapp.analysis.reading.editions import editions_in
from uplapp.analysis.reading.layouts.columns import ROLES, Columns
from uplapp.analysis.reading.matrices import WINNERS, read_matrix
from uplapp.analysis.reading.published import (
    EXAMPLE,
    EXAMPLE_LABEL,
    PUBLISHED,
    example_votes,
    published,
)
from uplapp.analysis.reading.ratings import ROLES as RATING_ROLES
from uplapp.analysis.reading.ratings import Ratings, holds_ratings, read_ratings
from uplapp.analysis.reading.ratings import from_table as ratings_from_table
from uplapp.analysis.reading.votes import from_table, read_votes
from uplapp.errors import BadVotes, OtherNames, Question, UplappError
from uplapp.values import Comparisons, Votes
from uplapp.web.analysis import layout_view
from uplapp.web.analysis.layout_view import Fields
from uplapp.web.analysis.words import TABLES
from uplapp.web.widgets import abreast

# Simulated observers or people, then perhaps the name of a study and who asks -> the study's export.
LiveVotes = Callable[..., pd.DataFrame]
Names = Callable[[object], list[str]]  # who asks -> the studies of this app that are open to them

LIVE, UPLOAD, MATRIX = "live", "upload", "matrix"
FIRST = "denoising"
FIELD_PX = 130  # room for the three lines of a field for files
LIVE_LABEL, OWN_LABEL = "Demo study, live", "My studies, live"
# What each kind of votes is, shown where there are none to analyse.
ABOUT = {
    LIVE: """Take part yourself at **Study**, or add simulated observers there and tick *Simulated observers
instead of people* here. The example of 20 simulated observers shows what the views will hold.""",
    UPLOAD: """| A file with the columns | is read as |
|---|---|
| `observer` `condition_A` `condition_B` `is_A_selected` (1, 0, 0.5 for not sure), perhaps `scene` | votes |
| `observer` `winner` `loser` | votes |
| `observer` `ranking` (a > b > c) | votes on pairs |
| `observer` `condition` `rating` | mean ratings |
| triplets of JPEG AIC-3 | votes for the less distorted version |

Counts and one column per pair are read too, and columns of other names once you name them above.""",
    MATRIX: """The first row and the first column name the conditions. Each cell holds how often one of
the two was chosen over the other: counts, or probabilities with the number of votes per pair.""",
}
VALUES = (
    ("A was chosen:", "1"),
    ("B was chosen:", "0"),
    ("not sure:", "0.5"),
    ("both bad:", "both_bad"),
)
OTHER_NAMES = "My columns have other names"
SOURCES = [
    (LIVE_LABEL, LIVE),
    ("My votes (CSV)", UPLOAD),
    ("My matrix (CSV)", MATRIX),
    *((study.label, name) for name, study in PUBLISHED.items()),
    (EXAMPLE_LABEL, EXAMPLE),
]


class Source(NamedTuple):
    """The widgets, or what a person chose in them, in the order of `read`."""

    source: Any
    simulated: Any
    upload: Any
    observer: Any
    condition_a: Any
    condition_b: Any
    choice: Any
    scene: Any
    value_a: Any
    value_b: Any
    value_tie: Any
    value_bad: Any
    matrix: Any
    winner: Any
    votes_per_pair: Any
    edition: Any = None
    study: Any = ""
    entry: Any = None
    won: Any = ()
    lost: Any = ()
    preferred: Any = ()
    wins_a: Any = ()
    wins_b: Any = ()
    ties: Any = ()
    times: Any = ()
    rating: Any = ()
    criterion: Any = ()
    ignore: Any = ()
    pairs: Any = ""
    where: Any = ""
    drop: Any = ""
    header: Any = 0
    skip: Any = 0
    equal: Any = False

    @property
    def layout(self) -> Fields:
        """The fields of the file's layout, which are the last."""
        return Fields(*self[-len(Fields._fields) :])


def build(entry: gr.State, names: Names) -> tuple[Source, gr.HTML]:
    """Lay out the menu, connect what it shows, and return the widgets.

    The last is where the first rows of a file stand.
    """
    source = gr.Radio(SOURCES, value=FIRST, label="Votes", elem_id="source")
    study = gr.Dropdown([], label="Study", visible=False, elem_id="own-study", allow_custom_value=True)
    simulated = gr.Checkbox(label="Simulated observers instead of people", visible=False)
    with gr.Group(visible=False) as file:
        upload = gr.File(label="Votes, CSV", file_types=TABLES, type="filepath", height=FIELD_PX)
        edition = gr.Dropdown(
            [], label="Edition of the study: answers to stimuli that differ are never pooled", visible=False
        )
        with gr.Accordion(OTHER_NAMES, open=False, elem_classes="abreast"):
            columns = _columns()
            more = layout_view.build()
        understood = gr.HTML(elem_id="understood")
    with gr.Group(visible=False) as table:
        matrix = gr.File(label="Matrix, CSV", file_types=TABLES, type="filepath", height=FIELD_PX)
        with gr.Row():
            winner = gr.Radio(
                [("the row's", "row"), ("the column's", "column")], label="A cell counts who was chosen:"
            )
            per_pair = gr.Textbox(label="Votes per pair, if the cells are probabilities", max_lines=1)
    gr.on(
        [source.input],
        lambda name: (
            gr.update(visible=name in (LIVE, UPLOAD), value=False),
            gr.update(visible=name == UPLOAD),
            gr.update(visible=name == MATRIX),
        ),
        source,
        [simulated, file, table],
        api_visibility="private",
        show_progress="hidden",
    )
    rest = [matrix, winner, per_pair, edition, study, entry, *more]
    menu = Source(*[source, simulated, upload, *columns, *rest])
    _offer_studies(menu, names)
    upload.change(_editions, upload, edition, api_visibility="private", show_progress="hidden")
    _follow(menu, columns[: len(ROLES)])
    return menu, understood


def _offer_studies(menu: Source, names: Names) -> None:
    """Offer a researcher all studies of this app, each time that live votes are chosen."""

    def offer(name: str, chosen: str, entry: object) -> Any:
        known = names(entry)
        value = chosen if chosen in known else next(iter(known), "")
        return gr.update(choices=known, value=value, visible=name == LIVE and bool(known))

    def rename(entry: object) -> Any:
        label = OWN_LABEL if names(entry) else LIVE_LABEL
        return gr.update(choices=[(label, LIVE), *SOURCES[1:]])

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asked = [menu.source, menu.study, menu.entry]
    gr.on([menu.source.input, menu.entry.change], offer, asked, menu.study, **private)
    menu.entry.change(rename, menu.entry, menu.source, **private)


def _follow(menu: Source, usual: list[Any]) -> None:
    """Fill the menus with the columns of the file."""
    header = menu.layout.header
    gr.on(
        [menu.upload.change, header.submit],
        layout_view.menus,
        [menu.upload, header],
        [*usual, *menu.layout[: layout_view.IN_MENUS]],
        api_visibility="private",
        show_progress="hidden",
    )


def first() -> Comparisons:
    """Read the published table that the menu begins with."""
    return published(FIRST)


def changes(menu: Source) -> list[Any]:
    """Events after which the votes are others."""
    files = [event for file in (menu.upload, menu.matrix) for event in (file.upload, file.clear)]
    boxes = (menu.source, menu.simulated, menu.winner, menu.edition, menu.study)
    clicked = [widget.input for widget in boxes]
    return [*files, menu.votes_per_pair.submit, *clicked, *of_file(menu)]


def of_file(menu: Source) -> list[Any]:
    """Events after which an uploaded file is read otherwise."""
    boxes = (menu.value_a, menu.value_b, menu.value_tie, menu.value_bad)
    roles = (menu.observer, menu.condition_a, menu.condition_b, menu.choice, menu.scene)
    typed = [box.submit for box in boxes]
    return [*typed, *(menu.input for menu in roles), *layout_view.clicked(menu.layout)]


def show_first(*chosen: Any) -> str:
    """Show the first rows of an uploaded file as they are understood, nothing where it cannot be read."""
    menu = Source(*chosen)
    if menu.source != UPLOAD or menu.upload is None:
        return ""
    try:
        return layout_view.preview(_read_upload(menu))
    except UplappError:
        return ""  # the sentence stands in place of the ranking


def _columns() -> list[Any]:
    gr.Markdown("Several columns make one name, such as a method and its level.")
    with abreast():
        roles = [
            gr.Dropdown([], value=[], label=label, multiselect=True, min_width=140, allow_custom_value=True)
            for label in ("Observer", "Condition A", "Condition B", "The choice", "Scene, if any")
        ]
    with abreast():
        values = [gr.Textbox(value, label=label, max_lines=1, min_width=90) for label, value in VALUES]
    gr.Markdown("Steps stand with a | between, the largest first: `much A|slightly A`.")
    return [*roles, *values]


def _editions(path: str | None) -> Any:
    """Offer the editions of a study that a file holds, where there are several."""
    found = () if path is None else editions_in(Path(path))
    return gr.update(choices=list(found), value=None, visible=len(found) > 1)


def read(chosen: Source, live_votes: LiveVotes) -> Votes | Comparisons | Ratings:
    """Read what a person chose.

    Raises BadVotes, which says in a sentence what is missing.
    """
    match chosen.source:
        case "live":
            return _read_live(chosen, live_votes)
        case "upload":
            if chosen.upload is None:
                raise BadVotes("Choose a votes file (CSV).")
            return _read_upload(chosen)
        case "example":
            return example_votes()
        case "matrix":
            if chosen.matrix is None:
                raise BadVotes("Choose a matrix file (CSV).")
            if chosen.winner not in WINNERS:
                raise BadVotes(
                    "Say whose votes a cell counts, the row's or the column's: a guess may turn all signs."
                )
            return read_matrix(
                Path(chosen.matrix), chosen.winner, (chosen.votes_per_pair or "").strip() or None
            )
        case name:
            return published(name)


def _read_live(chosen: Source, live_votes: LiveVotes) -> Votes | Ratings:
    """Read the answers of a study of this app, which may ask for ratings."""
    whose = (chosen.study, chosen.entry) if chosen.study else ()
    table, name = live_votes(chosen.simulated, *whose), chosen.study or "the live study"
    if table.empty:
        raise BadVotes("Nobody has answered yet." if not chosen.simulated else "No simulated observers yet.")
    if "rating" in table.columns:
        return ratings_from_table(table, name, chosen.simulated)
    return from_table(table, name, chosen.simulated)


def _read_upload(chosen: Source) -> Votes | Ratings:
    """A file of votes, or of ratings if its columns say so."""
    path, more = Path(chosen.upload), chosen.layout
    edition = chosen.edition if chosen.edition in editions_in(path) else ""  # not that of the file before
    try:
        rows = layout_view.rows_of(more)
        if more.rating or more.criterion:
            return read_ratings(
                path, chosen.simulated or None, _rating_columns(chosen), edition=edition, rows=rows
            )
        if holds_ratings(path, rows.header):
            return read_ratings(path, chosen.simulated or None, edition=edition, rows=rows)
        return read_votes(path, chosen.simulated or None, named(chosen), edition, rows)
    except (OtherNames, Question) as error:
        raise BadVotes(f"{error}; name them under '{OTHER_NAMES}'") from None


def _roles(chosen: Source) -> dict[str, tuple[str, ...]]:
    roles = (chosen.observer, chosen.condition_a, chosen.condition_b, chosen.choice, chosen.scene)
    return {role: tuple(names) for role, names in zip(ROLES, roles, strict=True) if names}


def named(chosen: Source) -> Columns:
    """Give the columns of an upload and the cells of its choice, as a person named them."""
    cells = chosen.value_a, chosen.value_b, chosen.value_tie, chosen.value_bad
    return layout_view.columns_of(_roles(chosen), cells, chosen.layout)


def _rating_columns(chosen: Source) -> str:
    """Columns of ratings, in the words of `read_ratings`. The menu of condition A names the condition."""
    roles = {"condition" if role == "condition_A" else role: names for role, names in _roles(chosen).items()}
    kept = {role: names for role, names in roles.items() if role in RATING_ROLES}
    own = {role: tuple(getattr(chosen.layout, role)) for role in ("rating", "criterion")}
    kept |= {role: names for role, names in own.items() if names}
    return ",".join(f'"{role}={"+".join(names)}"' for role, names in kept.items())
