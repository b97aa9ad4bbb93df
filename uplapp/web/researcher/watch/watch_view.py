"""Watch a study: choose it, see it live, pause or close it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.study.session import lifecycle
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.researcher.watch import board, data_view, links_view, people_view, ranking_view

REFRESH_S = 5
VERBS = {"Open": lifecycle.OPEN, "Pause": lifecycle.PAUSED, "Close": lifecycle.CLOSED}


@dataclass(frozen=True)
class Watch:
    """What entering sets: the menu of studies, and the clock that refreshes the board."""

    chosen: gr.Dropdown
    timer: gr.Timer


def build(desk: Desk) -> Watch:
    """Lay out the view inside the current tab."""
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown([], label="Study", allow_custom_value=True, min_width=180, elem_id="watched")
        span = gr.Radio([board.HOUR, board.DAY], value=board.HOUR, label="Pace", min_width=180)
    with gr.Row():
        verbs = {state: gr.Button(verb, size="sm", min_width=80) for verb, state in VERBS.items()}
        again = gr.Button("Read it from the disk again", size="sm", min_width=180)
    overview = gr.HTML(elem_id="board")
    with gr.Tabs():
        with gr.Tab("People"):
            listed, quota = people_view.build(desk, chosen)
        with gr.Tab("Ranking"):
            ranking_view.build(desk, chosen)
        with gr.Tab("Links") as links_tab:
            show_links, links_outputs = links_view.build(desk, chosen)
        with gr.Tab("Data"):
            data_view.build(desk, chosen)
    live, fields, timer = [overview, listed], [chosen, span], gr.Timer(REFRESH_S, active=False)

    def refresh(entry: Entry, name: str, span: str) -> tuple[str, str]:
        return board.draw(desk, entry, name, span) if name else ("", "")

    def change(entry: Entry, name: str, span: str, state: str) -> tuple[str, str]:
        lifecycle.change(desk.shelf.store, desk.shelf.get(name).id, state)
        return board.draw(desk, entry, name, span)

    def read_again(entry: Entry, name: str, span: str) -> tuple[Any, ...]:
        reopen(desk, name)
        return *board.draw(desk, entry, name, span), people_view.wanted(desk, name)

    for event in (chosen.change, span.change, timer.tick):
        desk.on(event, refresh, fields, live, show_progress="hidden")
    for state, button in verbs.items():
        desk.on(button.click, partial(change, state=state), fields, live, show_progress="hidden")
    desk.on(again.click, read_again, fields, [*live, quota])
    _follow_the_disk(desk, chosen, (timer.tick, again.click))
    for event in (chosen.change, links_tab.select):
        desk.on(event, show_links, [chosen], links_outputs, show_progress="hidden")
    return Watch(chosen, timer)


def _follow_the_disk(desk: Desk, chosen: gr.Dropdown, events: tuple[Any, ...]) -> None:
    """Keep the menu of studies up to date. Only with news, or it would close under the hand."""
    menu = gr.State(())

    def list_again(entry: Entry, before: tuple[str, ...]) -> tuple[Any, Any]:
        names = tuple(desk.shelf.names())
        return (gr.skip(), gr.skip()) if names == before else (gr.update(choices=list(names)), names)

    for event in events:
        desk.on(event, list_again, [menu], [chosen, menu], show_progress="hidden")


def reopen(desk: Desk, name: str) -> None:
    """Open a study that stayed closed, or take in what changed in its folder."""
    if name not in desk.shelf.names():
        raise UplappError(f"there is no study '{name}'; choose one of the list")
    desk.shelf.open(desk.shelf.settings.studies / name)
