"""Mappings of TOML or JSON as frozen dataclasses: every key known, every value of its type and allowed."""

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from uplapp.errors import UplappError

DEEPEST = 12  # tables inside tables; a stranger's file may nest a thousand
LONGEST = 80  # characters of a value in a message
ONE_OR_MANY: Mapping[object, tuple[str, str]] = {
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
}

Kind = TypeVar("Kind")


class Allowed(Protocol):
    """A set of values. Its text completes a sentence that ends in `must`."""

    def __contains__(self, value: Any, /) -> bool:
        """Whether a field may have this value."""


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`. Both belong to it unless `above` or `below` leave the end out."""

    low: float
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        from_low = self.low < value if self.above else self.low <= value
        return from_low and (value < self.high if self.below else value <= self.high)

    def __str__(self) -> str:
        if self.high < math.inf and not (self.above or self.below):
            return f"lie between {self.low} and {self.high}"
        low = f"be {'more than' if self.above else 'at least'} {self.low}"
        return (
            low
            if self.high == math.inf
            else f"{low} and {'less than' if self.below else 'at most'} {self.high}"
        )


@dataclass(frozen=True)
class OneOf:
    """The names of a collection or a registry, read when a value is checked."""

    names: Collection[str]

    def __contains__(self, value: str) -> bool:
        return value in self.names

    def __str__(self) -> str:
        return f"be one of: {', '.join(self.names)}"


def allowing(allowed: Allowed, default: Any = MISSING) -> Any:
    """Declare a field of a dataclass whose value, or each entry of whose tuple, must be in `allowed`."""
    return field(default=default, metadata={"allowed": allowed})


@dataclass(frozen=True)
class Place:
    """Where a value stands: the file or option, and the path of keys inside it."""

    where: str
    error: type[UplappError]
    path: str = ""
    depth: int = 0

    def inside(self, key: str) -> "Place":
        """The place of a table under `key`."""
        return Place(self.where, self.error, f"{self.path}.{key}" if self.path else key, self.depth + 1)

    def refusal(self, sentence: str) -> UplappError:
        """The error that says `sentence` of this place."""
        return self.error(f"{self._head()}: {sentence}")

    def not_a_table(self) -> UplappError:
        """The error for a place that needs a table and holds something else."""
        return self.error(f"{self._head()} must be a table")

    def _head(self) -> str:
        return f"{self.where}: {self.path}" if self.path else self.where


def read(kind: type[Kind], table: object, where: str, error: type[UplappError]) -> Kind:
    """Build the frozen dataclass `kind` from a table by the names, types and `allowed` of its fields.

    Tables may nest: a field may be another dataclass, a tuple, a Mapping, a Literal, or one of these or None.
    A whole number becomes the float that a field wants; nothing else is converted. The first value that
    does not fit raises `error` with a sentence that names `where`, the key, the value and what is allowed.
    """
    return _record(kind, table, Place(where, error))


def check_keys(table: object, allowed: Collection[str], needed: Collection[str], place: Place) -> None:
    """Raise the error of `place` if it is no table, or has a key that is unknown or lacks one it needs."""
    if not isinstance(table, Mapping):
        raise place.not_a_table()
    for key in table:
        if key not in allowed:
            raise place.refusal(f"unknown key '{str(key)[:LONGEST]}'; allowed: {', '.join(sorted(allowed))}")
    for key in sorted(set(needed) - set(table)):
        raise place.refusal(f"'{key}' is missing")


def _record(kind: type[Kind], table: Any, place: Place) -> Kind:
    if place.depth > DEEPEST:
        raise place.error(f"{place.where} is nested deeper than {DEEPEST} tables")
    entries: dict[str, Field[Any]] = {entry.name: entry for entry in fields(kind) if entry.init}  # type: ignore[arg-type]
    needed = [name for name, entry in entries.items() if entry.default is entry.default_factory is MISSING]
    check_keys(table, entries, needed, place)
    hints = get_type_hints(kind)
    values = {key: _value(hints[key], key, value, place) for key, value in table.items()}
    for key, value in values.items():
        _check_allowed(entries[key], value, table[key], place)
    try:
        return kind(**values)
    except UplappError as error:  # a value's own check, which does not know the place
        raise place.refusal(str(error)) from error


def _check_allowed(entry: Field[Any], value: object, written: object, place: Place) -> None:
    allowed = entry.metadata.get("allowed")
    parts = value if isinstance(value, tuple) else (value,)
    if allowed is not None and not all(part in allowed for part in parts if part is not None):
        raise place.refusal(f"{entry.name} = {_shown(written)} must {allowed}")


def _value(hint: Any, key: str, value: Any, place: Place) -> Any:
    """The checked and converted value of one key."""
    if hint is Any:
        return value
    if is_dataclass(hint):
        return _record(hint, value, place.inside(key))  # type: ignore[arg-type]
    reader = READERS.get(get_origin(hint) or hint, _single)
    return reader(hint, key, value, place)


def _single(hint: Any, key: str, value: Any, place: Place) -> Any:
    if not _fits(hint, value):
        raise place.refusal(f"{key} = {_shown(value)} must be {ONE_OR_MANY[hint][0]}")
    return hint(value)


def _fits(hint: Any, value: object) -> bool:
    """Whether a value is of a plain type. A truth value, NaN and infinity do not count as numbers."""
    if hint is float:
        return type(value) in (int, float) and abs(value) <= sys.float_info.max  # type: ignore[arg-type]
    return type(value) is hint


def _choice(hint: Any, key: str, value: Any, place: Place) -> Any:
    names = get_args(hint)
    if not any(value == name and type(value) is type(name) for name in names):
        raise place.refusal(f"{key} = {_shown(value)} must be one of: {', '.join(map(str, names))}")
    return value


def _optional(hint: Any, key: str, value: Any, place: Place) -> Any:
    if value is None:
        return None
    (inner,) = (entry for entry in get_args(hint) if entry is not NoneType)
    return _value(inner, key, value, place)


def _tuple(hint: Any, key: str, value: Any, place: Place) -> tuple[Any, ...]:
    inner = get_args(hint)[0]
    of = f" of {ONE_OR_MANY[inner][1]}" if inner in ONE_OR_MANY else ""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise place.refusal(f"{key} = {_shown(value)} must be a list{of}")
    if is_dataclass(inner):
        return tuple(_record(inner, row, place.inside(_row(key, n, row))) for n, row in enumerate(value))  # type: ignore[arg-type]
    if inner in ONE_OR_MANY and not all(_fits(inner, part) for part in value):
        raise place.refusal(f"{key} = {_shown(value)} must be a list{of}")
    return tuple(_value(inner, f"{key}[{n}]", part, place) for n, part in enumerate(value))


def _row(key: str, number: int, row: object) -> str:
    """The key of one table of a list, by its name if it has one: `scenes 'kodak'` or `scenes[0]`."""
    name = row.get("name") if isinstance(row, Mapping) else None
    return f"{key} '{name[:LONGEST]}'" if isinstance(name, str) else f"{key}[{number}]"


def _mapping(hint: Any, key: str, value: Any, place: Place) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise place.inside(key).not_a_table()
    inner = (get_args(hint) or (str, Any))[1]
    return {str(name): _value(inner, str(name), part, place.inside(key)) for name, part in value.items()}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


READERS: Mapping[Any, Callable[[Any, str, Any, Place], Any]] = {
    Literal: _choice,
    Union: _optional,
    UnionType: _optional,
    tuple: _tuple,
    dict: _mapping,
    Mapping: _mapping,
}
