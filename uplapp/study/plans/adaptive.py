"""The next comparison of an adaptive study: chosen when it is needed, from the answers so far."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.study.definition import Definition
from uplapp.study.plans.sequence import LAG
from uplapp.study.store.store import Store
from uplapp.values import SIDES, Side, Trial

# (counts (n,n), count, allowed (n,n), shown (n,n), seed, start) -> pairs (i, j), best first
Chooser = Callable[[Any, int, Any, Any, int, Any], Sequence[tuple[int, int]]]
WINS = {"left": (1.0, 0.0), "right": (0.0, 1.0), "not_sure": (0.5, 0.5), "both_bad": (0.5, 0.5)}
OLD = """SELECT count(*) AS n FROM observers
    WHERE study = :study AND simulated = :simulated AND pilot = 0 AND excluded != ''"""
NEW = """SELECT answers.rowid AS id, scene, "left", "right", first, choice
    FROM answers JOIN trials ON trials.token = answers.trial JOIN observers ON observers.id = trials.observer
    WHERE answers.rowid > :newest AND observers.study = :study AND simulated = :simulated AND pilot = 0
    AND kind = 'main' AND answers.excluded = '' AND observers.excluded = '' ORDER BY answers.rowid"""

Answered = tuple[str, str, str, str, str]  # scene, left, right, first, choice


@dataclass
class Tally:
    """Main answers of a study, counted as far as row `newest`, while `left_out` observers were excluded."""

    newest: int = 0
    left_out: int = 0
    answers: Counter[Answered] = field(default_factory=Counter)


def count(store: Store, study: str, simulated: bool, tally: Tally) -> None:
    """Bring a tally up to date. Only new answers are read, all again after an observer was excluded."""
    whose = {"study": study, "simulated": int(simulated)}
    left_out = (store.row(OLD, **whose) or {"n": 0})["n"]
    if left_out != tally.left_out:
        tally.newest, tally.left_out = 0, left_out
        tally.answers.clear()
    for row in store.rows(NEW, {**whose, "newest": tally.newest}):
        tally.newest = row["id"]
        tally.answers[row["scene"], row["left"], row["right"], row["first"], row["choice"]] += 1


def choose(
    definition: Definition,
    planned: Sequence[Trial],
    own: Sequence[Trial],
    answers: Counter[Answered],
    chooser: Chooser | None,
    seed: int,
) -> Trial:
    """The trial after the observer's `own`, in the place of `planned[len(own)]`.

    A main trial takes the chooser's pair, in the scene that this observer saw least and, of these, not the
    one just shown, then the one that was answered least for the pair; sides and first place are balanced
    within the observer, then for the pair. The observer's plan decides where there is no chooser or it fails.
    A repeat shows an own earlier comparison mirrored, none of the last LAG trials if there is another;
    practice and catch trials stay as planned.
    """
    rng = np.random.default_rng([seed, len(own)])
    plan = planned[len(own)]
    mine = [trial for trial in own if trial.kind == "main"]
    if plan.kind == "repeat" and mine:
        half = max(1, sum(trial.kind == "main" for trial in planned) // 2)
        return _mirrored(plan, _least_repeated(mine[:half], own, rng))
    if plan.kind != "main":
        return plan
    try:
        pair = _pair(definition, mine, answers, chooser, int(rng.integers(2**32)))
    except Exception:  # whatever it is, the observer goes on
        logging.getLogger(__name__).exception("no adaptive choice; the observer's plan decides")
        pair = None
    if pair is None:
        seen = {_comparison(trial) for trial in mine}
        left = [entry for entry in planned if entry.kind == "main" and _comparison(entry) not in seen]
        return replace(plan if plan in left else left[0], position=plan.position)
    return _placed(definition, plan, pair, own, answers, rng)


def _comparison(trial: Trial) -> tuple[str, frozenset[str]]:
    return trial.scene, frozenset((trial.left, trial.right))


def _mirrored(plan: Trial, once: Trial) -> Trial:
    first: Side = "right" if once.first == "left" else "left"
    return replace(once, kind="repeat", position=plan.position, left=once.right, right=once.left, first=first)


def _least_repeated(early: Sequence[Trial], own: Sequence[Trial], rng: np.random.Generator) -> Trial:
    """One of the early comparisons, none twice before each came once, not just shown if another can be."""
    again = Counter(_comparison(trial) for trial in own if trial.kind == "repeat")
    soon = {_comparison(trial) for trial in own[-LAG:]}
    last = own[-1].scene

    def less(trial: Trial) -> tuple[int, bool, bool, float]:
        what = _comparison(trial)
        return again[what], what in soon, trial.scene == last, rng.random()

    return min(early, key=less)


def _pair(
    definition: Definition,
    mine: Sequence[Trial],
    answers: Counter[Answered],
    chooser: Chooser | None,
    seed: int,
) -> tuple[str, str] | None:
    """The chooser's pair of names. None without a chooser. KeyError if it chose what it must not."""
    if chooser is None:
        return None
    place = {entry.name: index for index, entry in enumerate(definition.conditions)}
    counts = np.zeros((len(place), len(place)))
    pooled: Counter[tuple[str, str, str]] = Counter()
    for (_, left, right, _, choice), times in answers.items():
        pooled[left, right, choice] += times  # ten times quicker than cells of an array
    for (left, right, choice), times in pooled.items():
        i, j = place[left], place[right]
        counts[i, j] += WINS[choice][0] * times
        counts[j, i] += WINS[choice][1] * times
    shown = np.zeros_like(counts)
    for trial in mine:
        i, j = place[trial.left], place[trial.right]
        shown[i, j] += 1
        shown[j, i] += 1
    allowed: NDArray[np.bool_] = shown < len(definition.scenes)
    np.fill_diagonal(allowed, False)
    i, j = chooser(counts, 1, allowed, shown, seed, None)[0]
    if not allowed[i, j]:
        raise KeyError((i, j))
    names = definition.conditions
    return names[min(i, j)].name, names[max(i, j)].name


def _placed(
    definition: Definition,
    plan: Trial,
    pair: tuple[str, str],
    own: Sequence[Trial],
    answers: Counter[Answered],
    rng: np.random.Generator,
) -> Trial:
    """Scene, sides and first place of a chosen pair."""
    mine = [trial for trial in own if trial.kind == "main"]
    last = own[-1].scene if own else ""
    judged = {trial.scene for trial in mine if {trial.left, trial.right} == set(pair)}
    seen = Counter(trial.scene for trial in mine)
    scenes: Counter[str] = Counter()
    ways: Counter[tuple[str, str]] = Counter()
    for where, turn, first, choice in product(definition.scenes, (0, 1), SIDES, WINS):
        times = answers[where.name, pair[turn], pair[1 - turn], first, choice]
        scenes[where.name] += times
        ways[pair[turn], first] += times
    fresh = [scene.name for scene in definition.scenes if scene.name not in judged]
    scene = min(fresh, key=lambda name: (seen[name], name == last, scenes[name], rng.random()))
    order = [entry.name for entry in definition.conditions]
    turned = Counter(order.index(trial.left) > order.index(trial.right) for trial in mine)
    firsts = Counter(trial.first for trial in mine)
    options = [
        replace(plan, scene=scene, left=pair[turn], right=pair[1 - turn], first=first)
        for turn in (0, 1)
        for first in SIDES
    ]
    return min(
        options,
        key=lambda trial: (
            turned[trial.left == pair[1]] + firsts[trial.first],
            ways[trial.left, trial.first],
            rng.random(),
        ),
    )
