"""Sweeps over many runs, whose failures are reported and not raised.

A sweep can use the workers of a scheduler.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from uplapp.errors import Cancelled
from uplapp.imaging.checkpoints import Card
from uplapp.imaging.scheduler import as_they_finish, connect, reason_of
from uplapp.imaging.training.log import Listener
from uplapp.imaging.training.run import Run, finished, make_checkpoint, train_start


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run, without a `card` where it failed and in processes that write nothing."""

    name: str
    state: Literal["kept", "trained", "failed"]
    card: Card | None = None
    reason: str = ""


def attempt(
    run: Run, listener: Listener | None = None, say: Callable[[str], object] = lambda sentence: None
) -> Outcome:
    """Make the checkpoint of one run unless it is there, and `say` what its data were taken for.

    Only a stop by a person is raised.
    """
    try:
        card = finished(run)
        if card is not None:
            return Outcome(run.name, "kept", card)
        made = make_checkpoint(run.spec, run.places, run.source, listener, run.title, say)
        return Outcome(run.name, "trained", made)
    except Cancelled:
        raise
    except Exception as error:  # whatever ends one run must not end the others
        return Outcome(run.name, "failed", reason=reason_of(error))


def spread(runs: Sequence[Run], address: str) -> Iterator[Outcome]:
    """Attempt the runs on the workers of the dask scheduler at `address`, as they finish.

    A start that several runs share is trained once, before them. Workers need this package and see the
    folders of the runs under the same paths. A scheduler that cannot be reached raises UplappError.
    """
    with connect(address) as client:
        starts: dict[str, Any] = {}
        names = {}
        for run in runs:
            key = run.spec.before and run.spec.before.digest
            if key and key not in starts and finished(run) is None:
                starts[key] = client.submit(_try_start, run, pure=False)
            names[client.submit(_attempt_after, run, starts.get(key or ""), pure=False)] = run.name
        for future in as_they_finish(list(names)):
            error = future.exception()
            yield Outcome(names[future], "failed", reason=reason_of(error)) if error else future.result()


def _try_start(run: Run) -> str:
    """Train the start of a run.

    Returns the reason of a failure, else an empty text.
    """
    try:
        train_start(run)
    except Exception as error:
        return reason_of(error)
    return ""


def _attempt_after(run: Run, failure: str | None) -> Outcome:
    return Outcome(run.name, "failed", reason=f"its start failed: {failure}") if failure else attempt(run)
