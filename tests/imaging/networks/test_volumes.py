"""Networks of volumes: sizes, what they see, no seams between tiles, parameters by hand."""

from itertools import pairwise

import pytest
import torch

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.checkpoints import build_network
from uplapp.imaging.checkpoints.weights import outline
from uplapp.imaging.device import arrange, estimate
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.networks.unet_unshuffle import (
    BLURS_PX,
    SHUFFLE,
    TAKEN,
    blurred,
    noise_nearby,
    shuffle,
    unshuffle,
)
from uplapp.imaging.recipes.spec import one_stage
from uplapp.imaging.restorers import network as tiles
from uplapp.imaging.restorers.network import restore_by_tiles, tile_sides

AXES = {"resnet": {"axes": 3}, "dncnn": {"axes": 3}}
SMALL = {
    "resnet": {"width": 4, "blocks": 2},
    "dncnn": {"width": 4, "depth": 4},
    "unet_unshuffle": {"width": 4},
    "transformer": {"width": 8, "depth": 2, "heads": 2},
}
OF_VOLUMES = [name for name, entry in NETWORKS.items() if 3 in entry.axes]


def build(name: str, **options: int) -> torch.nn.Module:
    """A network for volumes of one channel, all of its weights random, evaluating."""
    torch.manual_seed(0)
    network = NETWORKS.build(name, channels=1, **{**AXES.get(name, {}), **options}).eval()
    for weight in network.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.05)
    return network


def count(name: str, **options: int) -> int:
    return sum(weight.numel() for weight in build(name, **options).parameters())


def convolution(before: int, after: int, side: int = 3) -> int:
    return after * (before * side**3 + 1)


@pytest.mark.parametrize("name", OF_VOLUMES)
class TestEveryNetworkOfVolumes:
    @pytest.mark.parametrize("size", [(8, 16, 24), (2, 3, 5), (9, 13, 10)])
    def test_keeps_the_size_of_any_volume(self, name, size):
        assert build(name, **SMALL[name])(torch.rand(2, 1, *size)).shape == (2, 1, *size)

    def test_sees_no_further_than_it_says(self, name):
        network = build(name, **SMALL[name]).double()
        radius = network.receptive_radius
        deep, wide = (radius[0], radius[2]) if isinstance(radius, tuple) else (radius, radius)
        for axis, reach in ((2, deep), (4, wide)):
            size = [16, 16, 16]
            size[axis - 2] = 2 * reach + 16
            volume = torch.rand(1, 1, *size, dtype=torch.float64)
            elsewhere, middle = volume.clone(), size[axis - 2] // 2
            elsewhere.narrow(axis, middle + reach + 1, size[axis - 2] - middle - reach - 1).zero_()
            with torch.inference_mode():
                change = network(elsewhere) - network(volume)
            assert change.narrow(axis, 0, middle + 1).abs().max() == 0

    def test_tiles_leave_no_seam(self, name):
        network, volume = build(name, **SMALL[name]), torch.rand(1, 90, 18, 22)
        assert tile_sides(network, volume.shape[1:])[0] >= 90
        seamless = restore_by_tiles(network, volume)
        network.most_voxels = 30_000
        heard = []
        for_tiles = restore_by_tiles(
            network, volume, lambda share, text, preview: heard.append(share) or True
        )
        assert len(heard) > 1
        assert heard[-1] == 1
        assert (seamless - for_tiles).abs().max() < 1e-5

    def test_is_small_enough_to_ship(self, name):
        options = {"width": 48} if name == "dncnn" else {}
        assert 4 * count(name, **options) < 4.2e6

    def test_learns_with_every_weight(self, name):
        network = build(name, **SMALL[name]).train()
        network(torch.rand(2, 1, 16, 16, 16)).square().mean().backward()
        assert all(weight.grad is not None and weight.grad.any() for weight in network.parameters())

    def test_keeps_no_tensor_that_a_checkpoint_cannot_hold(self, name):
        assert {tensor.dtype for tensor in build(name, **SMALL[name]).state_dict().values()} == {
            torch.float32
        }

    def test_is_nearly_the_same_in_the_fast_format_and_layout(self, name):
        network, volume = build(name, **SMALL[name]), torch.rand(1, 1, 8, 16, 16)
        with torch.inference_mode():
            plain = network(volume)
            fast = estimate(arrange(network, 3), volume, "bfloat16")
        assert fast.dtype == torch.float32
        # bfloat16 keeps 8 bits.
        torch.testing.assert_close(fast, plain, atol=0.03, rtol=0)

    def test_is_built_for_the_axes_of_its_task(self, name):
        network = build_network(one_stage("volume", name, "l1", network_options=SMALL[name]))
        assert network(torch.rand(1, 1, 8, 8, 8)).shape == (1, 1, 8, 8, 8)


@pytest.mark.parametrize("name", OF_VOLUMES)
def test_a_checkpoint_of_a_network_of_volumes_can_be_checked_before_it_is_built(name):
    spec = one_stage("volume", name, "l1", network_options=SMALL[name])
    shapes = {key: tuple(tensor.shape) for key, tensor in build_network(spec).state_dict().items()}
    assert outline(spec) == shapes


@pytest.mark.parametrize(
    ("task", "network"), [("volume", "unet"), ("denoise", "transformer"), ("mri", "crn")]
)
def test_a_network_of_other_axes_is_refused(task, network):
    spec = one_stage(task, network, "l1")
    if task == "mri":
        build_network(spec)
        return
    with pytest.raises(UplappError, match=f"'{network}' does not work on .* choose one of: .*resnet"):
        build_network(spec)


