"""Files that a task can restore: photographs, and the slices of scans."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.evaluation.job import Case, make_case
from uplapp.imaging.files import pictures
from uplapp.imaging.files.pictures import read_image
from uplapp.imaging.files.readers import READERS, read_scan
from uplapp.imaging.files.slices import Scan, Slice
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.tasks import TASKS

# A scan has no bits of its own, and more than 8 of them.
SCAN_BITS = 16


@dataclass(frozen=True, eq=False)
class View:
    """What a file shows before it is restored: a picture (C,H,W), which slice of how many, and a note."""

    picture: Tensor
    index: int = 0
    slices: int = 1
    note: str = ""


def suffixes_of(task: str) -> list[str]:
    """How the names of the files end that `read_case` takes."""
    return list(READERS if _takes_scans(task) else pictures.SUFFIXES)


def read_case(path: Path, task: str, degradation: Degradation | None, index: int | None = None) -> Case:
    """A file to restore, one slice of it if it has several, by default the middle one.

    It is degraded by the degradation as drawn for its name. Without one it is taken as it is, which a whole
    k-space cannot be; a k-space that lacks a part always is. A degradation of another task is refused.
    """
    require_fit(task, degradation)
    if not _takes_scans(task):
        if index:
            raise UplappError(f"{path.name} is restored as a photograph, which has no slice {index}")
        return make_case(picture_name(path), read_image(path), task, degradation)
    scan = read_scan(path)
    part = _choose(scan, index)
    name = picture_name(path) if scan.count == 1 else f"{picture_name(path)}-slice{part.index}"
    if part.undersampled:
        return Case(name, task, part.observe(Undersampling()), bits=SCAN_BITS, note=_used_as_it_is(part))
    if part.magnitude is None or (degradation is None and part.kspace is not None):
        raise UplappError(f"{path.name} has its whole k-space; give the acceleration to undersample it with")
    if not isinstance(degradation, Undersampling):
        return Case(name, task, part.magnitude, bits=SCAN_BITS)
    drawn = degradation.for_image(path.name)
    return Case(name, task, part.observe(drawn), part.magnitude, drawn, SCAN_BITS)


def view_file(path: Path, task: str, index: int | None = None) -> View:
    """What `read_case` would restore, before it is degraded."""
    if not _takes_scans(task):
        return View(read_image(path).pixels)
    scan = read_scan(path)
    part = _choose(scan, index)
    if part.magnitude is not None:
        return View(part.magnitude, part.index, scan.count)
    return View(part.observe(Undersampling()), part.index, scan.count, _used_as_it_is(part))


def picture_name(path: Path) -> str:
    """The name of a file without what tells its kind: `head` of `head.nii.gz`."""
    suffix = next((suffix for suffix in READERS if path.name.lower().endswith(suffix)), path.suffix)
    return path.name[: len(path.name) - len(suffix)]


def require_fit(task: str, degradation: Degradation | None) -> None:
    """Refuse what does not spoil the images of a task."""
    wanted = TASKS.build(task).degradation
    if degradation is not None and not isinstance(degradation, wanted):
        options = "a sigma" if wanted is GaussianNoise else "an acceleration and a mask"
        raise UplappError(
            f"{degradation.text} does not fit the task '{task}' ({TASKS[task].label}), which takes {options}"
        )


def _takes_scans(task: str) -> bool:
    return TASKS.build(task).degradation is Undersampling


def _choose(scan: Scan, index: int | None) -> Slice:
    if index is None:
        return scan.middle
    if not 0 <= index < scan.count:
        raise UplappError(f"{scan.name} has no slice {index}; give one of 0 to {scan.count - 1}")
    return scan[index]


def _used_as_it_is(part: Slice) -> str:
    return (
        f"{part.name} lacks a part of its k-space already: all there is was used, and there is no reference."
    )
