"""The observers of a study, and the way out for one who wants every answer deleted."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.study.exports import dashboard
from uplapp.study.session import lifecycle, status
from uplapp.study.store.store import reading
from uplapp.web.researcher.desk import Desk, Entry

WHEN = (
    "from the database at once, from every file here within half a minute, and from the copy on the Hub, "
    "with its history, at the next copying"
)

PILOT_BEGINS = "Who joins from now on is one of the pilot, whose answers are kept apart for good."
PILOT_ENDS = "Who joins from now on counts."


@dataclass(frozen=True)
class Withdrawal:
    """The withdrawal that the question on screen is about. `answers` will be deleted."""

    study: str
    observer: str
    answers: int


def build(desk: Desk, chosen: gr.Dropdown) -> tuple[gr.HTML, gr.Number]:
    """Lay out the view of the study `chosen`. Returns the table and the quota, which others fill too."""
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
    checked: gr.State = gr.State(None)  # the box may hold another id by the time of the yes

    def check(entry: Entry, name: str, observer: str) -> tuple[Any, ...]:
        withdrawal = withdrawal_of(desk, name, observer)
        text = f"All **{withdrawal.answers}** answers of {withdrawal.observer} will be deleted: {WHEN}."
        return withdrawal, gr.update(visible=True), f"{text} Nobody can bring them back.", ""

    def withdraw(entry: Entry, withdrawal: Withdrawal | None) -> tuple[Any, ...]:
        return None, gr.update(visible=False), "", carry_out(desk, withdrawal, entry)

    def typed(entry: Entry, observer: str, withdrawal: Withdrawal | None) -> tuple[Any, Any]:
        same = withdrawal is not None and observer.strip() == withdrawal.observer
        return (gr.skip(), gr.skip()) if same else (None, gr.update(visible=False))

    desk.on(ask.click, check, [chosen, observer], [checked, sure, warning, said])
    desk.on(yes.click, withdraw, [checked], [checked, sure, observer, said])
    desk.on(observer.change, typed, [observer, checked], [checked, sure], show_progress="hidden")
    for event in (no.click, chosen.change):
        desk.on(event, lambda entry: (None, gr.update(visible=False), ""), [], [checked, sure, observer])
    _lay_out_judging(desk, chosen)
    return listed, _lay_out_quota(desk, chosen)


def _lay_out_judging(desk: Desk, chosen: gr.Dropdown) -> None:
    """Lay out how an observer is left out of fits, with a reason, and taken back."""
    with gr.Row(elem_classes="act"):
        observer = gr.Textbox(
            label="Leave an observer out, or take one back",
            placeholder="the id in the table",
            max_lines=1,
            elem_id="judged",
        )
        reason = gr.Textbox(label="Why", max_lines=1, max_length=lifecycle.LONGEST_REASON, elem_id="reason")
        out, back = gr.Button("Leave out", min_width=100), gr.Button("Take back", min_width=100)
    said = gr.Markdown(elem_id="judgement")

    def leave_out(entry: Entry, name: str, observer: str, reason: str) -> tuple[str, str, str]:
        with desk.acting(entry, name, "exclude", f"{observer.strip()}: {reason}") as study:
            lifecycle.leave_out(desk.shelf.store, study.id, observer.strip(), reason)
        return "", "", f"{observer.strip()} is left out of scores and exports; the answers stay."

    def take_back(entry: Entry, name: str, observer: str) -> tuple[str, str, str]:
        with desk.acting(entry, name, "include", observer.strip()) as study:
            lifecycle.take_back(desk.shelf.store, study.id, observer.strip())
        return "", "", f"{observer.strip()} counts again."

    desk.on(out.click, leave_out, [chosen, observer, reason], [observer, reason, said])
    desk.on(back.click, take_back, [chosen, observer], [observer, reason, said])
    desk.on(chosen.change, lambda entry: ("", "", ""), [], [observer, reason, said])


def withdrawal_of(desk: Desk, name: str, observer: str) -> Withdrawal:
    """What a withdrawal would delete. UplappError for an observer the study does not have."""
    wanted = observer.strip()
    if not wanted:
        raise UplappError("no observer is given; the ids are in the first column of the table of people")
    with reading(desk.shelf.settings.answers) as reader:
        return Withdrawal(name, wanted, dashboard.answers_of(reader, desk.shelf.get(name).id, wanted))


def carry_out(desk: Desk, withdrawal: Withdrawal | None, entry: Entry) -> str:
    """Delete what the question was about, whatever is on screen by now. Returns what to say."""
    if withdrawal is None:
        raise UplappError("nothing is asked; give an id and press Withdraw first")
    with desk.acting(entry, withdrawal.study, "withdraw", withdrawal.observer) as study:
        gone = lifecycle.withdraw(desk.shelf.store, study.id, withdrawal.observer, desk.clock())
    return f"{gone} answers of {withdrawal.observer} are deleted."


def wanted(desk: Desk, name: str) -> int | None:
    """The stored quota of a study that is open here. None for no limit."""
    if desk.shelf.find(name) is None:
        return None
    return status.status(desk.shelf.store, desk.shelf.get(name).id, desk.clock()).quota or None


def _lay_out_quota(desk: Desk, chosen: gr.Dropdown) -> gr.Number:
    with gr.Row(elem_classes="act"):
        quota = gr.Number(
            None,
            label="People wanted (empty: no limit)",
            placeholder="no limit",  # without one Gradio shows 0
            precision=0,
            maximum=100_000,
            elem_id="quota",
        )
        take = gr.Button("Set", min_width=100)
        begin, end = gr.Button("Begin a pilot", min_width=120), gr.Button("End the pilot", min_width=120)
    said = gr.Markdown()

    def limit(entry: Entry, name: str, quota: float | None) -> tuple[int | None, str]:
        most = None if quota is None else int(quota)
        with desk.acting(entry, name, "quota", f"{most}") as study:
            lifecycle.limit(desk.shelf.store, study.id, most)
        people = wanted(desk, name)
        return people, "There is no limit." if people is None else f"The study takes {people} people."

    def pilot(entry: Entry, name: str, on: bool) -> str:
        with desk.acting(entry, name, "pilot begins" if on else "pilot ends") as study:
            lifecycle.pilot(desk.shelf.store, study.id, on)
        return PILOT_BEGINS if on else PILOT_ENDS

    desk.on(take.click, limit, [chosen, quota], [quota, said])
    desk.on(begin.click, partial(pilot, on=True), [chosen], said)
    desk.on(end.click, partial(pilot, on=False), [chosen], said)
    desk.on(chosen.change, lambda entry, name: (wanted(desk, name), ""), [chosen], [quota, said])
    return quota
