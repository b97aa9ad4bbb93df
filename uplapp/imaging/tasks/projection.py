"""X-ray-like pictures from projections of MR: heads seen by both, training batches, the row of the task."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, Subject
from uplapp.imaging.files.aligned import SUFFIX, list_heads, read_head
from uplapp.imaging.files.readers import picture_name
from uplapp.imaging.files.samples import HEADS_OF_TWO
from uplapp.imaging.physics import AsItIs, Degradation, Head, Measurement, Projection, as_picture
from uplapp.imaging.tasks.task import Task, Words

# From how many sides each head of a folder is looked at.
VIEWS = 8
# Degrees between the angles from which training chooses.
ANGLE_STEP = 5
# Training makes heads smaller and larger, and MR darker and brighter, by up to these factors.
SIZES, GAINS = (0.85, 1.1), (0.85, 1.15)
HEAD_BITS = 16


def open_head(path: Path, index: int | None = None) -> Subject:
    """Read the MR and CT of one head. Its clean picture is the X-ray-like one at the angle of the MR."""
    if index:
        raise UplappError(f"{path.name} is projected as a whole, so there is no slice {index} to choose")
    return subject_of(read_head(path))


def heads(folder: Path) -> Iterator[Subject]:
    """Read the heads of a folder, each from VIEWS sides."""
    for path in list_heads(folder):
        head = read_head(path)
        yield from (subject_of(head, 360 * view / VIEWS) for view in range(VIEWS))


def subject_of(head: Head, turn: float = 0.0) -> Subject:
    """Make a head that can be projected, turned by so many degrees."""

    def measure(degradation: Degradation | AsItIs | None) -> Measurement:
        if not isinstance(degradation, Projection):
            raise UplappError(f"{head.name} holds volumes; give the angle to project them at")
        return degradation.turned(turn).measure(head)

    def clean_under(degradation: Projection) -> Tensor:
        return degradation.turned(turn).picture(head)

    name = f"{head.name}:{turn:g}" if turn else head.name
    stem = picture_name(Path(head.name))
    clean = clean_under(Projection())
    return Subject(name, clean, measure, stem, HEAD_BITS, clean_under=clean_under)


def load_heads(folder: Path, side_px: int) -> list[Head]:
    """Load every head of a folder in order of name."""
    return [read_head(path) for path in list_heads(folder)]


def projected_heads(
    data: Sequence[Head], count: int, side_px: int, random: np.random.Generator, cone_share: float = 0.1
) -> Batch:
    """Draw pairs (B,1,side_px/2,side_px) of projections of MR and CT, each at an angle of whole ANGLE_STEPs.

    About `cone_share` of the beams are cones. Heads are mirrored, made smaller or larger, their MR darker or
    brighter.
    """
    drawn = [
        _draw_pair(data[index], (side_px // 2, side_px), cone_share, random)
        for index in random.integers(len(data), size=count)
    ]
    pairs = torch.stack(drawn)
    return Batch(pairs[:, :1], pairs[:, 1:])


def _draw_pair(head: Head, size: tuple[int, int], cone_share: float, random: np.random.Generator) -> Tensor:
    """Draw one pair of projections (2,*size), MR first."""
    beam = "cone" if random.random() < cone_share else "parallel"
    pair = _pair(head, ANGLE_STEP * int(random.integers(360 // ANGLE_STEP)), beam)
    if random.integers(2):
        pair = pair.flip(-1)
    scale = math.exp(random.uniform(*np.log(SIZES)))
    sides = [max(round(scale * side), 1) for side in pair.shape[-2:]]
    # A head of other size is seen along longer or shorter rays.
    pair = scale * functional.interpolate(pair[None], sides, mode="bilinear", antialias=True)[0]
    pair[0] *= random.uniform(*GAINS)
    return _window(pair, size, random).clamp(0, 1)


@lru_cache(maxsize=4096)
def _pair(head: Head, angle: float, beam: str) -> Tensor:
    """Project a head, MR first. A projection costs more than a step of a small network, so they are kept."""
    projector = Projection(angle, beam).projector(head)
    return as_picture(projector.forward(torch.stack([head.mr, head.attenuation])))


def _window(pair: Tensor, size: tuple[int, int], random: np.random.Generator) -> Tensor:
    """Cut a window of a size out of pictures (2,H,W), with black around them where they are smaller."""
    margins = []
    for side, wanted in zip(pair.shape[-2:], size, strict=True):
        first = int(random.integers(abs(side - wanted) + 1))
        before, after = first, abs(side - wanted) - first
        margins.append((before, after) if side < wanted else (-before, -after))
    return functional.pad(pair, (*margins[1], *margins[0]))


XRAY = Task(
    label="MR to X-ray",
    source="Stimpel et al. (2017)",
    axes=2,
    channels_in=1,
    channels_out=1,
    degradation="projection",
    observed="projection",
    words=Words("Head", "Upload .npz with the arrays mr and ct"),
    suffixes=(SUFFIX,),
    open=open_head,
    subjects=heads,
    load=load_heads,
    pairs=projected_heads,
    samples=HEADS_OF_TWO,
)
