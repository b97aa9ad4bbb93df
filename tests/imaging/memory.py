"""The memory that a refusal takes, in a process of its own, forked from one that has imported it all."""

import multiprocessing
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection

from uplapp.errors import UplappError

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["tests.imaging.memory", "uplapp.imaging.files.pictures", "uplapp.study.stimuli.stimuli"]
)


def memory_of(act: Callable[..., object], *arguments: object) -> tuple[int, str]:
    """MB that `act` took until it refused, and its sentence."""
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_refused, args=(there, act, arguments))
    process.start()
    there.close()
    said = here.recv()
    process.join()
    return said


def _refused(there: Connection, act: Callable[..., object], arguments: tuple[object, ...]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        act(*arguments)
    except UplappError as error:
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        there.send(((after - before) // 1024, str(error)))
