"""Whole volumes by restorers of slices: every slice measured and restored, and put back in its place."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uplapp import __version__
from uplapp.errors import UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.evaluation.candidates import Candidate, require_fit, require_unique
from uplapp.imaging.evaluation.provenance import plain_options
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import Watch, proceed, unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.reconstruction import open_scan, subject_of_slice

MRI = "mri"
DARKEST = 1e-6  # what rounding leaves of a black slice


def restore_whole(
    path: Path,
    task: str,
    degradation: Degradation | AsItIs | None,
    candidates: Sequence[Candidate],
    reading: Reading = AS_IT_SAYS,
    admit: Callable[[str, tuple[int, ...]], object] = lambda name, sides: None,
    watch: Watch = unwatched,
) -> dict[str, bytes]:
    """Restore every slice of a volume by every candidate. Returns files by name.

    They are packed NIfTI in the place and unit of the file that was read, of what was seen and of each
    candidate, and provenance. All slices lose the same columns. Black slices stay black. Another task, a file
    without a place in space, and one that `admit` refuses by its name and sides, raise UplappError.
    """
    if task != MRI:
        raise UplappError(f"the task '{task}' has no slices to put together; whole volumes are for '{MRI}'")
    scan = open_scan(path, reading)
    if scan.encode is None:
        raise UplappError(
            f"{scan.name} has no place in space; whole volumes are made of NIfTI, DICOM and such"
        )
    require_unique(candidates)
    admit(scan.name, (len(scan), *scan.middle.size))
    seen = TASKS[task].observed
    restorers = {one.name: one.build() for one in candidates}
    pictures: dict[str, list[Any]] = {name: [] for name in (seen, *restorers)}
    case: Case | None = None
    for index in range(len(scan)):
        proceed(watch, index / len(scan), f"slice {index + 1} of {len(scan)}")
        case = make_case(subject_of_slice(scan, scan[index]), task, degradation)
        for one in candidates:
            require_fit(one, case)
        empty = float(case.seen.max()) < DARKEST
        pictures[seen].append(case.seen[0].numpy())
        for place, (name, restorer) in enumerate(restorers.items()):
            part = _part_of(watch, index + place / len(restorers), len(scan))
            shown = torch.zeros_like(case.seen) if empty else restorer.restore(case, part)
            pictures[name].append(shown[0].clamp(0, 1).cpu().numpy())
    stem = picture_name(Path(scan.name))
    files = {f"{stem}-{name}.nii.gz": scan.encode(np.stack(each)) for name, each in pictures.items()}
    facts = _facts(scan.understood, case, candidates, files)
    return {**files, f"{stem}-whole-provenance.json": (json.dumps(facts, indent=2) + "\n").encode()}


def _part_of(watch: Watch, done: float, count: int) -> Watch:
    """Give the watch of a restoration that begins when so many slices are done."""
    return lambda share, text, preview: watch(done / count, f"slice {int(done) + 1} of {count}", None)


def _facts(
    understood: tuple[str, ...],
    case: Case | None,
    candidates: Sequence[Candidate],
    files: Mapping[str, bytes],
) -> dict[str, Any]:
    degradation = None if case is None else case.degradation
    return {
        "uplapp": __version__,
        "torch": torch.__version__,
        "task": MRI,
        "degradation": None if degradation is None else plain_options(degradation),
        "understood": list(understood),
        "results": [
            {
                **one.facts,
                "options": dict(one.options),
                "weights_sha256": one.card.sha256 if one.card else None,
            }
            for one in candidates
        ],
        "files_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
