"""Which pair each column of a wide file is about: one row per observer, one column per pair."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from uplapp.analysis.reading.tables import read_table, require_columns, shown
from uplapp.errors import BadVotes, UplappError

PREFMOD = "prefmod:"
PATTERN = re.compile(r"\{(A|B|scene)\}")
# Read without being told, behind a question or its number, or in brackets (LimeSurvey, Google Forms).
QUESTION = r"(?:.*[?:][ \n]+|\w*\d\.[ \n]+)?"
VERSUS = re.compile(rf"{QUESTION}(?P<A>.+?)[ _-]vs\.?[ _-](?P<B>.+)", re.IGNORECASE | re.DOTALL)
BRACKETS = re.compile(r"[^\[\]]*\[([^\[\]]+)\]\s*")
FORMS = '"{A} vs {B}", Q1=a|b,Q2=a|c, prefmod:a,b,c, or a CSV file column,condition_A,condition_B'
FEWEST, LONGEST = 2, 1000  # conditions; letters of a column's name


class Pair(NamedTuple):
    """The conditions that a column compares, and the scene where it says one."""

    a: str
    b: str
    scene: str = ""


@dataclass(frozen=True)
class Pairs:
    """How the pair of a column is known: by a `pattern` of its name, or by a list.

    `items` are the conditions of prefmod's order: the first columns compare (1,2), (1,3), (2,3), (1,4) and so
    on.
    """

    pattern: str = ""
    listed: tuple[tuple[str, Pair], ...] = ()
    items: tuple[str, ...] = ()

    def among(self, columns: list[str], taken: set[str]) -> dict[str, Pair]:
        """Find the columns of pairs, but those that are `taken` for something else.

        Raises BadVotes for a column in the list that is not there, and where there are too few.
        """
        free, present = [name for name in columns if name not in taken], shown(", ".join(columns), 300)
        if self.items:
            wanted = [(a, b) for place, b in enumerate(self.items) for a in self.items[:place]]
            if len(free) < len(wanted):
                raise BadVotes(
                    f"{len(self.items)} conditions make {len(wanted)} pairs, the file has {len(free)} columns"
                )
            return {name: Pair(*pair) for name, pair in zip(free, wanted, strict=False)}
        if self.listed:
            lost = [name for name, _ in self.listed if name not in columns]
            if lost:
                raise BadVotes(f"there is no column '{shown(lost[0])}' of a pair; found: {present}")
            return dict(self.listed)
        found = {name: match for name in free if (match := re.fullmatch(self._regex, name, re.IGNORECASE))}
        if not found:
            raise BadVotes(f"no column's name has the form '{self.pattern}'; found: {present}")
        return {
            name: Pair(match["A"].strip(), match["B"].strip(), (match.groupdict().get("scene") or "").strip())
            for name, match in found.items()
        }

    @property
    def _regex(self) -> str:
        parts = PATTERN.split(self.pattern)
        return "".join(
            f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )


def versus(columns: list[str]) -> dict[str, Pair]:
    """Find columns with names such as `l1 vs l2`, `l1_vs_l2` or `Which is better? [l1 vs l2]`."""
    inner = {
        name: match[1] if (match := BRACKETS.fullmatch(name)) else name
        for name in columns
        if len(name) <= LONGEST
    }
    found = {name: match for name, text in inner.items() if (match := VERSUS.fullmatch(text))}
    return {name: Pair(match["A"].strip(), match["B"].strip()) for name, match in found.items()}


def parse_pairs(text: str, files: bool = True) -> Pairs | None:
    """Read one of FORMS, None for an empty text. Without `files` none is opened, whatever the text names."""
    text = text.strip()
    if not text:
        return None
    if text.lower().startswith(PREFMOD):
        items = tuple(name.strip() for name in text[len(PREFMOD) :].split(","))
        if len(set(items)) < max(FEWEST, len(items)) or not all(items):
            raise UplappError(f"'{text}' must name two conditions or more, each once, such as prefmod:a,b,c")
        return Pairs(items=items)
    marks = PATTERN.findall(text)
    if {"A", "B"} <= set(marks) and len(set(marks)) == len(marks):
        return Pairs(pattern=text)
    if "=" in text:
        return Pairs(listed=tuple(_listed(part, text) for part in text.split(",")))
    if files and Path(text).suffix:
        return Pairs(listed=_of_file(Path(text)))
    raise UplappError(f"'{shown(text)}' does not say which pair a column is about; give one of: {FORMS}")


def _listed(part: str, text: str) -> tuple[str, Pair]:
    column, _, names = (word.strip() for word in part.rpartition("="))
    pair = [name.strip() for name in names.split("|")]
    if not column or len(pair) != FEWEST or not all(pair):
        raise UplappError(f"'{shown(part)}' of '{shown(text)}' names no pair; write it as COLUMN=a|b")
    return column, Pair(*pair)


def _of_file(path: Path) -> tuple[tuple[str, Pair], ...]:
    table = read_table(path)
    roles = {role: (role,) for role in ("column", "condition_A", "condition_B")}
    require_columns(table, roles, path.name)
    scene = table["scene"] if "scene" in table else [""] * len(table)
    rows = zip(table["column"], table["condition_A"], table["condition_B"], scene, strict=True)
    return tuple((column.strip(), Pair(a.strip(), b.strip(), c.strip())) for column, a, b, c in rows)
