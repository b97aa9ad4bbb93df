"""Work where the GPU is: on a ZeroGPU Space a process has one only inside a function of the package `spaces`.

Everywhere else the work is done as it stands. Source: the documentation of Spaces ZeroGPU.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from threading import Event
from typing import Any, TypeVar

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.device import note_lending, with_lent_gpu
from uplapp.imaging.evaluation.candidates import Candidate
from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.restorers import RESTORERS, Watch

try:
    import spaces  # type: ignore[import-not-found]
except ImportError:  # anywhere but on a Space
    spaces = None

# Estimates of seconds, generous: a Space takes back what is left, and ends what takes longer.
START_S, LOADING_S, A_MEGASAMPLE_S, A_FIT_S = 10.0, 2.0, 2.0, 60.0
SHORTEST_S, LONGEST_S = 15, 120

Result = TypeVar("Result")
Work = Callable[[Watch, Hear], Result]


def seconds_of(case: Case, candidates: Sequence[Candidate]) -> int:
    """Estimate the seconds on a GPU of a job from its size, from SHORTEST_S to LONGEST_S."""
    samples = case.seen.numel() / 1e6
    each = [
        A_FIT_S if RESTORERS[one.method].kind == "fitted" else LOADING_S + A_MEGASAMPLE_S * samples
        for one in candidates
    ]
    return round(min(max(START_S + sum(each), SHORTEST_S), LONGEST_S))


def on_gpu(work: Work[Result], seconds: int = LONGEST_S) -> Work[Result]:
    """Give work that runs where the GPU is, for at most `seconds`.

    On a ZeroGPU Space `work` and its result travel between processes, so they must be values that can be
    pickled. There a listener hears of fits, and cannot end them before their time.
    """
    return partial(_follow, work, seconds) if note_lending(spaces) else work


def _follow(work: Work[Result], seconds: int, watch: Watch, hear: Hear) -> Result:
    """Pass on the reports of work in the other process. Closing its steps ends it there."""
    steps = _lent(work, seconds)
    try:
        for kind, *values in steps:
            if kind == "share" and not watch(*values):
                raise Cancelled("the restoration was stopped")
            if kind == "fit":
                hear(*values)
            if kind == "error":
                raise UplappError(*values)
            if kind == "result":
                return values[0]  # type: ignore[no-any-return]
    finally:
        steps.close()
    raise UplappError("the GPU was taken back before the restoration was done; restore less at once")


def _steps(work: Work[Any], seconds: int) -> Iterator[tuple[Any, ...]]:
    """Do the work, and yield its reports, then its result or what is wrong in a sentence."""
    told: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
    stopped = Event()

    def watch(*report: Any) -> bool:
        told.put(("share", *report))
        return not stopped.is_set()

    def hear(*state: Any) -> bool:
        told.put(("fit", *state))
        return not stopped.is_set()

    with ThreadPoolExecutor(1) as pool, with_lent_gpu():
        future = pool.submit(work, watch, hear)
        future.add_done_callback(lambda _: told.put(None))
        try:
            yield from iter(told.get, None)
        finally:
            stopped.set()
        try:
            yield "result", future.result()
        except UplappError as error:
            yield "error", str(error)


def _duration(work: Work[Any], seconds: int) -> int:
    """The seconds for which a Space is asked to lend a GPU."""
    return seconds


# A Space looks for such a function when the app starts, so it is made here and not at the first job.
note_lending(spaces)
_lent: Any = spaces.GPU(duration=_duration)(_steps) if spaces is not None else _steps
