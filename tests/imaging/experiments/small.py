"""A sweep small enough to run in a moment, on a smooth head."""

from pathlib import Path

import numpy as np

from tests.imaging.scans import head
from uplapp.imaging.experiments import EXPERIMENTS
from uplapp.imaging.experiments.crews import Alone
from uplapp.imaging.experiments.deep_decoder import Picture
from uplapp.imaging.experiments.run import Course

PICTURE = Picture("head", head(48, 44).astype(np.float32)[None])
TINY = {"k": "4,6", "s": "4", "l": "2", "iterations": "4,6", "targets": "whole,2x2", "inputs": "uniform"}


def course(path: Path, starts: int = 2, picture: Picture = PICTURE, **options) -> Course:
    sweep = EXPERIMENTS.build("deep-decoder", **{**TINY, "starts": starts, **options})
    return Course(sweep, picture, path)


def run(path: Path, crew=None, **options) -> str:
    """Run what is missing, and give the rows without their seconds."""
    one = course(path, **options)
    one.run(dict.fromkeys(one.missing(), 1.0), crew or Alone())
    return lines(path)


def lines(path: Path) -> str:
    return "\n".join(line.rpartition(",")[0] for line in path.read_text().splitlines())
