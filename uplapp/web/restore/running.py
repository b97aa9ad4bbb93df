"""A restoration in a thread of its own, so that the page shows how far it is and can stop it."""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.fitting import Curve, State, duration_in_words
from uplapp.imaging.restorers import Watch
from uplapp.web.widgets import BEAT, aside, polled

EARLY_S = 3  # what is left of a job is not told before it has run so long
PREVIEW_POLLS = 2 * BEAT  # polls between two pictures of a fit

Result = TypeVar("Result")


@dataclass
class Wish:
    """What a visitor wants of the fit that runs: whether it shall end with what it has."""

    stop: bool = False


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit that runs: the label of its candidate, its state, its last picture (C,h,w) and curve."""

    label: str
    state: State
    picture: Any
    curve: Curve


@dataclass
class Report:
    """The last report of a restoration, and of the fit that runs. `news` counts the states of fits.

    `seconds` had passed when `share` was done.
    """

    share: float = 0.0
    seconds: float = 0.0
    text: str = ""
    fit: Fit | None = None
    news: int = 0


def following(
    work: Callable[[Watch, Hear], Result],
    progress: gr.Progress,
    show: Callable[[Fit | None], tuple[Any, ...]],
    wish: Wish,
) -> Generator[Any, None, Result]:
    """Do `work` while yielding updates: how far it is, what `show` makes of the fit that runs, if one does.

    Returns the result. Once this generator is closed, as Gradio does where a person stops the event, the
    watch that `work` was given says to stop. A fit ends with what it has once `wish` says so.
    """
    stopped, report, begun = threading.Event(), Report(), time.monotonic()

    def watch(share: float, text: str, preview: Any) -> bool:
        if share != report.share:  # a share is told again and again while a tile is at work
            report.share, report.seconds = share, time.monotonic() - begun
        report.text = text
        return not stopped.is_set()

    with aside() as pool:
        future = pool.submit(work, watch, lambda label, state: _hear(report, wish, label, state))
        shown = 0
        try:
            for polls in polled(future):
                fit = report.fit
                if polls % BEAT == 1:
                    progress(report.share, desc=how_far(report, time.monotonic() - begun))
                due = polls % PREVIEW_POLLS == 0 and report.news > shown
                shown = report.news if due else shown
                if due:
                    yield show(fit)
                elif polls % BEAT == 0:
                    yield gr.skip()
        finally:
            stopped.set()
        return future.result()


def how_far(report: Report, seconds: float) -> str:
    """Say how far a restoration is, `seconds` after it began, as in "network 2 of 7, 45%, about 40 s left".

    A fit says so itself, in its own steps.
    """
    if report.fit is not None or not report.text:
        return report.text
    return f"{report.text}, {100 * report.share:.0f}%{time_left(report, seconds)}"


def time_left(report: Report, seconds: float) -> str:
    """Say how long a restoration will take yet, `seconds` after it began, as if its parts took equally long.

    Nothing is said while nothing is known.
    """
    if seconds < EARLY_S or not 0 < report.share < 1:
        return ""
    left = report.seconds / report.share - seconds
    return f", about {duration_in_words(left)} left" if left >= 1 else ""


def _hear(report: Report, wish: Wish, label: str, state: State | None) -> bool:
    """Note the state of a fit. A wish belongs to the fit that ran when it was made."""
    if state is None:
        report.fit, report.news = None, report.news + 1
        return True
    last = report.fit
    if last is None:
        wish.stop = False
    picture = state.picture if state.picture is not None or last is None else last.picture
    curve = state.curve if state.curve.iterations or last is None else last.curve
    report.fit, report.news = Fit(label, state, picture, curve), report.news + 1
    return not wish.stop
