"""Several processes train as one does."""

import os
import socket
import subprocess
import sys

import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, weights
from tests.imaging.training import in_a_team
from tests.imaging.training.in_a_team import SHARED
from uplapp.errors import UplappError
from uplapp.imaging.training.run import state_path, train
from uplapp.imaging.training.team import Team


@pytest.fixture(scope="module")
def runs(house, tmp_path_factory):
    """The folder of what two processes trained that met over gloo."""
    pytest.importorskip("accelerate", reason="several processes need accelerate")
    folder = tmp_path_factory.mktemp("team")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--nproc_per_node", "2", "--master_addr", "127.0.0.1", "--master_port", str(port)]
    command = [sys.executable, "-m", "torch.distributed.run", *words, "-m", in_a_team.__name__, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(house), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The weights that one process comes to."""
    folder = tmp_path_factory.mktemp("alone")
    return weights(train(SHARED, tiny.photographs(), folder, ALONE).learner.network)


def saved_weights(folder):
    network = torch.load(state_path(folder, SHARED), weights_only=True)["learner"]["network"]
    return torch.cat([tensor.flatten() for tensor in network.values()])


@pytest.mark.slow
def test_two_processes_train_the_network_that_one_does(runs, alone):
    # The same sums in another order: float32 rounds at 6e-8, and Adam moves a weight by 1e-3 a step.
    assert (saved_weights(runs / in_a_team.whole.__name__) - alone).abs().max() < 1e-5


@pytest.mark.slow
def test_two_processes_stop_together_and_one_goes_on(runs, alone):
    resumed = train(SHARED, tiny.photographs(), runs / in_a_team.stopped.__name__, ALONE)
    assert (weights(resumed.learner.network) - alone).abs().max() < 1e-5


def test_the_shares_of_a_team_make_up_the_batch():
    batch = torch.arange(7.0)[:, None]
    shares = [Team(torch.device("cpu"), rank, 3).share(batch) for rank in range(3)]
    assert torch.equal(torch.cat(shares), batch)
    assert [len(share) for share in shares] == [3, 2, 2]


def test_a_batch_too_small_for_the_team_is_refused():
    with pytest.raises(UplappError, match="a batch of 2 cannot be shared by 3 processes"):
        Team(torch.device("cpu"), 0, 3).share(torch.zeros(2, 1))


def test_one_process_agrees_with_itself_and_adds_nothing():
    tensor = torch.tensor([1.5])
    ALONE.add_up([tensor])
    assert tensor.item() == 1.5
    assert [ALONE.agree(wish) for wish in (True, False)] == [True, False]


def test_without_accelerate_there_is_one_process_and_several_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert (Team.gather().rank, Team.gather().size) == (0, 1)
    monkeypatch.setattr(torch.distributed, "is_torchelastic_launched", lambda: True)
    with pytest.raises(UplappError, match=r"several processes needs accelerate; install .*\.\[train\]"):
        Team.gather()
