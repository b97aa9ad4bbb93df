"""Learners: one that is added at run time is trained, logged, saved and resumed like the first."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, then, weights
from uplapp.errors import Cancelled, UnknownName, UplappError
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training import LEARNERS
from uplapp.imaging.training import batches as drawing
from uplapp.imaging.training.batches import batches, draw_batch
from uplapp.imaging.training.learners import Supervised, gradient_share
from uplapp.imaging.training.log import read_log
from uplapp.imaging.training.run import log_path, state_path, train
from uplapp.registry import Entry

GPU = torch.device("cuda")


class Counting(Supervised):
    """A learner with a value of its own to log, and an option."""

    def __init__(self, spec, team, pace: int = 1) -> None:
        super().__init__(spec, team)
        self.pace, self.count = pace, 0

    def step(self, batch, rate):
        values = super().step(batch, rate)
        self.count += self.pace
        return {**values, "count": float(self.count)}

    def state(self):
        return {**super().state(), "count": self.count}

    def load(self, state):
        super().load(state)
        self.count = state["count"]


@pytest.fixture(autouse=True)
def counting():
    with LEARNERS.joined("counting", Entry(Counting, "Counting", "here")):
        yield


SECOND = then(SPEC, learner="counting", options={"pace": 2}, schedule=replace(TINY, steps=5))


def test_what_a_learner_logs_has_a_column_of_its_own(tmp_path):
    heard = []
    train(SECOND, tiny.photographs(), tmp_path, ALONE, heard.append)
    assert [list(one.values) for one in heard[-5:]] == [["loss", "gradient_share", "count"]] * 5
    [row] = read_log(log_path(tmp_path, SECOND))
    assert (row["step"], row["count"]) == ("5", "6")
    assert heard[-1].loss == heard[-1].values["loss"]


def test_a_learner_that_was_stopped_goes_on_with_all_that_it_had(tmp_path):
    unbroken = train(SECOND, tiny.photographs(), tmp_path / "unbroken", ALONE)
    with pytest.raises(Cancelled):
        train(
            SECOND, tiny.photographs(), tmp_path / "broken", ALONE, lambda one: one.values.get("count") != 4
        )
    resumed = train(SECOND, tiny.photographs(), tmp_path / "broken", ALONE)
    assert resumed.learner.count == unbroken.learner.count == 10
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))


def test_a_stage_goes_on_from_the_weights_of_the_one_before_whoever_learned_them(tmp_path):
    first = train(SPEC, tiny.photographs(), tmp_path, ALONE)
    still = changed(SECOND, schedule=replace(TINY, steps=1, learning_rate=1e-30))
    second = train(still, tiny.photographs(), tmp_path, ALONE)
    torch.testing.assert_close(weights(second.learner.network), weights(first.learner.network))
    assert {path.name for path in tmp_path.glob("*.state.pt")} == {
        state_path(tmp_path, spec).name for spec in (SPEC, still)
    }


def test_a_stage_may_draw_its_batches_in_its_own_way(tmp_path):
    grey = changed(SPEC, draw={"grey_share": 1.0})
    plain, other = (train(one, tiny.photographs(), tmp_path, ALONE) for one in (SPEC, grey))
    assert not torch.equal(weights(plain.learner.network), weights(other.learner.network))


def test_an_unknown_learner_or_option_is_refused(tmp_path):
    with pytest.raises(UnknownName, match="unknown learner 'magic'"):
        train(changed(SPEC, learner="magic"), tiny.photographs(), tmp_path, ALONE)
    with pytest.raises(UplappError, match="learner 'counting' has no option 'speed'"):
        train(changed(SECOND, options={"speed": 1}), tiny.photographs(), tmp_path, ALONE)


def test_a_relative_loss_is_that_share_of_what_was_seen():
    batch = tiny_batch()
    plain, relative = (
        LEARNERS.build("supervised", spec=SPEC, team=ALONE, **options).step(batch, 0.0)["loss"]
        for options in ({}, {"relative": True})
    )
    assert relative == pytest.approx(plain / float((batch.seen - batch.clean).square().mean()))


def test_a_loss_relative_by_image_is_the_mean_of_the_shares_of_each():
    batch, options = tiny_batch(), {"relative": True}
    each = [batch.map(partial(torch.narrow, dim=0, start=n, length=1)) for n in range(len(batch.seen))]
    shares = [
        LEARNERS.build("supervised", spec=SPEC, team=ALONE, **options).step(one, 0.0)["loss"] for one in each
    ]
    whole = LEARNERS.build("supervised", spec=SPEC, team=ALONE, **options, by_image=True).step(batch, 0.0)
    assert whole["loss"] == pytest.approx(sum(shares))  # a share of a batch counts by its size
    assert len({round(share, 6) for share in shares}) > 1


def tiny_batch():
    schedule = SPEC.last.schedule
    random = np.random.default_rng(0)
    return TASKS[SPEC.task].pairs(tiny.photographs(), schedule.batch, schedule.crop_px, random)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_batches_drawn_ahead_for_a_gpu_are_the_batches_of_the_steps(device):
    photographs = tiny.photographs()
    with batches(SPEC, photographs, 3, torch.device(device)) as drawn:
        seen = [batch.seen for batch in drawn]
    assert len(seen) == SPEC.last.schedule.steps - 3
    for step, one in enumerate(seen, start=3):
        assert torch.equal(one, draw_batch(SPEC, photographs, step).seen)


def test_an_end_amid_batches_drawn_ahead_waits_for_none(monkeypatch):
    drawings = []

    def counted(spec, data, step):
        drawings.append(step)
        return draw_batch(spec, data, step)

    monkeypatch.setattr(drawing, "draw_batch", counted)
    with batches(changed(SPEC, schedule=replace(TINY, steps=10**6)), tiny.photographs(), 0, GPU) as drawn:
        next(drawn)
    assert 1 <= len(drawings) <= drawing.AHEAD + 1


def test_the_share_of_weights_with_a_gradient_is_logged():
    values = LEARNERS.build("supervised", spec=SPEC, team=ALONE).step(tiny_batch(), 0.0)
    assert list(values) == ["loss", "gradient_share"]
    assert values["gradient_share"] == 1
    some = [torch.ones(2), torch.tensor([0.0, 1.0]), torch.zeros(3), None]
    assert gradient_share(some) == 0.5
