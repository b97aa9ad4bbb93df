"""Training: determinism, resuming, batches; a tiny network on photographs that ship with scikit-image."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.data import draw_crops, load_photographs
from uplapp.imaging.images import read_image, tensor_to_array
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.recipe import RunSpec, Schedule
from uplapp.imaging.samples import sample_path
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.train import log_to_csv, train

TINY = Schedule(steps=12, batch=2, crop_px=32, warm_up=4, precision="float32")
SPEC = RunSpec("denoise", "unet", "l2", seed=3, schedule=TINY, network_options={"width": 6})
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def photographs():
    pixels = (read_image(sample_path(name)).pixels for name in ("astronaut", "coffee"))
    return [tensor_to_array(image) for image in pixels]


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_a_network(loss, photographs, tmp_path):
    values = []
    spec = replace(SPEC, loss=loss, schedule=replace(TINY, steps=30))
    train(spec, photographs, tmp_path, CPU, lambda step, steps, value: values.append(value))
    assert np.isfinite(values).all()
    assert np.mean(values[-8:]) < np.mean(values[:8])


@pytest.mark.parametrize("stop_at", [1, 5, 11])
def test_a_run_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(stop_at, photographs, tmp_path):
    unbroken = train(SPEC, photographs, tmp_path / "unbroken", CPU)
    with pytest.raises(Cancelled, match=f"stopped at step {stop_at}"):
        train(SPEC, photographs, tmp_path / "broken", CPU, lambda step, *_: step < stop_at)
    resumed = train(SPEC, photographs, tmp_path / "broken", CPU)
    assert torch.equal(weights(resumed), weights(unbroken))


def test_a_kill_between_saves_repeats_the_lost_steps(photographs, tmp_path):
    unbroken = train(SPEC, photographs, tmp_path / "unbroken", CPU)

    def die(step, *_):
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SPEC, photographs, tmp_path / "killed", CPU, die, save_every=5)
    resumed = train(SPEC, photographs, tmp_path / "killed", CPU)
    assert torch.equal(weights(resumed), weights(unbroken))


def test_another_seed_gives_other_weights(photographs, tmp_path):
    first, second = (
        train(replace(SPEC, seed=seed), photographs, tmp_path / str(seed), CPU) for seed in (0, 1)
    )
    assert not torch.equal(weights(first), weights(second))


def test_another_recipe_does_not_go_on_from_a_saved_state(photographs, tmp_path):
    train(SPEC, photographs, tmp_path, CPU)
    with pytest.raises(UplappError, match="holds a run with another recipe"):
        train(replace(SPEC, schedule=replace(TINY, steps=20)), photographs, tmp_path, CPU)


def test_training_leaves_the_global_generator_alone(photographs, tmp_path):
    before = torch.get_rng_state()
    train(SPEC, photographs, tmp_path, CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_log_holds_mean_losses(tmp_path):
    write = log_to_csv(tmp_path / "log.csv", every=2)
    for step, loss in enumerate([1.0, 3.0, 5.0], start=1):
        write(step, 3, loss)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows] == [["step", "loss"], ["2", "2"], ["3", "5"]]


def test_the_rate_warms_up_stays_and_ramps_down():
    schedule = Schedule(steps=1000, learning_rate=1.0, warm_up=100, ramp_down=0.3)
    assert schedule.rate(0) == pytest.approx(0.01)
    assert schedule.rate(500) == 1
    assert schedule.rate(850) == pytest.approx(0.5)
    assert schedule.rate(999) < 1e-4


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
    task = TASKS.build("denoise")
    noisy, clean = task.draw_pairs(photographs, 400, 16, np.random.default_rng(0))
    sigmas = (noisy - clean).flatten(1).std(dim=1) * 255
    assert noisy.min() < 0 < 1 < noisy.max()
    # Uniform in [0, 40]: the mean of 400 draws is within 4 standard errors, 2.3, of 20.
    assert sigmas.mean().item() == pytest.approx(20, abs=2.3)
    assert 38 < sigmas.max() < 46


def test_noise_repeats_with_its_seed_and_has_its_sigma():
    task, image = TASKS.build("denoise"), torch.full((3, 128, 128), 0.5)
    noisy = task.degrade(image, 25, seed=7)
    assert torch.equal(noisy, task.degrade(image, 25, seed=7))
    assert not torch.equal(noisy, task.degrade(image, 25, seed=8))
    # 49,152 samples: the standard error of the deviation is 0.3 %.
    assert (noisy - image).std().item() * 255 == pytest.approx(25, rel=0.015)


def test_a_photograph_smaller_than_a_crop_is_named():
    folder = sample_path("astronaut").parent
    with pytest.raises(UplappError, match=r"\.png is \d+x\d+ px; training needs 4096 px"):
        load_photographs(folder, 4096)
