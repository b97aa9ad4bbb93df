"""The files of a job: pictures, error maps, maps of deviation, and the provenance of every byte."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp import __version__
from uplapp.imaging.case import Case
from uplapp.imaging.evaluation.fits import DEVIATION
from uplapp.imaging.evaluation.job import Job, Restored
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.files.volumes import encode_nifti
from uplapp.imaging.metrics.error_maps import ERROR_MAP, encode_error_map
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.whole import write_bytes


def result_files(job: Job) -> dict[str, bytes]:
    """Encode the files by name: pictures, maps of error and of deviation (PNG), provenance (JSON).

    Volumes become packed NIfTI files in the place of the one that was read.
    """
    case = job.case
    images = dict(_encode(case, kind, pixels) for kind, pixels in job.pictures())
    errors = {
        f"{case.name}-{kind}{ERROR_MAP}.png": encode_error_map(error) for kind, error in job.errors().items()
    }
    deviations = {
        f"{case.name}-{kind}{DEVIATION}.png": encode_error_map(deviation)
        for kind, deviation in job.deviations().items()
    }
    files = {**images, **errors, **deviations}
    provenance = json.dumps(describe_job(job, files), indent=2, allow_nan=False) + "\n"
    return {**files, f"{case.name}-provenance.json": provenance.encode()}


def describe_job(job: Job, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Describe as JSON values which program did what to which bytes."""
    degradation = job.case.degradation
    return {
        "uplapp": __version__,
        "torch": torch.__version__,
        "task": job.case.task,
        "degradation": None if degradation is None else plain_options(degradation),
        "understood": list(job.case.understood),
        "note": job.case.note,
        f"{job.observed}_scores": job.degraded_scores,
        "results": [_describe(result) for result in job.results],
        "files_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }


def write_results(job: Job, folder: Path) -> list[Path]:
    """Write the files of a job, each in one replace.

    Returns their paths.
    """
    return [write_bytes(folder / name, content) for name, content in result_files(job).items()]


def _encode(case: Case, kind: str, pixels: Tensor) -> tuple[str, bytes]:
    """Give the name and the content of the file of an image."""
    if case.space is None:
        return f"{case.name}-{kind}.png", encode_png(pixels, case.bits)
    return f"{case.name}-{kind}.nii.gz", encode_nifti(pixels, case.space)


def plain_options(degradation: Degradation | AsItIs) -> dict[str, Any]:
    """Give the options of a degradation as JSON values, of a file its name alone."""
    options = asdict(degradation)  # type: ignore[arg-type]
    return {name: value.name if isinstance(value, Path) else value for name, value in options.items()}


def _describe(result: Restored) -> dict[str, Any]:
    candidate = result.candidate
    return {
        **candidate.facts,
        "options": dict(candidate.options),
        "weights_sha256": candidate.card.sha256 if candidate.card else None,
        "base": dict(candidate.card.base) if candidate.card else {},
        "precision": result.precision,
        "seconds": round(result.seconds, 3),
        "scores": result.scores,
        "cautions": list(result.cautions),
        "fit": result.fit.facts if result.fit else None,
    }
