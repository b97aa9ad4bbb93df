"""Files of MR scans: k-space, volumes and pictures by one call."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from uplapp.errors import BadImage
from uplapp.imaging.files import pictures
from uplapp.imaging.files.formats.matlab import read_matlab
from uplapp.imaging.files.formats.raw import (
    holds_ismrmrd,
    read_bart,
    read_ismrmrd,
)
from uplapp.imaging.files.formats.twix import read_twix
from uplapp.imaging.files.guards import refuse_foreign, refusing_damage, start_of
from uplapp.imaging.files.kspace import read_array, read_fastmri, scan_of_array, scan_of_raw
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.scans import Scan, scan_of_stored, slice_of_magnitude
from uplapp.imaging.files.voxels import FORMATS, is_voxels, read_voxels


def read_scan(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read the slices of fastMRI's .h5, of arrays, NIfTI and DICOM, or the one slice of a picture.

    See `read_fastmri`, `read_array` and `scan_of_stored` for what is read and how it is scaled. A file that
    is too large, damaged or of another kind raises BadImage, here or when a slice is read.
    """
    start = start_of(path)
    suffix = next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), None)
    if suffix is not None and not path.is_dir():
        with refusing_damage(path.name):
            return READERS[suffix](path, reading)
    if path.is_dir() or is_voxels(path):
        return read_slices(path, reading)
    refuse_foreign(path.name, start)
    raise BadImage(f"{path.name} is not a scan; {', '.join(READERS)} are read")


def read_slices(path: Path, reading: Reading = AS_IT_SAYS, axis: int | None = None) -> Scan:
    """Read a file of voxels as slices, see `scan_of_stored`."""
    return scan_of_stored(read_voxels(path, reading), reading, axis)


def read_picture(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read a picture as a scan of one slice.

    Colour becomes luma.
    """
    picture = pictures.read_image(path, reading=reading)
    plane = picture.with_channels(1)[0].numpy()
    read = partial(slice_of_magnitude, path.name, magnitude=plane)
    return Scan(path.name, 1, read, picture.understood)


def read_hdf5(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read HDF5 in the layout of fastMRI, or the acquisitions of ISMRMRD."""
    if holds_ismrmrd(path):
        return scan_of_raw(path.name, read_ismrmrd(path, reading), reading)
    return read_fastmri(path, reading)


def read_mat(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read an array of a MATLAB file, see `scan_of_array` for what it may be."""
    return scan_of_array(path.name, read_matlab(path, reading), reading)


def read_cfl(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read k-space or images of BART."""
    return scan_of_raw(path.name, read_bart(path, reading), reading)


def read_dat(path: Path, reading: Reading = AS_IT_SAYS) -> Scan:
    """Read the image of a Siemens raw file."""
    return scan_of_raw(path.name, read_twix(path, reading), reading)


READERS: dict[str, Callable[[Path, Reading], Scan]] = {
    **dict.fromkeys((".h5", ".hdf5", ".mrd"), read_hdf5),
    ".npy": read_array,
    ".npz": read_array,
    **dict.fromkeys(FORMATS, read_slices),
    ".mat": read_mat,
    ".cfl": read_cfl,
    ".dat": read_dat,
    **dict.fromkeys(pictures.SUFFIXES, read_picture),
}


def picture_name(path: Path) -> str:
    """Give the name of a file without its suffixes: `head` of `head.nii.gz`."""
    suffix = next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(suffix)]
