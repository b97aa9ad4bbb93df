"""The log of a run: the values of each step, and a CSV file that holds their means."""

import csv
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

AFTER_VALUES = ("validation_psnr", "validation_loss", "seconds")


@dataclass(frozen=True)
class Scores:
    """Means over the validation pairs: PSNR in dB, and the loss that the run trains on."""

    psnr: float
    loss: float


@dataclass(frozen=True)
class Progress:
    """The progress of the run `name` after `step` of `steps`.

    `scores` are there where this step was followed by a look. `values` are what the learner logs, by name,
    the loss first.
    """

    name: str
    step: int
    steps: int
    values: Mapping[str, float]
    scores: Scores | None = None

    @property
    def loss(self) -> float:
        """The first of the values."""
        return next(iter(self.values.values()))


Listener = Callable[[Progress], bool | None]  # returns False to stop the run


class Log:
    """A CSV file: the step, the mean of each value since the row before, scores, seconds spent so far.

    A run that goes on from `step` keeps the rows up to there and repeats the others. A row is added every
    so many steps, where there are scores, and at the end.
    """

    def __init__(self, path: Path, step: int = 0, every: int = 100) -> None:
        self.path, self.every = path, every
        self.recent: list[Mapping[str, float]] = []
        self.kept = [row for row in read_log(path) if int(row["step"]) <= step] if step else []
        self.begun = time.monotonic() - (float(self.kept[-1]["seconds"]) if self.kept else 0)
        self.columns: tuple[str, ...] = ()

    def add(self, progress: Progress) -> None:
        """Take in one step."""
        if not self.columns:
            self._begin(("step", *progress.values, *AFTER_VALUES))
        self.recent.append(progress.values)
        if progress.step % self.every and progress.step != progress.steps and progress.scores is None:
            return
        means = {name: fmean(values[name] for values in self.recent) for name in progress.values}
        scores = progress.scores
        row = {
            "step": progress.step,
            **{name: f"{mean:.6g}" for name, mean in means.items()},
            "validation_psnr": f"{scores.psnr:.4f}" if scores else "",
            "validation_loss": f"{scores.loss:.6g}" if scores else "",
            "seconds": f"{time.monotonic() - self.begun:.1f}",
        }
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, self.columns).writerow(row)
        self.recent.clear()

    def _begin(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self.kept)


def read_log(path: Path) -> list[dict[str, str]]:
    """Read the complete rows of a log, as texts by column.

    A missing file gives no rows.
    """
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row.get("seconds")]
