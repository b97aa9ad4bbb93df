"""A run whose process is killed, whenever that is, ends with the weights of an unbroken one."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, weights
from tests.imaging.training.forked import Report, kill
from uplapp.imaging.training.run import state_path, train

# So long that none is done before its signal comes.
LONG = changed(SPEC, schedule=replace(TINY, steps=60))


def run(folder: Path, report: Report) -> None:
    """Save every third step, so that kills fall before, after and into the writing of a state."""
    train(LONG, tiny.photographs(), folder, ALONE, lambda progress: report(progress.step), save_every=3)


@pytest.fixture(scope="module")
def one_thread():
    """As many threads as the other process has: their number changes the order of sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def unbroken(one_thread, tmp_path_factory):
    """The weights of a run that nothing ends."""
    run = train(LONG, tiny.photographs(), tmp_path_factory.mktemp("unbroken"), ALONE)
    return weights(run.learner.network)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_a_random_moment_ends_with_the_weights_of_an_unbroken_one(seed, unbroken, tmp_path):
    random = np.random.default_rng(seed)
    at_step, after_s = int(random.integers(1, 20)), random.uniform(0, 0.05)
    assert kill(run, tmp_path, at_step, after_s) == -signal.SIGKILL
    resumed = train(LONG, tiny.photographs(), tmp_path, ALONE)
    assert torch.equal(weights(resumed.learner.network), unbroken)


@pytest.mark.slow
def test_a_kill_leaves_a_whole_state(tmp_path):
    assert kill(run, tmp_path, at_step=4) == -signal.SIGKILL
    saved = torch.load(state_path(tmp_path, LONG), weights_only=True)
    assert saved["step"] % 3 == 0
