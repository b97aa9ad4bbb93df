"""The untrained perceptual loss: its network by hand, its options, its own random numbers."""

import math

import pytest
import torch
from torch import nn

from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.untrained import INITIALISATIONS, POOLINGS, TAPS, LossNetwork

SHAPES = [(2, 1, 32, 33), (2, 3, 33, 32), (1, 1, 16, 17, 18), (1, 2, 16, 16, 16)]
POOLS = {
    ("max", 4): nn.MaxPool2d,
    ("max", 5): nn.MaxPool3d,
    ("avg", 4): nn.AvgPool2d,
    ("avg", 5): nn.AvgPool3d,
}


def pair(*shape: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    estimate, target = torch.rand((2, *shape), generator=generator, dtype=dtype)
    return estimate, target


def upl(**options) -> nn.Module:
    return LOSSES.build("upl", **options)


def value(*shape: int, **options) -> float:
    return upl(**options)(*pair(*shape)).item()


def test_one_layer_of_one_pixel_by_hand():
    loss = upl(depth=1, kernel_size=1, width=2)
    weights = [weight.item() for weight in loss.network.draw(1, 4, (0,))[0].flatten()]
    estimate, target = (torch.tensor([[[[level]]]]) for level in (0.75, 0.25))
    squares = [(max(0.75 * weight, 0) - max(0.25 * weight, 0)) ** 2 for weight in weights]
    assert loss(estimate, target).item() == pytest.approx(sum(squares) / 2)


def test_one_filter_of_three_pixels_by_hand():
    loss = upl(depth=1, width=1)
    kernel = loss.network.draw(1, 4, (0,))[0][0, 0]
    spike, nothing = torch.zeros(1, 1, 5, 5), torch.zeros(1, 1, 5, 5)
    spike[0, 0, 2, 2] = 1
    assert loss(spike, nothing).item() == pytest.approx(kernel.relu().square().sum().item() / 25)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_it_is_the_sum_over_the_layers_of_a_network_of_modules(shape, pooling, kernel_size):
    loss = upl(depth=3, width=4, pooling=pooling, kernel_size=kernel_size)
    convolution = nn.Conv2d if len(shape) == 4 else nn.Conv3d
    maps, answer = pair(*shape), 0.0
    for layer, weight in enumerate(loss.network.draw(shape[1], len(shape), (0,))):
        stride = 2 if pooling == "stride" and layer else 1
        convolve = convolution(
            weight.shape[1], 4, kernel_size, stride, padding=kernel_size // 2, bias=False
        ).double()
        convolve.weight.data = weight.double()
        if layer and (pooling, len(shape)) in POOLS:
            maps = [POOLS[pooling, len(shape)](2)(image) for image in maps]
        maps = [convolve(image).relu() for image in maps]
        answer += nn.functional.mse_loss(*maps).item()
    assert loss(*pair(*shape)).item() == pytest.approx(answer, rel=1e-12)


@pytest.mark.parametrize("taps", TAPS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("initialisation", INITIALISATIONS)
@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (1, 1, 8, 8, 8)])
def test_every_choice_has_a_gradient(taps, pooling, initialisation, shape):
    estimate, target = pair(*shape)
    loss = upl(depth=4, width=8, taps=taps, pooling=pooling, initialisation=initialisation)
    loss(estimate.requires_grad_(), target).backward()
    assert torch.isfinite(estimate.grad).all()
    assert estimate.grad.abs().max() > 0


# Per weight, with 9 * 64 inputs and 9 * 64 outputs: He, Glorot, and the two fixed ranges.
SPREADS = {
    "kaiming_uniform": math.sqrt(2 / 576),
    "kaiming_normal": math.sqrt(2 / 576),
    "xavier_uniform": math.sqrt(2 / 1152),
    "xavier_normal": math.sqrt(2 / 1152),
    "orthogonal": math.sqrt(1 / 576),
    "normal": 0.02,
    "uniform": 0.1 / math.sqrt(3),
}


@pytest.mark.parametrize("initialisation", INITIALISATIONS)
def test_weights_spread_as_their_initialisation_says(initialisation):
    weight = LossNetwork(depth=2, width=64, initialisation=initialisation).draw(3, 4, (0,))[1]
    # 36,864 weights: the standard error of the deviation is below 0.4%.
    assert weight.std().item() == pytest.approx(SPREADS[initialisation], rel=0.016)
    assert abs(weight.mean().item()) < 4 * SPREADS[initialisation] / math.sqrt(weight.numel())


def test_orthogonal_filters_are_orthogonal():
    first = LossNetwork(width=16, initialisation="orthogonal").draw(3, 4, (0,))[0].flatten(1)
    torch.testing.assert_close(first @ first.T, torch.eye(16))


def test_all_layers_together_exceed_the_last():
    assert 0 < value(1, 1, 32, 32, taps="last") < value(1, 1, 32, 32, taps="all")


def test_a_seed_gives_its_network_and_no_other():
    assert value(1, 3, 32, 32, seed=4) == value(1, 3, 32, 32, seed=4)
    assert value(1, 3, 32, 32, seed=4) != value(1, 3, 32, 32, seed=5)


