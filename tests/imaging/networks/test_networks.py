"""Laws of every network that is trained to restore images, their sizes, and the segmenter."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.networks import NETWORKS, RESTORE
from uplapp.imaging.restorers.network import KnowingNoise, restore_by_tiles

SMALL = {
    "unet": {"width": 6},
    "resnet": {"width": 6, "blocks": 2},
    "crn": {"width": 6},
    "refinement": {"channels": 3, "width": 4},
    "dagan": {"channels": 3, "widths": [4, 8]},
    "dncnn": {"width": 4, "depth": 4},
    "dncnn_plain": {"width": 4, "depth": 4},
    "drunet": {"width": 3, "blocks": 1},
    "unet_fastmri": {"channels": 3, "chans": 4},
}
TRAINED = [
    name
    for name, entry in NETWORKS.items()
    if not entry.fitted and not entry.operator and entry.purpose == RESTORE and 2 in entry.axes
]


def built(name: str) -> nn.Module:
    """A small network as a restorer runs it: one that is shown the level of noise knows it."""
    network = NETWORKS.build(name, **SMALL[name])
    return KnowingNoise(network, torch.tensor([0.1])) if getattr(network, "wants_noise", False) else network


LOCAL = [name for name in TRAINED if NETWORKS.build(name, **SMALL[name]).receptive_radius is not None]


@pytest.mark.parametrize("name", TRAINED)
class TestEveryNetwork:
    @pytest.mark.parametrize("size", [(32, 32), (1, 1), (37, 50)])
    def test_keeps_the_size_of_any_image(self, name, size):
        network = NETWORKS.build(name, **SMALL[name])
        assert network(torch.rand(2, 3, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("name", LOCAL)
class TestEveryNetworkThatSeesAPart:
    def test_sees_no_further_than_it_says(self, name):
        torch.manual_seed(0)
        network = built(name).double()
        side = 2 * network.receptive_radius + 33
        image = torch.rand(1, 3, side, side, dtype=torch.float64)
        elsewhere = image.clone()
        middle = side // 2
        elsewhere[..., middle + network.receptive_radius + 1 :] = 0
        with torch.inference_mode():
            change = (network(elsewhere) - network(image))[..., : middle + 1]
        assert change.abs().max() == 0

    def test_tiles_leave_no_seam(self, name):
        torch.manual_seed(0)
        network = built(name)
        image = torch.rand(3, 421, 357)
        seamless = restore_by_tiles(network, image, tile_px=4096)
        for_tiles = restore_by_tiles(network, image, tile_px=96)
        assert (seamless - for_tiles).abs().max() < 1e-6


@pytest.mark.parametrize("name", ["resnet", "crn"])
def test_channels_in_and_out_may_differ(name):
    network = NETWORKS.build(name, channels=2, channels_out=1, **SMALL[name])
    assert (network.channels, network.channels_out) == (2, 1)
    assert network(torch.rand(1, 2, 20, 20)).shape == (1, 1, 20, 20)


def count(name: str, **options: int) -> int:
    return sum(weights.numel() for weights in NETWORKS.build(name, **options).parameters())


def convolution(channels_in: int, channels_out: int, side: int = 3) -> int:
    return channels_out * (channels_in * side**2 + 1)


def test_the_resnet_has_the_parameters_that_one_counts():
    down = convolution(1, 24, 7) + convolution(24, 48) + convolution(48, 96)
    up = convolution(96, 48) + convolution(48, 24) + convolution(24, 1, 7)
    assert count("resnet", channels=1) == down + 5 * 2 * convolution(96, 96) + up == 936_673


def test_the_refinement_network_has_the_parameters_that_one_counts():
    def module(below: int, width: int) -> int:
        # Two convolutions, each with a scale and a shift for each channel; one channel of the input joins.
        return convolution(below + 1, width) + convolution(width, width) + 4 * width

    ladder = [module(0, 128), module(128, 128), module(128, 128), module(128, 96), module(96, 48)]
    assert count("crn", channels=1) == sum(ladder) + 49 == 1_000_993


@pytest.mark.parametrize("name", ["unet", "resnet", "crn", "segmenter"])
def test_a_grey_network_is_small_enough_to_ship(name):
    assert 4 * count(name, channels=1) < 4.2e6


def test_a_residual_network_begins_without_its_blocks():
    torch.manual_seed(0)
    network = NETWORKS.build("resnet", width=6)
    image = torch.rand(1, 3, 24, 24)
    before = network(image)
    network.blocks = nn.Identity()
    torch.testing.assert_close(network(image), before)


def test_the_refinement_network_normalises_over_channels_and_pixels():
    network = NETWORKS.build("crn", width=6)
    norm = next(part for part in network.modules() if isinstance(part, nn.GroupNorm))
    features = torch.rand(2, norm.num_channels, 4, 8)
    torch.testing.assert_close(norm(features), functional.layer_norm(features, features.shape[1:]))


def test_the_refinement_network_begins_at_a_sixteenth_of_the_sides():
    network = NETWORKS.build("crn", width=6)
    sizes = []
    for part in network.refinements:
        part.register_forward_hook(lambda module, given, made: sizes.append(tuple(made.shape[2:])))
    network(torch.rand(1, 3, 64, 128))
    assert sizes == [(4, 8), (8, 16), (16, 32), (32, 64), (64, 128)]


def test_the_unet_has_the_published_number_of_parameters():
    assert sum(weights.numel() for weights in NETWORKS.build("unet").parameters()) == 991_203


@pytest.mark.parametrize("size", [(32, 32), (1, 1), (37, 50)])
def test_the_segmenter_scores_every_pixel_of_any_image(size):
    network = NETWORKS.build("segmenter", width=4, levels=2, classes=3).eval()
    assert network(torch.rand(2, 1, *size)).shape == (2, 3, *size)
    assert network.segment(torch.rand(2, 1, *size)).shape == (2, *size)


def test_the_segmenter_judges_each_image_of_a_batch_by_itself():
    network = NETWORKS.build("segmenter", width=4, levels=2).double().eval()
    images = torch.rand(2, 1, 40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(images)[:1], network(images[:1]))


def test_the_segmenter_does_not_see_the_unit_of_an_image():
    network = NETWORKS.build("segmenter", width=4, levels=2).double().eval()
    image = torch.rand(1, 1, 40, 40, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(image), network(1000 * image + 7))


def test_the_segmenter_has_the_parameters_that_its_layers_hold():
    widths, classes = [16, 32, 64, 96, 96], 2
    back = list(pairwise(reversed(widths)))
    doubles = [*pairwise([1, *widths]), *((below + beside, beside) for below, beside in back)]
    convolutions = sum(9 * (before * after + after * after) + 4 * after for before, after in doubles)
    assert count("segmenter") == convolutions + 16 * classes + classes == 801_714


def test_a_segmenter_of_one_class_is_refused():
    with pytest.raises(UplappError, match="1 classes tells nothing apart"):
        NETWORKS.build("segmenter", classes=1)
