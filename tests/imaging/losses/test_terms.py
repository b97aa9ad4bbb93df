"""Losses of terms: their weights, their divisors, and their comparisons by hand."""

import pytest
import torch

from uplapp.errors import UnknownName
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.terms import (
    DAGAN_WEIGHTS,
    FIRST_STEPS,
    WEIGHTS,
    FeatureDistance,
    LossOfTerms,
    frequency_error,
    relative_error,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def scalars(**values: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


FOUR = scalars(adversarial=4.0, matching=3.0, features=2.0, penalty=5.0)


def test_the_weights_of_the_code_by_hand():
    loss = LossOfTerms(WEIGHTS["repo"], {})
    assert loss.total(FOUR).item() == pytest.approx(0.5 * 4 + 1 * 3 + 10 * 2 + 2 * 5)


def test_the_weights_of_the_slides_by_hand():
    loss = LossOfTerms(WEIGHTS["auto"], {}, balanced=True)
    loss.observe(FOUR)
    # 1/2 (1 + 1) + 1, and alpha L_pen = .1
    assert loss.total(FOUR).item() == pytest.approx(2.1)
    assert loss.total({**FOUR, "features": torch.tensor(1.0)}).item() == pytest.approx(1.6)


def test_divisors_are_means_over_the_first_steps_and_stay():
    loss = LossOfTerms({"features": 1.0}, {}, balanced=True)
    for step in range(FIRST_STEPS):
        loss.observe(scalars(features=float(step)))
    loss.observe(scalars(features=1000.0))
    mean = (FIRST_STEPS - 1) / 2
    assert loss.total(scalars(features=mean)).item() == pytest.approx(1)


def test_divisors_go_on_from_a_saved_state():
    loss, other = (LOSSES.build("refinement") for _ in range(2))
    loss.observe(FOUR)
    other.load_state_dict(loss.state_dict())
    assert other.total(FOUR).item() == loss.total(FOUR).item()


def test_terms_that_nobody_computes_are_left_out():
    loss = LossOfTerms(WEIGHTS["auto"], {}, balanced=True)
    some = {name: FOUR[name] for name in ("features", "penalty")}
    loss.observe(some)
    assert loss.total(some).item() == pytest.approx(1.1)


def test_alone_a_loss_of_terms_compares_images():
    estimate, target = noise(2, 1, 32, 32), noise(2, 1, 32, 32, seed=1)
    loss = LOSSES.build("dagan")
    terms = loss.compare(estimate, target)
    assert set(terms) == {"nmse", "frequency", "features"}
    expected = sum(DAGAN_WEIGHTS[name] * value for name, value in terms.items())
    torch.testing.assert_close(loss(estimate, target), expected)


def test_the_relative_error_by_hand():
    target = torch.full((1, 1, 8, 8), 0.5)
    # Smoothing the root near 0 moves it by a thousandth at most.
    assert relative_error(0.8 * target, target).item() == pytest.approx(0.2, abs=1e-3)


def test_the_frequency_error_of_a_change_of_level_by_hand():
    target, side = torch.full((1, 1, 16, 16), 0.5), 16
    # All of it lies at frequency 0: (.1 * 16)^2 there, a mean over 16 * 16.
    expected = 256**2 * (0.1 * side) ** 2 / side**2
    assert frequency_error(target + 0.1, target).item() == pytest.approx(expected, rel=1e-4)


def test_the_frequency_error_does_not_see_a_shift():
    image = noise(1, 1, 16, 16)
    assert frequency_error(image.roll(3, dims=-1), image).item() == pytest.approx(0, abs=1e-3)


def test_features_of_squeezenet_count_relative_to_the_true_ones():
    distance = FeatureDistance("squeeze", ("vgg19", (35,)))
    image = noise(1, 1, 32, 32)
    layers = distance.features(image)
    other = distance.features(0.5 * image)
    expected = [(a - b).square().mean() / a.square().mean() for a, b in zip(layers, other, strict=True)]
    torch.testing.assert_close(distance(0.5 * image, image), torch.stack(expected).mean())


def test_features_of_vgg_are_those_of_relu5_4():
    distance = FeatureDistance("vgg", ("vgg19", (35,)))
    (layer,) = distance.features(noise(1, 1, 32, 32))
    assert layer.shape == (1, 512, 2, 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"weights": "mine"}, "unknown weights 'mine'"), ({"backbone": "alex"}, "unknown backbone 'alex'")],
)
def test_unknown_options_are_refused(options, words):
    with pytest.raises(UnknownName, match=words):
        LOSSES.build("refinement", **options)
