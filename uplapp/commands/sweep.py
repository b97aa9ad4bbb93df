"""`python -m uplapp sweep`: the experiments of the reports, as tables of fits."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplapp.errors import Cancelled, UplappError
from uplapp.workflows.sweep import SweepLine, draw_figures, duration, write_tables
from uplapp.workflows.training import stopping

if TYPE_CHECKING:
    from uplapp.imaging.experiments.crews import Crew
    from uplapp.imaging.experiments.run import Course

NAME = typer.Argument(help="A name in the table of experiments: deep-decoder.")
PICTURE = typer.Argument(
    metavar="[SLICE]",
    help="PNG, JPEG, TIFF, fastMRI .h5, .nii, .nii.gz, .npy, .npz; without it FILE.csv is drawn as it is.",
)
OUT = typer.Option(help="CSV file of the rows; fits whose rows are there are not done again.")
SLICE = typer.Option("--slice", help="Slice of a scan, from 0; the middle one by default.")
WORKERS = typer.Option(min=0, help="Processes of one core each; 0: one for each core, or one for a GPU.")
DASK = typer.Option(help="Instead: the workers of the scheduler at this address, best of one thread each.")
DRY_RUN = typer.Option("--dry-run", help="Print how long it will take, and do no fit.")
FIGURES = typer.Option(help="Draw the report's figures into this folder.")
TABLES = typer.Option(help="Write the report's tables, ours beside the published, to this file (.md).")
K = typer.Option(help="Hidden channels, such as 16,64,96; default 8,16,32,64,96,128,192.")
S = typer.Option(help="How much smaller the input is; default 8,16,32.")
L = typer.Option(help="Blocks; default 4,5,6.")
ITERATIONS = typer.Option(help="Iteration counts, all from one fit; default 2000,5000,7000.")
INPUTS = typer.Option(help="Random inputs, a kind or more; default uniform,blur,simplex.")
TARGETS = typer.Option(help="Patches that are fitted together; default whole,2x2,3x3,4x5.")
STARTS = typer.Option(help="Fits of each setting, whose mean picture is measured too; default 5.")
SEED = typer.Option(help="Seed of the first start, the next ones count up; default 0.")
PUBLISHED = typer.Option(
    help="Instead of a grid: so many of the best entries of each of the report's tables 4.3 to 4.5."
)
PRECISION = typer.Option(help="bfloat16, float32 or auto, which takes what is fast here.")
OF_GRID = ("k", "s", "l", "iterations", "inputs", "targets")
OF_EXPERIMENT = (*OF_GRID, "starts", "seed", "published", "precision")
INTERRUPTED = 130


def sweep(
    context: typer.Context,
    name: Annotated[str, NAME],
    out: Annotated[Path, OUT],
    picture: Annotated[Path | None, PICTURE] = None,
    slice_: Annotated[int | None, SLICE] = None,
    workers: Annotated[int, WORKERS] = 0,
    dask: Annotated[str, DASK] = "",
    dry_run: Annotated[bool, DRY_RUN] = False,
    figures: Annotated[Path | None, FIGURES] = None,
    tables: Annotated[Path | None, TABLES] = None,
    k: Annotated[str | None, K] = None,
    s: Annotated[str | None, S] = None,
    l: Annotated[str | None, L] = None,
    iterations: Annotated[str | None, ITERATIONS] = None,
    inputs: Annotated[str | None, INPUTS] = None,
    targets: Annotated[str | None, TARGETS] = None,
    starts: Annotated[int | None, STARTS] = None,
    seed: Annotated[int | None, SEED] = None,
    published: Annotated[int | None, PUBLISHED] = None,
    precision: Annotated[str | None, PRECISION] = None,
) -> None:
    """Run an experiment on one slice, going on where a stopped command ended.

    Example: python -m uplapp sweep deep-decoder head.nii.gz --out sweep.csv --k 16,64 --targets whole

    Then: python -m uplapp sweep deep-decoder --out sweep.csv --figures figures --tables tables.md
    """
    given = {one: context.params[one] for one in OF_EXPERIMENT if context.params[one] is not None}
    grid = [one for one in OF_GRID if one in given]
    if published is not None and grid:
        raise UplappError(f"--published and --{grid[0]} do not go together: the entries have their own")
    course = _course(name, picture, slice_, out, given)
    if course is not None:
        _run(course, _crew(workers, dask), dry_run)
    elif not out.is_file():
        raise UplappError(f"there is no {out} to draw; give a slice to run the experiment on")
    if not dry_run:
        _draw(out, figures, tables)


def _course(
    name: str, picture: Path | None, index: int | None, out: Path, given: dict[str, object]
) -> "Course | None":
    from uplapp.imaging.experiments import EXPERIMENTS, open_picture
    from uplapp.imaging.experiments.run import Course

    experiment = EXPERIMENTS.build(name, **given)
    return None if picture is None else Course(experiment, open_picture(picture, index), out)


def _crew(workers: int, dask: str) -> "Crew":
    from uplapp.imaging.experiments.crews import Alone, Processes, Scheduler, default_count

    if dask:
        return Scheduler(dask)
    count = workers or default_count()
    return Alone() if count == 1 else Processes(count)


def _run(course: "Course", crew: "Crew", dry_run: bool) -> None:
    """Say how long it will take, then do it. A stop by a person has the exit code of an interrupt."""
    from uplapp.imaging.experiments.estimate import estimate_seconds

    missing, count = course.missing(), crew.count
    jobs = dict(zip(missing, estimate_seconds(missing), strict=True))
    seconds = sum(jobs.values()) / count
    left, each = sum(len(job.starts) for job in jobs), max((len(job.starts) for job in jobs), default=1)
    there = f"{course.fits - left} of {course.fits} fits are done"
    at_a_time = f"{count * each} at a time"
    print(f"{there}; the others take about {duration(seconds)}, {at_a_time}", file=sys.stderr)
    if dry_run:
        return
    line = SweepLine()
    try:
        with stopping([line]):
            course.run(jobs, crew, lambda: line.stopped, line)
    except Cancelled as stop:
        print(f"{stop}; the same command goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from stop
    for failure in line.failures:
        print(f"error: {failure}", file=sys.stderr)
    if line.failures:
        raise typer.Exit(1)


def _draw(out: Path, figures: Path | None, tables: Path | None) -> None:
    if figures is not None:
        print(*draw_figures(out, figures), sep="\n")
    if tables is not None:
        write_tables(out, tables)
        print(tables)
