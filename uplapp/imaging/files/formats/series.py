"""DICOM files as one scan: a file, a folder or a ZIP of them, sorted by where each picture lies."""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.dicom import (
    LARGEST_FILE,
    Frame,
    is_dicom,
    read_frames,
    read_pixels,
)
from uplapp.imaging.files.guards import refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading, counted, sizes
from uplapp.imaging.files.stored import MAX_VOXELS, Stored

Array = NDArray[Any]
SUFFIXES = (".dcm", ".ima", ".dicom")
ZIP = ".zip"
MOST_FILES, LARGEST_ZIP = 20_000, 2**31
START = 132  # bytes by which DICOM is recognised
SAME_PLACE_MM, UNEVEN = 0.01, 0.02


@dataclass(frozen=True)
class Member:
    """One file of a folder or a ZIP, its name, and what reads it or its start."""

    name: str
    read: Callable[[int], bytes]


def read_series(name: str, members: Sequence[Member], reading: Reading) -> Stored:
    """Read the pictures of one series in DICOM files.

    Pictures are sorted by position along their normal, else by their number; several moments of the same
    positions make a series, of which one volume is taken. Values are rescaled to their unit, such as
    Hounsfield's. Of several series the largest is read, or the one that was chosen.
    """
    files = dict(enumerate(members))
    frames, left_out = _frames(name, files)
    chosen, words = _choose(name, frames, reading)
    placed, moments = _sorted(name, chosen)
    return _stack(name, files, placed, moments, reading, (*words, *left_out))


def dicom_members(path: Path) -> list[Member]:
    """List the DICOM files of a folder, of a ZIP, or the one that the path names, if it is one."""
    with refusing_damage(path.name):
        return [member for member in _members(path) if _wanted(member)]


def holds_dicom(path: Path) -> bool:
    """Whether a folder, or a file of any name, holds DICOM."""
    with refusing_damage(path.name):
        if path.is_dir():
            return any(_wanted(member) for member in _members(path))
        with path.open("rb") as file:
            return is_dicom(file.read(START))


def _members(path: Path) -> Iterator[Member]:
    if path.is_dir():
        paths = sorted(each for each in path.iterdir() if each.is_file())
        yield from (Member(each.name, partial(_read_start, each)) for each in paths[:MOST_FILES])
    elif path.suffix.lower() == ZIP:
        archive = zipfile.ZipFile(path)
        entries = [entry for entry in archive.infolist() if not entry.is_dir()][:MOST_FILES]
        if sum(entry.file_size for entry in entries) > LARGEST_ZIP:
            raise BadImage(f"{path.name} unpacks to more than {LARGEST_ZIP >> 20} MiB, the most that is read")
        yield from (Member(Path(each.filename).name, partial(_unpack, archive, each)) for each in entries)
    else:
        yield Member(path.name, partial(_read_start, path))


