"""Layouts of votes, each with how to tell it and how to read it as a table with one row per vote."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from uplapp.analysis.reading import rankings, triplets
from uplapp.analysis.reading.cells import cells_of, names, numbers, where
from uplapp.analysis.reading.layouts.columns import OTHER_ROLES, Columns
from uplapp.analysis.reading.layouts.pairs import Pair, versus
from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import require_columns, shown
from uplapp.errors import BadVotes, OtherNames
from uplapp.values import Array

USUAL = Columns()
TRIPLETS = "triplets"
MOST_VOTES = 2_000_000  # that counts may stand for
ANSWER = "is_A_selected"
A_CELL, B_CELL, TIE_CELL = "A is chosen", "B is chosen", "no choice"
EACH_ROW = "row"  # begins the name of an observer who has no other


class Read(NamedTuple):
    """Votes one per row: the table, its columns, how it was understood, and which columns that took."""

    table: pd.DataFrame
    columns: Columns
    said: tuple[str, ...] = ()
    used: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shape:
    """One layout: what it is called, what its columns are, how it is told and read.

    `answers` names the columns that hold answers, before it is read, so that some can be dropped.
    """

    name: str
    columns: str
    holds: Callable[[pd.DataFrame, Columns], bool]
    read: Callable[[pd.DataFrame, Columns, str], Read]
    answers: Callable[[pd.DataFrame, Columns], tuple[str, ...]] = lambda table, columns: ()


def told(columns: Columns, role: str, table: pd.DataFrame) -> tuple[str, ...]:
    """The columns of a role of OTHER_ROLES: those named, else the one that is called so."""
    own = columns.of(role)
    return own or next(((name,) for name in OTHER_ROLES[role] if name in table), ())


def _has_sides(table: pd.DataFrame, columns: Columns) -> bool:
    return {*columns.condition_A, *columns.condition_B} <= set(table.columns)


def _has_answer(table: pd.DataFrame, columns: Columns) -> bool:
    return set(columns.is_A_selected) <= set(table.columns)


def _holds_triplets(table: pd.DataFrame, columns: Columns) -> bool:
    return replace(columns, tie=USUAL.tie, bad=USUAL.bad) == USUAL and triplets.holds_triplets(table)


def _read_triplets(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    votes, said = triplets.to_votes(table, source)
    return Read(votes, USUAL, said, frozenset(triplets.USED))


def _holds_rankings(table: pd.DataFrame, columns: Columns) -> bool:
    return columns.pairs is None and rankings.holds_rankings(table)


def _read_rankings(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    votes, said = rankings.to_votes(table, source)
    used = {str(name) for name in table.columns if spelling(str(name)) in rankings.ROLES}
    return Read(votes, columns, (said,), frozenset(used | columns.named))


def _holds_winners(table: pd.DataFrame, columns: Columns) -> bool:
    if columns.winner or columns.loser:
        return True
    answered = _has_sides(table, columns) and _has_answer(table, columns)
    return bool(told(columns, "winner", table) and told(columns, "loser", table)) and not answered


def _read_winners(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    winner, loser = (told(columns, role, table) for role in ("winner", "loser"))
    if not winner or not loser:
        lost = "loser" if winner else "winner"
        raise OtherNames(f"{source} needs a column of the {lost} beside that of the other")
    won, lost_ = (
        np.array(cells.spread(cells.texts, object))
        for cells in (names(table, each, source) for each in (winner, loser))
    )
    # Places alternate by name, so that neither winning nor a name is taken for a place that attracts votes.
    first = (won < lost_) ^ (np.arange(len(table)) % 2 == 1)
    answer = np.where(first, A_CELL, B_CELL).astype(object)
    if columns.is_A_selected != USUAL.is_A_selected:  # a column that may say that it was a tie
        cells = cells_of(table, columns.is_A_selected)
        ties = {cell: choice for cell, choice in columns.meanings.items() if not choice.step}
        marks = cells.spread([spelling(text) in ties for text in cells.texts], bool)
        answer[marks] = cells.spread(cells.texts, object)[marks]
    votes = table.assign(condition_A=np.where(first, won, lost_), condition_B=np.where(first, lost_, won))
    votes[ANSWER] = answer
    said = (
        f"'{'+'.join(winner)}' was read as the condition that won over '{'+'.join(loser)}'; which of them "
        "was shown first is not known, so their places say nothing",
    )
    return Read(votes, _named(columns), said, frozenset({*winner, *loser, *columns.named}))


def _named(columns: Columns) -> Columns:
    """Columns of votes whose answers are A_CELL, B_CELL, or a tie in the words of `columns`."""
    return replace(_of_pairs(columns), a=A_CELL, b=B_CELL)


def _of_pairs(columns: Columns) -> Columns:
    """Columns of votes with the usual names for A, B and the choice."""
    return replace(
        columns,
        condition_A=USUAL.condition_A,
        condition_B=USUAL.condition_B,
        is_A_selected=USUAL.is_A_selected,
    )


def _holds_counts(table: pd.DataFrame, columns: Columns) -> bool:
    if columns.wins_A or columns.wins_B:
        return True
    return bool(told(columns, "wins_A", table) and told(columns, "wins_B", table)) and not _has_answer(
        table, columns
    )


def _read_counts(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    require_columns(table, {role: columns.of(role) for role in ("condition_A", "condition_B")}, source)
    roles = {role: told(columns, role, table) for role in ("wins_A", "wins_B", "ties")}
    for role in ("wins_A", "wins_B"):
        if len(roles[role]) != 1:
            raise OtherNames(f"{source} needs one column for each of wins_A and wins_B, which count votes")
    counts = {
        role: np.nan_to_num(numbers(table, one[0], source, 0)) for role, one in roles.items() if len(one) == 1
    }
    ties = counts.get("ties", np.zeros(len(table)))
    halves = [count % 1 for count in (counts["wins_A"], counts["wins_B"])]
    wrong = (halves[0] != halves[1]) | ~np.isin(halves[0], (0.0, 0.5)) | (ties % 1 != 0)
    if wrong.any():
        raise BadVotes(
            f"{where(table, source, wrong)}: votes are counted in whole numbers, or halves on both"
        )
    times = np.stack([np.floor(counts["wins_A"]), np.floor(counts["wins_B"]), ties + 2 * halves[0]], axis=1)
    rows = repeated(times.ravel(), source)
    cells = np.array([A_CELL, B_CELL, TIE_CELL], dtype=object)[rows % 3]
    votes = table.iloc[rows // 3].copy()
    votes[ANSWER] = cells
    said = (f"{len(table)} rows with counts were read as {len(votes)} votes",)
    own = replace(columns, a=A_CELL, b=B_CELL, tie=TIE_CELL, is_A_selected=USUAL.is_A_selected)
    return Read(votes, own, said, frozenset({name for one in roles.values() for name in one} | columns.named))


def repeated(times: Array, source: str) -> np.ndarray:
    """Indices of rows, each as often as `times` (n,) says. More than MOST_VOTES is a BadVotes."""
    if times.sum() > MOST_VOTES:
        raise BadVotes(
            f"the counts of {source} add up to {times.sum():.15g} votes; up to {MOST_VOTES} can be read one "
            "by one, more as a matrix of counts"
        )
    rows: np.ndarray = np.repeat(np.arange(times.size), times.astype(int))
    return rows


def _holds_wide(table: pd.DataFrame, columns: Columns) -> bool:
    if columns.pairs is not None:
        return True
    return not _has_answer(table, columns) and bool(versus(list(map(str, table.columns))))


def _read_wide(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    heads = list(map(str, table.columns))
    taken = {*columns.observer, *(columns.scene if set(columns.scene) <= set(heads) else ())}
    pairs = columns.pairs.among(heads, taken) if columns.pairs else versus(heads)
    same = [name for name, pair in pairs.items() if pair.a == pair.b]
    if same:
        raise BadVotes(f"column '{shown(same[0])}' of {source} compares '{pairs[same[0]].a}' with itself")
    others = table.drop(columns=list(pairs))
    rows = not set(columns.observer) <= set(heads)
    if rows:
        columns = replace(columns, observer=USUAL.observer)
        others = others.assign(observer=[f"{EACH_ROW} {line}" for line in table.index])
    votes = pd.concat([_long(others, table[name], pair, columns) for name, pair in pairs.items()])
    answered = votes[ANSWER].str.strip() != ""
    left = int((~answered).sum())
    said = [
        f"{len(pairs)} columns were read as one pair each, such as '{next(iter(pairs))}' as {_pair(pairs)}"
    ]
    said += ["each row was read as one observer"] if rows else []
    empty = (
        "1 empty cell was read as a pair that was" if left == 1 else f"{left} empty cells were read as pairs"
    )
    said += [f"{empty}{' that were' * (left > 1)} not asked"] if left else []
    return Read(
        votes[answered].sort_index(kind="stable"),
        _of_pairs(columns),
        tuple(said),
        frozenset({*pairs, *columns.named}),
    )


def _long(others: pd.DataFrame, answers: pd.Series, pair: Pair, columns: Columns) -> pd.DataFrame:
    scene = {columns.scene[0]: pair.scene} if pair.scene else {}
    return others.assign(condition_A=pair.a, condition_B=pair.b, **{ANSWER: answers}, **scene)


def _pair(pairs: dict[str, Pair]) -> str:
    a, b, scene = next(iter(pairs.values()))
    return f"'{a}' (A) and '{b}' (B)" + (f" in '{scene}'" if scene else "")


def _read_votes(table: pd.DataFrame, columns: Columns, source: str) -> Read:
    named = columns.preferred or (() if _has_answer(table, columns) else told(columns, "preferred", table))
    if not named and not _has_answer(table, columns) and _has_sides(table, columns):
        named = told(columns, "winner", table)
    if named:
        columns = replace(columns, is_A_selected=named, preferred=named)
    return Read(table, columns, (), frozenset(columns.named))


SHAPES = (
    Shape(
        TRIPLETS,
        "worker, img_num, codec_left, dlevel_left, codec_right, dlevel_right, response",
        _holds_triplets,
        _read_triplets,
        lambda table, columns: ("response",),
    ),
    Shape(
        "rankings",
        "ranking (a > b = c), or items, best, worst",
        _holds_rankings,
        _read_rankings,
    ),
    Shape(
        "one column per pair",
        "observer and columns such as `a vs b`, or as `pairs` says",
        _holds_wide,
        _read_wide,
    ),
    Shape(
        "winner and loser",
        "observer, winner, loser",
        _holds_winners,
        _read_winners,
        lambda table, columns: (*told(columns, "winner", table), *told(columns, "loser", table)),
    ),
    Shape(
        "counts per row",
        "condition_A, condition_B, win1, win2, perhaps ties",
        _holds_counts,
        _read_counts,
    ),
    Shape(
        "votes",
        "observer, condition_A, condition_B, is_A_selected, or preferred",
        lambda table, columns: True,
        _read_votes,
    ),
)
