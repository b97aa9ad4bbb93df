"""Files of MR scans: k-space, volumes and pictures by one call."""

from collections.abc import Callable
from pathlib import Path

from uplapp.errors import BadImage
from uplapp.imaging.files import pictures
from uplapp.imaging.files.kspace import read_array, read_fastmri
from uplapp.imaging.files.scans import Scan, read_nifti, slice_of_magnitude


def read_scan(path: Path) -> Scan:
    """Read the slices of fastMRI's .h5, of .npy, .npz and NIfTI, or the one slice of a PNG, JPEG or TIFF.

    See `read_fastmri`, `read_array` and `read_nifti` for what is read and how it is scaled. A file that is
    too large, damaged or of another kind raises BadImage, here or when a slice is read.
    """
    reader = next((READERS[suffix] for suffix in READERS if path.name.lower().endswith(suffix)), None)
    if reader is None:
        raise BadImage(f"{path.name} is not a scan; {', '.join(READERS)} are read")
    return reader(path)


def read_picture(path: Path) -> Scan:
    """Read a PNG, JPEG or TIFF as a scan of one slice.

    Colour becomes luma.
    """
    pixels = pictures.read_image(path).with_channels(1)
    return Scan(path.name, 1, lambda index: slice_of_magnitude(path.name, index, pixels[0].numpy()))


READERS: dict[str, Callable[[Path], Scan]] = {
    ".h5": read_fastmri,
    ".npy": read_array,
    ".npz": read_array,
    ".nii": read_nifti,
    ".nii.gz": read_nifti,
    **dict.fromkeys(pictures.SUFFIXES, read_picture),
}


def picture_name(path: Path) -> str:
    """Give the name of a file without its suffixes: `head` of `head.nii.gz`."""
    suffix = next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(suffix)]
