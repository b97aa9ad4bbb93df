"""Which columns of a file of votes hold what, and which cells of the choice mean A, B, a tie, both bad."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from uplapp.analysis.reading.layouts.pairs import Pairs, parse_pairs
from uplapp.analysis.reading.numbers import spelling
from uplapp.errors import UnknownName, UplappError

ROLES = ("observer", "condition_A", "condition_B", "is_A_selected", "scene")
NEEDED = ROLES[:4]
# Roles of other layouts, each with the names of columns that are taken for it.
OTHER_ROLES: Mapping[str, tuple[str, ...]] = {
    "winner": ("winner",),
    "loser": ("loser",),
    "preferred": ("preferred", "chosen"),
    "wins_A": ("win1", "wins_A"),
    "wins_B": ("win2", "wins_B"),
    "ties": ("ties",),
    "times": (),
}
CHOICES = ("A", "B", "tie", "both_bad")
STEP_MARK = "|"
MOST_STEPS = 9
NOBODY = "none"  # instead of a column of observers: the votes do not say whose they are
USUAL_A, USUAL_B = "1", "0"


class Choice(NamedTuple):
    """What a cell says: A's share of the vote, the step by which one is better (0 for none), both bad?"""

    vote: float
    step: int
    bad: bool = False


@dataclass(frozen=True)
class Columns:
    """The columns that hold each role, and the cells of the choice that mean A, B, not sure and both bad.

    Several columns of one role are joined with spaces into one name, such as "OPT 10"; a text in single
    quotes stands for itself. Where A or B can be better by steps, `a` and `b` hold the cells of all steps,
    the largest first, such as "much A|slightly A"; `tie` and `bad` may hold several words too. `tie` is None
    where nobody could be unsure, `bad` where nobody could call both bad. A was shown on the left, or first.
    A role without a column, an empty cell as an answer, equal cells for two answers, and other numbers of
    steps for A and B are an UplappError.

    Roles of OTHER_ROLES are () where nobody named them: `winner` and `loser` hold names of conditions,
    `preferred` the name of the one that was chosen, `wins_A`, `wins_B` and `ties` count votes, `times` says
    how often a row counts. `pairs` says which columns hold one pair each. `stated` is True where a person
    said which cells mean A and B.
    """

    observer: tuple[str, ...] = ("observer",)
    condition_A: tuple[str, ...] = ("condition_A",)
    condition_B: tuple[str, ...] = ("condition_B",)
    is_A_selected: tuple[str, ...] = ("is_A_selected",)
    scene: tuple[str, ...] = ("scene",)
    a: str = USUAL_A
    b: str = USUAL_B
    tie: str | None = "0.5"
    bad: str | None = "both_bad"
    winner: tuple[str, ...] = ()
    loser: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    wins_A: tuple[str, ...] = ()
    wins_B: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    pairs: Pairs | None = None
    stated: bool = False

    def __post_init__(self) -> None:
        first, second = (text.split(STEP_MARK) for text in (self.a, self.b))
        cells = [*first, *second, *_words(self.tie), *_words(self.bad)]
        if not all(self.of(role) for role in ROLES):
            raise UplappError(f"each of {', '.join(ROLES)} needs a column")
        if not all(cell.strip() for cell in cells):
            raise UplappError("an empty cell is no answer; say which cells mean A and B")
        if len({spelling(cell) for cell in cells}) < len(cells):
            raise UplappError(f"A, B and tie need different cells, not {', '.join(cells)}")
        if len(first) != len(second) or len(first) > MOST_STEPS:
            raise UplappError(
                f"A has {len(first)} steps and B {len(second)}; name as many for both, up to {MOST_STEPS}, "
                "the largest first"
            )

    def of(self, role: str) -> tuple[str, ...]:
        """Names of the columns that hold one of ROLES or OTHER_ROLES."""
        names: tuple[str, ...] = getattr(self, role)
        return names

    @property
    def named(self) -> set[str]:
        """All columns of all roles."""
        return {name for role in (*ROLES, *OTHER_ROLES) for name in self.of(role)}

    @property
    def steps(self) -> int:
        """How many steps a choice can have, 1 where one is only better or not."""
        return len(self.a.split(STEP_MARK))

    @property
    def meanings(self) -> dict[str, Choice]:
        """What each cell of the choice means, by its `spelling`."""
        choices: dict[str, Choice] = {}
        for text, vote in ((self.a, 1.0), (self.b, 0.0)):
            cells = text.split(STEP_MARK)
            choices |= {cell: Choice(vote, len(cells) - place) for place, cell in enumerate(cells)}
        for text_or_none, bad in ((self.tie, False), (self.bad, True)):
            choices |= {cell: Choice(0.5, 0, bad) for cell in _words(text_or_none)}
        if (self.a, self.b) == (USUAL_A, USUAL_B):
            choices |= {"true": choices[self.a], "false": choices[self.b]}
        return {spelling(cell): choice for cell, choice in choices.items()}

    @property
    def allowed(self) -> str:
        """The cells of the choice in words."""
        cells = [f"{self.a} (A chosen)", f"{self.b} (B chosen)"]
        cells += [] if self.tie is None else [f"{self.tie} (not sure)"]
        cells += [] if self.bad is None or self.bad == Columns.bad else [f"{self.bad} (both bad)"]
        return f"{', '.join(cells[:-1])} or {cells[-1]}"


def parse_columns(columns: str = "", values: str = "", pairs: str = "") -> Columns:
    """Read `condition_A=type1+level1,observer=who` and `A=1,B=2,tie=0`, or with steps `A=2|1,B=-2|-1,tie=0`.

    Other roles keep the usual names. A part that holds a comma stands in double quotes. Where `values` name A
    and B but no `tie` or `both_bad`, nobody could be unsure, or call both bad. `pairs` as in `parse_pairs`.
    """
    roles: dict[str, Any] = parse_roles(columns, (*ROLES, *OTHER_ROLES))
    columns_of_roles = replace(Columns(), **roles, pairs=parse_pairs(pairs))
    if not values.strip():
        return columns_of_roles
    cells = _pairs(values, "value", CHOICES)
    tie, bad = cells.get("tie"), cells.get("both_bad")
    if not {"A", "B"} & set(cells):
        return replace(columns_of_roles, tie=tie or Columns.tie, bad=bad or Columns.bad)
    if not {"A", "B"} <= set(cells):
        raise UplappError(f"'{values}' must say which cell means A and which B, such as A=1,B=2")
    return replace(columns_of_roles, a=cells["A"], b=cells["B"], tie=tie, bad=bad, stated=True)


def parse_roles(text: str, roles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Read `condition=method+level,observer=who`: the columns of each role that is named."""
    return {role: _joined(role, names) for role, names in _pairs(text, "column", roles).items()}


def _words(text: str | None) -> list[str]:
    return [] if text is None else text.split(STEP_MARK)


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
