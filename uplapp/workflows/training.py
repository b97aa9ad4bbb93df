"""The progress lines of a training run on the command line, and how it is stopped."""

import io
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints import Card
    from uplapp.imaging.recipes.spec import RunSpec
    from uplapp.imaging.training.log import Progress
    from uplapp.imaging.training.rates import Trial
    from uplapp.imaging.training.sweep import Outcome

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stoppable(Protocol):
    """Work that ends soon after `stopped` is set."""

    stopped: bool


def once_each() -> Callable[[str], None]:
    """Give a function that prints a sentence on stderr, unless it did so before."""
    said: set[str] = set()

    def say(sentence: str) -> None:
        if sentence not in said:
            said.add(sentence)
            print(sentence, file=sys.stderr)

    return say


class ProgressLine:
    """One line on stderr, rewritten once a second: run, step, loss, last scores, time left.

    It is a listener that ends the run once somebody asked to stop.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.stopped = False
        self.scores = ""
        self.last: Progress | None = None

    def __call__(self, progress: "Progress") -> bool:
        """Show the step if a second has passed or it is the last, and return whether to go on."""
        now = time.monotonic()
        if self.last is None or self.last.step != progress.step - 1:
            self.first_step, self.started, self.shown, self.scores = progress.step - 1, now, now, ""
        self.last = progress
        if progress.scores is not None:
            self.scores = f", validation {progress.scores.psnr:.2f} dB (loss {progress.scores.loss:.4g})"
        done = progress.step == progress.steps
        if now - self.shown >= 1 or done or self.stopped:
            self.shown = now
            left = (now - self.started) / (progress.step - self.first_step) * (progress.steps - progress.step)
            print(self._text(progress, left), end="\n" if done or self.stopped else "\r", file=sys.stderr)
        return not self.stopped

    def _text(self, progress: "Progress", left_s: float) -> str:
        place = f"{self.prefix}{progress.name}: step {progress.step}/{progress.steps}"
        return f"{place}, loss {progress.loss:.4g}{self.scores}, {left_s:.0f} s left "


@contextmanager
def stopping(lines: Sequence[Stoppable]) -> Iterator[None]:
    """End the work after its step, with its state saved, at the first Ctrl-C or SIGTERM.

    The next one ends it at once.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        for line in lines:
            line.stopped = True
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {each: signal.getsignal(each) for each in SIGNALS}
    for each in SIGNALS:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def one_voice(leads: bool) -> Iterator[None]:
    """Let only the leading one of several processes that train together print.

    All of them report their errors.
    """
    if leads:
        yield
        return
    with redirect_stdout(io.StringIO()):
        yield


def describe(card: "Card") -> str:
    """Describe a finished checkpoint in one line."""
    scores = ", ".join(
        f"{name} {value:.4g}" for name, value in card.scores.items() if isinstance(value, float)
    )
    return f"{card.name}: {card.parameters:,} parameters; {scores or 'not scored, --validate FOLDER does it'}"


def describe_outcome(outcome: "Outcome") -> str:
    """Describe the outcome of a run of a table in one line."""
    if outcome.card is None:
        return f"{outcome.name}: {outcome.state} ({outcome.reason})"
    return f"{outcome.state}: {describe(outcome.card)}"


def describe_trials(spec: "RunSpec", trials: Sequence["Trial"], chosen: "Trial") -> str:
    """Lay out the trials of a search for a rate, the chosen one marked, with the line for the table."""
    from uplapp.imaging.recipes.table import rate_line

    rows = [f"{spec.name}\n{'rate':>8}  {'validation loss':>15}  {'PSNR (dB)':>9}"]
    for trial in trials:
        result = f"{trial.scores.loss:15.6g}  {trial.scores.psnr:9.2f}" if trial.scores else "       diverged"
        rows.append(f"{trial.rate:8g}  {result}{'  <- chosen' if trial is chosen else ''}")
    return "\n".join([*rows, rate_line(spec, chosen.rate)])


def draw_curves(path: Path, logs: Mapping[str, Path]) -> None:
    """Draw the logs that hold a row, by name of their run, as an .svg, .pdf or .png.

    Without such a log no file is written.
    """
    import pandas as pd

    from uplapp.analysis.plots.figures import save
    from uplapp.analysis.plots.training import training_chart

    tables = {name: pd.read_csv(log) for name, log in logs.items() if log.exists()}
    filled = {name: table for name, table in tables.items() if len(table)}
    if filled:
        save(training_chart(filled), path)
