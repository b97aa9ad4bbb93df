"""The networks of adversarial refinement: their sizes by hand, and what each leaves alone."""

import pytest
import torch

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints.weights import unfilled
from uplapp.imaging.networks.dagan import DaganGenerator
from uplapp.imaging.networks.discriminator import Discriminator, matching, realness
from uplapp.imaging.networks.layers import BatchNorm, ReflectedConvolution, settle_statistics
from uplapp.imaging.networks.refinement import Refinement

KERNEL = 4 * 4


def numbers(module: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in module.parameters())


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def refinement(gamma: float) -> Refinement:
    torch.manual_seed(0)
    network = Refinement(width=4).eval()
    network.gamma.data.fill_(gamma)
    return network


def test_the_refinement_network_has_the_parameters_counted_by_hand():
    down = 1 * 32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128
    doubled = 128 * 64 + 64 * 32
    up = (64 + 64) * 64 + 64 * 64 + (32 + 32) * 32 + 32 * 32
    norms = 2 * (2 * 32 + 2 * 64 + 2 * 128 + 64 + 32 + 2 * 64 + 2 * 32)
    head, gamma = 32 + 1, 1
    assert numbers(Refinement()) == KERNEL * (down + doubled + up) + norms + head + gamma == 919_522


def test_weights_of_the_refinement_network_fit_into_the_repository():
    held = sum(tensor.numel() for tensor in Refinement().state_dict().values())
    assert 4 * held < 4.2e6
    assert 4 * sum(tensor.numel() for tensor in DaganGenerator().state_dict().values()) < 4.2e6


def test_the_discriminator_has_the_parameters_counted_by_hand():
    with unfilled():
        network = Discriminator()
    layers = 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 1024 + 1024 * 1024
    norms = 2 * (128 + 256 + 512 + 1024 + 1024)
    assert numbers(network) == KERNEL * layers + 64 + norms + KERNEL * 1024 + 1 == 27_941_697


def test_the_generator_of_dagan_has_the_parameters_counted_by_hand():
    down = 1 * 24 + 24 * 48 + 48 * 96 + 96 * 96 + 96 * 96
    up = 96 * 96 + 192 * 96 + 192 * 48 + 96 * 24 + 48 * 24
    norms = 2 * (48 + 3 * 96 + 96 + 96 + 48 + 24 + 24)
    assert numbers(DaganGenerator()) == KERNEL * (down + up) + 24 + norms + 24 + 1 == 1_033_873


def test_a_refinement_network_that_learned_nothing_changes_nothing():
    image = noise(2, 1, 21, 34)
    assert torch.equal(refinement(0.0)(image), image)


def test_refinement_adds_gamma_times_what_it_gives_in_the_scale_of_the_image():
    image = noise(2, 1, 24, 24)
    refined, addition = refinement(0.25).refine(image)
    half = (image.amax((1, 2, 3)) - image.amin((1, 2, 3)))[:, None, None, None] / 2
    torch.testing.assert_close(refined, image + 0.25 * addition * half)


def test_refinement_follows_the_scale_and_the_offset_of_an_image():
    image, network = noise(1, 1, 24, 20), refinement(0.5)
    torch.testing.assert_close(network(3 * image + 2), 3 * network(image) + 2)


def test_refinement_of_a_flat_image_is_finite():
    assert torch.isfinite(refinement(0.5)(torch.full((1, 1, 16, 16), 0.3))).all()


def test_refinement_keeps_the_phase_of_a_complex_image():
    magnitude, phase = noise(1, 1, 24, 24) + 0.5, 6 * noise(1, 1, 24, 24, seed=1) - 3
    network = refinement(0.2)
    refined = network(torch.polar(magnitude, phase))
    expected = network(magnitude).clamp_min(0)
    torch.testing.assert_close(refined.abs(), expected)
    torch.testing.assert_close(refined, torch.polar(expected, phase))


def test_the_generator_of_dagan_moves_no_pixel_by_more_than_half_of_white():
    torch.manual_seed(0)
    image = noise(2, 1, 40, 33)
    assert (DaganGenerator(widths=[4, 8])(image) - image).abs().max() <= 0.5


def test_a_discriminator_gives_maps_of_every_layer_and_a_map_of_logits():
    torch.manual_seed(0)
    *features, logits = Discriminator(widths=[4, 8, 8])(noise(2, 1, 32, 48))
    assert [tuple(maps.shape) for maps in features] == [(2, 4, 16, 24), (2, 8, 8, 12), (2, 8, 8, 12)]
    assert logits.shape == (2, 1, 8, 12)


def test_a_discriminator_drops_maps_as_its_generator_says():
    torch.manual_seed(0)
    network, image = Discriminator(widths=[4, 8, 8]), noise(2, 1, 32, 32)
    one, again, other = (network(image, torch.Generator().manual_seed(seed))[-1] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one, network(image)[-1])


def test_a_discriminator_names_the_side_that_it_needs():
    with pytest.raises(UplappError, match=r"32x20 px are too small.*needs 24 px"):
        Discriminator(widths=[4, 4, 4, 4])(noise(1, 1, 20, 32))


@pytest.mark.parametrize("build", [Discriminator, DaganGenerator])
def test_a_ladder_without_channels_is_refused(build):
    with pytest.raises(UplappError, match=r"widths of .* are"):
        build(widths=[0])


def test_realness_is_the_cross_entropy_by_hand():
    logits = torch.zeros(1, 1, 2, 2)
    assert realness([logits], 0.9).item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert realness([logits + 100], 1.0).item() == pytest.approx(0, abs=1e-6)


def test_matching_is_the_mean_of_the_layers_by_hand():
    restored, true = [torch.zeros(1, 2), torch.ones(1, 4)], [torch.ones(1, 2), torch.full((1, 4), 4.0)]
    assert matching(restored, true).item() == 2.0


def test_batch_norm_is_that_of_torch():
    ours, theirs = BatchNorm(3), torch.nn.BatchNorm2d(3)
    for seed in range(3):
        maps = noise(2, 3, 8, 8, seed=seed)
        torch.testing.assert_close(ours(maps), theirs(maps))
    torch.testing.assert_close(ours.eval()(maps), theirs.eval()(maps))
    assert all(tensor.is_floating_point() for tensor in ours.state_dict().values())


def test_settled_statistics_are_the_mean_of_the_batches_by_hand():
    norm = BatchNorm(1)
    network = torch.nn.Sequential(norm)
    batches = [torch.full((1, 1, 2, 2), 1.0), torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 6.0)]
    settle_statistics(network, batches, lambda network, batch: network(batch))
    assert norm.mean.item() == pytest.approx(3)
    assert norm.variance.item() == pytest.approx(0, abs=1e-6)
    assert not network.training
    # What follows in training counts by the usual share again.
    network.train()(torch.full((1, 1, 2, 2), 13.0))
    assert norm.mean.item() == pytest.approx(4)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_reflected_convolution_keeps_a_flat_image_flat(stride):
    torch.manual_seed(0)
    layer = ReflectedConvolution(1, 1, stride)
    maps = layer(torch.ones(1, 1, 12, 8))
    assert maps.shape == (1, 1, 12 // stride, 8 // stride)
    torch.testing.assert_close(maps, layer.convolution.weight.sum().expand(maps.shape))
