"""The forms in which networks restore: what is fast gives the picture that the plain form gives."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.imaging.checkpoints.made import make
from uplapp.errors import UplappError
from uplapp.imaging import device
from uplapp.imaging.case import Case
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.device import arrange, half_precision
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import run_job
from uplapp.imaging.evaluation.provenance import describe_job
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.networks.unet import doubling
from uplapp.imaging.physics import of_pixels
from uplapp.imaging.restorers import NetworkRestorer
from uplapp.imaging.restorers import network as restoring
from uplapp.imaging.restorers.network import MOST_RMS, chirp, gains, restore_by_tiles
from uplapp.settings import Settings

SIDE = 40


@pytest.fixture
def small(monkeypatch):
    """Half precision is tried on pictures that take a moment."""
    monkeypatch.setattr(restoring, "TRIED_PX", SIDE)


@pytest.fixture
def with_bfloat16(monkeypatch, small):
    """A device with units for bfloat16, played by any processor, on which each run takes half of the last."""
    ticks = itertools.cycle([0, 8, 8, 12, 12, 20, 20, 24])
    monkeypatch.setattr(restoring, "half_precision", lambda device: "bfloat16")
    monkeypatch.setattr(restoring.gains, "__defaults__", (lambda: next(ticks),))


def unet(width=6):
    torch.manual_seed(0)
    return NETWORKS.build("unet", width=width).eval()


def picture(channels=3, height=37, width=50):
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(1))


def test_doubling_and_filtering_are_one_transposed_convolution():
    weight, image = torch.rand(3, 2, 3, 3).double(), torch.rand(1, 2, 5, 7).double()
    doubled = functional.conv2d(functional.interpolate(image, scale_factor=2), weight, padding=1)
    at_once = functional.conv_transpose2d(image, doubling(weight), stride=2, padding=1)
    torch.testing.assert_close(at_once, doubled, atol=1e-12, rtol=0)


def test_a_filter_that_keeps_a_pixel_spreads_it_over_a_square():
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 1, 1] = 1
    assert doubling(weight)[0, 0].tolist() == [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("size", [(32, 64), (37, 50), (1, 1)])
def test_the_u_net_restores_the_same_with_and_without_gradients(size):
    network, image = unet(), picture(3, *size)[None]
    with torch.no_grad():
        fast = arrange(network, 2)(image.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(fast, network(image).detach(), atol=1e-6, rtol=0)


def test_no_network_is_computed_in_16_bits_where_the_device_has_no_units_for_it(small):
    if half_precision(torch.device("cpu")) != "float32":
        pytest.skip("this processor has units for bfloat16")
    restorer = NetworkRestorer(unet(), precision="auto")
    assert restorer.computed_in(Case("a", "denoise", of_pixels(picture()))) == "float32"


def test_a_gpu_gets_the_format_with_more_digits(monkeypatch):
    assert half_precision(torch.device("cuda")) == "float16"
    abilities = {"avx512_bf16": True}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities, raising=False)
    assert half_precision(torch.device("cpu")) == "bfloat16"


def test_half_precision_is_chosen_where_it_gains_and_stands_in_the_provenance(tmp_path, with_bfloat16):
    card, _ = make(tmp_path, "l2")
    case = Case("a", "denoise", of_pixels(picture()))
    job, exact = (
        run_job(case, of_cards(Checkpoints((tmp_path,), precision), [card]))
        for precision in ("auto", "float32")
    )
    said = [describe_job(one, {})["results"][0]["precision"] for one in (job, exact)]
    assert said == ["bfloat16", "float32"]
    difference = job.results[0].pixels - exact.results[0].pixels
    assert 0 < difference.square().mean().sqrt() < MOST_RMS + 1 / 255


def test_a_network_is_tried_once(monkeypatch, with_bfloat16):
    network, tried = unet(), []
    monkeypatch.setattr(restoring, "gains", lambda *asked: tried.append(asked) or False)
    restorer = NetworkRestorer(network, precision="auto")
    case = Case("a", "denoise", of_pixels(picture()))
    assert [restorer.computed_in(case), restorer.computed_in(case)] == ["float32"] * 2
    assert len(tried) == 1


def test_a_format_that_is_no_faster_is_not_chosen(small):
    seconds = itertools.count()
    assert not gains(unet(), "bfloat16", chirp(3, 2), clock=lambda: next(seconds))


class Cancelling(nn.Module):
    """The small difference of large numbers, for which 16 bits do not suffice."""

    channels = 3
    receptive_radius = 1

    def __init__(self):
        super().__init__()
        self.filter = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        nn.init.dirac_(self.filter.weight)

    def forward(self, image):
        return self.filter(image + 50) - 50


def test_a_network_that_16_bits_spoil_keeps_32(with_bfloat16):
    assert gains(nn.Identity(), "bfloat16", chirp(3, 2))
    assert not gains(Cancelling(), "bfloat16", chirp(3, 2))


@pytest.mark.parametrize("axes", [2, 3])
def test_half_precision_is_tried_on_a_picture_of_the_networks_axes(axes):
    tried = chirp(2, axes)
    assert (tried.shape[0], tried.ndim) == (2, axes + 1)
    assert 0.1 - 1e-6 <= float(tried.min()) < float(tried.max()) <= 0.9 + 1e-6


def test_a_network_that_loses_by_the_layout_keeps_its_own():
    network = NETWORKS.build("unet_fastmri", channels=3, chans=4)
    for one, wanted in ((network, False), (unet(), True)):
        arrange(one, 2)
        weight = next(weight for weight in one.parameters() if weight.ndim == 4 and min(weight.shape) > 1)
        assert weight.is_contiguous(memory_format=torch.channels_last) == wanted
    assert device.estimate(network, picture()[None], "float32").shape == (1, 3, 37, 50)


def test_tiles_in_half_precision_come_back_in_32_bits():
    restored = restore_by_tiles(unet(), picture(), tile_px=16, precision="bfloat16")
    assert restored.dtype == torch.float32


def test_the_format_is_a_setting():
    assert Settings.from_env({}).precision == "auto"
    assert Settings.from_env({"UPLAPP_PRECISION": "float32"}).precision == "float32"
    with pytest.raises(UplappError, match=r"UPLAPP_PRECISION is 'half'; it must be one of: auto, float32"):
        Settings.from_env({"UPLAPP_PRECISION": "half"})
