"""Exports written piece by piece, and the way to set all answers aside."""

import re
from typing import Any

import gradio as gr

from uplapp.plain import to_csv
from uplapp.study.exports import codes, streaming, votes
from uplapp.study.store.store import reading, snapshot
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.widgets import offer, offer_pieces, room

CSV, LINES, REPLIES = "CSV", "JSON lines", "Replies to the questions, CSV"
CODES, IDS = "People with their codes, CSV", "The same with the ids of their panel"
DATABASE = "SQLite, every study"
SUFFIXES = {CSV: "csv", LINES: "jsonl", REPLIES: "csv"}
ABOUT = (
    "CSV is what the Analysis tab and `uplapp analyse` read. Who has a code can withdraw by it, "
    "ids name people, and the database holds secrets: keep these private."
)


def build(desk: Desk, chosen: gr.Dropdown) -> None:
    """Lay out the view of the study `chosen`."""
    gr.Markdown(ABOUT)
    kind = gr.Radio([CSV, LINES, REPLIES, CODES, IDS, DATABASE], value=CSV, label="Format")
    with gr.Row():
        everything = gr.Checkbox(label="Also what is left out, with the reason")
        simulated = gr.Checkbox(label="Simulated observers instead of people")
        pilot = gr.Checkbox(label="The pilot instead")
    write = gr.Button("Write the file", variant="primary")
    file = gr.File(visible=False, label="Export", elem_id="export")
    ask = gr.Button("Set all answers aside")
    with gr.Row(visible=False) as sure:
        yes = gr.Button("Yes, begin anew", variant="stop")
        no = gr.Button("Keep them")

    def export(entry: Entry, name: str, kind: str, everything: bool, simulated: bool, pilot: bool) -> Any:
        path = written(desk, name, kind, everything, simulated, pilot)
        with desk.acting(entry, name, "export", kind):
            pass
        return gr.update(value=path, visible=True)

    def reset(entry: Entry, name: str) -> Any:
        with desk.acting(entry, name, "set all answers aside") as study:
            votes.reset(desk.shelf.store, study.id, "set aside on the Study tab")
        return gr.update(visible=False)

    desk.on(write.click, export, [chosen, kind, everything, simulated, pilot], file)
    desk.on(ask.click, lambda entry: gr.update(visible=True), [], sure)
    desk.on(no.click, lambda entry: gr.update(visible=False), [], sure)
    desk.on(yes.click, reset, [chosen], sure)
    desk.on(chosen.change, lambda entry: [gr.update(visible=False)] * 2, [], [file, sure])


def written(desk: Desk, name: str, kind: str, everything: bool, simulated: bool, pilot: bool = False) -> str:
    """The path of a finished export. What observers answer meanwhile is not in it."""
    study = desk.shelf.get(name)
    if kind == DATABASE:
        path = room("uplapp-snapshot.db")
        snapshot(desk.shelf.settings.answers, path)
        return str(path)
    if kind in (CODES, IDS):
        with reading(desk.shelf.settings.answers) as reader:
            people = to_csv(codes.listing(reader, study.definition.name, desk.clock(), kind == IDS))
        return offer(f"{study.definition.name}-people.csv", people.encode())
    suffix = SUFFIXES.get(kind, "csv")
    what = "replies" if kind == REPLIES else study.presentation.answers
    wanted = streaming.Wanted(simulated, everything, pilot, desk.clock())
    with reading(desk.shelf.settings.answers) as reader:
        text = streaming.export(reader, study, suffix, wanted, kind == REPLIES)
        return offer_pieces(f"{file_name(name)}-{what}.{suffix}", text)


def file_name(name: str) -> str:
    """The name of a study or of its edition, as `demo-edition-1`, for a file."""
    return "-".join(re.findall(r"[A-Za-z0-9_-]+", name))
