"""Which columns of a votes table hold what, under any names."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from uplapp.analysis.reading.csv import number, read_header, read_table, shown
from uplapp.errors import BadVotes, OtherNames, UnknownName, UplappError

ROLES = ("observer", "condition_A", "condition_B", "is_A_selected", "scene")
NEEDED = ROLES[:4]
CHOICES = ("A", "B", "tie")
LONGEST = 15  # digits that a float keeps; anything longer is an identifier


@dataclass(frozen=True)
class Columns:
    """The columns that hold each role, and the cells of the choice that mean A, B and not sure.

    Several columns of one role are joined with spaces into one name, such as "OPT 10". `tie` is None where
    nobody could be unsure. A was shown on the left, or first. A role without a column, an empty cell as an
    answer, and equal cells for two answers are an UplappError.
    """

    observer: tuple[str, ...] = ("observer",)
    condition_A: tuple[str, ...] = ("condition_A",)
    condition_B: tuple[str, ...] = ("condition_B",)
    is_A_selected: tuple[str, ...] = ("is_A_selected",)
    scene: tuple[str, ...] = ("scene",)
    a: str = "1"
    b: str = "0"
    tie: str | None = "0.5"

    def __post_init__(self) -> None:
        cells = [cell for cell in (self.a, self.b, self.tie) if cell is not None]
        if not all(self.of(role) for role in ROLES):
            raise UplappError(f"each of {', '.join(ROLES)} needs a column")
        if not all(cell.strip() for cell in cells):
            raise UplappError("an empty cell is no answer; say which cells mean A and B")
        if len({spelling(cell) for cell in cells}) < len(cells):
            raise UplappError(f"A, B and tie need different cells, not {', '.join(cells)}")

    def of(self, role: str) -> tuple[str, ...]:
        """Names of the columns that hold one of ROLES."""
        names: tuple[str, ...] = getattr(self, role)
        return names

    @property
    def meanings(self) -> dict[str, float]:
        """What each cell of the choice means for A: 1, 0 or 0.5, by its `spelling`."""
        votes = {self.a: 1.0, self.b: 0.0} | ({} if self.tie is None else {self.tie: 0.5})
        return {spelling(cell): vote for cell, vote in votes.items()}

    @property
    def allowed(self) -> str:
        """The cells of the choice in words."""
        unsure = "" if self.tie is None else f" or {self.tie} (not sure)"
        return f"{self.a} (A chosen){',' if unsure else ' or'} {self.b} (B chosen){unsure}"


def parse_columns(columns: str = "", values: str = "") -> Columns:
    """Read `condition_A=type1+level1,observer=who` and `A=1,B=2,tie=0`.

    Other roles keep the usual names. A part that holds a comma stands in double quotes. Without `tie` in
    `values` nobody could be unsure.
    """
    roles: dict[str, Any] = parse_roles(columns, ROLES)
    columns_of_roles = replace(Columns(), **roles)
    if not values.strip():
        return columns_of_roles
    cells = _pairs(values, "value", CHOICES)
    if not {"A", "B"} <= set(cells):
        raise UplappError(f"'{values}' must say which cell means A and which B, such as A=1,B=2")
    return replace(columns_of_roles, a=cells["A"], b=cells["B"], tie=cells.get("tie"))


def parse_roles(text: str, roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Read `condition=method+level,observer=who`: the columns of each role that is named."""
    return {role: _joined(role, names) for role, names in _pairs(text, "column", roles).items()}


def header(path: Path) -> tuple[str, ...]:
    """Names of the columns of a file, in its order."""
    return read_header(path)


def distinct(path: Path, column: str, most: int = 20) -> tuple[str, ...]:
    """Up to `most` different cells of a column, sorted."""
    table = read_table(path)
    if column not in table:
        raise UnknownName("column", column, table.columns)
    return tuple(sorted(table[column].str.strip().unique())[:most])


def spelling(cell: str) -> str:
    """Give cells that mean the same one text: 1, 1.0 and +1, or Left and left."""
    text = cell.strip().lower()
    value = number(text)
    exact = math.isfinite(value) and "e" not in text and len(text) <= LONGEST
    return f"{value + 0:.15g}" if exact else text


def check_columns(table: pd.DataFrame, columns: Columns, source: str) -> None:
    """Refuse a table that lacks a column, or has one twice."""
    default = Columns()
    roles = [role for role in ROLES if role in NEEDED or columns.of(role) != default.of(role)]
    require_columns(table, {role: columns.of(role) for role in roles}, source)


def require_columns(table: pd.DataFrame, roles: Mapping[str, tuple[str, ...]], source: str) -> None:
    """Refuse a table that lacks a column of one of `roles` (role -> columns), or has any column twice."""
    missing = [(role, name) for role, names in roles.items() for name in names if name not in table.columns]
    if missing:
        names = ", ".join(f"'{name}'" + (f" (for {role})" if role != name else "") for role, name in missing)
        present = shown(", ".join(map(str, table.columns)), 300) or "none"
        raise OtherNames(f"{source} has no column {names}; found: {present}")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BadVotes(f"{source} has the column '{shown(twice[0])}' twice; each may occur once")


def _pairs(text: str, kind: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Split `key=value,key=value`."""
    pairs: dict[str, str] = {}
    for part in filter(str.strip, next(csv.reader([text], skipinitialspace=True), [])):
        key, sign, value = (word.strip() for word in part.partition("="))
        if not sign or not value:
            raise UplappError(f"'{part}' names no {kind}; write it as {allowed[0]}=..., with commas between")
        if key not in allowed:
            raise UnknownName(kind, key, allowed)
        if key in pairs:
            raise UplappError(f"'{text}' names {key} twice")
        pairs[key] = value
    return pairs


def _joined(role: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split("+"))
    if "" in names:
        raise UplappError(f"'{role}={text}' holds an empty name; columns are joined as NAME+NAME")
    return names
