"""Files of voxels of any format, by one call."""

import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from uplapp.errors import BadImage
from uplapp.imaging.files.formats import series
from uplapp.imaging.files.formats.blinding import read_dicom
from uplapp.imaging.files.formats.headed import read_metaimage, read_nrrd
from uplapp.imaging.files.formats.nifti import read_mgh, read_nifti, read_pair
from uplapp.imaging.files.formats.series import holds_dicom
from uplapp.imaging.files.guards import refuse_foreign
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading, counted
from uplapp.imaging.files.stored import Stored
from uplapp.packed import extract

OF_FILES: Mapping[str, Callable[[Path, Reading], Stored]] = {
    ".nii.gz": read_nifti,
    ".nii": read_nifti,
    ".mgz": read_mgh,
    ".mgh": read_mgh,
    ".img": read_pair,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
    **dict.fromkeys(series.SUFFIXES, read_dicom),
}


def read_packed(path: Path, reading: Reading) -> Stored:
    """Read a ZIP of DICOM, or of one other file of voxels with what belongs to it."""
    if series.dicom_members(path):
        return read_dicom(path, reading)
    with tempfile.TemporaryDirectory() as scratch:
        unpacked = sorted(extract(path, Path(scratch) / "files").rglob("*"))
        files = [one for one in unpacked if suffix_of(one, OF_FILES)]
        if len(files) != 1:
            raise BadImage(f"{path.name} holds {counted(len(files), 'file')} of voxels; DICOM or one is read")
        return OF_FILES[suffix_of(files[0], OF_FILES)](files[0], reading)


FORMATS: Mapping[str, Callable[[Path, Reading], Stored]] = {**OF_FILES, series.ZIP: read_packed}


def suffix_of(path: Path, formats: Collection[str] = tuple(FORMATS)) -> str:
    """Give the suffix by which a file is read, or an empty text."""
    return next((suffix for suffix in formats if path.name.lower().endswith(suffix)), "")


def is_voxels(path: Path) -> bool:
    """Whether a file or folder holds voxels: by the ending of its name or, without an ending, as DICOM."""
    return path.name.lower().endswith(tuple(FORMATS)) or (not path.suffix and holds_dicom(path))


def read_voxels(path: Path, reading: Reading = AS_IT_SAYS) -> Stored:
    """Read the voxels of a file. One that is damaged, too large or of another kind raises BadImage."""
    suffix = suffix_of(path)
    if suffix and not path.is_dir():
        return FORMATS[suffix](path, reading)
    if holds_dicom(path):
        return read_dicom(path, reading)
    refuse_foreign(path.name)
    raise BadImage(f"{path.name} holds no voxels; {', '.join(FORMATS)} and folders of DICOM are read")
