"""Tables of a TOML file as frozen values: every key known, every value of its type and within its limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

from uplapp.errors import BadStudy
from uplapp.values import REFERENCE

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
LIMITS: Mapping[str, tuple[float, float]] = {
    "phase_ms": (50, 2000),
    "seed": (0, 2**53),
    "orders": (1, 2),
    "repeats": (0, 200),
    "catch": (0, 100),
    "practice": (0, 20),
    "break_every": (0, 1000),
    "noise_sigma": (0, 255),
    "noise_seed": (0, 2**53),
    "acceleration": (2, 32),
    "mask_seed": (0, 2**32 - 1),
    "min_view_ms": (0, 60_000),
    "max_view_ms": (0, 600_000),
    "answer_timeout_ms": (0, 600_000),
    "blank_ms": (0, 10_000),
    "zoom": (1, 2),
    "amplification": (1, 2),
    "quota": (0, 100_000),
    "lowest": (-100, 100),
}
LISTS: Mapping[object, tuple[type, str]] = {
    tuple[int, ...]: (int, "whole numbers"),
    tuple[str, ...]: (str, "texts"),
}
SINGLE: Mapping[object, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}

Table = TypeVar("Table")


def named(kind: type[Table], rows: object, where: str) -> tuple[Table, ...]:
    """Build one value a row; their names differ in more than case, within one language if they have one."""
    if not isinstance(rows, Sequence) or not rows or not all(isinstance(row, Mapping) for row in rows):
        raise BadStudy(f"{where} must be one or more tables, each with a name")
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        name = check_name(row.get("name"), "name", where)
        key = (name.lower(), str(row.get("language", "")))
        if key in seen:
            raise BadStudy(f"{where}: '{name}' and '{seen[key]}' clash; names differ in more than case")
        seen[key] = name
    return tuple(read_table(kind, row, f"{where} '{row['name']}'") for row in rows)


def check_name(name: object, what: str, where: str) -> str:
    """The same name if it can be a folder's or a column's; BadStudy says what can."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.lower() == REFERENCE:
        raise BadStudy(
            f"{where}: {what} {name!r} cannot be used; write 1-40 letters, digits, _ or -, "
            f"beginning with a letter or digit, and not '{REFERENCE}'"
        )
    return name


def check_keys(table: Mapping[str, Any], allowed: set[str], needed: set[str], where: str) -> None:
    """BadStudy for a key that is unknown or missing."""
    for key in table:
        if key not in allowed:
            raise BadStudy(f"{where}: unknown key '{key}'; allowed: {', '.join(sorted(allowed))}")
    for key in sorted(needed - set(table)):
        raise BadStudy(f"{where}: '{key}' is missing")


def read_table(kind: type[Table], table: object, where: str) -> Table:
    """Build the frozen value `kind` from a TOML table by the names and types of its fields."""
    if not isinstance(table, Mapping):
        raise BadStudy(f"{where} must be a table")
    entries = fields(kind)  # type: ignore[arg-type]
    needed = {entry.name for entry in entries if entry.default is MISSING}
    check_keys(table, {entry.name for entry in entries}, needed, where)
    hints = get_type_hints(kind)
    return kind(**{key: _value(key, value, hints[key], where) for key, value in table.items()})


def _value(key: str, value: object, hint: object, where: str) -> object:
    """One checked entry: of the field's type, and within its limits if it has any."""
    if hint in LISTS:
        inner, words = LISTS[hint]
        if not isinstance(value, list) or not all(type(item) is inner for item in value):
            raise BadStudy(f"{where}: {key} = {value!r} must be a list of {words}")
        return tuple(value)
    wanted = (int, float) if hint is float else (hint,)
    if type(value) not in wanted:
        raise BadStudy(f"{where}: {key} = {value!r} must be {SINGLE[hint]}")
    low, high = LIMITS.get(key, (None, None))
    if low is not None and high is not None and not low <= value <= high:  # type: ignore[operator]
        raise BadStudy(f"{where}: {key} = {value} must lie between {low} and {high}")
    return float(value) if hint is float else value  # type: ignore[arg-type]
