"""Folders of pictures against a folder of references: what any program restored, measured as ours is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.case import Case
from uplapp.imaging.evaluation.scores import Scores, build_metrics, mean_scores, measure, names_for
from uplapp.imaging.files.pictures import list_images, read_image
from uplapp.imaging.physics import of_pixels
from uplapp.values import Watch

TASK = "denoise"  # that of pictures; no metric asks for more of it


@dataclass(frozen=True)
class Measured:
    """Rows of scene, condition and scores, the mean scores of each condition, and what was not measured."""

    scenes: list[dict[str, Any]]
    means: dict[str, Scores]
    missing: list[str]


def measure_folders(
    reference: Path, conditions: Mapping[str, Path], backbone: str | None = None, watch: Watch | None = None
) -> Measured:
    """Measure each picture of the conditions against the reference of the same name, whatever its suffix.

    BadImage is raised before anything is measured where a condition lacks a picture, or has one that no
    reference is for, and later where sizes or channels differ.
    """
    clean = _by_name(reference)
    pictures = {name: _paired(folder, clean) for name, folder in conditions.items()}
    metrics, missing = build_metrics(names_for(2), backbone)
    rows: list[dict[str, Any]] = []
    scores: dict[str, list[Scores]] = {name: [] for name in conditions}
    for scene, path in clean.items():
        wanted = read_image(path).pixels
        case = Case(scene, TASK, of_pixels(wanted), wanted)
        for name, own in pictures.items():
            scores[name].append(measure(_alike(own[scene], wanted), case, metrics))
            rows.append({"scene": scene, "condition": name, **scores[name][-1]})
            if watch is not None:
                watch(len(rows), len(clean) * len(pictures))
    return Measured(rows, {name: mean_scores(own) for name, own in scores.items()}, missing)


def _by_name(folder: Path) -> dict[str, Path]:
    """Give the pictures of a folder by their names without suffix."""
    paths = list_images(folder)
    found = {path.stem: path for path in paths}
    if twice := next((path for path in paths if found[path.stem] != path), None):
        raise BadImage(f"{folder} has two pictures called '{twice.stem}'; keep one of them")
    return found


def _paired(folder: Path, clean: Mapping[str, Path]) -> dict[str, Path]:
    own = _by_name(folder)
    if lacking := [name for name in clean if name not in own]:
        strange = [name for name in own if name not in clean]
        other = f", and has '{strange[0]}'{_more(strange)} without a reference" if strange else ""
        raise BadImage(
            f"{folder} has no picture '{lacking[0]}'{_more(lacking)}{other}; each reference needs one of its "
            "name"
        )
    if strange := [name for name in own if name not in clean]:
        raise BadImage(f"{folder} has a picture '{strange[0]}'{_more(strange)} without a reference")
    return own


def _alike(path: Path, wanted: Tensor) -> Tensor:
    pixels = read_image(path).pixels
    if pixels.shape != wanted.shape:
        raise BadImage(f"{path} is {_size(pixels)}, its reference {_size(wanted)}; make them equal")
    return pixels


def _size(pixels: Tensor) -> str:
    channels, height, width = pixels.shape
    return f"{width}x{height} px of {channels} channel(s)"


def _more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
