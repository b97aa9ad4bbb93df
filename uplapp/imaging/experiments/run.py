"""The course of a sweep: what its file lacks, the fits, the means of their pictures, the time left."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from uplapp import whole
from uplapp.imaging.experiments.cells import Cell, cheap_first
from uplapp.imaging.experiments.crews import Crew
from uplapp.imaging.experiments.deep_decoder import (
    DIVERGED,
    KEY,
    MEAN,
    VALUES,
    DeepDecoderSweep,
    Halted,
    Job,
    Picture,
    Pixels,
    Result,
    batches,
    key_of,
    mean_row,
    order,
)
from uplapp.imaging.experiments.ledger import Ledger, Row

# The estimate counts as much as so many seconds of the sweep's own course.
TRUST_S = 60.0


@dataclass(frozen=True)
class Progress:
    """A fit that ended, how many are done of those that were missing, and the seconds left."""

    result: Result
    done: int
    total: int
    seconds_left: float


class Course:
    """A sweep of a picture with its file, beside which the pictures of unfinished cells lie in a folder."""

    def __init__(self, sweep: DeepDecoderSweep, picture: Picture, path: Path) -> None:
        sweep.check(picture)
        self.sweep, self.picture = sweep, picture
        self.ledger = Ledger(path, sweep.common(picture), KEY, VALUES)
        self.folder = path.with_name(f"{path.name}.pictures")
        self.cells = cheap_first(sweep.cells, picture.size)

    @property
    def fits(self) -> int:
        """How many fits the whole sweep has."""
        return len(self.cells) * self.sweep.starts

    def missing(self) -> list[Job]:
        """List the fits that are not done in batches, cheap ones first."""
        sweep, starts = self.sweep, range(1, self.sweep.starts + 1)
        return [
            Job(self.picture, cell, batch, sweep.seed, sweep.precision)
            for cell in self.cells
            for batch in batches([start for start in starts if not self._is_done(cell, start)])
        ]

    def run(
        self,
        jobs: Mapping[Job, float],
        crew: Crew,
        halted: Halted = lambda: False,
        hear: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        """Do the fits, write each row at once, and at the end put the rows of the file in order.

        Beside each batch stands an estimate of its seconds. Cancelled is raised once `halted` says so.
        """
        for cell in self.cells:
            self._close(cell)
        share = {
            (job.cell, start): seconds / crew.count / len(job.starts)
            for job, seconds in jobs.items()
            for start in job.starts
        }
        began, left, past = time.monotonic(), sum(share.values()), TRUST_S
        for done, result in enumerate(crew.work(list(jobs), halted), start=1):
            if not result.failure:
                self._keep(result)
            seconds = share[result.cell, result.start]
            left, past = left - seconds, past + seconds
            slowness = (time.monotonic() - began + TRUST_S) / past
            hear(Progress(result, done, len(share), max(left * slowness, 0.0)))
        if not self.missing():
            self.ledger.settle(order)

    def _keep(self, result: Result) -> None:
        """Write the pictures, then the rows, so that rows without pictures never stand alone."""
        if self.sweep.starts > 1:
            named: dict[str, Any] = {str(mark): made for mark, made in (result.pictures or {}).items()}
            content = BytesIO()
            np.savez(content, **named)
            whole.write_bytes(self._file(result.cell, result.start), content.getvalue())
        self.ledger.add(result.rows)
        self._close(result.cell)

    def _close(self, cell: Cell) -> None:
        """Write the rows of the mean pictures of a cell whose starts are all done. Drop the pictures."""
        starts = range(1, self.sweep.starts + 1)
        if len(starts) == 1 or not all(self._is_done(cell, start) for start in starts):
            return
        means = [mark for mark in cell.marks if self._mean(cell, mark) is None]
        self.ledger.add([self._mean_row(cell, mark) for mark in means])
        for start in starts:
            self._file(cell, start).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _mean_row(self, cell: Cell, mark: int) -> Row:
        starts = range(1, self.sweep.starts + 1)
        singles = [row for start in starts if (row := self._single(cell, start, mark)) is not None]
        shown = [self._pictures(cell, start).get(mark) for start in starts]
        pictures = [pixels for pixels in shown if pixels is not None]
        return mean_row(cell, mark, singles, pictures, self.picture)

    def _is_done(self, cell: Cell, start: int) -> bool:
        """Whether all rows of a fit are there, and its pictures as long as a mean needs them."""
        rows = {mark: self._single(cell, start, mark) for mark in cell.marks}
        if None in rows.values():
            return False
        needed = [
            mark
            for mark, row in rows.items()
            if row is not None and row["ended"] != DIVERGED and self._mean(cell, mark) is None
        ]
        return self.sweep.starts == 1 or not needed or set(needed) <= set(self._pictures(cell, start))

    def _single(self, cell: Cell, start: int, mark: int) -> Row | None:
        return self.ledger.get(key_of(cell, 1, start, mark))

    def _mean(self, cell: Cell, mark: int) -> Row | None:
        return self.ledger.get(key_of(cell, self.sweep.starts, MEAN, mark))

    def _file(self, cell: Cell, start: int) -> Path:
        return self.folder / f"{cell.name}-start{start}.npz"

    def _pictures(self, cell: Cell, start: int) -> dict[int, Pixels]:
        path = self._file(cell, start)
        if not path.exists():
            return {}
        with np.load(path) as stored:
            return {int(mark): stored[mark] for mark in stored.files}
