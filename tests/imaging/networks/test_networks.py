"""Laws of every network that is trained, and the published size of the U-Net."""

import pytest
import torch

from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.restorers.network import restore_by_tiles

SMALL = {"unet": {"width": 6}}
TRAINED = [name for name, entry in NETWORKS.items() if not entry.fitted]


@pytest.mark.parametrize("name", TRAINED)
class TestEveryNetwork:
    @pytest.mark.parametrize("size", [(32, 32), (1, 1), (37, 50)])
    def test_keeps_the_size_of_any_image(self, name, size):
        network = NETWORKS.build(name, **SMALL[name])
        assert network(torch.rand(2, 3, *size)).shape == (2, 3, *size)

    def test_sees_no_further_than_it_says(self, name):
        torch.manual_seed(0)
        network = NETWORKS.build(name, **SMALL[name]).double()
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
        network = NETWORKS.build(name, **SMALL[name])
        image = torch.rand(3, 421, 357)
        seamless = restore_by_tiles(network, image, tile_px=4096)
        for_tiles = restore_by_tiles(network, image, tile_px=96)
        assert (seamless - for_tiles).abs().max() < 1e-6


def test_the_unet_has_the_published_number_of_parameters():
    assert sum(weights.numel() for weights in NETWORKS.build("unet").parameters()) == 991_203
