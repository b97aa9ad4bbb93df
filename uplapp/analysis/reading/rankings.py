"""Rankings, and best and worst of a set, one per row -> a table of votes, as partial rankings.

A ranking says of every two of its conditions which lies higher, and nothing of others. Pairs of one ranking
hang together; what resamples whole observers allows for that, since a ranking belongs to one observer.
"""

import re
from collections.abc import Callable, Iterator

import pandas as pd

from uplapp.analysis.reading.numbers import spelling
from uplapp.analysis.reading.tables import shown
from uplapp.errors import BadVotes

RANKING, ITEMS, BEST, WORST = "ranking", "items", "best", "worst"
ROLES = (RANKING, ITEMS, BEST, WORST)
FEWEST = 2  # conditions of a ranking
Vote = tuple[str, str, float]  # condition A, condition B, 1 where A lies higher, 0.5 beside each other


def holds_rankings(table: pd.DataFrame) -> bool:
    """Say whether a table has the columns of rankings, or of best and worst, and none of votes."""
    names = {spelling(str(name)) for name in table.columns}
    return "is_a_selected" not in names and (RANKING in names or {ITEMS, BEST, WORST} <= names)


def to_votes(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, str]:
    """Turn rankings into votes, a row per pair, with a sentence that says how they were read.

    `ranking` holds conditions from the best down, such as `a > b = c > d`. Or `items` holds a set, such as
    `a | b | c`, and `best` and `worst` one of them each. Other columns are kept. A is the first by name,
    whoever won, so that winning is not taken for a place that attracts votes.
    """
    spelt = {spelling(str(name)): str(name) for name in table.columns}
    is_ranking = RANKING in spelt
    roles = (RANKING,) if is_ranking else (ITEMS, BEST, WORST)
    columns = [spelt[role] for role in roles]
    read: Callable[..., list[Vote]] = _of_ranking if is_ranking else _of_best_worst
    rows, votes = [], []
    for place, cells in enumerate(table[columns].itertuples(index=False)):
        line = f"{source}, {table.index.name or 'row'} {table.index[place]}"
        found = read(line, *(str(cell) for cell in cells))
        rows += [place] * len(found)
        votes += found
    pairs = table.drop(columns=columns).iloc[rows].copy()
    for at, name in enumerate(("condition_A", "condition_B", "is_A_selected")):
        pairs[name] = [vote[at] for vote in votes]
    what = "rankings" if is_ranking else "choices of best and worst"
    return pairs, (
        f"{len(table)} {what} were read as {len(votes)} votes on pairs; those of one ranking hang together, "
        "which intervals and tests over observers allow for, and goodness of fit does not"
    )


def _of_ranking(line: str, text: str) -> list[Vote]:
    steps = [[name.strip() for name in step.split("=")] for step in text.split(">")]
    names = [name for step in steps for name in step]
    _check(line, "ranking", names)
    place = {name: at for at, step in enumerate(steps) for name in step}
    return [_vote(a, b, place) for a, b in _pairs(names)]


def _of_best_worst(line: str, text: str, best: str, worst: str) -> list[Vote]:
    names = [name.strip() for name in re.split(r"[|;]", text)]
    best, worst = best.strip(), worst.strip()
    _check(line, "items", names)
    for role, name in ((BEST, best), (WORST, worst)):
        if name not in names:
            raise BadVotes(
                f"{line}, column '{role}': '{shown(name)}' is not one of {shown(', '.join(names))}"
            )
    if best == worst:
        raise BadVotes(f"{line}: '{shown(best)}' is best and worst; name two")
    place = {name: 0 if name == best else 2 if name == worst else 1 for name in names}
    return [_vote(a, b, place) for a, b in _pairs(names) if place[a] != place[b]]


def _check(line: str, column: str, names: list[str]) -> None:
    if len(names) < FEWEST or not all(names):
        mark = "a > b > c" if column == RANKING else "a | b | c"
        raise BadVotes(f"{line}, column '{column}': it needs two names or more, such as {mark}")
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise BadVotes(f"{line}, column '{column}': '{shown(twins[0])}' stands there twice")


def _pairs(names: list[str]) -> Iterator[tuple[str, str]]:
    ordered = sorted(names)
    return ((a, b) for at, a in enumerate(ordered) for b in ordered[at + 1 :])


def _vote(a: str, b: str, place: dict[str, int]) -> Vote:
    return a, b, 0.5 if place[a] == place[b] else float(place[a] < place[b])
