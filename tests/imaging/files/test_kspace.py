"""k-space comes out of its files as it went in, and what is not k-space is told."""

import io
import struct
import zipfile

import h5py
import numpy as np
import pytest
import torch

from tests.imaging.scans import head, kspace_of, write_fastmri
from uplapp.errors import BadImage
from uplapp.imaging.files.kspace import read_array, read_fastmri
from uplapp.imaging.files.scans import is_whole, slice_of_kspace
from uplapp.imaging.physics import Undersampling, to_image
from uplapp.imaging.physics.masks import random_columns

PICTURES = np.stack([head(48, 40, brightness) for brightness in (0.5, 2.0, 1.0)])
ROUNDING = 1e-5  # single precision through two transforms


def close(magnitude: torch.Tensor, picture: np.ndarray) -> None:
    np.testing.assert_allclose(magnitude[0].numpy(), picture, atol=ROUNDING)


def volume(coils: int) -> np.ndarray:
    """(slices,H,W) of one coil, (slices,coils,H,W) of several."""
    slices = np.stack([kspace_of(picture, coils) for picture in PICTURES])
    return slices[:, 0] if coils == 1 else slices


@pytest.mark.parametrize("coils", [1, 3])
class TestFastMri:
    def test_the_reference_is_the_magnitude_of_the_slice(self, tmp_path, coils):
        scan = read_fastmri(write_fastmri(tmp_path / "file1.h5", volume(coils), (48, 40)))
        assert (scan.name, len(scan)) == ("file1.h5", 3)
        for index, slice_ in enumerate(scan):
            assert (slice_.name, slice_.index, slice_.undersampled) == ("file1.h5", index, False)
            assert slice_.kspace.shape == (coils, 48, 40)
            close(slice_.magnitude, PICTURES[index] / PICTURES[index].max())

    def test_a_reconstruction_that_fits_gives_one_scale_to_all_slices(self, tmp_path, coils):
        target = PICTURES[:, 4:44, 4:36]
        path = write_fastmri(tmp_path / "file1.h5", volume(coils), reconstruction_rss=target)
        for slice_, picture in zip(read_fastmri(path), target, strict=True):
            assert slice_.size == (40, 32)
            close(slice_.magnitude, picture / 2)

    def test_a_reconstruction_of_other_units_is_left_alone(self, tmp_path, coils):
        path = write_fastmri(tmp_path / "a.h5", volume(coils), reconstruction_esc=PICTURES * 7)
        close(read_fastmri(path)[0].magnitude, PICTURES[0] * 2)

    def test_all_zero_columns_inside_are_undersampling(self, tmp_path, coils):
        mask = random_columns(40, 4, 0.08, 0).numpy()
        slice_ = read_fastmri(write_fastmri(tmp_path / "a.h5", volume(coils) * mask, (48, 40))).middle
        assert slice_.undersampled
        assert slice_.magnitude is None
        observed = Undersampling(4).measure(slice_).seen
        assert observed.shape == (1, 48, 40)
        assert observed.max() == pytest.approx(1, abs=ROUNDING)
        assert torch.equal(observed, Undersampling(8, seed=5).measure(slice_).seen)


@pytest.mark.parametrize(
    ("shape", "recon", "size"),
    [
        pytest.param((64, 40), (32, 36), (32, 36), id="header"),
        pytest.param((64, 40), None, (40, 40), id="320-and-narrow"),
        pytest.param((640, 372), None, (320, 320), id="320"),
        pytest.param((64, 30), (48, 40), (30, 30), id="narrow"),
        pytest.param((30, 40), (48, 40), (30, 40), id="short"),
    ],
)
def test_the_picture_is_cropped_as_fastmri_crops(tmp_path, shape, recon, size):
    picture = head(*shape)
    slice_ = read_fastmri(write_fastmri(tmp_path / "a.h5", kspace_of(picture), recon))[0]
    top, left = (shape[0] - size[0]) // 2, (shape[1] - size[1]) // 2
    assert slice_.size == size
    close(slice_.magnitude, picture[top : top + size[0], left : left + size[1]])
    assert Undersampling(4).measure(slice_).seen.shape == (1, *size)