def test_the_global_generator_stays_as_it_was():
    before = torch.get_rng_state()
    upl(resample=True)(*pair(1, 3, 32, 32))
    assert torch.equal(torch.get_rng_state(), before)


def test_nothing_is_learned_and_no_weight_is_saved():
    loss = upl()
    loss(*pair(1, 3, 32, 32))
    assert list(loss.parameters()) == []
    assert list(loss.state_dict()) == ["step"]


def test_one_loss_serves_images_of_any_kind_in_turn():
    loss = upl()
    values = [loss(*pair(*shape)).item() for shape in (*SHAPES, *SHAPES)]
    assert values[: len(SHAPES)] == values[len(SHAPES) :]
    assert len(set(values)) == len(SHAPES)


def test_a_fixed_network_stays_and_a_resampled_one_changes_with_each_step():
    images = pair(1, 1, 32, 32)
    fixed, resampled = upl(), upl(resample=True)
    assert len({fixed(*images).item() for _ in range(4)}) == 1
    assert len({resampled(*images).item() for _ in range(4)}) == 4


@pytest.mark.parametrize("stop", [0, 1, 3])
def test_resampling_resumes_where_it_was_saved(stop):
    images = pair(1, 1, 32, 32)
    unbroken = upl(resample=True)
    values = [unbroken(*images).item() for _ in range(5)]
    before, after = upl(resample=True), upl(resample=True)
    for _ in range(stop):
        before(*images)
    after.load_state_dict(before.state_dict())
    assert [after(*images).item() for _ in range(5 - stop)] == values[stop:]


def test_measuring_takes_no_step():
    images = pair(1, 1, 32, 32)
    loss = upl(resample=True).eval()
    assert loss(*images).item() == loss(*images).item()
    assert loss.step == 0


def test_a_loss_can_train_after_it_has_measured():
    estimate, target = pair(1, 1, 32, 32)
    loss = upl()
    with torch.inference_mode():
        loss(estimate, target)
    loss(estimate.requires_grad_(), target).backward()
    assert estimate.grad.abs().max() > 0


@pytest.mark.parametrize(("pooling", "smallest"), [("max", 16), ("avg", 16), ("stride", 1), ("none", 1)])
def test_the_smallest_side_leaves_one_sample(pooling, smallest):
    loss = upl(pooling=pooling)
    assert loss.network.smallest_side_px == smallest
    assert math.isfinite(loss(*pair(1, 1, smallest, smallest)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth is 0; it needs a whole number from 1"),
        ({"depth": 2.5}, "depth is 2.5; it needs a whole number from 1"),
        ({"width": True}, "width is True; it needs a whole number from 1"),
        ({"kernel_size": 4}, "kernel_size is 4; it needs an odd number"),
        ({"pooling": "min"}, "unknown pooling 'min'; choose one of: avg, max, none, stride"),
        ({"pooling": ["max"]}, "unknown pooling"),
        ({"initialisation": "he"}, "unknown initialisation 'he'; choose one of: kaiming_normal"),
        ({"taps": "first"}, "unknown taps 'first'; choose one of: all, last"),
        ({"seed": -1}, "seed is -1; it needs a whole number from 0"),
        ({"resample": "yes"}, "resample is 'yes'; it needs true or false"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options, message):
    with pytest.raises(UplappError, match=message):
        upl(**options)


def test_a_tensor_without_a_batch_is_refused():
    with pytest.raises(UplappError, match="a tensor with 3 axes does not fit"):
        upl()(*pair(1, 32, 32))


class TestTheAddedDifference:
    def test_weighs_as_much_as_the_features_at_first(self):
        estimate, target = pair(1, 1, 16, 16, 16)
        both, alone = upl(l1_weight=1.0, width=4), upl(width=4)
        assert both(estimate, target).item() == pytest.approx(2 * alone(estimate, target).item())

    def test_keeps_its_first_scale(self):
        estimate, target = pair(1, 1, 16, 16)
        loss = upl(l1_weight=0.5, width=4)
        first, features = loss(estimate, target).item(), upl(width=4)(estimate, target).item()
        assert first == pytest.approx(1.5 * features)
        near = target + 0.1 * (estimate - target)
        features_near = upl(width=4)(near, target).item()
        # A tenth of the difference in the first scale, whatever the features are now.
        assert loss(near, target).item() == pytest.approx(features_near + 0.5 * features / 10)

    def test_keeps_its_scale_in_the_state(self):
        estimate, target = pair(1, 1, 16, 16)
        first, second = upl(l1_weight=1.0, width=4), upl(l1_weight=1.0, width=4)
        first(estimate, target)
        second.load_state_dict(first.state_dict())
        assert second(target + 0.1, target).item() == first(target + 0.1, target).item()

    def test_sees_an_offset_with_a_gradient(self):
        target = torch.full((1, 1, 16, 16), 0.5)
        estimate = torch.full((1, 1, 16, 16), 0.6, requires_grad=True)
        upl(l1_weight=1.0)(estimate, target).backward()
        assert estimate.grad.sum() > 0

    @pytest.mark.parametrize("weight", [-1, math.nan, "much", True])
    def test_refuses_a_weight_that_cannot_be(self, weight):
        with pytest.raises(UplappError, match=r"l1_weight is .*; it needs a number from 0"):
            upl(l1_weight=weight)
