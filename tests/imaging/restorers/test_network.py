"""Networks as restorers: channels that fit, images of any number of axes, measured data put back."""

import pytest
import torch
from torch import nn

from uplapp.errors import BadImage, Cancelled
from uplapp.imaging.case import Case
from uplapp.imaging.physics import Undersampling, of_pixels
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.network import NetworkRestorer, restore_by_tiles


class Halve(nn.Module):
    """A network without parameters that says how many channels it takes and gives."""

    receptive_radius = 0

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.channels, self.channels_out = channels, outputs

    def forward(self, image):
        return image[:, : self.channels_out] / 2


@pytest.mark.parametrize("channels", [(5, 1), (1, 1), (3, 3), (2, 2)])
def test_a_network_gives_as_many_channels_as_it_says(channels):
    taken, given = channels
    image = torch.rand(taken, 20, 30)
    restored = restore_by_tiles(Halve(taken, given), image, tile_px=8)
    assert torch.equal(restored, image[:given] / 2)


@pytest.mark.parametrize(
    ("channels", "image", "sentence"),
    [
        ((5, 1), (1, 8, 8), "the image has 1 channels; the network takes 5"),
        ((5, 1), (3, 8, 8), "the image has 3 channels; the network takes 5"),
        ((1, 1), (3, 8, 8), "the image has 3 channels; the network takes 1"),
        ((3, 1), (1, 8, 8), "the image has 1 channels; the network takes 3"),
        ((1, 5), (1, 8, 8), "the network gives 1 channels; it says that it gives 5"),
    ],
)
def test_channels_that_do_not_fit_are_refused_and_never_broadcast(channels, image, sentence):
    with pytest.raises(BadImage, match=sentence):
        restore_by_tiles(Halve(*channels), torch.rand(image))


def test_a_grey_picture_goes_through_a_network_for_colour_and_comes_back_grey():
    image = torch.rand(1, 20, 30)
    assert torch.allclose(restore_by_tiles(Halve(3, 3), image), image / 2)


def test_a_network_that_says_nothing_of_its_channels_gives_what_it_takes():
    image = torch.rand(2, 10, 10)
    assert torch.equal(restore_by_tiles(nn.Identity(), image), image)


def test_a_volume_is_restored_in_tiles_without_a_seam():
    torch.manual_seed(0)
    network = nn.Conv3d(1, 1, 3, padding=1)
    network.channels, network.receptive_radius = 1, 1
    volume = torch.rand(1, 12, 15, 9)
    whole, tiled = (restore_by_tiles(network, volume, tile_px=tile_px) for tile_px in (96, 5))
    torch.testing.assert_close(tiled, whole)
    assert whole.shape == volume.shape


def test_the_estimate_is_clipped():
    assert torch.equal(restore_by_tiles(Halve(1, 1), torch.full((1, 4, 4), 5.0)), torch.ones(1, 4, 4))


@pytest.fixture
def slices():
    """A slice that was undersampled."""
    picture = torch.linspace(0, 1, 48).expand(1, 64, 48).clone()
    return Case("x", "mri", Undersampling(4, seed=1).measure(picture), picture)


def test_measured_data_are_put_back_unless_that_is_switched_off(slices):
    bare = restore_by_tiles(Halve(1, 1), slices.seen)
    assert torch.equal(NetworkRestorer(Halve(1, 1), consistency=False).restore(slices), bare)
    restored = NetworkRestorer(Halve(1, 1)).restore(slices)
    assert torch.equal(restored, consistent(bare, slices.measurement))
    error, bare_error = ((image - slices.reference).square().mean() for image in (restored, bare))
    assert error < bare_error


def test_a_photograph_has_nothing_to_put_back():
    case = Case("x", "denoise", of_pixels(torch.rand(3, 16, 16)))
    restored = NetworkRestorer(Halve(3, 3)).restore(case)
    assert torch.equal(restored, case.seen / 2)


def test_a_watch_that_says_to_stop_stops_before_the_next_tile():
    heard = []

    def watch(share, text, preview):
        heard.append(share)
        return share < 0.5

    with pytest.raises(Cancelled):
        restore_by_tiles(Halve(1, 1), torch.rand(1, 4, 16), watch, tile_px=4)
    assert heard == [0.25, 0.5]


def test_after_a_cancel_no_further_layer_is_computed():
    computed, asked = [], []
    layers = [nn.Conv2d(1, 1, 3, padding=1) for _ in range(5)]
    for layer in layers:
        layer.register_forward_hook(lambda *_: computed.append(1))
    network = nn.Sequential(*layers)
    network.channels, network.receptive_radius, network.multiple = 1, 5, 1

    def watch(*report):
        asked.append(report)
        return len(asked) < 8

    with pytest.raises(Cancelled):
        restore_by_tiles(network, torch.rand(1, 4, 16), watch, tile_px=4)
    # Five layers of the first tile, its end, one layer of the second, and the question before the next.
    assert (len(asked), len(computed)) == (8, 6)
