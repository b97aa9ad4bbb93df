"""How long a sweep will take, from a few iterations of its cheapest and its dearest cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from uplapp.imaging.experiments.crews import one_thread
from uplapp.imaging.experiments.deep_decoder import Job, time_iteration


@dataclass(frozen=True)
class Line:
    """The seconds of one iteration as a line over its work."""

    fixed: float
    each: float

    def seconds(self, work: float) -> float:
        """Give the seconds of an iteration with so much work."""
        return self.fixed + self.each * work


def estimate_seconds(jobs: Sequence[Job]) -> list[float]:
    """Estimate the seconds of each batch of fits, alone on one core of this machine.

    Each target has a line of its own, since patches take another path through the norm.
    """
    with one_thread():
        lines = {target: _line(jobs, target) for target in {job.cell.target for job in jobs}}
    return [lines[job.cell.target].seconds(_work(job)) * max(job.cell.marks) for job in jobs]


def _work(job: Job) -> float:
    return job.cell.work(job.picture.size) * len(job.starts)


def _line(jobs: Sequence[Job], target: str) -> Line:
    own = [job for job in jobs if job.cell.target == target]
    cheap, dear = min(own, key=_work), max(own, key=_work)
    low, high = _work(cheap), _work(dear)
    if high == low:
        return Line(time_iteration(cheap), 0.0)
    quick, slow = time_iteration(cheap), time_iteration(dear)
    each = max(slow - quick, 0.0) / (high - low)
    return Line(max(quick - each * low, 0.0), each)