def test_the_chain_has_the_parameters_that_one_counts():
    middle = 15 * (27 * 64 * 64 + 2 * 64)
    assert count("dncnn") == convolution(1, 64) + middle + convolution(64, 1) == 1_664_321
    small = 6 * (27 * 32 * 32 + 2 * 32)
    assert count("dncnn", depth=8, width=32) == convolution(1, 32) + small + convolution(32, 1) == 168_033


def test_the_residual_blocks_have_the_parameters_that_one_counts():
    blocks = 16 * convolution(48, 48)
    assert count("resnet") == convolution(1, 48) + blocks + convolution(48, 1) == 998_737


def test_the_u_net_has_the_parameters_that_one_counts():
    def pair(before: int, after: int) -> int:
        return convolution(before, after) + convolution(after, after)

    down = sum(pair(*both) for both in pairwise([20, 24, 48, 96]))
    up = pair(96 + 48, 48) + pair(48 + 24, 24)
    assert count("unet_unshuffle") == down + up + convolution(24, 24) == 822_168


def test_the_transformer_has_the_parameters_that_one_counts():
    norms, attention = 2 * 2 * 48, 48 * (3 * 48 + 3) + 48 * (48 + 1) + 7**3 * 4
    block = norms + attention + 48 * (4 * 48 + 4) + 4 * 48 * (48 + 0) + 48
    expected = convolution(1, 48, 2) + 4 * block + convolution(48, 8, 1)
    assert count("transformer") == expected == 119_400


def test_a_shuffle_undoes_an_unshuffle():
    volume = torch.rand(2, 3, 4, 6, 8)
    small = unshuffle(volume, SHUFFLE)
    assert small.shape == (2, 12, 4, 3, 4)
    assert torch.equal(small[:, 0], volume[:, 0, :, ::2, ::2])
    assert torch.equal(shuffle(small, SHUFFLE), volume)


def test_blurs_have_their_deviation():
    point = torch.zeros(1, 1, 41, 41, 41)
    point[..., 20, 20, 20] = 1
    offset = torch.arange(41.0) - 20
    for copy, deviation in zip(blurred(point, BLURS_PX), BLURS_PX, strict=True):
        assert copy.sum().item() == pytest.approx(1, abs=1e-4)
        along = copy.sum(dim=(0, 1, 2, 3))
        # A Gaussian that ends after three deviations is a little narrower.
        assert (along * offset.square()).sum().sqrt().item() == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize("deviation", [0.01, 0.05, 0.2])
def test_the_noise_nearby_is_the_deviation_that_was_added(deviation):
    generator = torch.Generator().manual_seed(0)
    smooth = torch.linspace(0.2, 0.4, 48).expand(1, 1, 24, 48, 48)
    seen = smooth + deviation * torch.randn(smooth.shape, generator=generator)
    noise = noise_nearby(*blurred(seen, BLURS_PX)[:2])
    assert noise.mean().item() == pytest.approx(deviation, rel=0.04)
    assert noise.std().item() < 0.2 * deviation


def test_an_edge_counts_little_as_noise():
    generator = torch.Generator().manual_seed(0)
    seen = 0.01 * torch.randn(1, 1, 24, 48, 48, generator=generator)
    seen[..., 24:] += 0.3
    narrow, wide = blurred(seen, BLURS_PX)[:2]
    mean_square = (narrow - wide).square().mean().sqrt() / TAKEN
    assert noise_nearby(narrow, wide)[..., 20:28].mean() < 0.02 < 2 * mean_square


def test_noise_of_any_level_looks_alike_to_the_u_net():
    """Where there is noise alone, what is restored grows with it."""
    torch.manual_seed(0)
    network = NETWORKS.build("unet_unshuffle")
    torch.nn.init.normal_(network.leave.weight, std=0.02)
    noise = torch.randn(1, 1, 8, 16, 16, generator=torch.Generator().manual_seed(1))
    ratio = network(1e-2 * noise).std() / network(1e-3 * noise).std()
    assert ratio.item() == pytest.approx(10, rel=0.3)


def test_the_u_net_begins_as_a_blur():
    torch.manual_seed(0)
    network, volume = NETWORKS.build("unet_unshuffle"), torch.rand(1, 1, 8, 16, 16)
    torch.testing.assert_close(network(volume), torch.stack(blurred(volume, BLURS_PX)).mean(dim=0))


def test_tiles_cost_least_within_the_most_voxels():
    network = build("unet_unshuffle", **SMALL["unet_unshuffle"])
    steps, radius = tile_sides(network, (200, 256, 256)), network.receptive_radius
    seen = 1
    for step, reach, side, grid in zip(steps, radius, (200, 256, 256), network.multiple, strict=True):
        assert step % grid == 0
        seen *= min(step + 2 * reach, side)
    assert tiles.MOST_VOXELS < seen <= network.most_voxels


@pytest.mark.parametrize("name", SMALL)
def test_a_volume_is_cancelled_within_a_layer(name):
    network, asked = build(name, **SMALL[name]), []
    with pytest.raises(Cancelled):
        restore_by_tiles(network, torch.rand(1, 40, 40, 40), lambda *report: asked.append(report))
    assert len(asked) == 1
