"""LPIPS: laws with any weights, and the values others get with the trained ones."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchmetrics.functional.image import lpips as torchmetrics_lpips

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.features import OFFICIAL, build_layers, feature_weights
from uplapp.imaging.losses.lpips import BACKBONES, Lpips, _UnitDistance
from uplapp.imaging.metrics import METRICS

# Read before any test sets the folder of random weights.
TRAINED = os.environ.get("UPLAPP_WEIGHTS")
# The examples of the authors' repository, and what their README and script print for them.
PUBLISHED = {"alex": (0.722, 0.138), "squeeze": (0.7110, 0.1479)}


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def trained(backbone: str) -> Lpips:
    if TRAINED is None:
        pytest.skip("UPLAPP_WEIGHTS names no folder with trained weights")
    network, _ = BACKBONES[backbone]
    names = (OFFICIAL[network], f"{network}_features.pth")
    if not any((Path(TRAINED) / name).is_file() for name in names):
        pytest.skip(f"UPLAPP_WEIGHTS holds no weights of {network}")
    return Lpips(backbone, TRAINED)


def example(name: str) -> torch.Tensor:
    path = Path(TRAINED or "") / f"lpips_ex_{name}.png"
    if not path.is_file():
        pytest.skip(f"UPLAPP_WEIGHTS holds no {path.name}")
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize("backbone", PUBLISHED)
def test_the_authors_examples_have_their_values(backbone):
    distance, reference = trained(backbone), example("ref")
    values = [distance(example(name), reference).item() for name in ("p0", "p1")]
    # As many digits as were printed.
    assert values == pytest.approx(PUBLISHED[backbone], abs=5e-4 if backbone == "alex" else 1e-4)


def test_noise_has_the_value_that_torchmetrics_documents():
    distance = trained("squeeze")
    with torch.random.fork_rng():
        torch.manual_seed(42)
        first, second = torch.rand(10, 3, 100, 100), torch.rand(10, 3, 100, 100)
    assert distance(first, second).mean().item() == pytest.approx(0.100491, abs=1e-4)


@pytest.mark.parametrize("backbone", BACKBONES)
class TestEveryBackbone:
    def test_agrees_with_torchmetrics(self, backbone, monkeypatch):
        def layers(network, pretrained):
            made = build_layers(network)
            made.load_state_dict(feature_weights(network))
            return made

        monkeypatch.setattr(torchmetrics_lpips, "_get_tv_model_features", layers)
        theirs = torchmetrics_lpips._NoTrainLpips(net=backbone)
        estimate, target = noise(2, 3, 48, 61), noise(2, 3, 48, 61, seed=1)
        expected = theirs(2 * estimate - 1, 2 * target - 1).flatten()
        torch.testing.assert_close(Lpips(backbone)(estimate, target), expected, rtol=1e-4, atol=1e-6)

    def test_is_zero_at_equality_and_symmetric(self, backbone):
        distance, one, other = Lpips(backbone), noise(2, 3, 40, 40), noise(2, 3, 40, 40, seed=1)
        assert distance(one, one).tolist() == [0, 0]
        torch.testing.assert_close(distance(one, other), distance(other, one))

    def test_sees_grey_as_three_equal_channels(self, backbone):
        distance, one, other = Lpips(backbone), noise(1, 1, 40, 40), noise(1, 1, 40, 40, seed=1)
        replicated = distance(one.expand(-1, 3, -1, -1), other.expand(-1, 3, -1, -1))
        torch.testing.assert_close(distance(one, other), replicated)

    def test_is_neither_trained_nor_saved(self, backbone):
        loss = LOSSES.build("lpips_l2", backbone=backbone)
        assert list(loss.parameters()) == []
        assert loss.state_dict() == {}

    def test_moves_as_one(self, backbone):
        assert {buffer.device.type for buffer in Lpips(backbone).to("meta").buffers()} == {"meta"}

    def test_gives_the_target_no_gradient(self, backbone):
        estimate, target = noise(1, 3, 40, 40).requires_grad_(), noise(1, 3, 40, 40, seed=1).requires_grad_()
        Lpips(backbone)(estimate, target).sum().backward()
        assert estimate.grad.abs().max() > 0
        assert target.grad is None


def test_a_pixel_by_hand():
    estimate, target = (torch.tensor(pair).view(1, 2, 1, 1) for pair in ([3.0, 4.0], [8.0, 6.0]))
    # Directions (.6, .8) and (.8, .6), weights 1 and 2.
    value = _UnitDistance.apply(estimate, target, torch.tensor([1.0, 2.0]))
    assert value.item() == pytest.approx(0.2**2 + 2 * 0.2**2)


def test_the_backward_written_by_hand_is_that_of_the_forward():
    estimate, target = noise(2, 5, 3, 4).double().requires_grad_(), noise(2, 5, 3, 4, seed=1).double()
    weights = noise(5, seed=2).double()
    assert torch.autograd.gradcheck(lambda image: _UnitDistance.apply(image, target, weights), estimate)


def test_the_gradient_is_finite_where_a_layer_is_silent():
    silent = torch.zeros(1, 4, 2, 2, requires_grad=True)
    _UnitDistance.apply(silent, noise(1, 4, 2, 2), torch.ones(4)).sum().backward()
    assert torch.isfinite(silent.grad).all()


def test_the_loss_is_squares_plus_weighted_lpips():
    estimate, target = noise(2, 3, 40, 40), noise(2, 3, 40, 40, seed=1)
    squares = LOSSES.build("l2")(estimate, target)
    distance = METRICS.build("lpips", backbone="squeeze")(estimate, target).mean()
    loss = LOSSES.build("lpips_l2", weight=0.1, backbone="squeeze")(estimate, target)
    torch.testing.assert_close(loss, squares + 0.1 * distance)


@pytest.mark.parametrize("weight", [-0.1, float("inf"), float("nan")])
def test_a_weight_that_weighs_nothing_sensible_is_refused(weight):
    with pytest.raises(UplappError, match=f"the weight of LPIPS beside l2 is {weight}"):
        LOSSES.build("lpips_l2", weight=weight)


def test_the_loss_can_train_after_the_metric_has_measured(tmp_path, random_weights):
    network = OFFICIAL["squeezenet1_1"]
    (tmp_path / network).write_bytes((random_weights / network).read_bytes())
    estimate, target = noise(1, 3, 40, 40), noise(1, 3, 40, 40, seed=1)
    with torch.inference_mode():
        METRICS.build("lpips", backbone="squeeze", weights=tmp_path)(estimate, target)
    leaf = estimate.clone().requires_grad_()
    LOSSES.build("lpips_l2", backbone="squeeze", weights=tmp_path)(leaf, target).backward()
    assert torch.isfinite(leaf.grad).all()


def test_a_backbone_that_cannot_be_had_is_named_and_not_replaced(tmp_path, random_weights):
    network = OFFICIAL["squeezenet1_1"]
    (tmp_path / network).write_bytes((random_weights / network).read_bytes())
    METRICS.build("lpips", backbone="squeeze", weights=tmp_path)
    with pytest.raises(UplappError, match="the weights of alexnet cannot be had"):
        METRICS.build("lpips", weights=tmp_path)


def test_an_unknown_backbone_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown backbone 'resnet'; choose one of: alex, squeeze, vgg"):
        Lpips("resnet")


def test_linear_weights_of_another_backbone_are_refused(tmp_path, random_weights):
    network = OFFICIAL["squeezenet1_1"]
    (tmp_path / network).write_bytes((random_weights / network).read_bytes())
    torch.save({"lin0.model.1.weight": torch.ones(1, 2, 1, 1)}, tmp_path / "lpips_lin_v0.1_squeeze.pth")
    with pytest.raises(UplappError, match=r"linear weights of LPIPS do not fit squeeze: channels \[2\]"):
        Lpips("squeeze", tmp_path)
