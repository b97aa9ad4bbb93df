"""Training: determinism, resuming, batches, by a tiny network on photographs of scikit-image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, then, weights
from uplapp.errors import BadCheckpoint, Cancelled, UplappError
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.pixel import MeanSquaredError
from uplapp.imaging.physics import GaussianNoise
from uplapp.imaging.recipes.spec import RunSpec, Schedule
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.photographs import draw_crops, load_photographs
from uplapp.imaging.training.learners import build_loss
from uplapp.imaging.training.run import Diverged, TrainingState, state_path, train


@pytest.fixture(scope="module")
def photographs():
    return tiny.photographs()


@pytest.mark.parametrize("loss", [name for name, entry in LOSSES.items() if not entry.needs])
def test_every_loss_trains_a_network(loss, photographs, tmp_path):
    values = []
    spec = changed(SPEC, loss=loss, schedule=replace(TINY, steps=20))
    train(spec, photographs, tmp_path, ALONE, lambda progress: values.append(progress.loss))
    assert np.isfinite(values).all()
    assert np.mean(values[-8:]) < np.mean(values[:8])


@pytest.mark.parametrize("stop_at", [1, 5, 11])
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(stop_at, photographs, tmp_path):
    unbroken = train(SPEC, photographs, tmp_path / "unbroken", ALONE)
    with pytest.raises(Cancelled, match=f"stopped at step {stop_at}"):
        train(SPEC, photographs, tmp_path / "broken", ALONE, lambda progress: progress.step < stop_at)
    resumed = train(SPEC, photographs, tmp_path / "broken", ALONE)
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))


def test_a_kill_between_saves_repeats_the_lost_steps(photographs, tmp_path):
    unbroken = train(SPEC, photographs, tmp_path / "unbroken", ALONE)

    def die(progress):
        if progress.step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SPEC, photographs, tmp_path / "killed", ALONE, die, save_every=5)
    resumed = train(SPEC, photographs, tmp_path / "killed", ALONE)
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))


def test_another_seed_gives_other_weights(photographs, tmp_path):
    first, second = (
        train(replace(SPEC, seed=seed), photographs, tmp_path / str(seed), ALONE) for seed in (0, 1)
    )
    assert not torch.equal(weights(first.learner.network), weights(second.learner.network))


def test_another_recipe_has_a_state_of_its_own(photographs, tmp_path):
    train(SPEC, photographs, tmp_path, ALONE)
    longer = train(changed(SPEC, schedule=replace(TINY, steps=20)), photographs, tmp_path, ALONE)
    assert longer.step == 20
    assert len(list(tmp_path.glob("*.state.pt"))) == 2


def test_a_state_under_the_name_of_another_recipe_is_refused(photographs, tmp_path):
    train(SPEC, photographs, tmp_path, ALONE)
    other = replace(SPEC, seed=4)
    state_path(tmp_path, SPEC).rename(state_path(tmp_path, other))
    with pytest.raises(UplappError, match="holds a run with another recipe"):
        train(other, photographs, tmp_path, ALONE)


def test_a_damaged_state_is_named(photographs, tmp_path):
    state_path(tmp_path, SPEC).write_bytes(b"no state")
    with pytest.raises(BadCheckpoint, match=r"state\.pt holds no state of a run; remove it"):
        train(SPEC, photographs, tmp_path, ALONE)


def test_a_run_goes_on_from_the_weights_of_its_start_which_is_trained_once(photographs, tmp_path):
    after = then(SPEC, loss="l1")
    heard = []
    train(after, photographs, tmp_path, ALONE, lambda progress: heard.append(progress.name))
    assert heard == ["denoise-unet-l2"] * 12 + ["denoise-unet-l1"] * 12
    begun = []

    def look(progress):
        begun.append(progress.name)
        return False

    with pytest.raises(Cancelled):
        train(changed(after, loss="ssim"), photographs, tmp_path, ALONE, look)
    assert begun == ["denoise-unet-ssim"]


def test_a_start_that_was_stopped_changes_nothing(photographs, tmp_path):
    after = then(SPEC, loss="l1")
    unbroken = train(after, photographs, tmp_path / "unbroken", ALONE)
    for stop_at in (7, 5):
        with pytest.raises(Cancelled):
            train(
                after,
                photographs,
                tmp_path / "broken",
                ALONE,
                lambda progress, at=stop_at: progress.step != at,
            )
    resumed = train(after, photographs, tmp_path / "broken", ALONE)
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))


def test_a_loss_that_is_no_number_ends_the_run_and_is_not_saved(photographs, tmp_path):
    wild = changed(SPEC, schedule=replace(TINY, learning_rate=1e30, warm_up=0))
    with pytest.raises(Diverged, match=r"diverged at step \d+, its loss is (nan|inf); give a lower learning"):
        train(wild, photographs, tmp_path, ALONE, save_every=100)
    assert not state_path(tmp_path, wild).exists()


def test_a_loss_that_learns_by_channel_gets_the_channels_of_its_task():
    assert len(build_loss(changed(SPEC, loss="adaptive")).alpha) == 3
    assert len(build_loss(changed(SPEC, task="mri", loss="adaptive")).alpha) == 1
    assert len(build_loss(changed(SPEC, loss="adaptive", loss_options={"channels": 1})).alpha) == 1
    assert isinstance(build_loss(SPEC), MeanSquaredError)


def test_what_a_loss_learns_is_saved_with_the_run(photographs, tmp_path):
    spec = changed(SPEC, loss="adaptive")
    trained = train(spec, photographs, tmp_path, ALONE).learner.loss.alpha
    assert (trained != 1).all()
    state = TrainingState.start(spec, ALONE)
    state.load(state_path(tmp_path, spec), spec)
    assert torch.equal(state.learner.loss.alpha, trained)
    assert set(state.learner.learned) == {"latent_alpha", "latent_scale"}


@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_weights_are_kept_in_full_precision(precision, photographs, tmp_path):
    spec = changed(SPEC, schedule=replace(TINY, precision=precision, steps=2))
    state = train(spec, photographs, tmp_path, ALONE)
    assert weights(state.learner.network).dtype == torch.float32


def test_training_leaves_the_global_generator_alone(photographs, tmp_path):
    before = torch.get_rng_state()
    train(SPEC, photographs, tmp_path, ALONE)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_rate_warms_up_stays_and_ramps_down():
    schedule = Schedule(steps=1000, learning_rate=1.0, warm_up=100, ramp_down=0.3)
    assert schedule.rate(0) == pytest.approx(0.01)
    assert schedule.rate(500) == 1
    assert schedule.rate(850) == pytest.approx(0.5)
    assert schedule.rate(999) < 1e-4


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("steps", 0, "1 or more"), ("learning_rate", 0.0, "more than 0"), ("ramp_down", 1.5, "0 to 1")],
)
def test_a_schedule_without_sense_is_refused(name, value, words):
    with pytest.raises(UplappError, match=f"{name} of a schedule is {value}; it needs {words}"):
        Schedule(**{name: value})


def test_a_schedule_may_do_without_ramps():
    flat = Schedule(steps=10, learning_rate=0.5, warm_up=0, ramp_down=0.0)
    assert [flat.rate(step) for step in range(10)] == [0.5] * 10


def test_a_recipe_survives_json():
    assert RunSpec.from_json(SPEC.to_json()) == SPEC
    with pytest.raises(UplappError, match="unknown precision 'float8'; choose one of: bfloat16, float32"):
        Schedule(precision="float8")


def test_crops_are_parts_of_the_photographs_turned_and_recoloured():
    ramp = np.arange(40 * 50 * 3, dtype=np.uint8).reshape(40, 50, 3)
    crops = draw_crops([ramp], 6, 16, np.random.default_rng(0))
    assert crops.shape == (6, 3, 16, 16)
    again = draw_crops([ramp], 6, 16, np.random.default_rng(0))
    assert torch.equal(crops, again)
    assert set((crops * 255).round().int().flatten().tolist()) <= set(ramp.flatten().tolist())


def test_training_noise_is_uniform_in_sigma_and_not_clipped(photographs):
    task = TASKS["denoise"]
    batch = task.pairs(photographs, 400, 16, np.random.default_rng(0))
    noisy, clean = batch.seen, batch.clean
    sigmas = (noisy - clean).flatten(1).std(dim=1) * 255
    assert noisy.min() < 0 < 1 < noisy.max()
    # Uniform in [0, 40]: the mean of 400 draws is within 4 standard errors, 2.3, of 20.
    assert sigmas.mean().item() == pytest.approx(20, abs=2.3)
    assert 38 < sigmas.max() < 46


def test_noise_repeats_with_its_seed_and_has_its_sigma():
    image = torch.full((3, 128, 128), 0.5)
    noisy = GaussianNoise(25, seed=7).measure(image).seen
    assert torch.equal(noisy, GaussianNoise(25, seed=7).measure(image).seen)
    assert not torch.equal(noisy, GaussianNoise(25, seed=8).measure(image).seen)
    # 49,152 samples: the standard error of the deviation is 0.3%.
    assert (noisy - image).std().item() * 255 == pytest.approx(25, rel=0.015)


def test_a_photograph_smaller_than_a_crop_is_named():
    folder = sample_path("astronaut").parent
    with pytest.raises(UplappError, match=r"\.png is \d+x\d+ px; training needs 4096 px"):
        load_photographs(folder, 4096)
