"""Networks that see the measurement: sizes by hand, measured data kept, no unit, any number of coils."""

import pytest
import torch

from tests.imaging.scans import head, kspace_of
from uplapp.errors import UplappError
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.networks.cascades import PREDICTED_SD, Consistency
from uplapp.imaging.physics import (
    Measurement,
    Undersampling,
    of_pixels,
    to_image,
    to_kspace,
    with_maps,
    zero_filled,
)
from uplapp.imaging.physics.measurement import Slice
from uplapp.imaging.restorers.network import reconstruct

SMALL = {
    "recnet": {"blocks": 2, "width": 4},
    "d5c5": {"blocks": 2, "width": 4},
    "unet_cascade": {"blocks": 2, "width": 4},
}
SEE_DATA = [name for name, entry in NETWORKS.items() if entry.operator == "kspace"]


def measured(coils=1, mask="random", size=(48, 40), noise=0.0) -> Measurement:
    """A head under every second column, measured from its own k-space."""
    kspace = torch.from_numpy(kspace_of(head(*size), coils))
    part = Slice("head", 0, size, torch.from_numpy(head(*size)).float()[None], kspace)
    return Undersampling(acceleration=2, mask=mask, noise=noise).measure(part)


def of_samples(size=(48, 40)) -> Measurement:
    """The head with single samples of k-space missing instead of columns."""
    kspace = torch.from_numpy(kspace_of(head(*size)))
    mask = torch.rand(size, generator=torch.Generator().manual_seed(1)) < 0.6
    return Undersampling().measure(Slice("head", 0, size, None, kspace * mask))


def batch_of(measurement) -> Measurement:
    return measurement.map(lambda tensor: tensor[None])


def network(name, seed=0):
    torch.manual_seed(seed)
    return NETWORKS.build(name, **SMALL[name]).eval()


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        # a block: 2 -> 32, 32 -> 32, 32 -> 2 channels, 3x3 and biases
        ("recnet", {}, 3 * ((18 + 1) * 32 + (288 + 1) * 32 + (288 + 1) * 2)),
        ("recnet", {}, 31_302),
        ("d5c5", {}, 5 * ((18 + 1) * 64 + 3 * (576 + 1) * 64 + (576 + 1) * 2)),
        ("d5c5", {}, 565_770),
        ("d5c5", {"width": 48}, 320_650),
    ],
)
def test_sizes_are_those_counted_by_hand(name, options, count):
    assert sum(weights.numel() for weights in NETWORKS.build(name, **options).parameters()) == count


def test_a_cascade_of_u_nets_is_its_u_nets_and_a_gain_for_each():
    alone = sum(weights.numel() for weights in NETWORKS.build("unet", channels=2, width=28).parameters())
    cascade = NETWORKS.build("unet_cascade", blocks=3, width=28)
    assert sum(weights.numel() for weights in cascade.parameters()) == 3 * (alone + 1)


@pytest.mark.parametrize("name", SEE_DATA)
class TestEveryNetworkThatSeesTheData:
    @pytest.mark.parametrize("mask", ["random", "variable"])
    def test_keeps_the_measured_samples_of_one_coil(self, name, mask):
        measurement = measured(mask=mask)
        consistency = Consistency.of(batch_of(measurement))
        image = torch.randn(1, 48, 40, dtype=torch.complex64)
        kept = to_kspace(consistency.sampling.coil_images(consistency.enforce(image, torch.ones(1, 1, 1))))
        sampled = measurement.operator.mask.expand_as(measurement.data)
        torch.testing.assert_close(kept[0][sampled], measurement.data[sampled], atol=1e-5, rtol=1e-5)
        assert network(name)(batch_of(measurement)).shape == (1, 1, 48, 40)

    def test_of_complete_data_gives_the_image_itself(self, name):
        whole = measured(coils=4)
        kspace = torch.from_numpy(kspace_of(head(48, 40), 4))
        complete = Measurement(whole.seen, type(whole.operator)(torch.ones(40, dtype=torch.bool)), kspace)
        given = reconstruct(network(name), complete)
        torch.testing.assert_close(given[0], zero_filled(kspace).clamp(0, 1), atol=1e-5, rtol=0)

    def test_knows_no_unit(self, name):
        measurement = batch_of(measured())
        large = measurement.map(lambda t: 1000 * t if t.is_complex() and t.shape[-2:] == (48, 40) else t)
        maps = measurement.operator.maps
        large = Measurement(large.seen, type(large.operator)(large.operator.mask, maps), large.data)
        small = network(name)(measurement)
        torch.testing.assert_close(network(name)(large) / 1000, small, atol=1e-4, rtol=1e-3)

    @pytest.mark.parametrize("coils", [1, 3])
    def test_gives_a_slice_the_same_alone_and_in_a_batch(self, name, coils):
        parts = [with_maps(measured(coils, mask)) for mask in ("random", "equispaced")]
        model, alone = network(name), [reconstruct(network(name), part) for part in parts]
        stacked = Measurement(
            torch.stack([part.seen for part in parts]),
            type(parts[0].operator)(
                torch.stack([part.operator.mask for part in parts])[:, None, None],
                torch.stack([part.operator.maps for part in parts]),
            ),
            torch.stack([part.data for part in parts]),
        )
        with torch.inference_mode():
            together = model(stacked).clamp(0, 1)
        torch.testing.assert_close(together, torch.stack(alone), atol=1e-5, rtol=0)

    def test_takes_single_samples_too(self, name):
        measurement = of_samples()
        given = reconstruct(network(name), measurement)
        assert given.shape == measurement.seen.shape

    def test_needs_k_space(self, name):
        with pytest.raises(UplappError, match="comes without k-space"):
            reconstruct(network(name), of_pixels(torch.rand(1, 48, 40)))


def test_each_coil_keeps_its_own_samples():
    measurement = measured(coils=4)
    consistency = Consistency.of(batch_of(measurement))
    image = torch.randn(1, 48, 40, dtype=torch.complex64)
    magnitude = consistency.magnitude(image)
    by_hand = to_kspace(measurement.operator.coil_images(image[0]))
    mixed = torch.where(measurement.operator.mask, measurement.data, by_hand)
    torch.testing.assert_close(magnitude[0, 0], to_image(mixed).abs().square().sum(0).sqrt())


def test_known_noise_averages_data_and_prediction_by_their_variances():
    exact, noisy = measured(), measured(noise=PREDICTED_SD)
    assert (Consistency.of(batch_of(exact)).trust, Consistency.of(batch_of(noisy)).trust) == (1, 0.5)


def test_noise_on_k_space_has_the_deviation_it_says_and_keeps_the_gaps():
    exact, noisy = measured(size=(96, 80)), measured(size=(96, 80), noise=0.1)
    difference, mask = noisy.data - exact.data, exact.operator.mask
    sampled = difference[..., mask]
    assert difference[..., ~mask].abs().max() == 0
    # 96 rows of half of 80 columns: the standard error of a deviation is its 1/88
    assert float(sampled.abs().square().mean().sqrt()) == pytest.approx(0.1, rel=0.05)
    assert noisy.noise == 0.1
    torch.testing.assert_close(noisy.seen, zero_filled(noisy.data)[None])
