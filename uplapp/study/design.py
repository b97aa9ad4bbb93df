"""Who sees what, in which order and on which side: a pure function of definition, observer and seed."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np

from uplapp.study.definition import Definition
from uplapp.values import REFERENCE, Kind, Side, Trial

SIDES: tuple[Side, Side] = ("left", "right")


def plan(definition: Definition, observer: int, seed: int) -> tuple[Trial, ...]:
    """All trials of observer number `observer`: practice, then main trials, repeats and catches among them.

    Four observers in a row are one counterbalanced group: the same draws, then sides mirrored, the first one
    mirrored, both mirrored. No scene comes a second time before every scene of the study came once.
    """
    order = np.random.default_rng([seed, observer, 1])
    deck = _deck(definition, observer, seed)
    main = _rounds(_hand(definition, deck, observer, seed), order)
    spread = _insert(main, _again(main, definition.protocol.repeats, order), order)
    spread = _insert(spread, _known(definition, "catch", definition.protocol.catch, order), order)
    practice = _known(definition, "practice", definition.protocol.practice, order)
    return tuple(replace(trial, position=index) for index, trial in enumerate([*practice, *spread]))


def _deck(definition: Definition, observer: int, seed: int) -> list[Trial]:
    """Every comparison with its sides: half of them either way round for each observer."""
    group, member = divmod(observer, 4)
    pairs = list(product(definition.scenes, definition.pairs))
    ways = np.random.default_rng([seed, group, 0]).permutation(np.arange(len(pairs)) % 4)
    return [
        _oriented(
            Trial(0, "main", scene.name, one, other), bool((way ^ member) & 1), bool((way ^ member) & 2)
        )
        for (scene, (one, other)), way in zip(pairs, ways, strict=True)
    ]


def _hand(definition: Definition, deck: list[Trial], observer: int, seed: int) -> list[Trial]:
    """The observer's share: `random:N` deals one shuffled deck out over the observers, round and round."""
    count = definition.main_trials
    deal = np.random.default_rng([seed, 2]).permutation(len(deck))
    return [deck[deal[(observer * count + card) % len(deck)]] for card in range(count)]


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
