"""The Study tab: the demo in a frame with the state of its answers, and the researcher's part."""

import time
from collections.abc import Mapping

import gradio as gr

from uplapp import plain
from uplapp.study.exports import votes
from uplapp.study.session.opening import OpenStudy
from uplapp.study.simulation import observers
from uplapp.study.store.store import Store
from uplapp.web.researcher import view
from uplapp.web.researcher.desk import Desk
from uplapp.web.widgets import offer

FRAME_PX = 780
REFRESH_S = 5
MOST_SIMULATED = 1000  # more would only fill the disk
NOT_OPEN = "This study is not open yet: its pictures are still being made. Come back in a minute."


def build(desk: Desk, collected: gr.State, name: str = "demo") -> None:
    """Lay out the tab inside the current `gr.Tab`: one study to take part in, and the researcher's part."""
    with gr.Tabs():
        with gr.Tab("Take part"):
            _lay_out_study(desk.shelf.store, desk.shelf.studies, name)
        with gr.Tab("Researcher"):
            view.build(desk, collected)


def _lay_out_study(store: Store, studies: Mapping[str, OpenStudy], name: str) -> None:
    _lay_out_frame(name)
    with gr.Row():
        with gr.Column():
            state = gr.Markdown(container=True, elem_id="progress")
        with gr.Column():
            count = gr.Slider(1, 50, value=14, step=1, label="Simulated observers")
            add = gr.Button("Add simulated observers")
        with gr.Column():
            download = gr.Button("Download raw votes")
            files = gr.File(
                label="People and simulated observers, apart", file_count="multiple", visible=False
            )

    def show() -> str:
        return progress_text(store, studies.get(name))

    def simulate(number: float) -> str:
        add_simulated(store, studies.get(name), int(number))
        return show()

    def hand_out() -> object:
        return gr.File(export(store, studies.get(name)), visible=True)

    gr.on(None, show, None, state, show_progress="hidden", api_visibility="private")  # at each load
    gr.Timer(REFRESH_S).tick(show, None, state, show_progress="hidden", api_visibility="private")
    add.click(simulate, count, state, api_visibility="private")
    download.click(hand_out, None, files, api_visibility="private")


def _lay_out_frame(name: str) -> None:
    """The observer's page in a frame, and the way to it outside of one."""
    gr.HTML(
        f'<iframe src="study/{name}" title="The study" allow="fullscreen" '
        f'style="width:100%;height:{FRAME_PX}px;border:0;border-radius:12px"></iframe>'
    )
    gr.Markdown(
        f'For a phone or for others: <a href="study/{name}" target="_blank">the study on its own page</a>. '
        "When you are through, open **Analysis** and choose *Demo study, live*: the ranking has your answers."
    )


def progress_text(store: Store, study: OpenStudy | None) -> str:
    """Observers and answers so far, people and simulated observers apart."""
    if study is None:
        return NOT_OPEN
    now = votes.progress(store, study.id)
    return (
        f"**{now.real}** observers, {now.finished} of them through, **{now.answers}** answers\n\n"
        f"{now.simulated} simulated observers with {now.simulated_answers} answers, kept apart"
    )


def add_simulated(store: Store, study: OpenStudy | None, count: int) -> None:
    """Add observers with evenly spaced scores, each time others, up to MOST_SIMULATED."""
    if study is None:
        raise gr.Error(NOT_OPEN)
    seed = votes.progress(store, study.id).simulated
    if seed + count > MOST_SIMULATED:
        text = f"The study takes {MOST_SIMULATED} simulated observers and has {seed} of them."
        raise gr.Error(text, title="Not possible", print_exception=False)
    observers.simulate(store, study, observers.even_scores(study.definition), count, seed, time.time())


def export(store: Store, study: OpenStudy | None) -> list[str]:
    """Write two CSV files, the votes of people and of simulated observers, and return their paths."""
    if study is None:
        raise gr.Error(NOT_OPEN)
    return [
        offer(
            f"{study.definition.name}-{label}.csv",
            plain.to_csv(votes.votes(store, study.id, simulated)).encode(),
        )
        for label, simulated in (("votes", False), ("votes-simulated", True))
    ]
