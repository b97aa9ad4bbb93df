"""Votes -> Comparisons: how often each observer chose what over what."""

import numpy as np
import pandas as pd

from uplapp.errors import BadVotes
from uplapp.values import Comparisons, Votes

OUTCOMES = 3  # A chosen, not sure, B chosen: the order of `Comparisons.answers`


def count(votes: Votes) -> Comparisons:
    """Count the main trials.

    Other kinds of trials never enter.
    """
    main = votes.table["kind"] == "main"
    table = votes.table.loc[main, ["observer", "condition_A", "condition_B", "is_A_selected"]]
    if table.empty:
        raise BadVotes(f"{votes.source} holds no votes of {_whose(votes)}main trials")
    conditions = tuple(sorted({*table["condition_A"].unique(), *table["condition_B"].unique()}))
    observers = tuple(sorted(table["observer"].unique()))
    answers = _answers(table, observers, conditions)
    return Comparisons(
        conditions=conditions,
        observers=observers,
        wins=to_wins(answers),
        simulated=votes.simulated,
        notes=(*votes.notes, *_left_out(int((~main).sum()))),
        answers=answers,
        excluded=votes.excluded,
        manifest=votes.manifest,
    )


def to_wins(answers: np.ndarray) -> np.ndarray:
    """Count wins (...,n,n), row over column, of answers (...,3,n,n), a tie as half a vote each way."""
    first, tie, second = np.moveaxis(answers, -3, 0)
    wins: np.ndarray = first.astype(float)
    wins += second.swapaxes(-1, -2)
    wins += tie / 2
    wins += tie.swapaxes(-1, -2) / 2
    return wins


def _answers(table: pd.DataFrame, observers: tuple[str, ...], conditions: tuple[str, ...]) -> np.ndarray:
    """Answers (K,3,n,n) in 4 bytes each, exact up to 2^24: 200 observers of 200 conditions take 96 MB."""
    k = _codes(table["observer"], observers)
    a, b = (_codes(table[side], conditions) for side in ("condition_A", "condition_B"))
    outcome = (2 * (1 - table["is_A_selected"].to_numpy())).astype(int)
    shape = len(observers), OUTCOMES, len(conditions), len(conditions)
    cells, counts = np.unique(np.ravel_multi_index((k, outcome, a, b), shape), return_counts=True)
    answers = np.zeros(shape, dtype=np.float32)
    answers.flat[cells] = counts
    return answers


def _codes(names: pd.Series, order: tuple[str, ...]) -> np.ndarray:
    return names.astype("category").cat.set_categories(order).cat.codes.to_numpy(int)


def _left_out(others: int) -> tuple[str, ...]:
    if not others:
        return ()
    return (f"{others} practice, catch and repeat trial{'s are' if others > 1 else ' is'} left out",)


def _whose(votes: Votes) -> str:
    return "simulated observers' " if votes.simulated else ""
