"""What to ask next, and how many observers a study needs."""

from collections.abc import Generator
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from uplapp.analysis.asking import BOOTSTRAPS, EXPERIMENTS, OBSERVERS
from uplapp.analysis.asking.next_pair import gains, next_pairs, posterior, widest_neighbour
from uplapp.analysis.asking.planning import (
    Plan,
    Planned,
    advice,
    plan,
    read_scores,
)
from uplapp.analysis.plots.power import power_chart
from uplapp.analysis.reading.numbers import whole_numbers
from uplapp.errors import UplappError
from uplapp.values import Method
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import number, plain, share, table
from uplapp.web.widgets import errors_on_screen, working

MOST_PAIRS = 8
RATED = "Ratings compare no pairs."
GUESS = "best=0.5, middle=0, worst=-0.5"
ABOUT = """Studies with your guess are simulated and each is analysed like a real one, ties left out. Power is
the share of studies that find a difference, after Holm's adjustment."""


class Fields(NamedTuple):
    """What a person guesses, the buttons behind."""

    guess: gr.Textbox
    sizes: gr.Textbox
    per_pair: gr.Number
    spread: gr.Slider
    experiments: gr.Slider
    seed: gr.Number
    start: gr.Button
    stop: gr.Button


def build() -> tuple[list[Any], gr.Button, Fields, list[Any]]:
    """Lay out the view and return what follows the scores, the button that takes them, fields, outputs."""
    gr.Markdown("### Which pair to ask next")
    said = gr.Markdown()
    pairs = gr.HTML()
    gr.Markdown(f"### How many observers\n{ABOUT}")
    with gr.Row():
        with gr.Column(min_width=240):
            guess = gr.Textbox(GUESS, label="Your guess of the scores, JOD", lines=3, elem_id="guess")
            take = gr.Button("Take the scores of these votes", size="sm")
        with gr.Column(min_width=240):
            sizes = gr.Textbox(", ".join(map(str, OBSERVERS)), label="Numbers of observers", max_lines=1)
            per_pair = gr.Number(
                8, minimum=0.05, label="Answers an observer gives to each pair, over all scenes"
            )
            spread = gr.Slider(0, 2, 0.3, step=0.05, label="Spread of the scores between observers, JOD")
            experiments = gr.Slider(50, 1000, EXPERIMENTS, step=50, label="Simulated studies")
            seed = gr.Number(0, label="Seed", precision=0, minimum=0)
    with gr.Row():
        start = gr.Button("Simulate", variant="primary", elem_id="simulate")
        stop = gr.Button("Cancel", variant="stop", min_width=90)
    advised = gr.Markdown(elem_id="advice")
    chart = gr.Plot(show_label=False, visible=False)
    widths = gr.HTML(visible=False)
    fields = Fields(guess, sizes, per_pair, spread, experiments, seed, start, stop)
    return [said, pairs, guess], take, fields, [advised, chart, widths]


def connect(fields: Fields, state: gr.State, outputs: list[Any]) -> None:
    """Simulate on demand, with the prior that the votes are analysed with."""
    private: dict[str, Any] = {"api_visibility": "private"}
    run = fields.start.click(
        simulate, [state, *fields[: -len(("start", "stop"))]], outputs, trigger_mode="multiple", **private
    )
    fields.stop.click(lambda: "Cancelled.", None, outputs[0], cancels=[run], **private)


def follow(found: Found) -> tuple[Any, Any]:
    """The pairs to ask next, and how wide the intervals of neighbours still are."""
    if not isinstance(found, Analysed):
        return RATED if found else NO_VOTES, gr.update(value=None, visible=False)
    scores = found.report.scores
    chosen = next_pairs(
        scores.wins, min(MOST_PAIRS, len(scores.conditions) * (len(scores.conditions) - 1) // 2)
    )
    bits = gains(posterior(scores.wins))
    names = scores.conditions
    columns = {
        "Ask": [f"{names[i]} - {names[j]}" for i, j in chosen],
        "Expected information, bit": [f"{bits[i, j]:.4f}" for i, j in chosen],
    }
    shown = gr.update(value=table(columns), visible=True)
    width = widest_neighbour(scores)
    if not np.isfinite(width):
        return "The votes do not yet fix every difference between neighbours in rank.", shown
    said = f"The widest 95% interval between neighbours in rank is **{width:.2f} JOD**"
    return f"{said}; stop once it is narrow enough.", shown


def guess_of(found: Found) -> Any:
    """Offer the scores as a guess for the next study.

    Without votes the guess stays.
    """
    if not isinstance(found, Analysed):
        return gr.skip()
    scores = found.report.scores
    if not scores.on_one_scale:
        with errors_on_screen():
            raise UplappError("these votes do not fix the scores; type a guess")
    pairs = zip(scores.conditions, scores.jod, strict=True)
    return ", ".join(f"{name.replace(',', ' ')}={jod:z.2f}" for name, jod in pairs)


def simulate(
    found: Found,
    guess: str,
    sizes: str,
    per_pair: float,
    spread: float,
    experiments: float,
    seed: float,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    """Simulate the study that is planned, with progress.

    A bad guess is a sentence.
    """
    prior = found.report.scores.method.prior if isinstance(found, Analysed) else Method().prior
    method = Method(prior=prior, bootstraps=BOOTSTRAPS)
    with errors_on_screen():
        study, observers = Plan(read_scores(guess), per_pair or 0.0, spread), _sizes(sizes)
        planned: Planned = yield from working(
            lambda watch: plan(study, observers, int(experiments), method, int(seed or 0), watch),
            progress,
            "simulated studies",
        )
    chart = power_chart(planned.table, "container")
    said = f"**{plain(advice(planned))}** Prior: {prior}; {BOOTSTRAPS} replicates per study."
    yield said, *(gr.update(value=value, visible=True) for value in (chart, _widths(planned)))


def _widths(planned: Planned) -> str:
    """What each number of observers would give."""
    rows = planned.overall.to_dict("records")
    return table(
        {
            "Observers": [f"{row['observers']:.0f}" for row in rows],
            "Find all neighbours apart": [share(row["all_neighbours"]) for row in rows],
            "Rank the best first": [share(row["best_first"]) for row in rows],
            "Widest interval of neighbours, JOD": [number(row["width_jod"]) for row in rows],
        }
    )


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return whole_numbers(text)
    except ValueError:
        raise UplappError(f"'{text}' is no list of whole numbers, such as 6, 10, 14") from None
