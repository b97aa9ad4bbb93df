"""How an uploaded file is laid out: menus of its columns, fields for its rows, its first rows as read."""

from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

from uplapp.analysis.reading.layouts.columns import ROLES, Columns
from uplapp.analysis.reading.layouts.pairs import parse_pairs
from uplapp.analysis.reading.layouts.rows import Rows, parse_rows
from uplapp.analysis.reading.ratings import Ratings
from uplapp.analysis.reading.tables import read_header
from uplapp.errors import UplappError
from uplapp.values import Votes
from uplapp.web.analysis.words import number, table
from uplapp.web.widgets import abreast

MENUS = (
    ("winner", "Winner"),
    ("loser", "Loser"),
    ("preferred", "Name of the chosen"),
    ("wins_A", "Votes for A"),
    ("wins_B", "Votes for B"),
    ("ties", "Ties"),
    ("times", "Row counts as often as"),
)
RATINGS = (("rating", "Rating of a single picture"), ("criterion", "Criterion of ratings"))
IN_MENUS = len(MENUS) + len(RATINGS) + 1  # and the columns that do not matter
FIRST_ROWS = 5
ANSWERS = {1.0: "A", 0.0: "B", 0.5: "not sure"}


class Fields(NamedTuple):
    """The widgets beyond the usual columns, or what a person chose in them."""

    winner: Any = ()
    loser: Any = ()
    preferred: Any = ()
    wins_A: Any = ()
    wins_B: Any = ()
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


def build() -> Fields:
    """Lay out the fields, in a column of the class `abreast`."""
    gr.Markdown("Other layouts: winner and loser, the name of the chosen, counts, or ratings.")
    with abreast():
        menus = [_menu(label) for _, label in (*MENUS, *RATINGS)]
    with abreast():
        ignore = _menu("Columns that do not matter")
        pairs = _text("One column per pair", "{A} vs {B}, or Q1=a|b,Q2=a|c, or prefmod:a,b,c")
    with abreast():
        where = _text("Only rows with", "is_bias=0; rt>300")
        drop = _text("Leave out answers", "skip,NA,empty")
        header = gr.Number(0, label="Line of the header, 0: find it", precision=0, minimum=0, min_width=120)
        skip = gr.Number(0, label="Rows below it to skip", precision=0, minimum=0, min_width=120)
    equal = gr.Checkbox(label="Each observer counts the same")
    return Fields(*[*menus, ignore, pairs, where, drop, header, skip, equal])


def _menu(label: str) -> gr.Dropdown:
    return gr.Dropdown([], value=[], label=label, multiselect=True, min_width=140, allow_custom_value=True)


def _text(label: str, example: str) -> gr.Textbox:
    return gr.Textbox("", label=label, placeholder=example, max_lines=1, min_width=140)


def clicked(fields: Fields) -> list[Any]:
    """Events after which the file is read otherwise."""
    menus = [fields[place].input for place in range(IN_MENUS)]
    typed = [box.submit for box in (fields.pairs, fields.where, fields.drop, fields.header, fields.skip)]
    return [*menus, *typed, fields.equal.input]


def menus(path: str | None, header: float | None = 0) -> tuple[Any, ...]:
    """Offer a file's columns for ROLES, with the usual names chosen already, and for other layouts."""
    names = _names(path, header)
    usual = [[name for name in Columns().of(role) if name in names] for role in ROLES]
    return tuple(gr.update(choices=names, value=value) for value in [*usual, *[[]] * IN_MENUS])


def _names(path: str | None, header: float | None) -> list[str]:
    try:
        return [] if path is None else list(read_header(Path(path), int(header or 0)))
    except UplappError:
        return []


def columns_of(named: dict[str, tuple[str, ...]], cells: tuple[str, str, str, str], more: Fields) -> Columns:
    """Put the columns of an upload together. A role without a column keeps the usual name."""
    others = {role: tuple(getattr(more, role)) for role, _ in MENUS if getattr(more, role)}
    a, b, tie, bad = ((text or "").strip() for text in cells)
    stated = (a, b) != (Columns.a, Columns.b)
    roles: dict[str, Any] = named | others
    pairs = parse_pairs(more.pairs or "", files=False)
    return Columns(a=a, b=b, tie=tie or None, bad=bad or None, pairs=pairs, stated=stated, **roles)


def rows_of(more: Fields) -> Rows:
    """Read which rows of an upload count."""
    where = [test for test in (more.where or "").split(";") if test.strip()]
    ignore = [f'"{name}"' for name in more.ignore or ()]
    return parse_rows(
        where, more.drop or "", ignore, int(more.header or 0), int(more.skip or 0), bool(more.equal)
    )


def preview(data: Any) -> str:
    """Show the first answers of a file as they were understood, with what was said of the file."""
    if isinstance(data, Votes):
        shown = data.table.head(FIRST_ROWS)
        people = [""] * len(shown) if data.anonymous else shown["observer"]
        answers = [ANSWERS[value] for value in shown["is_A_selected"]]
        columns: dict[str, Any] = {"Observer": people, "Scene": shown["scene"], "A": shown["condition_A"]}
        columns |= {"B": shown["condition_B"], "Chosen": answers}
    elif isinstance(data, Ratings):
        shown = data.table.head(FIRST_ROWS)
        columns = {"Observer": shown["observer"], "Scene": shown["scene"], "Condition": shown["condition"]}
        columns |= {"Criterion": shown["criterion"], "Rating": [number(value) for value in shown["rating"]]}
    else:
        return ""
    said = f"The first {len(shown)} of {len(data.table)} answers, as they are understood:"
    return f"<p>{said}</p>{table(columns, 'first-rows')}"
