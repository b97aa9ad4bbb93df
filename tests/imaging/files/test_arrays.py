"""What an array is: understood, said, and read in another way where a person says so."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.scans import head, kspace_of, write_fastmri
from uplapp.errors import BadImage
from uplapp.imaging.files.formats.arrays import layout_of
from uplapp.imaging.files.kspace import scan_of_array
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.physics import to_image

PICTURES = np.stack([head(48, 40, brightness) for brightness in (0.5, 2.0, 1.0)])
COILS = kspace_of(PICTURES[0], 3)
SLICES = np.stack([kspace_of(picture)[0] for picture in PICTURES])
ROUNDING = 1e-5


def close(slice_, picture: np.ndarray) -> None:
    np.testing.assert_allclose(slice_.magnitude[0], picture / picture.max(), atol=ROUNDING)


def test_one_coil_may_have_slices_and_the_default_is_said():
    fused = scan_of_array("a", SLICES)
    assert len(fused) == 1
    assert "3 coils of 48x40, combined. If they are slices of one coil, choose slices" in fused.understood[0]
    apart = scan_of_array("a", SLICES, Reading(axes="slices"))
    assert apart.understood == ("3 slices of 1 coil of 48x40.",)
    for slice_, picture in zip(apart, PICTURES, strict=True):
        assert slice_.kspace.shape == (1, 48, 40)
        close(slice_, picture)


def test_many_planes_are_slices():
    scan = scan_of_array(
        "a", np.repeat(np.kron(SLICES[:1], np.ones((1, 3, 4))), 70, axis=0), Reading(content="kspace")
    )
    assert len(scan) == 70
    assert "If they are coils of one slice, choose coils" in scan.understood[0]


@pytest.mark.parametrize("images", [False, True], ids=["k-space", "images"])
def test_coils_last_are_coils(images):
    stored = to_image(torch.from_numpy(COILS)).numpy() if images else COILS
    scan = scan_of_array("a", np.moveaxis(stored, 0, -1))
    assert "3 coils of 48x40 (coils last), combined" in scan.understood[0]
    assert ("They are complex images" in " ".join(scan.understood)) == images
    close(scan[0], PICTURES[0])


def test_slices_of_several_coils_are_read_in_either_order():
    stored = np.stack([kspace_of(picture, 3) for picture in PICTURES])
    for array, words in (
        (stored, "3 slices of 3 coils of 48x40, combined."),
        (np.moveaxis(stored, 1, -1), "(coils last)"),
    ):
        scan = scan_of_array("a", array)
        assert words in scan.understood[0]
        close(scan[2], PICTURES[2])


@pytest.mark.parametrize("shape", [(40, 48, 40), (40, 40, 40), (8, 40, 8), (12, 20, 48, 12)])
def test_axes_that_could_be_anything_are_asked_about(shape):
    with pytest.raises(BadImage, match="does not say what its axes are; choose them"):
        layout_of("a", np.ones(shape, np.complex64), AS_IT_SAYS)


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ("coils", (1, 40, 48, 44)),
        ("coils_last", (1, 44, 40, 48)),
        ("slices", (40, 1, 48, 44)),
        ("slices_last", (44, 1, 40, 48)),
    ],
)
def test_a_person_says_what_the_axes_are(axes, shape):
    layout = layout_of("a", np.ones((40, 48, 44), np.complex64), Reading(axes=axes))
    assert layout.planes.shape == shape


@pytest.mark.parametrize("axis", [-1, 0])
def test_real_and_imaginary_parts_are_joined(axis):
    parts = np.stack([COILS.real, COILS.imag], axis=axis)
    scan = scan_of_array("a", parts)
    assert "taken for real and imaginary parts" in scan.understood[0]
    close(scan[0], PICTURES[0])


def test_two_slices_of_magnitudes_are_no_parts_and_a_person_may_say_slices():
    """Values around zero along an axis of two are taken for real and imaginary parts, magnitudes never."""
    magnitudes = np.stack([PICTURES[0], PICTURES[1]], axis=-1)
    assert len(scan_of_array("a", magnitudes)) == 2
    around = np.random.default_rng(0).normal(size=(48, 40, 2))
    assert layout_of("a", around, AS_IT_SAYS).volume is None
    assert len(scan_of_array("a", around, Reading(axes="slices_last"))) == 2


def test_real_slices_first_are_cut_as_they_lie():
    scan = scan_of_array("a", PICTURES)
    assert (len(scan), scan[0].size) == (3, (48, 40))
    assert scan.understood[0] == "3 slices of 48x40 along the first axis."
    assert len(scan_of_array("a", PICTURES, Reading(axes="slices_last"))) == 40


def test_what_may_be_kspace_as_well_as_images_is_asked_about():
    noise = np.random.default_rng(0).normal(size=(2, 1, 48, 40))
    array = noise[0] + 1j * noise[1]
    with pytest.raises(BadImage, match="k-space as well as complex images"):
        scan_of_array("a", array)
    assert scan_of_array("a", array, Reading(content="image"))[0].magnitude is not None


@pytest.mark.parametrize(("axis", "noun"), [(-2, "row"), (-1, "column")])
def test_partial_fourier_is_recognised_and_said(axis, noun):
    """3/8 of the columns or rows, on one side, were not measured."""
    part = COILS.copy()
    side = part.shape[axis]
    part[(..., slice(None, 3 * side // 8)) + (slice(None),) * (-axis - 1)] = 0
    scan = scan_of_array("a", part)
    assert f"Partial Fourier: {3 * side // 8} of {side} {noun}s on one side" in scan.understood[-1]
    padded = COILS.copy()
    padded[:, :4] = padded[:, -4:] = 0
    assert len(scan_of_array("a", padded).understood) == 1


def test_fastmri_says_what_is_in_it(tmp_path):
    stored = np.stack([kspace_of(picture, 3) for picture in PICTURES])
    scan = read_scan(write_fastmri(tmp_path / "a.h5", stored))
    assert scan.understood == ("fastMRI: 3 slices of 3 coils, combined, of 48x40.",)


def test_an_array_of_several_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", kcart=COILS, smap=COILS[:1])
    with pytest.raises(BadImage, match="kcart, smap"):
        read_scan(tmp_path / "a.npz")
    close(read_scan(tmp_path / "a.npz", Reading(array="kcart"))[0], PICTURES[0])


@settings(max_examples=30)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.sampled_from("fc"),
    st.sampled_from(["auto", "slices", "coils", "coils_last", "parts"]),
)
def test_every_shape_is_laid_out_or_asked_about(shape, kind, axes):
    values = np.ones(shape, np.complex64 if kind == "c" else np.float32)
    if axes == "parts" and kind == "f" and shape[-1] < 2:
        shape = [*shape, 2]
        values = np.ones(shape, np.float32)
    try:
        layout = layout_of("a", values, Reading(axes=axes))
    except BadImage:
        return
    samples = layout.planes if layout.planes is not None else layout.volume
    assert samples.ndim == 4 or layout.volume is not None


PICTURE = head(48, 40, 1.0)


def volume_of_slices(count: int) -> np.ndarray:
    """Slices (n,H,W) of an ellipsoid."""
    return np.stack([PICTURE * (1 - (2 * at / count - 1) ** 2) for at in range(count)]).astype(np.complex64)


def transformed(values: np.ndarray, *axes: int) -> np.ndarray:
    moved = np.fft.fftn(np.fft.ifftshift(values, axes), axes=axes, norm="ortho")
    return np.fft.fftshift(moved, axes).astype(np.complex64)


@pytest.mark.parametrize("kind", [np.abs, lambda k: np.log1p(np.abs(k)), np.real], ids=["abs", "log", "real"])
def test_a_spectrum_is_no_picture_unless_a_person_calls_it_one(kind):
    array = kind(transformed(PICTURE, 0, 1)).astype(np.float32)
    with pytest.raises(BadImage, match="looks like magnitudes or parts of k-space"):
        scan_of_array("a", array)
    assert len(scan_of_array("a", array, Reading(content="image"))) == 1
    both = transformed(PICTURE, 0, 1)[None].repeat(4, 0)
    with pytest.raises(BadImage, match="looks like magnitudes or parts of k-space"):
        scan_of_array("a", np.concatenate([both.real, both.imag]))


def test_k_space_of_a_3d_scan_is_neither_slices_nor_coils():
    slices = volume_of_slices(16)
    with pytest.raises(BadImage, match="middle of an axis of 16, as k-space of a 3-D scan"):
        scan_of_array("a", transformed(slices, 0, 1, 2))
    assert len(scan_of_array("a", transformed(slices, 1, 2), Reading(axes="slices"))) == 16


def test_magnitude_beside_phase_is_asked_about():
    phase = np.random.default_rng(0).uniform(-np.pi, np.pi, PICTURE.shape)
    array = np.stack([PICTURE, phase])
    with pytest.raises(BadImage, match="may hold magnitude and phase"):
        scan_of_array("a", array)
    assert len(scan_of_array("a", array, Reading(axes="slices"))) == 2


def test_of_four_axes_coils_first_is_a_choice():
    array = transformed(PICTURE, 0, 1)[None, None].repeat(3, 0).repeat(5, 1)
    first = scan_of_array("a", array)
    assert "3 slices of 5 coils" in first.understood[0]
    assert "If coils come first, choose coils" in first.understood[0]
    assert "5 slices of 3 coils" in scan_of_array("a", array, Reading(axes="coils")).understood[0]


@pytest.mark.parametrize(
    ("kspace", "advice"),
    [
        (np.fft.fft2(PICTURE), "fftshift to rows and columns$"),
        (np.fft.fftshift(np.fft.fft2(PICTURE), axes=0), "fftshift to columns, or if one side"),
        (np.fft.fftshift(np.fft.rfft2(PICTURE), axes=0), "fftshift to columns, or if one side"),
        (transformed(PICTURE, 0, 1)[:, 18:], "if one side of its columns is missing, fill it with zeros$"),
    ],
    ids=["corner", "rows alone", "half", "cut"],
)
def test_advice_on_a_zero_frequency_elsewhere_ruins_nothing(kspace, advice):
    scan = scan_of_array("a", kspace, Reading(content="kspace"))
    with pytest.raises(BadImage, match=advice):
        scan[0]
