"""Work on a lent GPU, played with a stand-in for the package `spaces`: all that crosses over is pickled."""

import pickle
import types
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from tests.imaging.checkpoints.made import make
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging import device, lending
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.batch import run_batch
from uplapp.imaging.evaluation.candidates import methods_of, of_cards, of_methods
from uplapp.imaging.evaluation.job import read_case, run_job, unheard
from uplapp.imaging.files.reading import AS_IT_SAYS
from uplapp.imaging.fitting import Curve, State
from uplapp.imaging.lending import LONGEST_S, SHORTEST_S, on_gpu, seconds_of
from uplapp.imaging.physics import GaussianNoise
from uplapp.imaging.restorers import unwatched
from uplapp.imaging.tasks import TASKS

NOISE = GaussianNoise(sigma=25, seed=1)


@pytest.fixture
def lent(monkeypatch):
    """The seconds for which a GPU was lent, by a Space that is played. A GPU is there inside alone."""
    asked = []

    def gpu(duration):
        def decorate(steps):
            def run(*values):
                asked.append(duration(*values))
                for step in steps(*pickle.loads(pickle.dumps(values))):
                    yield pickle.loads(pickle.dumps(step))

            return run

        return decorate

    monkeypatch.setattr(device, "_lending", {"lent": False, "here": False})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(lending, "spaces", types.SimpleNamespace(GPU=gpu))
    monkeypatch.setattr(lending, "_lent", gpu(lending._duration)(lending._steps))
    return asked


@pytest.fixture
def photo(tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (40, 48, 3)).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "leaf.png")
    return tmp_path / "leaf.png"


def device_in_words(watch, hear):
    watch(0.5, device.pick_device().type, None)
    return device.pick_device().type


def test_the_gpu_is_picked_where_it_is_lent_and_nowhere_else(lent):
    heard = []
    work = on_gpu(device_in_words, 20)
    assert work(lambda *report: heard.append(report) or True, unheard) == "cuda"
    assert heard == [(0.5, "cuda", None)]
    assert (device.pick_device().type, lent) == ("cpu", [20])


def test_elsewhere_work_is_done_as_it_stands(monkeypatch):
    monkeypatch.setattr(device, "_lending", {"lent": False, "here": False})
    assert on_gpu(device_in_words) is device_in_words
    own = types.SimpleNamespace(zero_gpu=False)
    config = types.SimpleNamespace(Config=own)
    assert device.note_lending(types.SimpleNamespace(config=config)) is False


def test_a_job_gives_the_same_where_the_gpu_is_lent(lent, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    card, _ = make(tmp_path / "models")
    networks = of_cards(Checkpoints((tmp_path / "models",)), [card])
    candidates = [*networks, *of_methods(["tv"])]
    case = read_case(photo, "denoise", NOISE)
    there = on_gpu(partial(run_job, case, candidates), seconds_of(case, candidates))(unwatched, unheard)
    here = run_job(case, candidates)
    for one, other in zip(there.results, here.results, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
    assert there.labels == here.labels
    assert lent == [SHORTEST_S]


def test_a_batch_runs_there_too(lent, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    given = ([photo], "denoise", NOISE, of_methods(["tv"]), tmp_path / "all.zip", AS_IT_SAYS, bool)
    assert on_gpu(partial(run_batch, *given))(unwatched, unheard).names == ("leaf",)


@pytest.mark.parametrize("task", TASKS)
def test_every_method_can_be_sent_over(task):
    for candidate in of_methods(methods_of(task)):
        assert pickle.loads(pickle.dumps(candidate)).build() == candidate.build()


def test_who_cancels_ends_the_work_there(lent, photo, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    case = read_case(photo, "denoise", NOISE)
    work = on_gpu(partial(run_job, case, of_methods(["tv", "wavelet"])))
    with pytest.raises(Cancelled):
        work(lambda *report: False, unheard)


def fitting(watch, hear):
    curve = Curve((1, 2), (0.3, 0.2), (0.5, 0.4))
    return hear("A", State(2, 9000, 0.1, 0.2, 5.0, 90.0, torch.zeros(1, 4, 6), curve))


def test_what_a_fit_says_of_itself_is_heard_here(lent):
    heard = []
    on_gpu(fitting)(unwatched, lambda label, state: heard.append((label, state.curve.iterations)) or True)
    assert heard == [("A", (1, 2))]


def wrong(watch, hear):
    raise UplappError("the image is too large")


def test_what_is_wrong_there_is_said_here_in_its_sentence(lent):
    with pytest.raises(UplappError, match="the image is too large"):
        on_gpu(wrong)(unwatched, unheard)


def test_a_gpu_that_is_taken_back_is_a_sentence(lent, monkeypatch):
    monkeypatch.setattr(lending, "_lent", lambda *_: (step for step in [("share", 0.1, "", None)]))
    with pytest.raises(UplappError, match="taken back before the restoration was done"):
        on_gpu(device_in_words)(unwatched, unheard)


def test_a_larger_job_is_lent_the_gpu_for_longer_within_limits(photo):
    case = read_case(photo, "denoise", NOISE)
    few, more = of_methods(["tv"]), of_methods(["tv", "nlm", "wavelet", "deep_decoder"])
    assert SHORTEST_S == seconds_of(case, few) < seconds_of(case, more) < LONGEST_S
    assert seconds_of(case, of_methods(["deep_decoder"]) * 9) == LONGEST_S
