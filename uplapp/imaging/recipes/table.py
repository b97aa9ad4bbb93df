"""Tables of runs: TOML files that say what to train, and how to describe the data."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from uplapp import typed
from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import trained
from uplapp.imaging.recipes.spec import RunSpec, Schedule, Stage
from uplapp.imaging.tasks import TASKS

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One run of a table: its recipe, the words for its data, and the title of its checkpoint on screen."""

    spec: RunSpec
    source: str = ""
    title: str = ""


@dataclass(frozen=True)
class StageTable:
    """A stage as written in a table.

    A missing `loss` is the key of its table. `title` names the checkpoint on screen.
    """

    loss: str = ""
    options: Values = field(default_factory=dict)
    schedule: Values = field(default_factory=dict)
    learner: str = "supervised"
    learner_options: Values = field(default_factory=dict)
    draw: Values = field(default_factory=dict)
    title: str = ""


@dataclass(frozen=True)
class Group:
    """The settings shared by the runs of a group: `start` or `stages` first, then each of `losses`."""

    task: str
    network: str = "unet"
    network_options: Values = field(default_factory=dict)
    seed: int = 0
    source: str = ""
    schedule: Values = field(default_factory=dict)
    draw: Values = field(default_factory=dict)
    reading: Values = field(default_factory=dict)
    start: StageTable | None = None
    stages: tuple[StageTable, ...] = ()
    losses: Mapping[str, StageTable] = field(default_factory=dict)


def read_table(path: Path) -> list[Row]:
    """Read the runs of a file in its order, every loss of every group.

    Invalid values are refused. A group `[NAME]` holds what its runs share: task, network, network_options,
    seed, source, schedule, draw, reading, stages (or one, as start) that come before, each with loss,
    options, schedule, draw, learner and learner_options; `[NAME.losses]` holds a table for each loss with its
    options, what its schedule changes, and a title. Runs of one name differ in their digests.
    """
    try:
        groups = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UplappError(f"{path} cannot be read as a table of runs: {error}") from error
    rows = [row for name, group in groups.items() for row in _rows_of(f"{path.name} [{name}]", group)]
    if len({row.spec.digest for row in rows}) < len(rows):
        raise UplappError(f"{path.name} has the same run twice; give each its own seed, loss or options")
    count = Counter(row.spec.name for row in rows)
    return [row if count[row.spec.name] == 1 else replace(row, spec=_named_apart(row.spec)) for row in rows]


def choose_rows(rows: list[Row], names: list[str]) -> list[Row]:
    """Choose the rows of the runs called `names`, all rows without names.

    The message about an unknown name lists the choices.
    """
    choices = [row.spec.name for row in rows]
    for name in names:
        if name not in choices:
            raise UplappError(f"the table has no run '{name}'; choose among: {', '.join(choices)}")
    return [row for row in rows if not names or row.spec.name in names]


def rate_line(spec: RunSpec, rate: float) -> str:
    """The line of `[GROUP.losses]` that gives a loss its rate."""
    options = ", ".join(f"{name} = {_toml(value)}" for name, value in spec.last.loss_options.items())
    own = f"options = {{ {options} }}, " if options else ""
    return f"{spec.loss} = {{ {own}schedule = {{ learning_rate = {rate!r} }} }}"


def _rows_of(place: str, values: Any) -> Iterator[Row]:
    group = typed.read(Group, values, place, UplappError)
    _require_known(place, group)
    first = [(f"{place} start", group.start)] if group.start else []
    before = [*first, *((f"{place} stages[{n}]", stage) for n, stage in enumerate(group.stages))]
    stages = tuple(_stage(where, stage, stage.loss) for where, stage in before)
    for key, own in group.losses.items():
        shared = replace(own, schedule={**group.schedule, **own.schedule}, draw={**group.draw, **own.draw})
        last = _stage(f"{place} losses.{key}", shared, own.loss or key)
        label = key if own.loss and own.loss != key else ""
        options = group.network_options
        spec = RunSpec(group.task, group.network, (*stages, last), group.seed, options, label, group.reading)
        yield Row(spec, group.source, own.title)


def _stage(place: str, table: StageTable, loss: str) -> Stage:
    schedule = typed.read(Schedule, table.schedule, f"{place} schedule", UplappError)
    try:
        LOSSES[loss]
    except UplappError as error:
        raise UplappError(f"{place}: {error}") from error
    return Stage(loss, schedule, table.options, table.learner, table.learner_options, table.draw)


def _require_known(place: str, group: Group) -> None:
    try:
        TASKS[group.task], trained(group.network)
    except UplappError as error:
        raise UplappError(f"{place}: {error}") from error


def _named_apart(spec: RunSpec) -> RunSpec:
    return replace(spec, label=f"{spec.label or spec.loss}-{spec.digest}")


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
