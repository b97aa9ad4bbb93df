"""`python -m uplapp train`: from images to a checkpoint, or to all checkpoints of a table of runs."""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.errors import Cancelled, UplappError
from uplapp.settings import Settings
from uplapp.workflows.training import (
    ProgressLine,
    describe,
    describe_outcome,
    describe_trials,
    draw_curves,
    once_each,
    one_voice,
    stopping,
)

if TYPE_CHECKING:
    from uplapp.imaging.recipes.table import Row
    from uplapp.imaging.training.run import Run
    from uplapp.imaging.training.sweep import Outcome

DATA = typer.Option(
    help="Folder of photographs (denoise), volumes (mri, volume) or heads (xray); TASK=FOLDER for several."
)
LOSS = typer.Option(help="A name in the table of losses, such as l2.")
TASK = typer.Option(help="A name in the table of tasks.")
NETWORK = typer.Option(help="A name in the table of networks.")
SEED = typer.Option(help="Seed of weights, crops and noise.")
STEPS = typer.Option(min=1, help="Batches to train for.")
BATCH = typer.Option(min=1, help="Crops a batch.")
CROP = typer.Option(min=32, help="Side of a crop, px.")
RATE = typer.Option(min=1e-7, help="Learning rate.")
OPTIMISER = typer.Option(help="A name in the table of optimisers: adam or muon.")
WIDTH = typer.Option(min=6, help="Channels of the first layer.")
PRECISION = typer.Option(help="bfloat16 or float32.")
RUNS = typer.Option(help="Folder of training states and logs.")
OUT = typer.Option(help="Folder of the checkpoint; default: checkpoints.")
VALIDATE = typer.Option(help="Folder of images to look at while training and to score the result on.")
SOURCE = typer.Option(help="What the card says the data are.")
THREADS = typer.Option(min=0, help="Processor threads; 0 means all.")
ALL = typer.Option("--all", help="Train all runs of the table that are not there yet.")
TABLE = typer.Option(help="With --all: a table of runs (TOML); default: checkpoints/runs.toml.")
ONLY = typer.Option(help="With --all: the run of that name, such as mri-unet-l1; repeatable.")
DASK = typer.Option(help="With --all: spread the runs over the workers of the scheduler at this address.")
RATES = typer.Option(help="Search instead: compare these learning rates in short runs (1e-4,5e-4,2e-3).")
SEARCH_STEPS = typer.Option(min=1, help="With --rates: batches of a short run.")
LOOK = typer.Option(min=1, help="Steps between two looks at validation images.")
SAVE = typer.Option(min=1, help="Steps between two saved states.")
LEARNER = typer.Option(help="A name in the table of learners.")
DRAW = typer.Option(help="How the task draws its batches, such as grey_share=0.5; may be given again.")
READ = typer.Option("--read", help="How files are read, such as window=brain; may be given again.")
CURVES = typer.Option(help="Draw losses and validation scores to this file (.svg, .pdf, .png).")

OF_RECIPE = (
    "task",
    "network",
    "loss",
    "seed",
    "steps",
    "batch",
    "crop",
    "rate",
    "optimiser",
    "width",
    "precision",
    "learner",
    "draw",
    "read",
)
OF_TABLE = ("table", "only", "dask")
INTERRUPTED = 130


@dataclass(frozen=True)
class Folders:
    """The folders and intervals of all runs of the command."""

    data: Sequence[str]
    validate: Sequence[str]
    runs: Path
    out: Path
    look_every: int
    save_every: int

    def work(self, rows: Sequence["Row"]) -> list["Run"]:
        """Pair the rows of a table with their folders."""
        alone = len({row.spec.task for row in rows}) == 1
        return [self.run(row, alone) for row in rows]

    def run(self, row: "Row", alone: bool) -> "Run":
        """Pair a row of the table with its folders.

        `alone` is true where all rows are of one task.
        """
        from uplapp.imaging.training.run import Places, Run

        data = _folder("--data", self.data, row.spec.task, alone)
        if data is None:
            raise UplappError(f"there is no data for {row.spec.task}; give --data {row.spec.task}=FOLDER")
        validate = _folder("--validate", self.validate, row.spec.task, alone)
        places = Places(data, self.runs, self.out, validate, self.look_every, self.save_every)
        return Run(row.spec, places, row.source or data.name, row.title)


