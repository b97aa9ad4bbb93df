"""Who does the fits of a sweep: this process, processes beside it, or the workers of a scheduler.

Each fit runs on one thread, so that it comes to the same result wherever it runs.
"""

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from signal import SIG_IGN, SIGINT, signal
from typing import Any, Protocol

import numpy as np
import torch

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.device import pick_device
from uplapp.imaging.experiments.deep_decoder import Halted, Job, Picture, Result, run_fits
from uplapp.imaging.scheduler import as_they_finish, connect, reason_of

POLL_S = 0.5
# A fit seeds torch's own generator for a moment, which threads of one process share.
ONE_AT_A_TIME = threading.Lock()
NOTHING = Picture("", np.zeros((1, 0, 0), np.float32))


class Crew(Protocol):
    """Does batches of fits, `count` at a time."""

    @property
    def count(self) -> int:
        """How many batches run at a time."""

    def work(self, jobs: Sequence[Job], halted: Halted) -> Iterator[Result]:
        """Do the fits and give their results as they come.

        Cancelled is raised once `halted` says so.
        """


@dataclass(frozen=True)
class Alone:
    """Does one fit after the other in this process."""

    count: int = 1

    def work(self, jobs: Sequence[Job], halted: Halted) -> Iterator[Result]:
        """Do the fits in their order."""
        for job in jobs:
            if halted():
                raise Cancelled("the sweep was stopped")
            with one_thread():
                results = attempt(job, halted)
            yield from results


@dataclass(frozen=True)
class Processes:
    """Does fits in processes of this machine, which end with the one that began them."""

    count: int

    def work(self, jobs: Sequence[Job], halted: Halted) -> Iterator[Result]:
        """Do the fits, the first ones first."""
        context = multiprocessing.get_context("spawn")
        stop = context.Event()
        pool = ProcessPoolExecutor(self.count, context, _begin, (stop,))
        try:
            pending: set[Future[list[Result]]] = {pool.submit(_attempt_here, job) for job in jobs}
            while pending:
                done, pending = wait(pending, POLL_S, FIRST_COMPLETED)
                yield from (result for future in done for result in future.result())
                if halted():
                    raise Cancelled("the sweep was stopped")
        except BrokenProcessPool:
            raise UplappError(
                "a process of the sweep died, perhaps for want of memory; "
                "the same command goes on, with fewer --workers"
            ) from None
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Scheduler:
    """Does fits on the workers of the Dask scheduler at an address, best with one thread each."""

    address: str

    @property
    def count(self) -> int:
        """How many workers there are now."""
        with connect(self.address) as client:
            return max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)

    def work(self, jobs: Sequence[Job], halted: Halted) -> Iterator[Result]:
        """Do the fits, the first ones first. What is running when the sweep is stopped is left to itself."""
        with connect(self.address) as client:
            # The picture travels once, and each result is let go of once it is here.
            picture = client.scatter(jobs[0].picture, broadcast=True) if jobs else None
            futures = {
                client.submit(_attempt_alone, replace(job, picture=NOTHING), picture, pure=False): job
                for job in jobs
            }
            try:
                for future in as_they_finish(list(futures)):
                    job, error = futures.pop(future), future.exception()
                    results = failures(job, error) if error else future.result()
                    future.release()
                    yield from results
                    if halted():
                        raise Cancelled("the sweep was stopped")
            finally:
                client.cancel(list(futures))


def default_count() -> int:
    """Give the number of fits at a time that suits this machine: one for a GPU, else one for each core."""
    if pick_device().type != "cpu":
        return 1
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def attempt(job: Job, halted: Halted) -> list[Result]:
    """Do one batch of fits. What ends it becomes the failure of its results, but for a stop by a person."""
    try:
        return run_fits(job, halted)
    except Cancelled:
        raise
    except Exception as error:  # whatever ends one batch must not end the others
        return failures(job, error)


def failures(job: Job, error: BaseException) -> list[Result]:
    """Give what is left of a batch that an error ended."""
    return [Result(job.cell, start, failure=reason_of(error)) for start in job.starts]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread for a while."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_process: dict[str, Any] = {}


def _begin(stop: Any) -> None:
    """Prepare a process: Ctrl-C is for the one that began it, and with that one it ends."""
    signal(SIGINT, SIG_IGN)
    torch.set_num_threads(1)
    _process["stop"] = stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _attempt_here(job: Job) -> list[Result]:
    return attempt(job, _process["stop"].is_set)


def _attempt_alone(job: Job, picture: Picture) -> list[Result]:
    torch.set_num_threads(1)
    with ONE_AT_A_TIME:
        return attempt(replace(job, picture=picture), lambda: False)
