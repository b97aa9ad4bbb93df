"""Adversarial learning: what it starts from, what it logs, keeps and refuses, and that it can be resumed."""

import signal
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from tests.imaging.checkpoints.made import make
from tests.imaging.tiny import ALONE, changed, then, weights
from tests.imaging.training import refined
from tests.imaging.training.forked import kill
from tests.imaging.training.refined import BASE, DAGAN, OPTIONS, REFINED, SAVE_EVERY, SCHEDULE, make_data_base
from uplapp.errors import Cancelled, UnknownName, UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.networks.layers import BatchNorm
from uplapp.imaging.physics import Measurement, Sampling
from uplapp.imaging.restorers import NetworkRestorer
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training import LEARNERS
from uplapp.imaging.training.log import Scores, read_log
from uplapp.imaging.training.pool import HistoryPool
from uplapp.imaging.training.run import log_path, state_path, train
from uplapp.imaging.training.team import Team

TERMS = ["penalty", "features", "adversarial", "matching"]


@pytest.fixture(autouse=True)
def base(tmp_path, monkeypatch):
    """The card and the network of the base, in the data folder of the test."""
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path))
    return refined.make_base(tmp_path)


def batch_of(seed: int = 0):
    return TASKS["mri"].pairs(refined.slices(), 2, 32, np.random.default_rng(seed))


def learner(spec=REFINED, team=ALONE):
    return LEARNERS.build("adversarial", spec=spec, team=team, **spec.last.options)


def everything(one) -> list[torch.Tensor]:
    return [
        *one.network.state_dict().values(),
        *one.trained.state_dict().values(),
        *one.discriminator.state_dict().values(),
        *one.pool.images,
        one.loss.sums,
    ]


def assert_equal(one, other):
    for ours, theirs in zip(everything(one), everything(other), strict=True):
        assert torch.equal(ours, theirs)


def test_an_untrained_refinement_gives_what_its_base_restores(base):
    batch = batch_of()
    restored = learner().restore(batch, "float32")
    for image, measured in zip(restored, range(2), strict=True):
        one = batch.measurement.map(lambda tensor, index=measured: tensor[index])
        columns = Sampling(one.operator.mask.flatten())
        case = Case("slice", "mri", Measurement(one.seen, columns, one.data))
        # Convolutions of one image and of two add up in another order, which consistency enlarges.
        torch.testing.assert_close(image, NetworkRestorer(base[1]).restore(case), atol=1e-4, rtol=0)


def test_a_base_that_sees_the_data_is_shown_the_measurement(tmp_path):
    card, network = make_data_base(tmp_path)
    batch = batch_of()
    one = learner(changed(REFINED, options={**OPTIONS, "base": card.name}))
    with torch.no_grad():
        expected = network(batch.measurement).clamp(0, 1)
    torch.testing.assert_close(one.restore(batch, "float32"), expected)
    assert one.step(batch, 1e-3)["features"] > 0


def test_every_term_has_a_column_and_gamma_moves_by_a_rate_of_its_own(tmp_path):
    state = train(REFINED, refined.slices(), tmp_path, ALONE)
    row = read_log(log_path(tmp_path, REFINED))[-1]
    assert list(row)[: len(TERMS) + 4] == ["step", "loss", *sorted_as_weighed(), "discriminator", "gamma"]
    assert all(float(row[name]) > 0 for name in ("loss", *TERMS, "discriminator"))
    # Adam's first steps have the size of the rate, 1e-3, of which gamma has twenty times.
    assert 1e-2 < abs(state.learner.trained.gamma.item()) < 6 * 2e-2


def sorted_as_weighed() -> list[str]:
    return [name for name in learner().loss.weights if name in TERMS]


@pytest.mark.parametrize("spec", [REFINED, DAGAN], ids=["refinement", "dagan"])
def test_a_run_that_was_stopped_ends_with_all_that_an_unbroken_one_has(spec, tmp_path):
    unbroken = train(spec, refined.slices(), tmp_path / "unbroken", ALONE)
    with pytest.raises(Cancelled):
        train(spec, refined.slices(), tmp_path / "broken", ALONE, lambda progress: progress.step != 4)
    resumed = train(spec, refined.slices(), tmp_path / "broken", ALONE)
    assert_equal(unbroken.learner, resumed.learner)


@pytest.mark.slow
def test_a_run_killed_at_a_random_step_ends_with_the_weights_of_an_unbroken_one(tmp_path):
    spec = refined.LONG
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    unbroken = train(spec, refined.slices(), tmp_path / "unbroken", ALONE)
    at_step, place = int(np.random.default_rng(0).integers(SAVE_EVERY, 9)), tmp_path / "killed"
    assert kill(refined.run, place, at_step) == -signal.SIGKILL
    assert torch.load(state_path(place, spec), weights_only=True)["step"] % SAVE_EVERY == 0
    resumed = train(spec, refined.slices(), place, ALONE)
    torch.set_num_threads(threads)
    assert_equal(unbroken.learner, resumed.learner)


def test_another_seed_gives_other_weights(tmp_path):
    one, other = (train(replace(REFINED, seed=seed), refined.slices(), tmp_path, ALONE) for seed in (3, 4))
    assert not torch.equal(weights(one.learner.network), weights(other.learner.network))


