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
from uplapp.imaging.checkpoints.card import Card, Checkpoints, label
from uplapp.imaging.evaluation.table import ON_SCREEN, Scores, build_metrics, measure
from uplapp.imaging.files.pictures import Array, Picture, array_to_tensor, encode_png, tensor_to_array
from uplapp.imaging.metrics.error_maps import ERROR_MAP, ErrorMap, draw_error_map, encode_error_map
from uplapp.imaging.physics import Degradation
from uplapp.imaging.restorers.network import restore_by_tiles
from uplapp.imaging.tasks import TASKS


@dataclass(frozen=True, eq=False)
class Case:
    """What is to be restored: an observation (C,H,W), the clean image where it is known, and what spoilt it.

    `bits` are those of the files to write, `task` is a name in TASKS, `note` a sentence on how the
    observation came to be where that is not what was asked for.
    """

    name: str
    task: str
    degraded: Tensor
    reference: Tensor | None = None
    degradation: Degradation | None = None
    bits: int = 8
    note: str = ""


@dataclass(frozen=True, eq=False)
class Restored:
    """What one checkpoint made: the samples of its file, and the seconds it took.

    `scores` and `error` are those of the estimate before it was rounded, None if no clean image is known.
    """

    card: Card
    samples: Array
    seconds: float
    scores: Scores | None
    error: ErrorMap | None

    @property
    def pixels(self) -> Tensor:
        """The image (C,H,W) in [0,1] that the file holds."""
        return array_to_tensor(self.samples)


@dataclass(frozen=True, eq=False)
class Job:
    """A finished case: the restorations; scores and errors of the observation if a clean image is known."""

    case: Case
    degraded_scores: Scores | None
    degraded_error: ErrorMap | None
    results: tuple[Restored, ...]

    @property
    def labels(self) -> dict[str, str]:
        """What each image of `job_pictures` is called on screen, by its kind."""
        observed = TASKS.build(self.case.task).observed
        known = {} if self.case.reference is None else {"reference": "Reference"}
        return {**known, observed: observed.capitalize(), **label([result.card for result in self.results])}


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
    labels, results = label(cards), list[Restored]()
    for number, card in enumerate(cards):
        network = checkpoints.load(card)
        restored, started = torch.empty_like(case.degraded), time.perf_counter()
        for share in restore_by_tiles(network, case.degraded, restored):
            yield Step((number + share) / len(cards), f"{labels[card.name]}: {share:.0%}")
        seconds = time.perf_counter() - started
        samples = tensor_to_array(restored, case.bits)
        results.append(Restored(card, samples, seconds, *_compare(restored, case)))
    yield Job(case, *_compare(case.degraded, case), tuple(results))


def _compare(pixels: Tensor, case: Case) -> tuple[Scores | None, ErrorMap | None]:
    """Metrics and errors against the clean image, None where it is not known."""
    if case.reference is None:
        return None, None
    error = draw_error_map(pixels, case.reference)
    metrics, _ = build_metrics(name for name in ON_SCREEN if name != "flip")
    scores = {**measure(pixels, case.reference, metrics), "flip": error.mean}
    return {name: scores[name] for name in ON_SCREEN}, error


def result_files(job: Job) -> dict[str, bytes]:
    """The files by name: reference, observation, one a checkpoint, error maps (PNG), provenance (JSON)."""
    case = job.case
    images = {f"{case.name}-{kind}.png": encode_png(pixels, case.bits) for kind, pixels in job_pictures(job)}
    errors = {
        f"{case.name}-{kind}{ERROR_MAP}.png": encode_error_map(error)
        for kind, error in job_errors(job).items()
    }
    files = {**images, **errors}
    provenance = json.dumps(describe_job(job, files), indent=2, allow_nan=False) + "\n"
    return {**files, f"{case.name}-provenance.json": provenance.encode()}


def job_pictures(job: Job) -> Iterator[tuple[str, Tensor]]:
    """The images (C,H,W) of a job with their kind: reference if known, observation, one a checkpoint."""
    if job.case.reference is not None:
        yield "reference", job.case.reference
    yield TASKS.build(job.case.task).observed, job.case.degraded
    yield from ((result.card.name, result.pixels) for result in job.results)


def job_errors(job: Job) -> dict[str, ErrorMap]:
    """The errors of a job by kind: observation, one a checkpoint; none if the clean image is not known."""
    restored = {result.card.name: result.error for result in job.results}
    errors = {TASKS.build(job.case.task).observed: job.degraded_error, **restored}
    return {kind: error for kind, error in errors.items() if error is not None}


def describe_job(job: Job, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What was done to which bytes by which weights, as JSON values."""
    return {
        "uplapp": __version__,
        "torch": torch.__version__,
        "task": job.case.task,
        "degradation": _describe_degradation(job.case.degradation),
        "note": job.case.note,
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
