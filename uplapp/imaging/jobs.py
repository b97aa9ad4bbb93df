"""A restoration job: one case, restored by several checkpoints, and the files of it."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp import __version__
from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Card, Checkpoints
from uplapp.imaging.degradations import Degradation
from uplapp.imaging.evaluate import ON_SCREEN, build_metrics, measure
from uplapp.imaging.images import Picture, encode_png
from uplapp.imaging.restore import restore_by_tiles
from uplapp.imaging.tasks import TASKS


@dataclass(frozen=True, eq=False)
class Case:
    """What is to be restored: an observation (C,H,W), the clean image where it is known, and what spoilt it.

    `bits` are those of the files to write, `task` is a name in TASKS.
    """

    name: str
    task: str
    degraded: Tensor
    reference: Tensor | None = None
    degradation: Degradation | None = None
    bits: int = 8


@dataclass(frozen=True, eq=False)
class Restored:
    """What one checkpoint made: pixels (C,H,W) in [0,1], seconds, metrics if a clean image is known."""

    card: Card
    pixels: Tensor
    seconds: float
    scores: dict[str, float | None] | None


@dataclass(frozen=True, eq=False)
class Job:
    """A finished case: the scores of its observation, if a clean image is known, and the restorations."""

    case: Case
    degraded_scores: dict[str, float | None] | None
    results: tuple[Restored, ...]


@dataclass(frozen=True)
class Step:
    """How far a job is: a share in [0,1], and what it is doing."""

    share: float
    text: str


def make_case(name: str, picture: Picture, task: str, degradation: Degradation | None) -> Case:
    """A picture to restore: degraded first if a degradation is given, as it came if not.

    A task of one channel takes its luma; a photograph stays grey if it is.
    """
    channels = TASKS.build(task).channels
    pixels = picture.with_channels(1) if channels == 1 else picture.pixels
    if degradation is None:
        return Case(name, task, pixels, bits=picture.bits)
    return Case(name, task, degradation.apply(pixels), pixels, degradation, picture.bits)


def run_job(case: Case, checkpoints: Checkpoints, cards: Sequence[Card]) -> Iterator[Step | Job]:
    """Yield a Step after each tile and the Job at the end; leaving the loop cancels what is left."""
    if not cards:
        raise UplappError("no checkpoint is chosen; choose one or more")
    stranger = next((card.name for card in cards if card.spec.task != case.task), None)
    if stranger is not None:
        raise UplappError(f"checkpoint '{stranger}' is not for the task '{case.task}'; choose one that is")
    results: list[Restored] = []
    for number, card in enumerate(cards):
        network = checkpoints.load(card)
        restored, started = torch.empty_like(case.degraded), time.perf_counter()
        for share in restore_by_tiles(network, case.degraded, restored):
            yield Step((number + share) / len(cards), f"{card.label}: {share:.0%}")
        seconds = time.perf_counter() - started
        results.append(Restored(card, restored, seconds, _score(restored, case)))
    yield Job(case, _score(case.degraded, case), tuple(results))


def _score(pixels: Tensor, case: Case) -> dict[str, float | None] | None:
    return None if case.reference is None else measure(pixels, case.reference, build_metrics(ON_SCREEN)[0])


def result_files(job: Job) -> dict[str, bytes]:
    """The files by name: reference, observation, one restored a checkpoint (PNG), provenance (JSON)."""
    case = job.case
    files = {
        f"{case.name}-{kind}.png": encode_png(pixels, case.bits) for kind, pixels in job_pictures(job).items()
    }
    provenance = json.dumps(describe_job(job, files), indent=2, allow_nan=False) + "\n"
    return {**files, f"{case.name}-provenance.json": provenance.encode()}


def job_pictures(job: Job) -> dict[str, Tensor]:
    """The images (C,H,W) of a job by kind: reference if known, observation, one a checkpoint."""
    observed = {TASKS.build(job.case.task).observed: job.case.degraded}
    restored = {result.card.name: result.pixels for result in job.results}
    known = {} if job.case.reference is None else {"reference": job.case.reference}
    return {**known, **observed, **restored}


def describe_job(job: Job, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What was done to which bytes by which weights, as JSON values."""
    return {
        "uplapp": __version__,
        "torch": torch.__version__,
        "task": job.case.task,
        "degradation": _describe_degradation(job.case.degradation),
        f"{TASKS.build(job.case.task).observed}_scores": job.degraded_scores,
        "results": [
            {
                "checkpoint": result.card.name,
                "weights_sha256": result.card.sha256,
                "seconds": round(result.seconds, 3),
                "scores": result.scores,
            }
            for result in job.results
        ],
        "files_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }


def _describe_degradation(degradation: Degradation | None) -> dict[str, Any] | None:
    return None if degradation is None else asdict(degradation)


def write_results(job: Job, folder: Path) -> list[Path]:
    """Write the files of a job, each in one replace; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in result_files(job).items():
        partial = folder / f"{name}.partial"
        partial.write_bytes(content)
        paths.append(partial.replace(folder / name))
    return paths


def crop_centre(pixels: Tensor, side_px: int) -> Tensor:
    """The middle of (C,H,W), at most `side_px` a side."""
    height, width = pixels.shape[-2:]
    top, left = max(height - side_px, 0) // 2, max(width - side_px, 0) // 2
    return pixels[:, top : top + side_px, left : left + side_px]
