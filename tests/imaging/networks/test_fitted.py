"""The networks that are fitted to one image: published sizes, and the shapes of what they make."""

import pytest
import torch

from uplapp.errors import UplappError
from uplapp.imaging.networks import NETWORKS, trained
from uplapp.imaging.networks.deep_decoder import block_sizes

FITTED = [name for name, entry in NETWORKS.items() if entry.fitted]
# ceil(256 / s) x ceil(320 / s), then times s^(n / l), rounded up, worked out by hand.
BY_HAND = {
    (8, 4): [(32, 40), (54, 68), (91, 114), (153, 191), (256, 320)],
    (8, 5): [(32, 40), (49, 61), (74, 92), (112, 140), (169, 212), (256, 320)],
    (8, 6): [(32, 40), (46, 57), (64, 80), (91, 114), (128, 160), (182, 227), (256, 320)],
    (16, 4): [(16, 20), (32, 40), (64, 80), (128, 160), (256, 320)],
    (16, 5): [(16, 20), (28, 35), (49, 61), (85, 106), (148, 184), (256, 320)],
    (16, 6): [(16, 20), (26, 32), (41, 51), (64, 80), (102, 127), (162, 202), (256, 320)],
    (32, 4): [(8, 10), (20, 24), (46, 57), (108, 135), (256, 320)],
    (32, 5): [(8, 10), (16, 20), (32, 40), (64, 80), (128, 160), (256, 320)],
    (32, 6): [(8, 10), (15, 18), (26, 32), (46, 57), (81, 101), (144, 180), (256, 320)],
}


def parameters(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


def test_the_deep_decoder_has_the_published_numbers_of_parameters():
    assert parameters(NETWORKS.build("deep_decoder", channels=1, k=64, l=5, s=16)) == 21_184
    original = NETWORKS.build("deep_decoder", channels=3, k=128, l=5, extra_block=True)
    assert parameters(original) == 100_224


@pytest.mark.parametrize(("s", "blocks"), BY_HAND)
def test_blocks_grow_to_the_sizes_worked_out_by_hand(s, blocks):
    assert block_sizes((256, 320), s, blocks) == BY_HAND[s, blocks]


def test_an_s_above_a_side_of_the_image_is_refused():
    with pytest.raises(UplappError, match="s is 65, and the image is 80x64 px; s may be at most"):
        block_sizes((64, 80), 65, 4)


@pytest.mark.parametrize("name", FITTED)
@pytest.mark.parametrize("size", [(70, 91), (96, 65)])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_makes_an_image_of_any_size_and_number_of_channels(name, size, channels):
    network = NETWORKS.build(name, channels=channels, k=4)
    latent = torch.rand(1, network.latent_channels, *network.latent_size(size))
    image = network(latent, size)
    assert image.shape == (1, channels, *size)
    assert 0 <= image.min() <= image.max() <= 1


@pytest.mark.parametrize("name", FITTED)
def test_without_a_sigmoid_images_leave_the_unit_range(name):
    torch.manual_seed(0)
    network = NETWORKS.build(name, channels=2, k=8, sigmoid=False)
    size = (80, 80)
    assert network(torch.rand(1, network.latent_channels, *network.latent_size(size)), size).min() < 0


@pytest.mark.parametrize("option", ["k", "l", "s"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_a_shape_that_is_no_whole_number_is_refused(option, value):
    with pytest.raises(UplappError, match=f"{option} is .*; it needs a whole number from 1 up"):
        NETWORKS.build("deep_decoder", **{option: value})


def test_an_unknown_norm_is_refused():
    with pytest.raises(UplappError, match="norm is 'layer'; it may be one of: instance, batch, none"):
        NETWORKS.build("deep_decoder", norm="layer")


def test_an_image_too_small_for_the_scales_of_a_prior_is_refused():
    with pytest.raises(UplappError, match="needs more than 64 px a side"):
        NETWORKS.build("deep_image_prior", l=5).latent_size((64, 300))


def test_norms_by_image_and_by_batch_are_the_same_for_one_image_only():
    torch.manual_seed(0)
    networks = [NETWORKS.build("deep_decoder", k=6, l=2, s=4, norm=norm) for norm in ("instance", "batch")]
    networks[1].load_state_dict(networks[0].state_dict())
    latent = torch.rand(3, 6, 4, 5)
    alone, together = ([network(part, (16, 20)) for network in networks] for part in (latent[:1], latent))
    torch.testing.assert_close(*alone)
    assert not torch.allclose(*together, atol=1e-3)


@pytest.mark.parametrize("name", FITTED)
def test_a_network_that_is_fitted_is_not_trained(name):
    with pytest.raises(UplappError, match="fitted to each image and never trained"):
        trained(name)