def train(
    context: typer.Context,
    data: Annotated[list[str], DATA],
    loss: Annotated[str, LOSS] = "",
    task: Annotated[str, TASK] = "denoise",
    network: Annotated[str, NETWORK] = "unet",
    seed: Annotated[int, SEED] = 0,
    steps: Annotated[int, STEPS] = 9000,
    batch: Annotated[int, BATCH] = 8,
    crop: Annotated[int, CROP] = 96,
    rate: Annotated[float, RATE] = 1e-3,
    optimiser: Annotated[str, OPTIMISER] = "adam",
    width: Annotated[int, WIDTH] = 48,
    precision: Annotated[str, PRECISION] = "bfloat16",
    runs: Annotated[Path, RUNS] = Path("runs"),
    out: Annotated[Path | None, OUT] = None,
    validate: Annotated[list[str] | None, VALIDATE] = None,
    source: Annotated[str, SOURCE] = "",
    threads: Annotated[int, THREADS] = 0,
    every_run: Annotated[bool, ALL] = False,
    table: Annotated[Path | None, TABLE] = None,
    only: Annotated[list[str] | None, ONLY] = None,
    dask: Annotated[str, DASK] = "",
    rates: Annotated[str, RATES] = "",
    search_steps: Annotated[int, SEARCH_STEPS] = 300,
    validate_every: Annotated[int, LOOK] = 500,
    save_every: Annotated[int, SAVE] = 250,
    curves: Annotated[Path | None, CURVES] = None,
    learner: Annotated[str, LEARNER] = "supervised",
    draw: Annotated[list[str] | None, DRAW] = None,
    read: Annotated[list[str] | None, READ] = None,
) -> None:
    """Train one network, or every network of a table, going on where a stopped command ended.

    Example: python -m uplapp train --task denoise --network unet --loss l2 --data photographs
    """
    _check(context)
    home = Settings.from_env().checkpoints
    rows = _rows(table or home / "runs.toml", only or []) if every_run else [_row(context, source)]
    work = Folders(data, validate or [], runs, out or home, validate_every, save_every).work(rows)
    try:
        _do(work, context)
    finally:
        if curves is not None:
            draw_curves(curves, _logs(work))


