"""Watch a study: choose it, see it live, pause or close it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.study.session import lifecycle
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.researcher.watch import board, data_view, links_view, log_view, people_view, ranking_view

REFRESH_S = 5
VERBS = {"Open": lifecycle.OPEN, "Pause": lifecycle.PAUSED, "Close": lifecycle.CLOSED}


@dataclass(frozen=True)
class Watch:
    """What entering sets: the menu of studies, and the clock that refreshes the board."""

    chosen: gr.Dropdown
    timer: gr.Timer


def build(desk: Desk) -> Watch:
    """Lay out the view inside the current tab."""
    chosen, span, verbs, again, adopt = _lay_out_head()
    overview = gr.HTML(elem_id="board")
    listed, quota = _lay_out_tabs(desk, chosen)
    live, fields, timer = [overview, listed, adopt], [chosen, span], gr.Timer(REFRESH_S, active=False)

    def refresh(entry: Entry, name: str, span: str) -> tuple[Any, ...]:
        drawn = board.draw(desk, entry, name, span) if name else ("", "")
        return *drawn, gr.update(visible=name in desk.shelf.edits)

    def change(entry: Entry, name: str, span: str, state: str) -> tuple[Any, ...]:
        with desk.acting(entry, name, state, name):
            change_state(desk, name, state)
        return refresh(entry, name, span)

    def read_again(entry: Entry, name: str, span: str) -> tuple[Any, ...]:
        reopen(desk, name)
        return *refresh(entry, name, span), people_view.wanted(desk, name)

    def serve_edit(entry: Entry, name: str, span: str) -> tuple[Any, ...]:
        desk.shelf.adopt(name)
        with desk.acting(entry, name, "adopt", f"edition {desk.shelf.get(name).number}"):
            pass
        return *refresh(entry, name, span), people_view.wanted(desk, name)

    for event in (chosen.change, span.change, timer.tick):
        desk.on(event, refresh, fields, live, show_progress="hidden")
    for state, button in verbs.items():
        desk.on(button.click, partial(change, state=state), fields, live, show_progress="hidden")
    desk.on(again.click, read_again, fields, [*live, quota])
    desk.on(adopt.click, serve_edit, fields, [*live, quota])
    _follow_the_disk(desk, chosen, (timer.tick, again.click))
    return Watch(chosen, timer)


def _lay_out_head() -> tuple[gr.Dropdown, gr.Radio, dict[str, gr.Button], gr.Button, gr.Button]:
    """Lay out what stands above the board: the menus, the verbs, and two buttons for the disk."""
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown([], label="Study", allow_custom_value=True, min_width=180, elem_id="watched")
        span = gr.Radio([board.HOUR, board.DAY], value=board.HOUR, label="Pace", min_width=180)
    with gr.Row():
        verbs = {state: gr.Button(verb, size="sm", min_width=80) for verb, state in VERBS.items()}
        again = gr.Button("Read it from the disk again", size="sm", min_width=180)
        adopt = gr.Button("Serve the edit to new people", size="sm", min_width=180, visible=False)
    return chosen, span, verbs, again, adopt


def _lay_out_tabs(desk: Desk, chosen: gr.Dropdown) -> tuple[gr.HTML, gr.Number]:
    """Lay out what stands below the board. Returns the table of people and the quota."""
    with gr.Tabs():
        with gr.Tab("People"):
            listed, quota = people_view.build(desk, chosen)
        with gr.Tab("Ranking"):
            ranking_view.build(desk, chosen)
        with gr.Tab("Links") as links_tab:
            show_links, links_outputs = links_view.build(desk, chosen)
        with gr.Tab("Data"):
            data_view.build(desk, chosen)
        with gr.Tab("Log") as log_tab:
            log_view.build(desk, chosen, log_tab)
    for event in (chosen.change, links_tab.select):
        desk.on(event, show_links, [chosen], links_outputs, show_progress="hidden")
    return listed, quota


def _follow_the_disk(desk: Desk, chosen: gr.Dropdown, events: tuple[Any, ...]) -> None:
    """Keep the menu of studies up to date. Only with news, or it would close under the hand."""
    menu = gr.State(())

    def list_again(entry: Entry, before: tuple[str, ...]) -> tuple[Any, Any]:
        names = tuple(desk.shelf.names())
        return (gr.skip(), gr.skip()) if names == before else (gr.update(choices=list(names)), names)

    for event in events:
        desk.on(event, list_again, [menu], [chosen, menu], show_progress="hidden")


def change_state(desk: Desk, name: str, state: str) -> None:
    """Open, pause or close a study with all its editions, or the one former edition of that name."""
    study = desk.shelf.get(name)
    former = desk.shelf.former.get(name, ())
    for one in (study, *former):
        lifecycle.change(desk.shelf.store, one.id, state)


def reopen(desk: Desk, name: str) -> None:
    """Open a study that stayed closed, or take in what changed in its folder."""
    if name not in desk.shelf.names():
        raise UplappError(f"there is no study '{name}'; choose one of the list")
    former = desk.shelf.find(name)
    desk.shelf.open(desk.shelf.settings.studies / (former.definition.name if former else name))