def test_without_a_discriminator_its_terms_are_left_out(tmp_path):
    perceptual = changed(REFINED, options={"base": BASE, "discriminator": False}, label="perceptual")
    heard = []
    train(perceptual, refined.slices(), tmp_path, ALONE, heard.append)
    assert set(heard[0].values) == {"loss", "penalty", "features", "gamma"}
    # The first step divides each term by itself: 1 for features, .1 for the penalty.
    assert heard[0].values["loss"] == pytest.approx(1.1)


def test_the_slides_weights_give_every_term_its_share_in_the_first_step():
    values = learner().step(batch_of(), 1e-4)
    assert values["loss"] == pytest.approx(2.1)


def test_dagan_sees_the_zero_filled_image(tmp_path):
    one, batch = learner(DAGAN), batch_of()
    torch.testing.assert_close(one.restore(batch, "float32"), one.network(batch.seen))
    assert one.base == {}
    assert set(one.step(batch, 1e-3)) == {
        *("loss", "adversarial", "nmse", "frequency", "features", "discriminator")
    }


def test_a_stage_before_gives_its_weights_to_the_network_that_learns(tmp_path):
    perceptual = changed(REFINED, options={"base": BASE, "discriminator": False})
    still = then(perceptual, options=OPTIONS, schedule=replace(SCHEDULE, steps=1, learning_rate=1e-30))
    second = train(still, refined.slices(), tmp_path, ALONE)
    first = train(perceptual, refined.slices(), tmp_path, ALONE)
    torch.testing.assert_close(weights(second.learner.trained), weights(first.learner.network))


def test_the_weights_that_validated_best_are_kept_even_over_a_stop():
    one, other = learner(), learner()
    one.step(batch_of(), 1e-3)
    one.hear(Scores(30.0, 0.5))
    best = weights(one.network).clone()
    one.step(batch_of(1), 1e-3)
    one.hear(Scores(31.0, 0.6))
    assert not torch.equal(weights(one.network), best)
    other.load(one.state())
    for each in (one, other):
        each.finish()
        assert torch.equal(weights(each.network), best)


def test_the_mean_of_the_weights_has_the_statistics_of_its_own_maps():
    one = learner()
    for seed in range(3):
        one.step(batch_of(seed), 1e-2)
    first = next(part for part in one.network.modules() if isinstance(part, BatchNorm))
    maps = []
    handle = first.register_forward_pre_hook(lambda module, inputs: maps.append(inputs[0]))
    one.restore(batch_of(), "float32")
    handle.remove()
    assert len(maps) == 3 + 1
    expected = torch.stack([seen.mean(dim=(0, 2, 3)) for seen in maps[:3]]).mean(dim=0)
    torch.testing.assert_close(first.mean, expected)


def test_looking_changes_nothing_that_is_learned_later():
    one, other = learner(), learner()
    for each in (one, other):
        each.step(batch_of(), 1e-3)
    one.restore(batch_of(1), "float32")
    for each in (one, other):
        each.step(batch_of(2), 1e-3)
        each.restore(batch_of(1), "float32")
    assert_equal(one, other)


def test_values_that_are_not_finite_change_no_weight():
    one, batch = learner(), batch_of()
    before = weights(one.trained).clone()
    values = one.step(replace(batch, clean=batch.clean * torch.nan), 1e-3)
    assert np.isnan(values["loss"])
    assert torch.equal(weights(one.trained), before)


def test_what_cannot_be_learned_is_refused(tmp_path):
    with pytest.raises(UplappError, match="loss 'l2' has no terms; give refinement or dagan"):
        learner(replace(REFINED, stages=(replace(REFINED.last, loss="l2", loss_options={}),)))
    with pytest.raises(UplappError, match="trains in one process"):
        learner(team=Team(torch.device("cpu"), 0, 2))
    with pytest.raises(UnknownName, match="unknown checkpoint 'mine'"):
        learner(changed(REFINED, options={"base": "mine"}))
    make(tmp_path / "models", "ssim", 5, "denoise")
    with pytest.raises(UplappError, match="name a network of the task 'mri'"):
        learner(changed(REFINED, options={"base": "denoise-unet-ssim"}))


class TestThePool:
    def test_gives_new_images_back_until_it_is_full_then_exchanges_about_half(self):
        pool, random = HistoryPool(20), np.random.default_rng(0)
        new = partial(torch.full, (1, 1, 2, 2))
        assert [pool.exchange(new(float(n)), random)[0, 0, 0, 0].item() for n in range(20)] == list(range(20))
        later = [pool.exchange(new(float(n)), random)[0, 0, 0, 0].item() for n in range(20, 220)]
        old = sum(value != n for n, value in enumerate(later, start=20))
        # 200 tosses of a fair coin: 7 is their standard deviation.
        assert 70 < old < 130
        assert len(pool.images) == 20

    def test_exchanges_images_of_one_size_alone(self):
        pool, random = HistoryPool(2), np.random.default_rng(0)
        pool.exchange(torch.zeros(2, 1, 4, 4), random)
        for _ in range(20):
            assert pool.exchange(torch.ones(1, 1, 2, 6), random).shape == (1, 1, 2, 6)
        assert {tuple(image.shape) for image in pool.images} == {(1, 2, 6)} or len(pool.images) == 2

    def test_of_no_image_gives_back_what_comes(self):
        images = torch.rand(2, 1, 4, 4)
        assert torch.equal(HistoryPool(0).exchange(images, np.random.default_rng(0)), images)
