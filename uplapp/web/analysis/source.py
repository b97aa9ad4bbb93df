"""Where the votes come from: a study, a file whose columns may be named, a matrix, a published table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import pandas as pd

from uplapp.analysis.reading.layouts.columns import ROLES, Columns
from uplapp.analysis.reading.matrices import WINNERS, read_matrix
from uplapp.analysis.reading.published import (
    EXAMPLE,
    EXAMPLE_LABEL,
    PUBLISHED,
    SOURCE,
    example_votes,
    published,
)
from uplapp.analysis.reading.ratings import Ratings, holds_ratings, read_ratings
from uplapp.analysis.reading.tables import read_header
from uplapp.analysis.reading.votes import from_table, read_votes
from uplapp.errors import BadVotes, OtherNames, UplappError
from uplapp.values import Comparisons, Votes

LiveVotes = Callable[[bool], pd.DataFrame]  # simulated -> the study's export

LIVE, UPLOAD, MATRIX = "live", "upload", "matrix"
FIRST = "denoising"
ABOUT = f"""A votes file has the columns `observer`, `condition_A`, `condition_B` and `is_A_selected` (1, 0 or
0.5), perhaps `scene`; a file with the columns `observer`, `condition` and `rating` shows mean ratings, one
with `observer` and `ranking` (a > b > c) is read as votes on pairs, and triplets of JPEG AIC-3 as votes for
the less distorted version.
Published tables: {SOURCE}."""
VALUES = (
    ("A was chosen:", "1"),
    ("B was chosen:", "0"),
    ("not sure:", "0.5"),
    ("both bad:", "both_bad"),
)
OTHER_NAMES = "My columns have other names"
SOURCES = [
    ("Demo study, live", LIVE),
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


def build() -> Source:
    """Lay out the menu, connect what it shows, and return the widgets."""
    source = gr.Radio(SOURCES, value=FIRST, label="Votes", elem_id="source")
    simulated = gr.Checkbox(label="Simulated observers instead of people", visible=False)
    with gr.Group(visible=False) as file:
        upload = gr.File(label="Votes, CSV", file_types=[".csv"], type="filepath", height=110)
        with gr.Accordion(OTHER_NAMES, open=False):
            columns = _columns()
    with gr.Group(visible=False) as table:
        matrix = gr.File(label="Matrix, CSV", file_types=[".csv"], type="filepath", height=110)
        with gr.Row():
            winner = gr.Radio(
                [("the row's", "row"), ("the column's", "column")], label="A cell counts who was chosen:"
            )
            per_pair = gr.Textbox(label="Votes a pair, if the cells are probabilities", max_lines=1)
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
    upload.change(_menus, upload, columns[: len(ROLES)], api_visibility="private", show_progress="hidden")
    return Source(*[source, simulated, upload, *columns, matrix, winner, per_pair])


def first() -> Comparisons:
    """Read the published table that the menu begins with."""
    return published(FIRST)


def changes(menu: Source) -> list[Any]:
    """Events after which the votes are others."""
    files = [event for file in (menu.upload, menu.matrix) for event in (file.upload, file.clear)]
    boxes = (menu.value_a, menu.value_b, menu.value_tie, menu.value_bad, menu.votes_per_pair)
    typed = [box.submit for box in boxes]
    roles = (menu.observer, menu.condition_a, menu.condition_b, menu.choice, menu.scene)
    clicked = [widget.input for widget in (menu.source, menu.simulated, menu.winner, *roles)]
    return [*files, *typed, *clicked]


def _columns() -> list[Any]:
    gr.Markdown("Several columns make one name, such as a method and its level.")
    with gr.Row():
        roles = [
            gr.Dropdown([], value=[], label=label, multiselect=True, min_width=140, allow_custom_value=True)
            for label in ("Observer", "Condition A", "Condition B", "The choice", "Scene, if any")
        ]
    with gr.Row():
        values = [gr.Textbox(value, label=label, max_lines=1, min_width=90) for label, value in VALUES]
    gr.Markdown("Steps stand with a | between, the largest first: `much A|slightly A`.")
    return [*roles, *values]


def _menus(path: str | None) -> tuple[Any, ...]:
    """Offer a file's columns, with the usual names chosen already."""
    try:
        names = () if path is None else read_header(Path(path))
    except UplappError:
        names = ()
    taken = [[name for name in Columns().of(role) if name in names] for role in ROLES]
    return tuple(gr.update(choices=list(names), value=value) for value in taken)


def read(chosen: Source, live_votes: LiveVotes) -> Votes | Comparisons | Ratings:
    """Read what a person chose.

    Raises BadVotes, which says in a sentence what is missing.
    """
    match chosen.source:
        case "live":
            return from_table(live_votes(chosen.simulated), "the live study", chosen.simulated)
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


def _read_upload(chosen: Source) -> Votes | Ratings:
    """A file of votes, or of ratings if its columns say so."""
    if holds_ratings(Path(chosen.upload)):
        return read_ratings(Path(chosen.upload), chosen.simulated or None)
    try:
        return read_votes(Path(chosen.upload), chosen.simulated or None, _named(chosen))
    except OtherNames as error:
        raise BadVotes(f"{error}; name them under '{OTHER_NAMES}'") from None


def _named(chosen: Source) -> Columns:
    """Columns of an upload.

    A role without a column keeps the usual name.
    """
    roles = (chosen.observer, chosen.condition_a, chosen.condition_b, chosen.choice, chosen.scene)
    named: dict[str, Any] = {role: tuple(names) for role, names in zip(ROLES, roles, strict=True) if names}
    tie, bad = ((text or "").strip() or None for text in (chosen.value_tie, chosen.value_bad))
    return Columns(a=chosen.value_a, b=chosen.value_b, tie=tie, bad=bad, **named)
