"""Maps by eigenvectors: those that made the data, normalised, with the phase of the image, or a sentence."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.imaging.measured import fading_slice, simulate
from tests.imaging.scans import head, kspace_of
from uplapp.errors import UplappError
from uplapp.imaging.physics import MAPS, Sampling, of_pixels, root_sum_of_squares, with_maps
from uplapp.imaging.physics.coils import centre_windows, espirit_maps, require_centre, subspace_filter
from uplapp.imaging.physics.kspace import simulated_maps, to_kspace
from uplapp.imaging.physics.masks import equispaced_columns, random_columns

PICTURE = head(96, 80)
INSIDE = torch.from_numpy(PICTURE) > 0
WHOLE = torch.ones(80, dtype=torch.bool)


def relative(maps: torch.Tensor) -> torch.Tensor:
    """Maps with the phase of the first coil taken out, which an image may have as well."""
    return maps * torch.exp(-1j * maps[:1].angle())


@pytest.mark.parametrize("coils", [2, 4, 8])
@pytest.mark.parametrize("mask", [WHOLE, equispaced_columns(80, 4, 0.08, 0), random_columns(80, 4, 0.08, 3)])
def test_the_maps_are_those_that_made_the_data(coils, mask):
    maps = espirit_maps(torch.from_numpy(kspace_of(PICTURE, coils)) * mask, mask)
    assert maps.dtype == torch.complex64
    difference = relative(maps) - relative(simulated_maps(coils, 96, 80))
    # Flipped or conjugated kernels are wrong by about 1; those of six columns resolve a coil to a hundredth.
    assert difference[:, INSIDE].abs().mean() < 0.02


def test_coils_that_see_alike_everywhere_have_flat_maps():
    shares = torch.tensor([0.6, 0.8j], dtype=torch.complex64)[:, None, None]
    kspace = to_kspace(torch.from_numpy(PICTURE).float() * shares)
    maps = espirit_maps(kspace, WHOLE)
    expected = shares.expand(2, 96, 80)[:, INSIDE]
    torch.testing.assert_close(maps[:, INSIDE], expected, atol=1e-4, rtol=0)


def test_squares_sum_to_one_or_maps_are_zero():
    kspace = torch.from_numpy(kspace_of(PICTURE, 4))
    kspace = kspace + 0.02 * torch.randn(
        kspace.shape, dtype=kspace.dtype, generator=torch.Generator().manual_seed(0)
    )
    size = root_sum_of_squares(espirit_maps(kspace, WHOLE, lowest=0.95))
    ones = size > 0.5
    torch.testing.assert_close(size[ones], torch.ones_like(size[ones]), atol=1e-4, rtol=0)
    assert size[~ones].max() < 1e-6
    assert ones[INSIDE].float().mean() > 0.99


@pytest.mark.parametrize("coils", [1, 4])
def test_the_image_behind_the_maps_is_nearly_real(coils):
    kspace = torch.from_numpy(kspace_of(PICTURE, coils))
    image = Sampling(WHOLE, espirit_maps(kspace, WHOLE)).adjoint(kspace)[INSIDE]
    # The phase of the simulated slice turns by a few cycles, which low resolution shows but for edges.
    assert image.imag.abs().mean() < 0.2 * image.real.mean()


@pytest.mark.parametrize("coils", [1, 4])
def test_the_unit_of_the_data_does_not_change_the_maps(coils):
    mask = random_columns(80, 4, 0.08, 0)
    data = torch.from_numpy(kspace_of(PICTURE, coils)) * mask
    maps, of_larger = espirit_maps(data, mask), espirit_maps(1e3 * data, mask)
    torch.testing.assert_close(of_larger[:, INSIDE], maps[:, INSIDE], atol=1e-3, rtol=0)


def test_the_filter_leaves_the_kspace_that_made_it_as_it_is():
    kspace = torch.from_numpy(kspace_of(PICTURE, 3))
    windows = centre_windows(kspace, WHOLE, 6)
    weights = subspace_filter(windows)
    middle, high, wide = (48, 40), weights.shape[2] // 2, weights.shape[3] // 2
    around = kspace[:, middle[0] - high : middle[0] + high + 1, middle[1] - wide : middle[1] + wide + 1]
    filtered = (weights * around[None]).sum(dim=(1, 2, 3))
    # What the singular values below the share of noise hold is lost.
    torch.testing.assert_close(filtered, kspace[:, middle[0], middle[1]], rtol=0.02, atol=0)


def test_the_maps_agree_with_the_published_steps_in_numpy():
    """Kernels transformed one by one, and the eigenvectors of LAPACK, pixel by pixel."""
    kspace = kspace_of(head(32, 28), 3)
    windows = centre_windows(torch.from_numpy(kspace), WHOLE[:28], 5).numpy()
    count, coils, high, wide = windows.shape
    _, strength, rows = np.linalg.svd(windows.reshape(count, -1), full_matrices=False)
    kernels = rows[strength > 0.02 * strength[0]].reshape(-1, coils, high, wide)
    padded = np.zeros((len(kernels), coils, 32, 28), complex)
    # Convolution turns a kernel round; its conjugate is what a window is multiplied with.
    padded[..., 16 - high // 2 : 16 - high // 2 + high, 14 - wide // 2 : 14 - wide // 2 + wide] = kernels
    images = np.fft.fftshift(np.fft.ifft2(np.fft.ifftshift(padded, axes=(-2, -1))), axes=(-2, -1))
    pixels = images.transpose(2, 3, 1, 0) * 32 * 28 / np.sqrt(high * wide)
    _, vectors = np.linalg.eigh(pixels @ pixels.conj().swapaxes(-2, -1))
    published = torch.from_numpy(vectors[..., -1].transpose(2, 0, 1)).to(torch.complex64)
    ours = espirit_maps(torch.from_numpy(kspace), WHOLE[:28], 5, lowest=0.0)
    inside = torch.from_numpy(head(32, 28)) > 0
    difference = relative(ours) - relative(published)
    assert difference[:, inside].abs().max() < 5e-3


@pytest.mark.parametrize("kind", MAPS)
def test_a_measurement_keeps_its_data_under_other_maps(kind):
    measurement = simulate(fading_slice(), random_columns(96, 3, 0.12, 0), 4)
    changed = with_maps(measurement, kind)
    assert changed.data is measurement.data
    assert changed.operator.maps.shape == (4, 80, 96)
    bare = replace(measurement, operator=Sampling(measurement.operator.mask))
    torch.testing.assert_close(with_maps(bare, kind).operator.maps, changed.operator.maps)


@pytest.mark.parametrize(("coils", "width", "eigenvectors"), [(4, 7, True), (4, 15, False), (1, 7, False)])
def test_several_coils_with_a_narrow_centre_get_eigenvectors(coils, width, eigenvectors):
    mask = torch.arange(96) % 7 == 0
    mask[48 - width // 2 : 48 + width // 2 + 1] = True
    measurement = simulate(fading_slice(), mask, coils)
    maps = with_maps(measurement).operator.maps
    assert torch.equal(maps, measurement.operator.maps) is not eigenvectors
    if eigenvectors:
        torch.testing.assert_close(maps, with_maps(measurement, "espirit").operator.maps)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (torch.zeros(8, dtype=torch.bool), "samples nothing"),
        (torch.zeros(6, 8, dtype=torch.bool), "samples nothing"),
        (torch.arange(8) < 4, "leaves out the centre"),
        ((torch.arange(48) < 20).reshape(6, 8), "leaves out the centre"),
    ],
)
def test_a_mask_without_a_centre_is_refused(mask, sentence):
    with pytest.raises(UplappError, match=sentence):
        require_centre(mask, (6, 8))


def test_a_centre_too_small_for_windows_is_refused_with_its_size():
    mask = torch.zeros(96, dtype=torch.bool)
    mask[47:50] = True
    with pytest.raises(UplappError, match=r"24 x 3 points .* low resolution"):
        with_maps(simulate(fading_slice(), mask, 2), "espirit")


def test_a_photograph_has_no_maps():
    with pytest.raises(UplappError, match="without k-space"):
        with_maps(of_pixels(torch.zeros(1, 8, 8)), "espirit")