def _read_start(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(entry) as file:
        return file.read(most)


def _wanted(member: Member) -> bool:
    named = member.name.lower().endswith(SUFFIXES)
    return named or is_dicom(member.read(START))


def read_whole(member: Member) -> bytes:
    """Read all of a file. One that is too large is refused."""
    data = member.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise BadImage(f"a DICOM file has more than {LARGEST_FILE >> 20} MiB, the most that is read")
    return data


def _frames(name: str, files: dict[int, Member]) -> tuple[list[Frame], tuple[str, ...]]:
    """Read the frames of all files. Of several, those without pictures are left out and counted."""
    if len(files) == 1:
        ((number, member),) = files.items()
        return read_frames(name, read_whole(member), number), ()
    frames, without, last = [], 0, ""
    for number, member in files.items():
        try:
            frames += read_frames(f"a file of {name}", read_whole(member), number)
        except BadImage as error:
            without, last = without + 1, str(error)
    if not frames:
        raise BadImage(last)
    words = (f"{counted(without, 'DICOM file')} without a picture that can be read left out.",)
    return frames, words if without else ()


def _choose(name: str, frames: Sequence[Frame], reading: Reading) -> tuple[list[Frame], tuple[str, ...]]:
    """Choose the frames of one series: the largest, or the one that the reading names."""
    groups: dict[tuple[Any, ...], list[Frame]] = {}
    for frame in frames:
        groups.setdefault(frame.group, []).append(frame)
    series = list(groups.values())
    if reading.series > len(series):
        raise BadImage(f"{name} has no series {reading.series}; give one of 1 to {len(series)}, or 0")
    place = reading.series - 1 if reading.series else max(range(len(series)), key=lambda at: len(series[at]))
    if len(series) == 1:
        return series[0], ()
    listed = ", ".join(f"{at + 1}: {len(one)} of {sizes(one[0].size)}" for at, one in enumerate(series[:8]))
    words = f"Series {place + 1} of {len(series)} was read ({listed}); you may choose another."
    return series[place], (words,)


def _sorted(name: str, frames: Sequence[Frame]) -> tuple[list[list[Frame]], tuple[str, ...]]:
    """Sort frames by place, then by moment: (places, moments)."""
    if len(frames) == 1:
        return [list(frames)], ()
    if any(frame.position is None for frame in frames):
        in_order = sorted(frames, key=lambda frame: frame.moment)
        words = "The files do not say where their pictures lie: they are in order of their numbers."
        return [[frame] for frame in in_order], (words,)
    in_order = sorted(frames, key=lambda frame: (round(_along(frame) / SAME_PLACE_MM), frame.moment))
    groups = groupby(in_order, key=lambda frame: round(_along(frame) / SAME_PLACE_MM))
    places = [list(group) for _, group in groups]
    counts = Counter(map(len, places))
    if len(counts) > 1:
        raise BadImage(
            f"{name} holds {len(frames)} pictures at {len(places)} positions, which make no whole volumes; "
            f"{min(counts)} to {max(counts)} share a position"
        )
    return places, ()


def _along(frame: Frame) -> float:
    """The place of a frame along its normal, in mm."""
    return float(np.dot(np.asarray(frame.position), _normal(frame)))


def _normal(frame: Frame) -> Array:
    normal: Array = np.cross(np.asarray(frame.across), np.asarray(frame.down))
    return normal


def _stack(
    name: str,
    files: dict[int, Member],
    places: list[list[Frame]],
    words: tuple[str, ...],
    reading: Reading,
    also: tuple[str, ...],
) -> Stored:
    moments = len(places[0])
    still = len(places) == 1 and moments > 1
    if still:
        frames = places[0]
        words = (*words, f"{moments} pictures of one place, in order of time, were read as slices.")
    else:
        if reading.volume >= moments:
            raise BadImage(f"{name} has no volume {reading.volume}; give one of 0 to {moments - 1}")
        frames = [place[reading.volume] for place in places]
        if moments > 1:
            words = (*words, f"Volume {reading.volume} of {moments} was read; you may choose another.")
    size = frames[0].size
    require_samples(name, (len(frames), *size), MAX_VOXELS)
    step, uneven = _step(frames)
    middle = frames[len(frames) // 2]
    placed = "sorted by position, " if len(frames) > 1 and not still and frames[0].position else ""
    said = f"DICOM: {counted(len(frames), 'picture')} of {sizes(size)}, {placed}rescaled to their unit."
    return Stored(
        name,
        _values(name, files, frames),
        _affine(frames[0], step),
        (frames[0].spacing_mm[1], frames[0].spacing_mm[0], float(np.linalg.norm(step))),
        middle.window,
        middle.inverted,
        as_rows=True,
        series=still,
        understood=(said, *words, *uneven, *also),
    )


def _values(name: str, files: dict[int, Member], frames: Sequence[Frame]) -> Array:
    """Decode the frames into (columns, rows, slices), each file once."""
    rows, columns = frames[0].size
    values = np.empty((columns, rows, len(frames)), np.float32)
    wanted: dict[int, list[tuple[int, int]]] = {}
    for place, frame in enumerate(frames):
        wanted.setdefault(frame.file, []).append((place, frame.number))
    single = len(files) == 1
    for file, each in wanted.items():
        pixels = read_pixels(name if single else f"a file of {name}", read_whole(files[file]))
        for place, number in each:
            values[..., place] = pixels[number].T
    return values


def _step(frames: Sequence[Frame]) -> tuple[Array, tuple[str, ...]]:
    """Give the way from slice to slice in mm, and words where the slices are unevenly far apart."""
    first, last = frames[0], frames[-1]
    if any(frame.position is None for frame in frames):
        return np.array([0.0, 0.0, first.thickness_mm]), ()
    along = np.array([_along(frame) for frame in frames])
    if along[-1] - along[0] < SAME_PLACE_MM:
        return _normal(first) * first.thickness_mm, ()
    gaps = np.diff(along)
    step = (np.asarray(last.position) - np.asarray(first.position)) / (len(frames) - 1)
    if gaps.max() - gaps.min() <= max(UNEVEN * gaps.mean(), SAME_PLACE_MM):
        return step, ()
    words = f"Slices are {gaps.min():.2f} to {gaps.max():.2f} mm apart: one may be missing."
    return step, (words,)


def _affine(frame: Frame, step: Array) -> Array:
    """Place columns, rows and slices in mm to the right, front and head, as NIfTI has it."""
    affine = np.eye(4)
    across = np.asarray(frame.across or (1.0, 0.0, 0.0)) * frame.spacing_mm[1]
    down = np.asarray(frame.down or (0.0, 1.0, 0.0)) * frame.spacing_mm[0]
    origin = np.asarray(frame.position or (0.0, 0.0, 0.0))
    affine[:3] = np.stack([across, down, step, origin], axis=1)
    affine[:2] *= -1
    return affine
