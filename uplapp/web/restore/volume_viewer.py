"""The viewer of restored volumes: what its frame is given, and the files that it and a visitor fetch."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from uplapp.errors import UplappError
from uplapp.imaging.case import Case, Subject
from uplapp.imaging.evaluation.job import Job
from uplapp.imaging.files.views import as_bytes
from uplapp.web.widgets import offer, room

# What the page restores within 4 GB, a volume of 256x256x200 among it.
MOST_VOXELS = 2**24
HEIGHT_PX = 640
FILES = "gradio_api/file="
# What the viewer says; no script holds a sentence.
WORDS = {
    "pictures": "two pictures",
    "projections": "maximum projections",
    "planes": "three planes",
    "turned": "turned by ",
    "whole": "Whole range",
    "moves": "A click moves the cross-hair, in a projection to the brightest voxel behind it. Wheel, arrows, "
    "Page Up and Page Down go through slices; ",
    "keys": " flickers, 1 to 9 choose what is shown.",
    "lost": "The volume could not be loaded; restore it once more.",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Volumes</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="{static}base/style.css"><link rel="stylesheet" href="{static}volume/viewer.css">
<script type="module" src="{static}volume/viewer.js"></script>
</head><body class="volumes"><script id="volumes" type="application/json">{volumes}</script>
<main id="viewer" aria-label="Volumes"></main></body></html>"""


@dataclass(frozen=True)
class Viewed:
    """The frame of a viewer, and the files of voxels (8 bits) that it fetches."""

    frame: str = ""
    files: tuple[str, ...] = ()


def sides_of(subject: Subject) -> str:
    """Say how large an image is, in pixels or voxels."""
    return in_words(subject.picture.shape[1:])


def in_words(sides: Sequence[int]) -> str:
    """Write sides (D,H,W) or (H,W), the width first."""
    return "x".join(map(str, reversed(sides)))


def require_for_page(image: Subject | Case) -> None:
    """Refuse a volume that would take the memory of other visitors."""
    sides = (image.seen if isinstance(image, Case) else image.picture).shape[1:]
    if image.space is not None:
        require_voxels(image.name, sides, "--task volume")


def require_voxels(name: str, sides: Sequence[int], option: str = "--whole") -> None:
    """Refuse a volume (D,H,W) of more voxels than the page takes, and name the option that takes more."""
    if math.prod(sides) > MOST_VOXELS:
        raise UplappError(
            f"{name} has {in_words(sides)} voxels; this page takes as many as 256x256x256 have, "
            f"and `python -m uplapp restore {option}` takes more"
        )


def view_job(job: Job) -> Viewed:
    """Write what the viewer of a finished volume fetches. Nothing where the job has pictures."""
    space = job.case.space
    if space is None:
        return Viewed()
    paths = {kind: _write(voxels) for kind, voxels in job.pictures()}
    named = {job.labels[kind]: f"{FILES}{quote(path)}" for kind, path in paths.items()}
    return Viewed(frame_of(job.case.seen.shape[1:], space.spacing_mm, named), tuple(paths.values()))


def frame_of(
    sides: tuple[int, ...],
    spacing_mm: tuple[float, ...],
    volumes: Mapping[str, str],
    static: str = "study/static/",
) -> str:
    """Give an `<iframe>` for `gr.HTML` that shows volumes of sides (D,H,W).

    `volumes` are the addresses of their voxels by their names on screen, as the outer page sees them.
    """
    place = {"sides": list(sides), "spacing": list(spacing_mm)}
    shown = {**place, "volumes": list(volumes.items()), "words": WORDS}
    inner = PAGE.format(static=static, volumes=json.dumps(shown).replace("<", "\\u003c"))
    return (
        f'<iframe title="Volumes" srcdoc="{html.escape(inner, quote=True)}" '
        f'style="width:100%;height:{HEIGHT_PX}px;border:0;border-radius:8px"></iframe>'
    )


def offer_niftis(case: Case, files: Mapping[str, bytes]) -> list[str]:
    """Offer the NIfTI files of a finished job for download. A job on pictures has none."""
    if case.space is None:
        return []
    return [offer(name, content) for name, content in files.items() if name.endswith(".nii.gz")]


def _write(voxels: Any) -> str:
    """Write the bytes of a volume to a file whose address nobody can guess. Returns its path."""
    path: Path = room("voxels.bin")
    path.write_bytes(as_bytes(voxels))
    return str(path)
