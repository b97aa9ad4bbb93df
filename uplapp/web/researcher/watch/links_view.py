"""Personal links: made with a label each, listed, revoked, taken along as CSV."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr
import pandas as pd

from uplapp import plain
from uplapp.errors import UplappError
from uplapp.study.session import links
from uplapp.study.store.store import Row
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.researcher.watch.drawing import table
from uplapp.web.widgets import offer

MOST = 500  # at a time
ENDED = ("revoked", "withdrawn")
ABOUT = "Each link lets one observer in, and back to where that observer stopped. Labels are for you alone."


def build(desk: Desk, chosen: gr.Dropdown) -> tuple[Any, Any]:
    """Lay out the view of the study `chosen`. Returns its refresh and what that fills."""
    gr.Markdown(ABOUT)
    with gr.Row(elem_classes="act"):
        count = gr.Number(10, label="How many", precision=0, minimum=1, maximum=MOST, min_width=100)
        label = gr.Textbox("P", label="Label, numbered", max_length=60, min_width=120)
        make = gr.Button("Make links", variant="primary", min_width=120)
    listed = gr.HTML(elem_id="links")
    with gr.Row(elem_classes="act"):
        link = gr.Dropdown([], label="Link", allow_custom_value=True, min_width=160)
        revoke = gr.Button("Revoke", min_width=100)
        take = gr.Button("Download (CSV)", min_width=120)
    file = gr.File(visible=False, label="Keep it private: who has a link can take part by it")

    def show(entry: Entry, name: str) -> tuple[Any, Any]:
        if desk.shelf.find(name) is None:
            return "", gr.update(choices=[], value=None)
        rows = links.listing(desk.shelf.store, desk.shelf.get(name).id)
        alive = [(row["label"], row["id"]) for row in rows if row["revoked_at"] is None]
        return as_table(entry, study_name(desk, name), rows), gr.update(choices=alive, value=None)

    def add(entry: Entry, name: str, number: float, text: str) -> tuple[Any, Any]:
        with desk.acting(entry, name, "make links", f"{number or 0:g}") as study:
            before = len(links.listing(desk.shelf.store, study.id))
            links.make(desk.shelf.store, study.id, labels(text, number, before), desk.clock())
        return show(entry, name)

    def end(entry: Entry, name: str, link: str | None) -> tuple[Any, Any]:
        if not link:
            raise UplappError("no link is chosen; choose the one to revoke")
        with desk.acting(entry, name, "revoke a link") as study:
            links.revoke(desk.shelf.store, study.id, link, desk.clock())
        return show(entry, name)

    def hand_out(entry: Entry, name: str) -> Any:
        rows, whole = links.listing(desk.shelf.store, desk.shelf.get(name).id), study_name(desk, name)
        return gr.update(value=offer(f"{whole}-links.csv", to_csv(entry, whole, rows).encode()), visible=True)

    desk.on(make.click, add, [chosen, count, label], [listed, link])
    desk.on(revoke.click, end, [chosen, link], [listed, link])
    desk.on(take.click, hand_out, [chosen], file)
    desk.on(chosen.change, lambda entry: gr.update(visible=False), [], file)
    return show, [listed, link]


def study_name(desk: Desk, name: str) -> str:
    """The name in the address of a study, whichever of its editions is chosen."""
    return desk.shelf.get(name).definition.name


def labels(text: str, number: float | None, before: int) -> list[str]:
    """`number` labels that go on after the `before` there are."""
    if not number or not 1 <= number <= MOST:
        raise UplappError(f"{number or 0:g} links are not possible; make 1 to {MOST} at a time")
    return [f"{text.strip()} {before + place:03}".strip() for place in range(1, int(number) + 1)]


def as_table(entry: Entry, name: str, rows: Sequence[Row]) -> str:
    """The links as a table."""
    if not rows:
        return "<p>There are no links yet.</p>"
    cells = [
        (escape(row["label"]), links.state(row), f"<code>{escape(entry.study(name, row['id']))}</code>")
        for row in rows
    ]
    marks = ["out" if links.state(row) in ENDED else "" for row in rows]
    return table(("Label", "State", "Address"), cells, marks)


def to_csv(entry: Entry, name: str, rows: Sequence[Row]) -> str:
    """Write one line per link. No cell is a formula to a spreadsheet."""
    cells = [(row["label"], links.state(row), row["observer"], entry.study(name, row["id"])) for row in rows]
    return plain.to_csv(pd.DataFrame(cells, columns=["label", "state", "observer", "address"]))