def _do(work: Sequence["Run"], context: typer.Context) -> None:
    """Search for rates, or train one or many runs.

    A stop by a person is reported, with the exit code of an interrupt.
    """
    values = context.params
    _set_threads(values["threads"])
    try:
        with one_voice(Settings.from_env().leads):
            if values["rates"]:
                _search(work, values["rates"], values["search_steps"])
            elif values["every_run"]:
                _report(_spread(work, values["dask"]) if values["dask"] else _in_turn(work), len(work))
            else:
                _train(work[0])
    except Cancelled as stop:
        print(stop, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from stop


def _check(context: typer.Context) -> None:
    """Refuse, before anything is read, options that do not go together."""
    values = context.params
    sources = {name: context.get_parameter_source(name) for name in values}
    typed = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    strangers = set(OF_RECIPE if values["every_run"] else OF_TABLE) & set(typed)
    if strangers:
        home = "the table says that" if values["every_run"] else "it belongs to --all"
        raise UplappError(f"--{min(strangers)} does not go with the other options: {home}")
    if not values["every_run"] and not values["loss"]:
        raise UplappError("nothing to train; give --loss NAME, or --all for a table of runs")
    if values["rates"] and values["dask"]:
        raise UplappError("--rates and --dask do not go together; search here or train there")
    if values["curves"] is not None:
        from uplapp.analysis.plots.figures import kind_of

        kind_of(values["curves"])


def _set_threads(threads: int) -> None:
    import torch

    if threads:
        torch.set_num_threads(threads)


def _row(context: typer.Context, source: str) -> "Row":
    from uplapp.imaging.recipes.spec import Schedule, one_stage
    from uplapp.imaging.recipes.table import Row

    values = context.params
    schedule = Schedule(
        steps=values["steps"],
        batch=values["batch"],
        crop_px=values["crop"],
        learning_rate=values["rate"],
        precision=values["precision"],
        optimiser=values["optimiser"],
    )
    spec = one_stage(
        values["task"],
        values["network"],
        values["loss"],
        values["seed"],
        schedule=schedule,
        network_options={} if values["width"] == 48 else {"width": values["width"]},
        learner=values["learner"],
        draw=read_settings(values["draw"] or []),
        reading=read_settings(values["read"] or []),
    )
    return Row(spec, source)


def read_settings(texts: Sequence[str]) -> dict[str, Any]:
    """Read texts `key=value`, the values as JSON where they are, else as text."""
    settings = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UplappError(f"'{text}' is no setting; write key=value")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings


def _rows(table: Path, only: list[str]) -> list["Row"]:
    from uplapp.imaging.recipes.table import choose_rows, read_table

    return choose_rows(read_table(table), only)


def _folder(option: str, texts: Sequence[str], task: str, alone: bool) -> Path | None:
    """Find the folder of a task: the FOLDER of TASK=FOLDER, or the plain one where there is but one task."""
    named = [text for text in texts if text.startswith(f"{task}=")]
    plain = [text for text in texts if "=" not in text or Path(text).exists()]
    if named:
        return Path(named[-1].removeprefix(f"{task}="))
    if plain and not alone:
        raise UplappError(f"{option} {plain[0]} is for which task? give {option} {task}=FOLDER")
    return Path(plain[-1]) if plain else None


def _train(run: "Run") -> None:
    from uplapp.imaging.training.run import make_checkpoint

    line = ProgressLine()
    with stopping([line]):
        card = make_checkpoint(run.spec, run.places, run.source, line, say=once_each())
    if card is not None:
        print(describe(card))


def _spread(work: Sequence["Run"], address: str) -> Iterator["Outcome"]:
    from uplapp.imaging.training.sweep import spread

    return spread(work, address)


def _in_turn(work: Sequence["Run"]) -> Iterator["Outcome"]:
    from uplapp.imaging.training.sweep import attempt

    lines = [ProgressLine(f"{number} of {len(work)}, ") for number in range(1, len(work) + 1)]
    say = once_each()
    with stopping(lines):
        for run, line in zip(work, lines, strict=True):
            yield attempt(run, line, say)


def _report(outcomes: Iterator["Outcome"], total: int) -> None:
    """Print the outcome of each run.

    Runs that failed are printed again at the end, with exit code 1.
    """
    failed = []
    for number, outcome in enumerate(outcomes, start=1):
        print(f"{number} of {total}: {describe_outcome(outcome)}", flush=True)
        if outcome.state == "failed":
            failed.append(outcome)
    for outcome in failed:
        print(f"error: {describe_outcome(outcome)}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _search(work: Sequence["Run"], rates: str, steps: int) -> None:
    from uplapp.imaging.training.rates import choose, try_rates
    from uplapp.imaging.training.run import Supplies
    from uplapp.imaging.training.team import Team

    listed, say = _read_rates(rates), once_each()
    for run in work:
        line, places = ProgressLine(), run.places
        supplies = Supplies.read(run.spec, places)
        for sentence in supplies.understood:
            say(sentence)
        with stopping([line]):
            trials = try_rates(run.spec, supplies, places.runs, Team.gather(), listed, steps, line)
        print(describe_trials(run.spec, trials, choose(trials)))


def _read_rates(text: str) -> list[float]:
    from uplapp.analysis.reading.numbers import one_number

    rates = [one_number(part) for part in text.split(",")]
    if not all(map(math.isfinite, rates)):
        raise UplappError(f"--rates {text} cannot be read; give numbers such as 1e-4,5e-4,2e-3")
    return rates


def _logs(work: Sequence["Run"]) -> dict[str, Path]:
    from uplapp.imaging.training.run import log_path

    before = {
        f"{run.spec.before.name} (before)": log_path(run.places.runs, run.spec.before)
        for run in work
        if run.spec.before is not None
    }
    return before | {run.name: log_path(run.places.runs, run.spec) for run in work}
