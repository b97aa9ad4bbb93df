"""k-space in files: fastMRI's HDF5 layout, and arrays of numpy."""

import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import h5py
import numpy as np
import torch
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.arrays import layout_of
from uplapp.imaging.files.formats.hdf5 import as_complex, inside, open_hdf5
from uplapp.imaging.files.formats.raw import RawScan, choose
from uplapp.imaging.files.guards import MAX_SAMPLES, refusing_damage, require_samples
from uplapp.imaging.files.reading import AS_IT_SAYS, AUTO, IMAGE, Reading, counted, sizes
from uplapp.imaging.files.scans import (
    Array,
    Scan,
    image_ratio,
    largest_value,
    partial_fourier,
    scan_of_volume,
    slice_of_image,
    slice_of_kspace,
)
from uplapp.imaging.files.stored import MAX_VOXELS
from uplapp.imaging.physics import Slice

RECONSTRUCTIONS = ("reconstruction_rss", "reconstruction_esc")
FASTMRI_SIZE = (320, 320)
LONGEST_HEADER = 2**20
ISMRMRD = "{http://www.ismrm.org/ISMRMRD}"
# A reconstruction in the file gives the scale if it differs from ours by rounding only.
RECONSTRUCTION_TOLERANCE = 1e-2
# Neither an image nor k-space where one is less than so many times as concentrated as the other.
DOUBTFUL = 1.25


