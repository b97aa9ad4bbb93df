"""Who did what to a study, and when."""

import time
from html import escape

import gradio as gr

from uplapp.study.session import log
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.researcher.watch.drawing import table

MOST = 500  # the newest; `study log` lists all


def build(desk: Desk, chosen: gr.Dropdown, tab: gr.Tab) -> None:
    """Lay out the view of the study `chosen`, drawn when its tab is looked at."""
    listed = gr.HTML(elem_id="log")

    def show(entry: Entry, name: str) -> str:
        return drawn(desk, name)

    for event in (tab.select, chosen.change):
        desk.on(event, show, [chosen], listed, show_progress="hidden")


def drawn(desk: Desk, name: str) -> str:
    """The log as a table, the newest first."""
    study = desk.shelf.find(name)
    rows = log.listing(desk.shelf.store, study.definition.name)[::-1] if study else []
    if not rows:
        return (
            "<p>Nobody did anything yet. What researchers change in this study, on the page or by commands, "
            "is listed here.</p>"
        )
    cells = [(_utc(row["done_at"]), *(escape(row[key]) for key in ("who", "what", "detail"))) for row in rows]
    return table(("When, UTC", "Who", "What", "Detail"), cells[:MOST])


def _utc(seconds: float) -> str:
    return time.strftime("%d %b %Y %H:%M:%S", time.gmtime(seconds))
