"""Who sees what, in which order and on which side: a pure function of definition, observer and seed."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from uplapp.study import rating_plan
from uplapp.study.definition import Definition
from uplapp.values import REFERENCE, Kind, Side, Trial

SIDES: tuple[Side, Side] = ("left", "right")


@lru_cache(maxsize=512)
def plan(definition: Definition, observer: int, seed: int) -> tuple[Trial, ...]:
    """All trials of observer number `observer`: practice, then main trials, repeats and catches among them.

    The deck of all comparisons is dealt out over the observers, round and round; over four rounds each
    comparison comes in all four ways (sides, which is first). No scene comes a second time before every
    scene of the study came once, as far as the observer's hand allows. With two orders the second half of
    the main trials is the first half with the sides exchanged. Ratings have a plan of their own.
    """
    if definition.rating:
        return rating_plan.plan(definition, observer, seed)
    order = np.random.default_rng([seed, observer, 1])
    hand = _hand(definition, observer, seed)
    main = _rounds(hand, order)
    if definition.protocol.orders == 2:
        main += _rounds([_oriented(trial, True, trial.first == "right") for trial in hand], order)
    spread = _insert(main, _again(main, definition.protocol.repeats, order), order)
    spread = _insert(spread, _known(definition, "catch", definition.protocol.catch, order), order)
    practice = _known(definition, "practice", definition.protocol.practice, order)
    return tuple(replace(trial, position=index) for index, trial in enumerate([*practice, *spread]))


def _hand(definition: Definition, observer: int, seed: int) -> list[Trial]:
    """The observer's share of the deck: the next cards after those of the observer before."""
    deck = _deck(definition, seed)
    count = definition.comparisons
    hand = []
    for card in range(observer * count, (observer + 1) * count):
        turn, place = divmod(card, len(deck))
        way = _ways(len(deck), turn // 4, seed)[place] ^ (turn % 4)
        hand.append(_oriented(deck[place], bool(way & 1), bool(way & 2)))
    return hand


@lru_cache(maxsize=16)
def _deck(definition: Definition, seed: int) -> tuple[Trial, ...]:
    """Every comparison once, in an order in which a few cards already connect all conditions.

    Each run of a block's length is a path through all conditions, its scenes in turn; the runs of a block
    show each of its pairs in every scene. So the first n - 1 cards connect the n conditions, and the first
    S block lengths connect them within each of the S scenes.
    """
    rng = np.random.default_rng([seed, 2])
    names = [definition.conditions[i].name for i in rng.permutation(len(definition.conditions))]
    scenes = [definition.scenes[i].name for i in rng.permutation(len(definition.scenes))]
    canonical = {frozenset(pair): pair for pair in definition.pairs}
    return tuple(
        Trial(0, "main", scenes[(place + turn) % len(scenes)], *canonical[frozenset((names[i], names[j]))])
        for block in _paths(len(names))
        for turn in range(len(scenes))
        for place, (i, j) in enumerate(block)
    )


def _paths(n: int) -> list[list[tuple[int, int]]]:
    """All pairs of n numbers, as paths through all n (n even) or as rings (n odd).

    Walecki's zigzag (Lucas 1892, Recreations mathematiques II; Alspach 2008, "The wonderful Walecki
    construction").
    """
    even = n - n % 2
    steps = [(k + 1) // 2 * (-1) ** (k + 1) for k in range(even)]
    stops = [[(block + step) % even for step in steps] for block in range(even // 2)]
    ends = [n - 1] if n % 2 else []
    return [list(pairwise([*ends, *path, *ends])) for path in stops]


@lru_cache(maxsize=64)
def _ways(count: int, group: int, seed: int) -> tuple[int, ...]:
    """A way 0..3 for each of `count` cards: all four ways in every four cards, in a random order."""
    rng = np.random.default_rng([seed, group, 0])
    fours = [rng.permutation(min(4, count - start)) for start in range(0, count, 4)]
    return tuple(int(way) for four in fours for way in four)


def _rounds(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """Shuffled, in rounds over the scenes."""
    seen: Counter[str] = Counter()
    drawn: list[tuple[int, float, Trial]] = []
    for index in rng.permutation(len(trials)):
        trial = trials[index]
        seen[trial.scene] += 1
        drawn.append((seen[trial.scene], rng.random(), trial))
    return [trial for _, _, trial in sorted(drawn, key=lambda row: row[:2])]


def _oriented(trial: Trial, swap: bool, right_first: bool) -> Trial:
    left, right = (trial.right, trial.left) if swap else (trial.left, trial.right)
    return replace(trial, left=left, right=right, first=SIDES[right_first])


def _again(trials: list[Trial], count: int, rng: np.random.Generator) -> list[Trial]:
    """Repeats: comparisons of the first half once more, mirrored."""
    early = trials[: max(1, len(trials) // 2)]
    picked = rng.permutation(len(early))[:count]
    return [_oriented(replace(early[i], kind="repeat"), True, early[i].first == "left") for i in picked]


def _known(definition: Definition, kind: Kind, count: int, rng: np.random.Generator) -> list[Trial]:
    """Trials with a right answer: one side IS the reference; scenes, conditions and sides take turns."""
    scenes = rng.permutation([scene.name for scene in definition.scenes])
    conditions = rng.permutation([condition.name for condition in definition.conditions])
    start = int(rng.integers(2))
    trials = []
    for index in range(count):
        scene, condition = str(scenes[index % len(scenes)]), str(conditions[index % len(conditions)])
        trial = Trial(0, kind, scene, REFERENCE, condition)
        trials.append(_oriented(trial, bool((index + start) % 2), bool(rng.integers(2))))
    return trials


def _insert(trials: list[Trial], extra: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """Put `extra` at random places; repeats wait for the second half, past the trials that they repeat."""
    result = list(trials)
    for trial in extra:
        low = len(result) // 2 if trial.kind == "repeat" else 1
        result.insert(int(rng.integers(min(low, len(result)), len(result) + 1)), trial)
    return result
