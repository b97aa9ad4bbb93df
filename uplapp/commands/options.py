"""Options of commands, read off the fields of degradations, so that no option is written twice."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.described import Option, options_of
from uplapp.errors import UplappError

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints import Card, Checkpoints
    from uplapp.imaging.evaluation.candidates import Candidate
    from uplapp.imaging.physics import AsItIs, Degradation

TYPES: Mapping[str, type] = {
    "whole": int,
    "number": float,
    "switch": bool,
    "choice": str,
    "text": str,
    "file": Path,
}
METHOD = typer.Option("--method", help="A method without training, such as tv; may be given again.")
SET = typer.Option("--set", help="An option of a method, key=value or METHOD.key=value; may be given again.")
NO_CONSISTENCY = typer.Option(
    "--no-consistency", help="Leave what a network says of measured samples instead of putting them back."
)


Command = Callable[..., None]


def with_degradation_options(
    without: tuple[str, ...] = (), as_it_is: bool = False, reading: bool = False
) -> Callable[[Command], Command]:
    """Mark a command that gets the options of degradations, but `without`, as the mapping `degradation`.

    With `as_it_is` it gets those for images that are used as they are too, with `reading` those that say how
    a file is to be read, as the mapping `reading`.
    """

    def mark(command: Command) -> Command:
        command.without, command.as_it_is = without, as_it_is  # type: ignore[attr-defined]
        command.reading = reading  # type: ignore[attr-defined]
        return command

    return mark


def without_degradations(command: Command) -> Command:
    """Give a marked command its own options only: enough for a list of commands, and without torch."""
    return _taking(command, {}, {})


def completed(command: Command) -> Command:
    """Give a marked command one option for each field of every degradation that there is now."""
    without, as_it_is = command.without, command.as_it_is  # type: ignore[attr-defined]
    options = {name: each for name, each in _options(as_it_is).items() if name not in without}
    degrading = {name: _parameter(name, each) for name, each in options.items()}
    return _taking(command, degrading, _of_reading() if command.reading else {})  # type: ignore[attr-defined]


Parameters = Mapping[str, inspect.Parameter]


def _taking(command: Command, degrading: Parameters, reading: Parameters) -> Command:
    """Give a command that takes parameters one by one and hands them on as `degradation` and `reading`."""
    own = inspect.signature(command, eval_str=True)
    added = {"degradation": degrading, "reading": reading}

    @wraps(command)
    def with_options(**values: Any) -> None:
        for name in set(added) & set(own.parameters):
            chosen = {each: values.pop(each) for each in added[name]}
            values[name] = {each: value for each, value in chosen.items() if value is not None}
        command(**values)

    kept = [one for one in own.parameters.values() if one.name not in added]
    parameters = [*kept, *degrading.values(), *reading.values()]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def candidates_of(
    checkpoints: "Checkpoints",
    cards: "Sequence[Card]",
    consistency: bool,
    methods: Sequence[str],
    settings: Sequence[str],
) -> "list[Candidate]":
    """List what restores: the networks of the cards, then the methods with their settings."""
    from uplapp.imaging.evaluation.candidates import of_cards, of_methods, settings_of

    of_networks = of_cards(checkpoints, cards, consistency)
    return [*of_networks, *of_methods(methods, settings_of(methods, settings))]


def degradation_of(task: str, given: Mapping[str, Any]) -> "Degradation":
    """Build the degradation of a task from command-line options, and from its defaults.

    An option of another task is refused.
    """
    from uplapp.imaging.tasks import TASKS

    _require_own(task, given, [one.name for one in options_of(TASKS[task].degrading)])
    return TASKS[task].degrade(**given)


def degradation_if_any(task: str, given: Mapping[str, Any]) -> "Degradation | AsItIs | None":
    """Build the degradation of a task from command-line options.

    Without its strength the image is used as it is: the result is None, or the value that says more of it.
    An option of another task is refused.
    """
    from uplapp.imaging.tasks import TASKS

    kind = TASKS[task].degrading
    taking = _taking_of(kind)
    own, others = ([one.name for one in options_of(each)] for each in (kind, taking))
    _require_own(task, given, [*own, *others])
    as_it_is = {name: value for name, value in given.items() if name in others}
    rest = [name for name in given if name not in ("seed", *as_it_is)]
    if rest and as_it_is:
        raise UplappError(
            f"{_flag(next(iter(as_it_is)))} is for an image as it is, and {_flag(rest[0])} for one that is "
            f"degraded first; give one of them"
        )
    if kind.strength in given:
        return TASKS[task].degrade(**given)
    if rest:
        raise UplappError(f"{_flag(rest[0])} says how, not how much; give {_flag(kind.strength)} as well")
    return taking(**as_it_is) if taking else None


def _require_own(task: str, given: Mapping[str, Any], own: Sequence[str]) -> None:
    for name in given:
        if name not in own:
            flags = ", ".join(map(_flag, own))
            raise UplappError(f"{_flag(name)} is not for the task '{task}'; its options are: {flags}")


def tasks_with(given: Mapping[str, Any]) -> list[str]:
    """List the tasks that have all of the options, and the strength of their degradation among them.

    An option of images as they are stands for the strength.
    """
    from uplapp.imaging.tasks import TASKS

    tasks = []
    for task, row in TASKS.items():
        others = {one.name for one in options_of(_taking_of(row.degrading))}
        all_of_it = {one.name for one in options_of(row.degrading)} | others
        if given.keys() <= all_of_it and given.keys() & {row.degrading.strength, *others}:
            tasks.append(task)
    return tasks


def _taking_of(kind: Any) -> "type[AsItIs] | None":
    """Give the class of values for images as they are, None where a degradation has none."""
    taking: type[AsItIs] | None = kind.choice.taking if kind.choice else None
    return taking


def _options(as_it_is: bool) -> dict[str, dict[str, Option]]:
    """Give the options of all degradations by name, and each by the degradation that has it."""
    from uplapp.imaging.physics import DEGRADATIONS

    options: dict[str, dict[str, Option]] = {}
    for name, entry in DEGRADATIONS.items():
        taking = _taking_of(entry.build) if as_it_is else None
        for one in (*options_of(entry.build), *options_of(taking)):
            options.setdefault(one.name, {})[name] = one
    return options


def _parameter(name: str, each: Mapping[str, Option]) -> inspect.Parameter:
    from uplapp.imaging.tasks import TASKS

    tasks = {row.degradation: task for task, row in TASKS.items()}
    words = [f"{tasks.get(kind, kind)}: {_help(one)}" for kind, one in each.items()]
    return _flagged(name, next(iter(each.values())), " ".join(words))


def _of_reading() -> dict[str, inspect.Parameter]:
    """Give the parameters that say how a file is to be read."""
    from uplapp.imaging.files.reading import Reading

    return {one.name: _flagged(one.name, one, _help(one)) for one in options_of(Reading)}


def _flagged(name: str, one: Option, words: str) -> inspect.Parameter:
    kind: Any = TYPES[one.kind]
    annotation = Annotated[kind | None, typer.Option(_flag(name), help=words)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _help(one: Option) -> str:
    return f"{one.help.rstrip('.')} ({one.allowed}; default {one.default})."


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
