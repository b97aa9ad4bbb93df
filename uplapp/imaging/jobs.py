"""A restoration job: one picture, degraded if asked, restored by several checkpoints, and its files."""

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
from uplapp.imaging.checkpoints import Card, load_network
from uplapp.imaging.evaluate import measure
from uplapp.imaging.images import Picture, encode_png
from uplapp.imaging.restore import restore_by_tiles
from uplapp.imaging.tasks import TASKS


@dataclass(frozen=True)
class Degradation:
    """Gaussian noise to add: sigma in 8-bit units, and the seed that makes it repeatable."""

    sigma: float
    seed: int


@dataclass(frozen=True, eq=False)
class Restored:
    """What one checkpoint made: pixels (C,H,W) in [0,1], seconds, metrics if a clean image is known."""

    card: Card
    pixels: Tensor
    seconds: float
    scores: dict[str, float | None] | None


@dataclass(frozen=True, eq=False)
class Job:
    """A finished job; `reference` is None when the picture came noisy."""

    name: str
    bits: int
    degradation: Degradation | None
    reference: Tensor | None
    degraded: Tensor
    degraded_scores: dict[str, float | None] | None
    results: tuple[Restored, ...]


@dataclass(frozen=True)
class Step:
    """How far a job is: a share in [0,1], and what it is doing."""

    share: float
    text: str


def run_job(
    name: str, picture: Picture, checkpoints: Path, cards: Sequence[Card], degradation: Degradation | None
) -> Iterator[Step | Job]:
    """Yield a Step after each tile and the Job at the end; leaving the loop cancels what is left."""
    if not cards:
        raise UplappError("no checkpoint is chosen; choose one or more")
    clean, degraded = picture.pixels, picture.pixels
    if degradation is not None:
        task = TASKS.build(cards[0].spec.task)
        degraded = task.degrade(clean, degradation.sigma, degradation.seed)
    results: list[Restored] = []
    for number, card in enumerate(cards):
        network = load_network(checkpoints, card)
        restored, started = torch.empty_like(degraded), time.perf_counter()
        for share in restore_by_tiles(network, degraded, restored):
            yield Step((number + share) / len(cards), f"{card.label}: {share:.0%}")
        seconds = time.perf_counter() - started
        results.append(Restored(card, restored, seconds, measure(restored, clean) if degradation else None))
    yield Job(
        name=name,
        bits=picture.bits,
        degradation=degradation,
        reference=clean if degradation else None,
        degraded=degraded,
        degraded_scores=measure(degraded, clean) if degradation else None,
        results=tuple(results),
    )


def result_files(job: Job) -> dict[str, bytes]:
    """The job as files by name: reference, noisy, one restored a checkpoint (PNG), provenance (JSON)."""
    pictures = {"noisy": job.degraded} | {result.card.name: result.pixels for result in job.results}
    if job.reference is not None:
        pictures["reference"] = job.reference
    files = {f"{job.name}-{kind}.png": encode_png(pixels, job.bits) for kind, pixels in pictures.items()}
    provenance = json.dumps(describe_job(job, files), indent=2, allow_nan=False) + "\n"
    return {**files, f"{job.name}-provenance.json": provenance.encode()}


def describe_job(job: Job, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What was done to which bytes by which weights, as JSON values."""
    return {
        "uplapp": __version__,
        "torch": torch.__version__,
        "degradation": None if job.degradation is None else asdict(job.degradation),
        "noisy_scores": job.degraded_scores,
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
