"""Labelled slices: .npz files that hold images and, pixel by pixel, what an expert saw in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage, require_samples
from uplapp.imaging.files.levels import levels_of
from uplapp.imaging.files.reading import AS_IT_SAYS
from uplapp.imaging.files.scans import largest_value
from uplapp.imaging.files.stored import MAX_VOXELS

SUFFIX = ".npz"
# The arrays of a labelled file: what its images show says which anatomy their label 1 marks.
IMAGES: Mapping[str, str] = {"image": "ventricle", "flair": "tumour"}
LABELS = ("label", "mask")
PATIENTS, NAMES = "patient", "label_names"
ANATOMIES: Mapping[str, str] = {"ventricle": "left-ventricle cavity", "tumour": "tumour"}
MARK = 1
NAMES_SHOWN = 3


@dataclass(frozen=True, eq=False)
class LabelledSlices:
    """The slices of one patient: `images` (n,H,W) in [0,1] and `labels` (n,H,W), True on the anatomy.

    `places` are their numbers in `file`.
    """

    file: str
    patient: str
    anatomy: str
    images: NDArray[np.float32]
    labels: NDArray[np.bool_]
    places: tuple[int, ...]

    @property
    def marked(self) -> list[int]:
        """The slices that show the anatomy."""
        return [int(index) for index in np.flatnonzero(self.labels.any(axis=(1, 2)))]


def has_labels(path: Path) -> bool:
    """Whether a file is an .npz with an array of labels."""
    if not path.name.lower().endswith(SUFFIX):
        return False
    with _opened(path) as arrays:
        return any(name in arrays.files for name in LABELS)


def read_labelled(path: Path) -> list[LabelledSlices]:
    """Read the slices of an .npz file, one value per patient in the order of the file.

    It holds `image` (cardiac, label 1 is the left-ventricle cavity) or `flair` (label 1 is the tumour), as
    (n,H,W) or (H,W), `label` or `mask` of the same size, and perhaps the `patient` of each slice, by default
    the name of the file. `levels_of` says what is black and white in a patient. Labels of another
    size, labels that mark nothing, or something else by their `label_names`, raise BadImage.
    """
    if not path.name.lower().endswith(SUFFIX):
        raise BadImage(f"{path.name} holds no labels; {SUFFIX} files with images and labels are read")
    with _opened(path) as file:
        wanted = (*IMAGES, *LABELS, PATIENTS, NAMES)
        arrays = {name: file[name] for name in wanted if name in file.files}
    shown, images = _choose(path.name, arrays, "images", tuple(IMAGES))
    _, labels = _choose(path.name, arrays, "labels", LABELS)
    if images.shape != labels.shape:
        sizes = ["x".join(map(str, each.shape)) for each in (images, labels)]
        raise BadImage(f"{path.name} has images of {sizes[0]} and labels of {sizes[1]}; both need one size")
    anatomy = IMAGES[shown]
    _require_meaning(path.name, arrays, anatomy)
    marks = labels == MARK
    if not marks.any():
        raise BadImage(f"{path.name} labels nothing: {MARK} marks the {ANATOMIES[anatomy]}, and is nowhere")
    largest_value(path.name, images)
    patients = _patients(path, arrays, len(images))
    return list(_by_patient(path.name, anatomy, images, marks, patients))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the arrays of a file, none of which is ever a pickled object."""
    with (
        refusing_damage(path.name),
        path.open("rb") as raw,
        np.load(raw, allow_pickle=False) as arrays,
    ):
        yield arrays


def _choose(name: str, arrays: Mapping[str, Any], what: str, keys: tuple[str, ...]) -> tuple[str, Any]:
    """Give the name and the slices (n,H,W) of the first of some arrays that is there."""
    key = next((key for key in keys if key in arrays), None)
    if key is None:
        raise BadImage(f"{name} holds no {what}; {' or '.join(keys)} (slices, rows, columns) is read")
    values = arrays[key]
    if values.dtype.kind not in "biuf" or values.ndim not in (2, 3):
        raise BadImage(f"{name} has {what} of {values.dtype}, {values.ndim} axes; numbers of 3 axes are read")
    require_samples(name, values.shape, MAX_VOXELS)
    return key, values[None] if values.ndim == 2 else values


def _require_meaning(name: str, arrays: Mapping[str, Any], anatomy: str) -> None:
    """Refuse labels that say by their names that they mark something else."""
    names = [str(each) for each in np.ravel(arrays.get(NAMES, []))]
    if names and (len(names) <= MARK or names[MARK].lower() not in (anatomy, ANATOMIES[anatomy])):
        shown = ", ".join(names[:NAMES_SHOWN])
        raise BadImage(f"{name} labels {shown}; label {MARK} needs to mark the {ANATOMIES[anatomy]}")


def _patients(path: Path, arrays: Mapping[str, Any], count: int) -> list[str]:
    """Give the patient of each slice, the name of the file where it does not say."""
    if PATIENTS not in arrays:
        return [path.name.removesuffix(SUFFIX)] * count
    patients = [str(each) for each in np.ravel(arrays[PATIENTS])]
    if len(patients) != count:
        raise BadImage(f"{path.name} names {len(patients)} patients of {count} slices; name one per slice")
    return patients


def _by_patient(
    name: str, anatomy: str, images: Any, marks: NDArray[np.bool_], patients: list[str]
) -> Iterator[LabelledSlices]:
    for patient in dict.fromkeys(patients):
        places = [place for place, each in enumerate(patients) if each == patient]
        own = images[places].astype(np.float32)
        shown = levels_of(name, own, AS_IT_SAYS).of(own, np.float32) if own.any() else own
        yield LabelledSlices(name, patient, anatomy, shown, marks[places], tuple(map(int, places)))
