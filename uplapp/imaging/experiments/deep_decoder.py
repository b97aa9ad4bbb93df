"""The report's experiment: how a Deep Decoder reproduces one slice, over its settings, inputs and targets.

Source: Deep Decoder on MRI. Patches are joined before anything is measured, so MS-SSIM is defined for them
too, which the report leaves out; where the slice is too small for a metric its place is empty.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from uplapp.errors import BadImage, Cancelled, UplappError
from uplapp.imaging.device import fast_precision, pick_device
from uplapp.imaging.experiments.cells import (
    Cell,
    parse_inputs,
    parse_numbers,
    parse_targets,
    product_of,
    published_cells,
)
from uplapp.imaging.experiments.ledger import Row
from uplapp.imaging.fitting import Diverged, FitRecipe, State, fit, make_target, variation
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.physics.measurement import of_pixels
from uplapp.imaging.restorers.untrained import require_memory
from uplapp.imaging.tasks import TASKS

Pixels = NDArray[np.float32]
Halted = Callable[[], bool]
NETWORK = "deep_decoder"
MEAN = "mean"
KEY = ("k", "s", "l", "inputs", "target", "starts", "start", "iterations")
MEASURED = ("psnr", "ssim", "ms_ssim", "vif")
VALUES = (*MEASURED, "cv", "ended", "seconds")
DECIMALS = {"psnr": 4, "ssim": 6, "ms_ssim": 6, "vif": 6}
DIVERGED = "diverged"
PRECISIONS = ("auto", "bfloat16", "float32")
MOST_STARTS = 20
PROBE_S, PROBE_ITERATIONS, PROBE_MOST = 1.0, 3, 50


@dataclass(frozen=True, eq=False)
class Picture:
    """The slice (1,H,W) in [0,1] that is fitted, and the name of its file."""

    name: str
    pixels: Pixels

    @property
    def size(self) -> tuple[int, int]:
        """The size (H,W)."""
        return self.pixels.shape[-2], self.pixels.shape[-1]

    @property
    def digest(self) -> str:
        """Eight digits that identify the pixels."""
        return sha256(np.ascontiguousarray(self.pixels).tobytes()).hexdigest()[:8]


def open_picture(path: Path, index: int | None = None) -> Picture:
    """Read a picture, or one slice of a scan, by default the middle one. Colour becomes luma."""
    subject = TASKS["mri"].open(path, index)
    if subject.clean is None:
        raise BadImage(f"{path.name} lacks a part of its k-space; a sweep needs a clean slice")
    return Picture(subject.stem, subject.clean.clamp(0, 1).numpy())


@dataclass(frozen=True, eq=False)
class Job:
    """Fits of a cell from some of its starts, which count from 1 and follow each other, in one batch."""

    picture: Picture
    cell: Cell
    starts: tuple[int, ...]
    seed: int
    precision: str


@dataclass(frozen=True, eq=False)
class Result:
    """The rows of a fit and its pictures (1,H,W) by iteration count, or the reason why it has no result."""

    cell: Cell
    start: int
    rows: tuple[Row, ...] = ()
    pictures: Mapping[int, Pixels] | None = None
    failure: str = ""


@dataclass(frozen=True)
class DeepDecoderSweep:
    """Cells, each fitted from so many starts. Start n has the seed `seed` + n - 1."""

    cells: tuple[Cell, ...]
    starts: int
    seed: int
    precision: str

    def common(self, picture: Picture) -> Row:
        """Give the columns that all rows of a file share."""
        shared = {"image": picture.name, "digest": picture.digest}
        return {**shared, "seed": str(self.seed), "precision": self.precision}

    def check(self, picture: Picture) -> None:
        """Refuse a picture that a cell is too large for."""
        for cell in self.cells:
            cell.work(picture.size)
        require_memory(NETWORK, max(cell.k for cell in self.cells), picture.size)


def report_sweep(
    k: str = "8,16,32,64,96,128,192",
    s: str = "8,16,32",
    l: str = "4,5,6",
    iterations: str = "2000,5000,7000",
    inputs: str = "uniform,blur,simplex",
    targets: str = "whole,2x2,3x3,4x5",
    starts: int = 5,
    seed: int = 0,
    published: int = 0,
    precision: str = "auto",
) -> DeepDecoderSweep:
    """Make the sweep of the report's grid, or of a part of it. Lists are texts such as "8,16".

    With `published` the cells are the so many best entries of each of the report's tables instead.
    """
    numbers = {"k": k, "s": s, "l": l, "iterations": iterations}
    lists = {name: parse_numbers(name, text) for name, text in numbers.items()}
    cells = product_of(lists, parse_inputs(inputs), parse_targets(targets))
    if not 0 <= published <= 12:
        raise UplappError(f"--published is {published}; each table has 12 entries, so it needs 1 to 12")
    if not 1 <= starts <= MOST_STARTS:
        raise UplappError(f"--starts is {starts}; it needs a whole number from 1 to {MOST_STARTS}")
    if seed < 0:
        raise UplappError(f"--seed is {seed}; it needs a whole number from 0 up")
    if precision not in PRECISIONS:
        raise UplappError(f"--precision is '{precision}'; it may be one of: {', '.join(PRECISIONS)}")
    chosen = published_cells(published) if published else cells
    used = fast_precision(pick_device()) if precision == "auto" else precision
    return DeepDecoderSweep(tuple(chosen), starts, seed, used)


def batches(starts: Sequence[int]) -> list[tuple[int, ...]]:
    """Divide starts, in their order, into those that are fitted at once: neighbours on a GPU, else each."""
    groups: list[tuple[int, ...]] = []
    for start in starts:
        if pick_device().type == "cuda" and groups and groups[-1][-1] == start - 1:
            groups[-1] += (start,)
        else:
            groups.append((start,))
    return groups


def run_fits(job: Job, halted: Halted) -> list[Result]:
    """Fit starts of a cell, and measure each at each of its iteration counts.

    A fit that diverges has rows without values from there on; its batch is then fitted one by one. Cancelled
    is raised once `halted` says so.
    """
    marks, seconds, made = list(job.cell.marks), {}, None
    clean = torch.from_numpy(job.picture.pixels)

    def hear(state: State) -> bool:
        seconds[state.iteration] = state.iteration / state.per_second / len(job.starts)
        return not halted()

    while marks and made is None:
        try:
            made = fit(partial(_build, job.cell), make_target(of_pixels(clean)), _recipe(job, marks), hear)
        except Diverged:
            if len(job.starts) > 1:
                alone = [replace(job, starts=(start,)) for start in job.starts]
                return [result for one in alone for result in run_fits(one, halted)]
            marks.pop()
    if made is not None and made.iterations < marks[-1]:
        raise Cancelled("the sweep was stopped")
    marked = {} if made is None else {mark: made.marked[mark].numpy() for mark in marks}
    return [
        _result(job, start, {mark: pictures[n] for mark, pictures in marked.items()}, seconds)
        for n, start in enumerate(job.starts)
    ]


def _result(job: Job, start: int, pictures: Mapping[int, Pixels], seconds: Mapping[int, float]) -> Result:
    rows = [
        _of_cell(job.cell, 1, str(start), mark)
        | measured(pictures.get(mark), job.picture)
        | {"seconds": f"{seconds.get(mark, 0):.3f}" if mark in pictures else ""}
        for mark in job.cell.marks
    ]
    return Result(job.cell, start, tuple(rows), pictures)


def time_iteration(job: Job) -> float:
    """Measure the seconds of one iteration of a batch of fits, for about PROBE_S."""
    moments: list[float] = []

    def hear(state: State) -> bool:
        moments.append(time.perf_counter())
        return len(moments) <= PROBE_ITERATIONS or moments[-1] - moments[0] < PROBE_S

    target = make_target(of_pixels(torch.from_numpy(job.picture.pixels)))
    fit(partial(_build, job.cell), target, _recipe(job, [PROBE_MOST]), hear)
    return (moments[-1] - moments[0]) / (len(moments) - 1)


def mean_row(
    cell: Cell, mark: int, singles: Sequence[Row], pictures: Sequence[Pixels], picture: Picture
) -> Row:
    """Measure the mean picture of all starts, with the coefficient of variation of their PSNRs.

    Where a start diverged there is no mean picture.
    """
    complete = len(pictures) == len(singles)
    mean = _mean(pictures) if complete else None
    values = measured(mean, picture)
    if complete:
        psnrs = torch.tensor([float(row["psnr"]) for row in singles])
        seconds = sum(float(row["seconds"]) for row in singles)
        values |= {"cv": f"{variation(psnrs):.6f}", "seconds": f"{seconds:.3f}"}
    return _of_cell(cell, len(singles), MEAN, mark) | values


def measured(pixels: Pixels | None, picture: Picture) -> dict[str, str]:
    """Measure a picture (1,H,W) against the clean one. None is that of a fit that diverged."""
    if pixels is None:
        return {"ended": DIVERGED}
    pair = torch.from_numpy(pixels)[None], torch.from_numpy(picture.pixels)[None]
    values = {"ended": "iterations"}
    for name in MEASURED:
        try:
            values[name] = f"{float(METRICS.build(name)(*pair)):.{DECIMALS[name]}f}"
        except UplappError:  # the picture is too small for it
            values[name] = ""
    return values


def order(row: Row) -> tuple[object, ...]:
    """Give the place of a row in a finished file."""
    shape = (int(row["k"]), int(row["s"]), int(row["l"]))
    start = MOST_STARTS + 1 if row["start"] == MEAN else int(row["start"])
    return (*shape, row["inputs"], row["target"], int(row["starts"]), start, int(row["iterations"]))


def key_of(cell: Cell, starts: int, start: int | str, mark: int) -> tuple[object, ...]:
    """Give the key of a row."""
    return cell.k, cell.s, cell.l, cell.inputs, cell.target, starts, start, mark


def _mean(pictures: Sequence[Pixels]) -> Pixels:
    mean: Pixels = np.stack(pictures).mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def _of_cell(cell: Cell, starts: int, start: str, mark: int) -> dict[str, str]:
    return dict(zip(KEY, map(str, key_of(cell, starts, start, mark)), strict=True))


def _build(cell: Cell, **options: object) -> torch.nn.Module:
    network: torch.nn.Module = NETWORKS.build(NETWORK, channels=1, k=cell.k, s=cell.s, l=cell.l, **options)
    return network


def _recipe(job: Job, marks: Sequence[int]) -> FitRecipe:
    return FitRecipe(
        iterations=marks[-1],
        inputs=job.cell.inputs,
        grid=job.cell.grid,
        seed=job.seed + job.starts[0] - 1,
        starts=len(job.starts),
        precision=job.precision,
        marks=tuple(marks),
    )
