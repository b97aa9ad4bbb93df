"""Votes -> Comparisons: how often each observer chose what over what."""

import numpy as np
import pandas as pd

from uplapp.analysis.votes import main_trials
from uplapp.errors import BadVotes
from uplapp.values import Comparisons, Votes

OUTCOMES = (1.0, 0.5, 0.0)  # of is_A_selected, in the order of `Comparisons.answers`


def count(votes: Votes) -> Comparisons:
    """Count the main trials; other kinds of trials never enter."""
    table = main_trials(votes)
    if table.empty:
        raise BadVotes(f"{votes.source} holds no votes of {_whose(votes)}main trials")
    conditions = tuple(sorted(set(table["condition_A"]) | set(table["condition_B"])))
    observers = tuple(sorted(set(table["observer"])))
    k = _codes(table["observer"], observers)
    a, b = (_codes(table[side], conditions) for side in ("condition_A", "condition_B"))
    outcome = np.select([table["is_A_selected"] == value for value in OUTCOMES], [0, 1, 2])
    n = len(conditions)
    cells = ((k * len(OUTCOMES) + outcome) * n + a) * n + b
    size = len(observers) * len(OUTCOMES) * n * n
    answers = np.bincount(cells, minlength=size).reshape(-1, len(OUTCOMES), n, n).astype(float)
    return Comparisons(
        conditions=conditions,
        observers=observers,
        wins=to_wins(answers),
        simulated=votes.simulated,
        notes=(*votes.notes, *_left_out(len(votes.table) - len(table))),
        answers=answers,
        excluded=votes.excluded,
        manifest=votes.manifest,
    )


def to_wins(answers: np.ndarray) -> np.ndarray:
    """Wins (...,n,n), row over column, of answers (...,3,n,n); a tie is half a vote each way."""
    first, tie, second = np.moveaxis(answers, -3, 0)
    wins: np.ndarray = first + second.swapaxes(-1, -2) + (tie + tie.swapaxes(-1, -2)) / 2
    return wins


def _codes(names: pd.Series, order: tuple[str, ...]) -> np.ndarray:
    return pd.Categorical(names, order).codes.astype(int)


def _left_out(others: int) -> tuple[str, ...]:
    return (f"{others} practice, catch and repeat trials are left out",) if others else ()


def _whose(votes: Votes) -> str:
    return "simulated observers' " if votes.simulated else ""
