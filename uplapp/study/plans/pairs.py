"""Who sees what, in which order and on which side: a pure function of definition, observer and seed."""

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from uplapp.study.definition import Definition
from uplapp.study.plans import sequence
from uplapp.values import GRAIN, REFERENCE, SIDES, SPOT, Kind, Trial

DISGUISED = "disguised"  # of `catch_kind`


@lru_cache(maxsize=512)
def plan(definition: Definition, observer: int, seed: int) -> tuple[Trial, ...]:
    """All trials of observer number `observer`: practice, then main trials, repeats and catches among them.

    The deck of all comparisons is dealt out over the observers, round and round; over four rounds each
    comparison comes in all four ways (sides, which is first). Main trials are ordered in rounds in which each
    scene comes at most once; `sequence` puts repeats and catches among them and says which neighbours it
    avoids. With two orders the second half of the main trials is the first half with the sides exchanged.
    """
    rng = np.random.default_rng([seed, observer, 1])
    protocol, hand = definition.protocol, _hand(definition, observer, seed)
    practice = _with_answer(definition, "practice", protocol.practice, rng)
    catches = _with_answer(definition, "catch", protocol.catch, rng)
    if protocol.catch_kind == DISGUISED:
        catches = [_disguised(trial) for trial in catches]
    before = practice[-1].scene if practice else ""
    main = sequence.rounds(hand, before, rng)
    if protocol.orders == 2:
        main += sequence.after(main, [_oriented(trial, True, trial.first == "right") for trial in hand], rng)
    extra = [*catches, *_again(main, protocol.repeats, rng)]
    spread = sequence.spread(main, extra, before, protocol.orders == 2, rng)
    return tuple(replace(trial, position=index) for index, trial in enumerate([*practice, *spread]))


def _hand(definition: Definition, observer: int, seed: int) -> list[Trial]:
    """The observer's share of the deck: the cards that follow the share of the observer before."""
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


def _oriented(trial: Trial, swap: bool, right_first: bool) -> Trial:
    left, right = (trial.right, trial.left) if swap else (trial.left, trial.right)
    return replace(trial, left=left, right=right, first=SIDES[right_first])


def _again(trials: list[Trial], count: int, rng: np.random.Generator) -> list[Trial]:
    """Repeats: comparisons of the first half once more, mirrored."""
    early = trials[: max(1, len(trials) // 2)]
    picked = rng.permutation(len(early))[:count]
    return [_oriented(replace(early[i], kind="repeat"), True, early[i].first == "left") for i in picked]


def _with_answer(definition: Definition, kind: Kind, count: int, rng: np.random.Generator) -> list[Trial]:
    """Trials with a right answer: one side IS the reference. Scenes, conditions and sides take turns."""
    scenes = rng.permutation([scene.name for scene in definition.scenes])
    conditions = rng.permutation([condition.name for condition in definition.conditions])
    start = int(rng.integers(2))
    trials = []
    for index in range(count):
        scene, condition = str(scenes[index % len(scenes)]), str(conditions[index % len(conditions)])
        trial = Trial(0, kind, scene, REFERENCE, condition)
        trials.append(_oriented(trial, bool((index + start) % 2), bool(rng.integers(2))))
    return trials


def _disguised(catch: Trial) -> Trial:
    """The same catch trial, its reference under a grain, its other side the reference with a spot."""
    left, right = (GRAIN if side == REFERENCE else SPOT for side in (catch.left, catch.right))
    return replace(catch, left=left, right=right)
