"""Whose pictures a DICOM file holds: kept out of names, and taken out of files that strangers upload."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.dicom import (
    GROUPS,
    IN_FRAMES,
    KEYWORDS,
    PIXELS,
    SERIES,
    read_header,
    without_words,
)
from uplapp.imaging.files.formats.series import ZIP, dicom_members, read_series, read_whole
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.stored import Stored
from uplapp.whole import write_bytes

# Who the patient is: read to see whether the name of a file says it, and for nothing else.
PERSON = ("PatientName", "PatientID", "OtherPatientIDs", "PatientBirthDate")
SHORTEST_PART = 3
UNNAMED = "scan"
BLINDED = "The name of what was read holds a name or a number of the patient, so it is called {name}."
NESTED = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def read_dicom(path: Path, reading: Reading) -> Stored:
    """Read a DICOM file, or one series of a folder or a ZIP of them, see `read_series`.

    It goes by the name of its file, unless that holds a part of who the patient is.
    """
    members = dicom_members(path)
    if not members:
        raise BadImage(f"{path.name} holds no DICOM file; files of MR, CT and the like are read")
    with refusing_damage(path.name, quoting=False):
        name = blind_name(path.name, read_whole(members[0]))
        stored = read_series(name, members, reading)
    words = BLINDED.format(name=name)
    return stored if name == path.name else replace(stored, understood=(*stored.understood, words))


def blind_name(name: str, data: bytes) -> str:
    """Give the name of a file, or a drawn one where it holds a part of who the patient is."""
    with without_words(name):
        header = read_header(name, data, (*PERSON, SERIES))
        said = " ".join(str(header.get(key, "")) for key in PERSON).lower()
    parts = "".join(letter if letter.isalnum() else " " for letter in said).split()
    if not any(part in name.lower() for part in parts if len(part) >= SHORTEST_PART):
        return name
    drawn = hashlib.sha256(str(header.get(SERIES, "")).encode()).hexdigest()[:6]
    return f"{UNNAMED}-{drawn}{Path(name).suffix or '.dcm'}"


def without_person(path: Path) -> Path:
    """Rewrite a DICOM file, or a ZIP of them, with nothing in it but pixels, their place and their scale.

    The old file goes, and its name too where it holds a part of who the patient is. Other files are left as
    they are. Returns the path of what is left.
    """
    with refusing_damage(path.name, quoting=False):
        members = dicom_members(path)
        if not members:
            return path
        whole = [read_whole(member) for member in members]
        blind = path.with_name(blind_name(path.name, whole[0]))
        stripped = [_stripped(data) for data in whole]
        write_bytes(blind, _packed(stripped) if path.suffix.lower() == ZIP else stripped[0])
    if blind != path:
        path.unlink()
    return blind


def _packed(files: Sequence[bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, data in enumerate(files):
            archive.writestr(f"{number:05}.dcm", data)
    return buffer.getvalue()


def _stripped(data: bytes) -> bytes:
    with without_words("the file"):
        header = read_header("the file", data, (*KEYWORDS, *PIXELS))
        for key in NESTED:
            if key in header:
                setattr(header, key, Items([_pruned(item) for item in header.get(key)]))
        if SERIES in header:
            digest = hashlib.sha256(str(header.get(SERIES)).encode()).digest()
            header.SeriesInstanceUID = f"2.25.{int.from_bytes(digest[:15], 'big')}"
        buffer = io.BytesIO()
        for key in ("MediaStorageSOPInstanceUID", "SourceApplicationEntityTitle", "PrivateInformation"):
            if key in header.file_meta:
                delattr(header.file_meta, key)
        header.preamble = bytes(128)
        header.save_as(buffer, enforce_file_format=False)
        return buffer.getvalue()


def _pruned(item: Any) -> Dataset:
    """Give the groups of a frame with what is read of them."""
    kept = Dataset()
    for group in sorted(set(GROUPS.values())):
        if item.get(group):
            setattr(kept, group, Items([_of_keys(item.get(group)[0], group)]))
    return kept


def _of_keys(item: Any, group: str) -> Dataset:
    kept = Dataset()
    for key in (IN_FRAMES.get(key, key) for key, own in GROUPS.items() if own == group):
        if key in item:
            setattr(kept, key, item.get(key))
    return kept
