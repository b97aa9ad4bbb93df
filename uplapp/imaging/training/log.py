"""What a run tells of itself: one value a step, and a CSV file that holds their means."""

import csv
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("step", "loss", "validation_psnr", "validation_loss", "seconds")


@dataclass(frozen=True)
class Scores:
    """Means over the validation pairs: PSNR in dB, and the loss that the run trains on."""

    psnr: float
    loss: float


@dataclass(frozen=True)
class Progress:
    """How far the run `name` is after `step` of `steps`; `scores` where this step was followed by a look."""

    name: str
    step: int
    steps: int
    loss: float
    scores: Scores | None = None


Listener = Callable[[Progress], bool | None]  # returns False to stop the run


class Log:
    """A CSV file of COLUMNS: the mean loss since the row before, scores, seconds spent so far.

    A run that goes on from `step` keeps the rows up to there and repeats the others. A row is added every
    so many steps, where there are scores, and at the end.
    """

    def __init__(self, path: Path, step: int = 0, every: int = 100) -> None:
        self.path, self.every = path, every
        self.recent: list[float] = []
        rows = [row for row in read_log(path) if int(row["step"]) <= step] if step else []
        self.begun = time.monotonic() - (float(rows[-1]["seconds"]) if rows else 0)
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def add(self, progress: Progress) -> None:
        """Hear of one step."""
        self.recent.append(progress.loss)
        if progress.step % self.every and progress.step != progress.steps and progress.scores is None:
            return
        mean = sum(self.recent) / len(self.recent)
        told = (f"{progress.scores.psnr:.4f}", f"{progress.scores.loss:.6g}") if progress.scores else ("", "")
        with self.path.open("a", newline="") as file:
            seconds = f"{time.monotonic() - self.begun:.1f}"
            csv.writer(file).writerow([progress.step, f"{mean:.6g}", *told, seconds])
        self.recent.clear()


def read_log(path: Path) -> list[dict[str, str]]:
    """The complete rows of a log, as texts by column; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if row.get("seconds")]