def read_fastmri(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read the scan in an HDF5 file of fastMRI, single coil (slices,H,W) or several (slices,coils,H,W).

    The image is cropped to the size of the file's reconstruction, of its header, or to 320x320. White is
    the maximum of that reconstruction over all slices where it fits the k-space, else of each slice.
    Source: Zbontar et al. (2018).
    """
    with open_hdf5(path) as file:
        shape = _dataset(path.name, file, "kspace").shape
    if len(shape) not in (3, 4):
        raise BadImage(
            f"{path.name} has a kspace of {len(shape)} axes; slices, coils, rows, columns are read"
        )
    coils = f"{counted(shape[1], 'coil')}, combined," if len(shape) == 4 else "1 coil"
    words = f"fastMRI: {counted(shape[0], 'slice')} of {coils} of {sizes(shape[-2:])}."
    return Scan(path.name, shape[0], partial(_read_fastmri_slice, path), (words,))


def read_array(
    path: Path, reading: Reading = AS_IT_SAYS, array: str | None = None, axis: int | None = None
) -> Scan:
    """Read an .npy or .npz file: complex k-space or images of coils and slices, a real picture or volume.

    Of an .npz the array of that name is read, else the only one, else `kspace`, `ksp`, `data` or `vol`.
    `scan_of_array` says what the array is. Pickled objects are never read.
    """
    return scan_of_array(path.name, load_array(path, array or reading.array or None), reading, axis)


def scan_of_array(name: str, values: Array, reading: Reading = AS_IT_SAYS, axis: int | None = None) -> Scan:
    """Make a scan of an array whose axes are as `layout_of` says, or a volume cut along `axis`.

    Complex coil images, recognised by where their energy is, become their k-space.
    """
    layout = layout_of(name, values, reading, axis)
    if layout.planes is None:
        volume = values if layout.volume is None else layout.volume
        scan = scan_of_volume(name, volume, layout.axis, reading=reading)
        return replace(scan, understood=(*layout.words, *scan.understood))
    return scan_of_raw(name, RawScan(layout.planes, None, layout.words), reading)


def scan_of_raw(name: str, raw: RawScan, reading: Reading) -> Scan:
    """Make a scan of planes (slices,coils,H,W) of k-space, or of complex images, which become k-space."""
    planes = (raw.planes / largest_value(name, raw.planes)).astype(np.complex64)
    middle = planes[len(planes) // 2]
    images = _are_images(name, middle, reading)
    words = ("They are complex images, whose k-space was computed.",) if images else partial_fourier(middle)
    read = partial(_slice_of_complex, name, planes, images, raw.size)
    return Scan(name, len(planes), read, (*raw.words, *words))


def load_array(path: Path, array: str | None = None) -> Array:
    """Load the array of an .npy or .npz file, of the latter as `read_array` chooses it."""
    with refusing_damage(path.name):
        return _load_npy(path) if path.suffix.lower() == ".npy" else _load_npz(path, array)


def _dataset(name: str, file: h5py.File, key: str) -> h5py.Dataset:
    """Find a dataset whose samples lie in the file itself.

    Links are refused, since they could name any file of this computer.
    """
    if key not in file.keys():  # noqa: SIM118  (`in file` would follow links)
        raise BadImage(f"{name} has no dataset '{key}'; HDF5 files in fastMRI's layout are read")
    dataset: h5py.Dataset | None = inside(file, key)
    if dataset is None:
        raise BadImage(f"{name} keeps '{key}' elsewhere; only samples in the file itself are read")
    return dataset


def _read_fastmri_slice(path: Path, index: int) -> Slice:
    with open_hdf5(path) as file:
        dataset = _dataset(path.name, file, "kspace")
        kspace = as_complex(_read_part(path.name, dataset, index))
        if kspace.dtype.kind != "c":
            raise BadImage(f"{path.name} has a kspace of type {dataset.dtype}; complex samples are read")
        target = next((key for key in RECONSTRUCTIONS if key in file.keys()), None)  # noqa: SIM118
        reconstruction = _dataset(path.name, file, target) if target else None
        size = reconstruction.shape[-2:] if reconstruction is not None else _header_size(path.name, file)
        coils = kspace.reshape(-1, *kspace.shape[-2:])
        peak = partial(_peak_of_scan, path.name, reconstruction, index)
        return slice_of_kspace(path.name, index, coils, size, peak)


def _read_part(name: str, dataset: h5py.Dataset, index: int) -> Array:
    require_samples(f"a slice of {name}", dataset.shape[1:])
    require_samples(f"a chunk of {name}", dataset.chunks or (1,))
    return np.asarray(dataset[index])


def _peak_of_scan(
    name: str, reconstruction: h5py.Dataset | None, index: int, magnitude: Tensor
) -> float | None:
    """Find the maximum of the file's reconstruction.

    It is None without a reconstruction, or if that is not this magnitude.
    """
    if reconstruction is None or reconstruction.shape[1:] != magnitude.shape[1:]:
        return None
    if reconstruction.dtype.kind not in "iuf":
        return None
    require_samples(f"the reconstruction of {name}", reconstruction.shape)
    require_samples(f"a chunk of {name}", reconstruction.chunks or (1,))
    pictures = torch.from_numpy(np.asarray(reconstruction[:], dtype=np.float32))
    if index >= len(pictures):
        return None
    misfit = (pictures[index] - magnitude[0]).norm() / magnitude.norm()
    return float(pictures.max()) if misfit <= RECONSTRUCTION_TOLERANCE else None


def _header_size(name: str, file: h5py.File) -> tuple[int, int] | None:
    """Read rows and columns of the picture from the ISMRMRD header, 320x320 without a header."""
    if "ismrmrd_header" not in file.keys():  # noqa: SIM118
        return FASTMRI_SIZE
    header = _dataset(name, file, "ismrmrd_header")
    text = header[()] if header.shape == () and header.dtype.itemsize <= LONGEST_HEADER else None
    if not isinstance(text, bytes) or len(text) > LONGEST_HEADER or b"<!" in text:
        raise BadImage(f"{name} has an ismrmrd_header that is not plain XML; save it as fastMRI does")
    matrix = ElementTree.fromstring(text).find(f"{ISMRMRD}encoding/{ISMRMRD}reconSpace/{ISMRMRD}matrixSize")
    if matrix is None:
        return FASTMRI_SIZE
    rows, columns = (int(matrix.findtext(f"{ISMRMRD}{side}", "0")) for side in ("x", "y"))
    return (rows, columns) if min(rows, columns) > 0 else FASTMRI_SIZE


def _load_npy(path: Path) -> Array:
    with path.open("rb") as file:
        return read_npy(path.name, file)


def _load_npz(path: Path, array: str | None) -> Array:
    with zipfile.ZipFile(path) as archive:
        shapes = {}
        for entry in archive.namelist():
            if entry.endswith(".npy"):
                with archive.open(entry) as file:
                    shapes[entry.removesuffix(".npy")] = _npy_header(entry, file)[0]
        with archive.open(f"{choose(path.name, shapes, array or '')}.npy") as file:
            return read_npy(path.name, file)


def read_npy(name: str, file: IO[bytes]) -> Array:
    """Read the array of an open .npy file. One that is too large, or holds objects, is refused."""
    shape, dtype = _npy_header(name, file)
    if dtype.kind not in "iufc":
        raise BadImage(f"{name} holds samples of type {dtype}; real and complex numbers are read")
    require_samples(name, shape, MAX_SAMPLES if dtype.kind == "c" else MAX_VOXELS)
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _npy_header(name: str, file: IO[bytes]) -> tuple[tuple[int, ...], Any]:
    """Read the shape and the type of the array of an open .npy file."""
    version = np.lib.format.read_magic(file)
    readers: dict[tuple[int, int], Any] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise BadImage(f"{name} is an array of version {version[0]}.{version[1]}; 1.0 and 2.0 are read")
    shape, _, dtype = readers[version](file)
    return shape, dtype


def _slice_of_complex(
    name: str, planes: Array, images: bool, size: tuple[int, int] | None, index: int
) -> Slice:
    if images:
        return slice_of_image(name, index, planes[index])
    _require_centred(name, planes[index])
    return slice_of_kspace(name, index, planes[index], size)


def _are_images(name: str, coils: Array, reading: Reading) -> bool:
    """Tell images (coils,H,W) from k-space, or ask where the array itself cannot."""
    if reading.content != AUTO:
        return reading.content == IMAGE
    ratio = image_ratio(coils)
    if 1 / DOUBTFUL < ratio < DOUBTFUL:
        raise BadImage(
            f"{name} may hold k-space as well as complex images: neither is more concentrated; choose "
            f"k-space or images for its samples (content)"
        )
    return ratio > 1


def _require_centred(name: str, kspace: Array) -> None:
    """Refuse a k-space whose strongest sample lies nearer to the rim than to the centre."""
    energy = np.abs(kspace).max(axis=0)
    peak = np.unravel_index(energy.argmax(), energy.shape)
    away = [abs(place - side // 2) / side for place, side in zip(peak, energy.shape, strict=True)]
    if max(away) <= 1 / 4:
        return
    off = [place for place, far in enumerate(away) if far > 1 / 4]
    axes = " and ".join(("rows", "columns")[place] for place in off)
    cut = any(1 < peak[place] < energy.shape[place] - 2 for place in off)
    advice = f"apply numpy.fft.fftshift to {axes}"
    if len(off) == 1:
        advice += ", or if one side of them is missing, fill it with zeros"
    if cut:
        advice = f"if one side of its {axes} is missing, fill it with zeros"
    where = f"row {peak[0]}, column {peak[1]}"
    raise BadImage(f"{name} has its zero frequency at {where}; it belongs in the middle: {advice}")
