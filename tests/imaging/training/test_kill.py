"""A run whose process is killed, whenever that is, ends with the weights of an unbroken one."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, weights
from tests.imaging.training import in_a_process
from tests.imaging.training.in_a_process import LONG
from uplapp.imaging.training.run import state_path, train


def train_and_kill(house, folder, at_step, after_s):
    """Train in a process of its own and SIGKILL it some time after it reported a step. Returns its status."""
    environment = {**os.environ, "PYTHONPATH": str(house), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", in_a_process.__name__, str(folder)]
    with subprocess.Popen(command, cwd=house, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) >= at_step:
                time.sleep(after_s)
                process.kill()
                break
        return process.wait()


@pytest.fixture
def one_thread():
    """As many threads as the other process has: their number changes the order of sums."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_a_random_moment_ends_with_the_weights_of_an_unbroken_one(seed, house, tmp_path):
    random = np.random.default_rng(seed)
    unbroken = train(LONG, tiny.photographs(), tmp_path / "unbroken", ALONE)
    at_step, after_s = int(random.integers(1, 20)), random.uniform(0, 0.05)
    status = train_and_kill(house, tmp_path / "killed", at_step, after_s)
    assert status == -signal.SIGKILL
    resumed = train(LONG, tiny.photographs(), tmp_path / "killed", ALONE)
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))


@pytest.mark.slow
def test_a_kill_leaves_a_whole_state(house, tmp_path):
    assert train_and_kill(house, tmp_path, at_step=4, after_s=0) == -signal.SIGKILL
    saved = torch.load(state_path(tmp_path, LONG), weights_only=True)
    assert saved["step"] % 3 == 0
