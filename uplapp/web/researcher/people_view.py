"""The observers of a study, and the way out for one who wants every answer deleted."""

from typing import Any

import gradio as gr

from uplapp.study import dashboard, lifecycle
from uplapp.study.reading import reading
from uplapp.web.researcher.desk import Desk, Entry


def build(desk: Desk, chosen: gr.Dropdown) -> gr.HTML:
    """Lay out the view of the study `chosen`; returns the table, which the dashboard fills."""
    listed = gr.HTML(elem_id="people")
    with gr.Row(elem_classes="act"):
        observer = gr.Textbox(
            label="Withdraw an observer", placeholder="the id in the table", max_lines=1, elem_id="observer"
        )
        ask = gr.Button("Withdraw", min_width=100)
    with gr.Column(visible=False) as sure:
        warning = gr.Markdown()
        with gr.Row():
            yes = gr.Button("Yes, delete these answers", variant="stop")
            no = gr.Button("Keep them")
    said = gr.Markdown(elem_id="withdrawn")

    def check(entry: Entry, name: str, observer: str) -> tuple[Any, ...]:
        answers = given(desk, name, observer.strip())
        text = f"All **{answers}** answers of {observer.strip()} will be deleted, here and in the copy. "
        return gr.update(visible=True), text + "Nobody can bring them back.", ""

    def withdraw(entry: Entry, name: str, observer: str) -> tuple[Any, ...]:
        study = desk.shelf.get(name).id
        gone = lifecycle.withdraw(desk.shelf.store, study, observer.strip(), desk.clock())
        return gr.update(visible=False), "", f"{gone} answers of {observer.strip()} are deleted."

    desk.on(ask.click, check, [chosen, observer], [sure, warning, said])
    desk.on(yes.click, withdraw, [chosen, observer], [sure, observer, said])
    for event in (no.click, chosen.change):
        desk.on(event, lambda entry: (gr.update(visible=False), ""), [], [sure, observer])
    _lay_out_quota(desk, chosen)
    return listed


def given(desk: Desk, name: str, observer: str) -> int:
    """How many answers an observer gave; UplappError for one the study does not have."""
    with reading(desk.database) as reader:
        return dashboard.answers_of(reader, desk.shelf.get(name).id, observer)


def _lay_out_quota(desk: Desk, chosen: gr.Dropdown) -> None:
    with gr.Row(elem_classes="act"):
        quota = gr.Number(
            None,
            label="People wanted (empty: no limit)",
            precision=0,
            minimum=0,
            maximum=100_000,
        )
        take = gr.Button("Set", min_width=100)
    said = gr.Markdown()

    def limit(entry: Entry, name: str, quota: float | None) -> str:
        people = None if quota is None else int(quota)
        lifecycle.limit(desk.shelf.store, desk.shelf.get(name).id, people)
        return "There is no limit." if people is None else f"The study takes {people} people."

    desk.on(take.click, limit, [chosen, quota], said)
