"""Files of voxels of any format, by one call."""

from collections.abc import Callable, Mapping
from pathlib import Path

from uplapp.errors import BadImage
from uplapp.imaging.files.formats import series
from uplapp.imaging.files.formats.blinding import read_dicom
from uplapp.imaging.files.formats.headed import read_metaimage, read_nrrd
from uplapp.imaging.files.formats.nifti import read_mgh, read_nifti, read_pair
from uplapp.imaging.files.formats.series import holds_dicom
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.files.stored import Stored

FORMATS: Mapping[str, Callable[[Path, Reading], Stored]] = {
    ".nii.gz": read_nifti,
    ".nii": read_nifti,
    ".mgz": read_mgh,
    ".mgh": read_mgh,
    ".img": read_pair,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
    **dict.fromkeys((*series.SUFFIXES, series.ZIP), read_dicom),
}


def is_voxels(path: Path) -> bool:
    """Whether a file is one of voxels by its name, or DICOM by its content; a folder may be one of DICOM."""
    return path.name.lower().endswith(tuple(FORMATS)) or (not path.suffix and holds_dicom(path))


def read_voxels(path: Path, reading: Reading = AS_IT_SAYS) -> Stored:
    """Read the voxels of a file. One that is damaged, too large or of another kind raises BadImage."""
    suffix = next((suffix for suffix in FORMATS if path.name.lower().endswith(suffix)), None)
    if suffix is not None and not path.is_dir():
        return FORMATS[suffix](path, reading)
    if holds_dicom(path):
        return read_dicom(path, reading)
    raise BadImage(f"{path.name} holds no voxels; {', '.join(FORMATS)} and folders of DICOM are read")