def test_a_whole_kspace_loses_the_columns_of_the_degradation():
    fastmri = pytest.importorskip("fastmri")
    kspace = torch.from_numpy(kspace_of(PICTURES[1], 3))
    degradation = Undersampling(4).for_image("file1.h5")
    slice_ = slice_of_kspace("file1.h5", 0, kspace.numpy(), (40, 32))
    masked = torch.view_as_real(kspace * degradation.columns(40))
    expected = fastmri.rss_complex(fastmri.ifft2c(masked), dim=0)[4:44, 4:36]
    torch.testing.assert_close(degradation.measure(slice_).seen[0], expected / 2, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize(
    ("rows", "columns", "whole"),
    [
        pytest.param(slice(None), slice(None), True, id="all"),
        pytest.param(slice(0, 30), slice(None), True, id="partial-fourier"),
        pytest.param(slice(6, 42), slice(5, 35), True, id="padding"),
        pytest.param(slice(None), slice(0, None, 2), False, id="every-second-column"),
        pytest.param(slice(0, None, 4), slice(None), False, id="every-fourth-row"),
        pytest.param(slice(None), [*range(20), *range(21, 40)], False, id="one-column-lost"),
    ],
)
def test_padding_is_no_undersampling(rows, columns, whole):
    kspace = np.zeros((2, 48, 40), dtype=np.complex64)
    kspace[:, rows, columns] = 1
    assert is_whole(kspace) == whole


def test_an_elliptical_scan_is_whole_but_scattered_samples_are_not():
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    assert is_whole((x**2 + y**2 <= 1).astype(np.complex64)[None])
    scattered = np.random.default_rng(0).random((64, 64)) < 0.4
    assert not is_whole(scattered.astype(np.complex64)[None])


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


COILS = kspace_of(PICTURES[0], 2)


@pytest.mark.parametrize(
    ("name", "data", "array"),
    [
        pytest.param("a.npy", npy(COILS), None, id="coils-first"),
        pytest.param("a.npy", npy(COILS.astype(np.complex128) * 1e200), None, id="double-and-huge"),
        pytest.param("a.npy", npy(COILS * np.float32(1e-30)), None, id="tiny"),
        pytest.param("a.npy", npy(np.asfortranarray(COILS)), None, id="fortran"),
        pytest.param("a.npy", npy(COILS.astype(">c16")), None, id="big-endian"),
        pytest.param("A.NPZ", npz(anything=COILS), None, id="only-array"),
        pytest.param("a.npz", npz(smap=COILS[:1], ksp=COILS), None, id="ksp"),
        pytest.param("a.npz", npz(kspace=COILS, data=COILS[:1]), None, id="kspace-before-data"),
        pytest.param("a.npz", npz(kspace=COILS[:1], other=COILS), "other", id="named"),
        pytest.param("a.npy", npy(to_image(torch.from_numpy(COILS)).numpy()), None, id="complex-image"),
    ],
)
def test_arrays_of_kspace_are_read(tmp_path, name, data, array):
    (tmp_path / name).write_bytes(data)
    scan = read_array(tmp_path / name, array=array)
    assert (scan.name, len(scan)) == (name, 1)
    slice_ = scan[0]
    assert slice_.kspace.shape == (2, 48, 40)
    close(slice_.magnitude, PICTURES[0] * 2)


def test_kspace_of_one_coil_needs_no_axis_of_coils(tmp_path):
    np.save(tmp_path / "a.npy", kspace_of(PICTURES[0])[0])
    close(read_array(tmp_path / "a.npy")[0].magnitude, PICTURES[0] * 2)


def test_real_arrays_are_pictures(tmp_path):
    values = np.random.default_rng(0).random((8, 12, 10))
    np.savez(tmp_path / "a.npz", vol=values, seg=values > 0.5)
    scan = read_array(tmp_path / "a.npz")
    assert (len(scan), scan[0].size, scan[0].kspace) == (10, (8, 12), None)
    close(scan[3].magnitude, (values[..., 3] / np.percentile(values, 99.9)).clip(0, 1))
    assert read_array(tmp_path / "a.npz", axis=0)[0].size == (12, 10)
    np.save(tmp_path / "b.npy", values[0])
    assert len(read_array(tmp_path / "b.npy")) == 1


def header_only(shape: str, kind: str = "<c8") -> bytes:
    """An .npy that announces more than it holds."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def zip_of(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def spoiled(value: complex) -> np.ndarray:
    kspace = COILS.copy()
    kspace[1, 3, 3] = value
    return kspace


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        pytest.param("a.npy", b"", "a.npy is damaged", id="empty"),
        pytest.param("a.npy", b"hello world", "a.npy is damaged", id="text"),
        pytest.param("a.npy", npy(COILS)[:-9], "a.npy is damaged", id="cut"),
        pytest.param("a.npy", npy(np.array([{}, print])), "samples of type object", id="pickle"),
        pytest.param("a.npz", npz(kspace=np.array([{}])), "samples of type object", id="pickle-in-zip"),
        pytest.param("a.npy", npy(np.array(["a", "b"])), "samples of type <U1", id="letters"),
        pytest.param("a.npy", header_only("(99999, 99999)"), "99999x99999; 1 to 33554432", id="huge"),
        pytest.param("a.npy", header_only("(0, 5)"), "0x5; 1 to", id="no-samples"),
        pytest.param("a.npy", npy(np.array(1 + 2j)), "has 0 axes", id="number"),
        pytest.param("a.npy", header_only("(-4, -4)"), "damaged", id="negative"),
        pytest.param("a.npz", zip_of("a.npy", header_only("(9999, 99999)")), "1 to 33554432", id="zip-bomb"),
        pytest.param("a.npz", npz(kspace=COILS)[:200], "a.npz is damaged", id="cut-zip"),
        pytest.param("a.npz", npz(p=COILS, q=COILS), r"no array 'kspace'.*\(p, q\)", id="several"),
        pytest.param("a.npz", zip_of("readme.txt", b"hi"), r"no array 'kspace'.*\(none\)", id="no-array"),
        pytest.param("a.npy", npy(spoiled(np.nan)), "not finite", id="nan"),
        pytest.param("a.npy", npy(spoiled(complex(0, np.inf))), "not finite", id="infinite"),
        pytest.param("a.npy", npy(0 * COILS), "all its samples are 0", id="zeros"),
        pytest.param("a.npy", npy(COILS[None, None]), "has 5 axes", id="five-axes"),
        pytest.param("a.npy", npy(COILS[0, 0]), "has 1 axes", id="one-axis"),
        pytest.param("a.npy", npy(np.fft.ifftshift(COILS, (1, 2))), "apply numpy.fft.fftshift", id="shifted"),
        pytest.param("a.npy", npy(-np.abs(COILS)), "no value above 0", id="negative-picture"),
    ],
)
def test_what_is_no_array_of_kspace_is_told_in_a_sentence(tmp_path, name, data, sentence):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadImage, match=sentence) as refused:
        read_array(tmp_path / name)[0]
    assert "\n" not in str(refused.value)


def plain(file: h5py.File) -> None:
    file["image"] = np.zeros((1, 8, 8))


def real(file: h5py.File) -> None:
    file["kspace"] = np.zeros((1, 8, 8))


def flat(file: h5py.File) -> None:
    file["kspace"] = COILS[0]


def group(file: h5py.File) -> None:
    file.create_group("kspace")["a"] = 1


def linked(file: h5py.File) -> None:
    file["kspace"] = h5py.ExternalLink("secret.h5", "/kspace")


def soft(file: h5py.File) -> None:
    file["kspace"] = h5py.SoftLink("/elsewhere")


def outside(file: h5py.File) -> None:
    file.create_dataset("kspace", (1, 8, 8), np.complex64, external=[("secret.bin", 0, 512)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((1, 8, 8), np.complex64)
    layout[:] = h5py.VirtualSource("secret.h5", "kspace", (1, 8, 8))
    file.create_virtual_dataset("kspace", layout)


def huge(file: h5py.File) -> None:
    file.create_dataset("kspace", (4, 32, 4096, 4096), np.complex64, chunks=(1, 1, 64, 64))


def huge_chunk(file: h5py.File) -> None:
    chunk = (1, 8192, 8192)
    file.create_dataset("kspace", (1, 8, 8), np.complex64, chunks=chunk, maxshape=(None, None, None))


def entities(file: h5py.File) -> None:
    file["kspace"] = COILS
    file["ismrmrd_header"] = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'


def no_xml(file: h5py.File) -> None:
    file["kspace"] = COILS
    file["ismrmrd_header"] = "x = 320"


def no_number(file: h5py.File) -> None:
    write_to = '<a xmlns="http://www.ismrm.org/ISMRMRD"><encoding><reconSpace><matrixSize><x>a</x>'
    file["kspace"] = COILS
    file["ismrmrd_header"] = write_to + "</matrixSize></reconSpace></encoding></a>"


def spoiled_volume(file: h5py.File) -> None:
    file["kspace"] = spoiled(np.nan)[1:]


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (plain, "no dataset 'kspace'"),
        (real, "kspace of type float64; complex samples"),
        (flat, "kspace of 2 axes"),
        (group, "keeps 'kspace' elsewhere"),
        (linked, "keeps 'kspace' elsewhere"),
        (soft, "keeps 'kspace' elsewhere"),
        (outside, "keeps 'kspace' elsewhere"),
        (virtual, "keeps 'kspace' elsewhere"),
        (huge, "a slice of a.h5 is 32x4096x4096; 1 to 33554432"),
        (huge_chunk, "a chunk of a.h5 is 1x8192x8192"),
        (entities, "not plain XML"),
        (no_xml, "damaged"),
        (no_number, "damaged"),
        (spoiled_volume, "not finite"),
    ],
)
def test_what_is_no_file_of_fastmri_is_told_in_a_sentence(tmp_path, write, sentence):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kspace"] = COILS
    (tmp_path / "secret.bin").write_bytes(bytes(512))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(file)
    with pytest.raises(BadImage, match=sentence) as refused:
        read_fastmri(tmp_path / "a.h5")[0]
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_told(tmp_path, share):
    path = write_fastmri(tmp_path / "a.h5", volume(3))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadImage, match=r"a\.h5 is damaged"):
        read_fastmri(path)


def test_a_slice_beyond_the_last_is_no_slice(tmp_path):
    scan = read_fastmri(write_fastmri(tmp_path / "a.h5", volume(1)))
    assert scan[-1].index == 2
    with pytest.raises(IndexError, match=r"a\.h5 has 3 slices; there is no slice 3"):
        scan[3]


def test_kspace_of_two_named_parts_is_that_of_complex_samples(tmp_path):
    kspace = kspace_of(head(48, 40)).astype(np.complex64)
    parts = np.empty((1, *kspace.shape), [("real", "<f4"), ("imag", "<f4")])
    parts["real"], parts["imag"] = kspace.real, kspace.imag
    for name, samples in (("a.h5", kspace[None]), ("b.h5", parts)):
        with h5py.File(tmp_path / name, "w") as file:
            file["kspace"] = samples
    one, other = (read_fastmri(tmp_path / name)[0].kspace for name in ("a.h5", "b.h5"))
    assert torch.equal(one, other)
