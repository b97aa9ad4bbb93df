"""A table of runs as data: a TOML file that says what to train, and on what data it says it was."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.recipes.spec import RunSpec, Schedule
from uplapp.imaging.tasks import TASKS

Values = Mapping[str, Any]
NUMBERS = {field.name: type(field.default) for field in fields(Schedule)}
OF_RUN = ("options", "schedule")
OF_START = ("loss", *OF_RUN)
OF_GROUP = ("task", "network", "network_options", "seed", "source", "schedule", "start", "losses")


@dataclass(frozen=True)
class Row:
    """One run of a table: its recipe, and the words for its data."""

    spec: RunSpec
    source: str = ""


def read_table(path: Path) -> list[Row]:
    """The runs of a file in its order: every loss of every group; what cannot be meant is refused.

    A group `[NAME]` holds what its runs share: task, network, network_options, seed, source, schedule, start
    (loss, options, schedule of the run whose weights they go on from), and `[NAME.losses]` a table for each
    loss with its options and what its schedule changes.
    """
    try:
        groups = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UplappError(f"{path} cannot be read as a table of runs: {error}") from error
    rows = [row for name, group in groups.items() for row in _read_group(f"{path.name} [{name}]", group)]
    names = [row.spec.name for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UplappError(f"{path.name} has two runs called {twice}; their files would overwrite each other")
    return rows


def choose_rows(rows: list[Row], names: list[str]) -> list[Row]:
    """The rows of the runs called `names`, all where none is given; an unknown one lists the choices."""
    known = [row.spec.name for row in rows]
    for name in names:
        if name not in known:
            raise UplappError(f"the table has no run '{name}'; choose among: {', '.join(known)}")
    return [row for row in rows if not names or row.spec.name in names]


def rate_line(spec: RunSpec, rate: float) -> str:
    """The line of `[GROUP.losses]` that gives a loss its rate."""
    options = ", ".join(f"{name} = {_toml(value)}" for name, value in spec.loss_options.items())
    own = f"options = {{ {options} }}, " if options else ""
    return f"{spec.loss} = {{ {own}schedule = {{ learning_rate = {rate!r} }} }}"


def _read_group(place: str, group: Any) -> Iterator[Row]:
    _check(place, group, OF_GROUP)
    shared = {
        "task": _known(place, "task", group, TASKS),
        "network": _known(place, "network", group, NETWORKS),
        "seed": group.get("seed", 0),
        "network_options": group.get("network_options", {}),
    }
    start = None
    if "start" in group:
        own = group["start"]
        _check(f"{place} start", own, OF_START)
        start = _read_run(f"{place} start", shared, own.get("loss", ""), own, {}, None)
    for loss, own in group.get("losses", {}).items():
        _check(f"{place} losses.{loss}", own, OF_RUN)
        spec = _read_run(f"{place} losses.{loss}", shared, loss, own, group.get("schedule", {}), start)
        yield Row(spec, group.get("source", ""))


def _read_run(
    place: str, shared: Values, loss: str, own: Values, schedule: Values, start: RunSpec | None
) -> RunSpec:
    numbers = {**schedule, **own.get("schedule", {})}
    _check(f"{place} schedule", numbers, tuple(NUMBERS))
    try:
        LOSSES[loss]
        fitting = Schedule(**{name: _number(name, value) for name, value in numbers.items()})
    except UplappError as error:
        raise UplappError(f"{place}: {error}") from error
    return RunSpec(**shared, loss=loss, schedule=fitting, loss_options=own.get("options", {}), start=start)


def _number(name: str, value: Any) -> Any:
    """A value of the kind its field has, so that equal recipes have equal digests."""
    kind = NUMBERS[name]
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise UplappError(f"{name} is {value!r}; it needs a value of kind {kind.__name__}")
    return value


def _known(place: str, key: str, group: Values, table: Mapping[str, Any]) -> str:
    name = group.get(key, "unet" if key == "network" else "")
    try:
        table[name]
    except UplappError as error:
        raise UplappError(f"{place}: {error}") from error
    return str(name)


def _check(place: str, values: Any, allowed: tuple[str, ...]) -> None:
    if not isinstance(values, Mapping):
        raise UplappError(f"{place} is {values!r}; it needs a table of: {', '.join(allowed)}")
    for key in values:
        if key not in allowed:
            raise UplappError(f"{place} has no key '{key}'; its keys are: {', '.join(allowed)}")


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
