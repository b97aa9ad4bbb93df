"""What the Analysis tab is asked and remembers: the chosen method, and the votes with their report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from uplapp.analysis.model import AUTO, PRIORS, TIES, suited_ties
from uplapp.analysis.ratings.report import RatingReport
from uplapp.analysis.reading.choices import BOTH_BAD, TIE
from uplapp.analysis.reading.ratings import Ratings
from uplapp.analysis.reading.votes import count, main_trials, scenes, without
from uplapp.analysis.scoring import BOOTSTRAPS, INTERVALS, MEAN, MOST_BOOTSTRAPS, OBSERVERS, RESAMPLE
from uplapp.analysis.writing.report import Report
from uplapp.values import Comparisons, Method, Scores, Votes

INTERVAL, ANCHOR, RESAMPLED = 1, 4, 7  # their places among the widgets of the method
NO_VOTES = "No votes are read; the ranking says why."


@dataclass(frozen=True, eq=False)
class Analysed:
    """Votes as they were read from a source of the menu, who is left out (name -> reason), and the report."""

    source: str
    data: Votes | Comparisons
    report: Report
    exclude: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> Votes | Comparisons:
        """The votes that the report's scores are of."""
        return without(self.data, self.exclude) if isinstance(self.data, Votes) else self.data


@dataclass(frozen=True, eq=False)
class Rated:
    """Ratings of single images as they were read, and their report."""

    data: Ratings
    report: RatingReport


Found = Analysed | Rated | None  # None where nothing could be read


def build_method() -> list[Any]:
    """Lay out the widgets in the order of `Method`."""
    prior = gr.Radio(menu(PRIORS), value="distance", label="Prior")
    interval = gr.Radio(menu(INTERVALS), value="t", label="95% interval")
    with gr.Accordion("Replicates, ties, side bias", open=False):
        bootstraps = gr.Slider(100, MOST_BOOTSTRAPS, BOOTSTRAPS, step=100, label="Bootstrap replicates")
        seed = gr.Number(0, label="Seed", precision=0, minimum=0)
        suited = ("as the votes are: with their steps, else half a vote each way", AUTO)
        ties = gr.Radio([suited, *menu(TIES)], value=AUTO, label="Not sure")
        both_bad = gr.Radio(
            [(text, name) for name, text in BOTH_BAD.items()], value=TIE, label="Both bad counts"
        )
        side_bias = gr.Checkbox(label="Take the pull of the place shown first out of the scores")
    anchor = gr.Dropdown([MEAN], value=MEAN, label="Lies at 0 JOD")
    resample = gr.Radio(
        [(f"{name.replace(',', ' and ')}: {whom}", name) for name, whom in RESAMPLE.items()],
        value=OBSERVERS,
        label="Resample, so that intervals and tests speak of",
        interactive=False,
    )
    return [prior, interval, bootstraps, seed, anchor, ties, side_bias, resample, both_bad]


def method_changes(widgets: list[Any]) -> list[Any]:
    """Events after which the scores are another's."""
    return [widget.release if isinstance(widget, gr.Slider) else widget.input for widget in widgets]


def read_method(chosen: list[Any], data: Any) -> Method:
    """Read the method that was chosen.

    An anchor of other votes falls back to the mean, and scenes are not resampled where votes name none.
    """
    prior, interval, bootstraps, seed, anchor, ties, side_bias, resample, both_bad = chosen
    zero = anchor if anchor in conditions_of(data) else MEAN
    again = resample if has_scenes(data) else OBSERVERS
    suited = suited_ties(ties, data) if isinstance(data, Votes | Comparisons) else Method.ties
    numbers = int(bootstraps), int(seed or 0)
    return Method(prior, interval, *numbers, zero, suited, side_bias, again, both_bad)


def has_scenes(data: Any) -> bool:
    """Say whether votes are of two scenes or more, by two observers or more."""
    if not isinstance(data, Votes):
        return False
    table = main_trials(data)
    return len([name for name in scenes(data) if name]) > 1 and table["observer"].nunique() > 1


def conditions_of(data: Any) -> tuple[str, ...]:
    """The conditions that votes are of, none for ratings."""
    if isinstance(data, Comparisons):
        return data.conditions
    return count(data).conditions if isinstance(data, Votes) else ()


def anchors(scores: Scores) -> Any:
    """Offer what may lie at 0 JOD: the mean, and the conditions of these scores."""
    return gr.update(choices=[MEAN, *scores.conditions], value=scores.method.anchor)


def menu(table: Any) -> list[tuple[str, str]]:
    """Labels and names of a registry."""
    return [(entry.label, name) for name, entry in table.items()]
