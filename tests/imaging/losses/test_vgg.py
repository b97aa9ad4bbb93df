"""The loss by VGG-19: layers by hand, weights, balance."""

import pytest
import torch
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.features import feature_weights

# Convolutions of VGG-19 in order: the means are taken after these, the features of the loss after those.
POOLED_AFTER, TAPPED_AFTER = (2, 4, 8, 12), (2, 4, 6, 10, 14)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    return noise(2, 3, 32, 40), noise(2, 3, 32, 40, seed=1)


def layers_by_hand(image: torch.Tensor) -> list[torch.Tensor]:
    """The image and what conv1_2 ... conv5_2 make of it, from the weights alone."""
    state = feature_weights("vgg19")
    numbers = sorted({int(key.split(".")[0]) for key in state})
    mean, sd = (torch.tensor(v).view(3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    seen, tapped = (image - mean) / sd, [image]
    for count, number in enumerate(numbers[:14], start=1):
        weight, bias = state[f"{number}.weight"], state[f"{number}.bias"]
        seen = functional.conv2d(seen, weight, bias, padding=1).relu()
        if count in TAPPED_AFTER:
            tapped.append(seen)
        if count in POOLED_AFTER:
            seen = functional.avg_pool2d(seen, 2)
    return tapped


@pytest.mark.parametrize("layer", range(6))
def test_each_layer_is_the_one_by_hand(layer):
    estimate, target = pair()
    weights = [float(number == layer) for number in range(6)]
    ours = LOSSES.build("vgg", layer_weights=weights)(estimate, target)
    theirs = (layers_by_hand(estimate)[layer] - layers_by_hand(target)[layer]).abs().mean()
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_layers_add_up():
    weights = [[2.0 * (number == layer) for number in range(6)] for layer in range(6)]
    alone = [LOSSES.build("vgg", layer_weights=chosen)(*pair()) for chosen in weights]
    torch.testing.assert_close(2 * LOSSES.build("vgg")(*pair()), torch.stack(alone).sum())


def test_a_balanced_loss_starts_at_the_sum_of_its_weights():
    loss = LOSSES.build("vgg", balance=True, layer_weights=[1, 1, 1, 1, 1, 10])
    assert loss(*pair()).item() == pytest.approx(15)
    estimate, target = pair()
    assert loss((estimate + target) / 2, target).item() < 15


def test_the_balance_of_the_first_batch_is_kept_with_a_run():
    loss, resumed = LOSSES.build("vgg", balance=True), LOSSES.build("vgg", balance=True)
    loss(*pair())
    resumed.load_state_dict(loss.state_dict())
    other = noise(2, 3, 32, 40, seed=2), noise(2, 3, 32, 40, seed=3)
    torch.testing.assert_close(resumed(*other), loss(*other))


def test_balance_survives_a_first_batch_of_equal_images():
    loss, image = LOSSES.build("vgg", balance=True), noise(1, 3, 32, 32)
    assert loss(image, image).item() == 0
    assert torch.isfinite(loss(image, noise(1, 3, 32, 32, seed=1)))


def test_nothing_of_it_is_trained_or_saved():
    loss = LOSSES.build("vgg")
    assert list(loss.parameters()) == []
    assert loss.state_dict() == {}


def test_the_target_gets_no_gradient():
    estimate, target = (image.requires_grad_() for image in pair())
    LOSSES.build("vgg")(estimate, target).backward()
    assert estimate.grad.abs().max() > 0
    assert target.grad is None


@pytest.mark.parametrize("weights", [[1.0], [1.0] * 5 + [-1.0]])
def test_weights_that_do_not_fit_the_layers_are_refused(weights):
    with pytest.raises(UplappError, match="need six numbers of 0 or more"):
        LOSSES.build("vgg", layer_weights=weights)


def test_squeezenet_stands_in_for_it_with_six_layers_of_its_own():
    alone = [
        LOSSES.build("vgg", backbone="squeeze", layer_weights=[float(n == layer) for n in range(6)])(*pair())
        for layer in range(6)
    ]
    estimate, target = pair()
    torch.testing.assert_close(alone[0], (estimate - target).abs().mean())
    assert all(value > 0 for value in alone)
    torch.testing.assert_close(LOSSES.build("vgg", backbone="squeeze")(*pair()), torch.stack(alone).sum())


def test_an_unknown_backbone_is_refused():
    with pytest.raises(UplappError, match="unknown backbone 'alex'; choose one of: squeeze, vgg"):
        LOSSES.build("vgg", backbone="alex")


def test_a_volume_is_compared_slice_by_slice():
    estimate, target = noise(2, 1, 3, 20, 24), noise(2, 1, 3, 20, 24, seed=1)
    loss = LOSSES.build("vgg", backbone="squeeze")
    each = [loss(estimate[:, :, depth], target[:, :, depth]).item() for depth in range(3)]
    assert loss(estimate, target).item() == pytest.approx(sum(each) / 3, rel=1e-5)
