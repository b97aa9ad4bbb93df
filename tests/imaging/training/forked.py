"""A training run in a process of its own, forked from one that has imported everything once, and killed."""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import torch

Report = Callable[[int], None]
Trains = Callable[[Path, Report], object]  # trains in a folder and reports every step

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "tests.imaging.training.refined"])


def kill(run: Trains, folder: Path, at_step: int, after_s: float = 0.0) -> int:
    """Train, and SIGKILL the process some time after it reported a step. Returns its exit status."""
    steps, reports = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=_run, args=(run, folder, reports, dict(os.environ)))
    process.start()
    reports.close()
    while steps.recv() < at_step:
        pass
    time.sleep(after_s)
    process.kill()
    process.join()
    return process.exitcode


def _run(run: Trains, folder: Path, reports: Connection, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    torch.set_num_threads(1)
    run(folder, reports.send)
