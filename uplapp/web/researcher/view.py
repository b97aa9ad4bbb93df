"""The researcher's tab: the gate, and behind it the studies to watch and to build."""

import asyncio
from dataclasses import replace
from typing import Any

import gradio as gr

from uplapp.study.stimuli import drafts
from uplapp.web.researcher.build import build_view
from uplapp.web.researcher.desk import FORGETFUL, Desk, Entry, entry_of
from uplapp.web.researcher.gate import MISSING, GateShut, address_of
from uplapp.web.researcher.watch import watch_view

ON_OWN_MACHINE = """**Behind this door:** build a study from folders of pictures, try it, invite people by
links or a panel, watch their answers come in, leave people out with a reason, export votes and codes, and
analyse all studies on the Analysis tab.

On your own machine the token stands in the terminal; on a Space it is the secret `UPLAPP_ADMIN_TOKEN`. It is
kept until this tab of the browser is closed, or you leave."""
EPHEMERAL = "On a Space, studies made here are gone after a restart: keep the ZIP."


def build(desk: Desk, collected: gr.State) -> None:
    """Lay out the tab inside the current gradio context."""
    drafts.sweep(desk.drafts)
    with gr.Column() as door:
        said, token, enter = _build_door(desk)
    with gr.Column(visible=False) as room:
        if desk.shelf.settings.space:
            gr.Markdown(EPHEMERAL)
        with gr.Tabs():
            with gr.Tab("Watch"):
                watch = watch_view.build(desk)
            with gr.Tab("Build a study", elem_classes="abreast"):
                build_view.build(desk, collected, watch.chosen)
        leave = gr.Button("Leave", size="sm", min_width=80)

    async def knock(request: gr.Request, token: str) -> tuple[Any, ...]:
        try:
            who = desk.gate.enter(token, desk.steady(), address_of(request, desk.shelf.settings.space))
        except GateShut as error:
            await asyncio.sleep(error.wait_s)
            return gr.skip(), "", str(error)
        return replace(entry_of(request), who=who), "", ON_OWN_MACHINE

    def admit(entry: object) -> tuple[Any, ...]:
        """Show the room to a session that has entered."""
        inside = isinstance(entry, Entry)
        names = desk.shelf.names() if inside else []
        menu = gr.update(choices=names, value=names[0] if names else None) if inside else gr.skip()
        return gr.update(visible=not inside), gr.update(visible=inside), menu, gr.Timer(active=inside)

    gr.on(
        [enter.click, token.submit],
        knock,
        token,
        [desk.entry, token, said],
        api_visibility="private",
        concurrency_limit=None,  # a wrong token that waits for its reply must not keep the right one waiting
    )
    shown = [door, room, watch.chosen, watch.timer]
    entered = desk.entry.change(admit, desk.entry, shown, api_visibility="private", show_progress="hidden")
    entered.then(None, js="() => window.stayIn()")
    left = leave.click(lambda: None, None, desk.entry, api_visibility="private")
    left.then(None, js="() => window.leave()")  # what was on screen goes too


def _build_door(desk: Desk) -> tuple[gr.Markdown, gr.Textbox, gr.Button]:
    """Lay out what stands before the room: a sentence, the box for the token, the button."""
    missing = f"{MISSING}\n\n{FORGETFUL}" if desk.shelf.settings.forgetful else MISSING
    said = gr.Markdown(missing if desk.gate.missing else ON_OWN_MACHINE, elem_id="door")
    with gr.Row(elem_classes="act", visible=not desk.gate.missing):
        token = gr.Textbox(
            label="Researcher's token",
            type="password",
            max_length=200,
            elem_id="token",
            html_attributes=gr.InputHTMLAttributes(autocomplete="current-password"),
        )
        enter = gr.Button("Enter", variant="primary", min_width=100, elem_id="enter")
    return said, token, enter
