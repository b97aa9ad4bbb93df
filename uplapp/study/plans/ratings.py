"""Which images an observer rates, in which order: a pure function of definition, observer and seed."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from math import gcd

import numpy as np

from uplapp.study.definition import Definition
from uplapp.values import REFERENCE, Kind, Trial


@lru_cache(maxsize=512)
def plan(definition: Definition, observer: int, seed: int) -> tuple[Trial, ...]:
    """All trials of observer number `observer`: practice, then main trials, repeats and catches among them.

    The deck of all images is dealt out over the observers, round and round, so how often two images were
    dealt differs by at most one. An observer sees the hand in rounds over the scenes; which image of a scene
    comes in which round takes turns over the observers. No scene comes twice in a row where another can.
    """
    rng = np.random.default_rng([seed, observer, 2])
    practice = _practice(definition)
    main = _main(definition, observer, seed, rng, practice[-1].scene if practice else "")
    early = main[: max(1, len(main) // 2)]
    picked = rng.permutation(len(early))[: definition.protocol.repeats]
    spread = _insert(main, [replace(early[i], kind="repeat") for i in picked], rng)
    spread = _insert(spread, _catches(definition, rng), rng)
    return tuple(replace(trial, position=index) for index, trial in enumerate([*practice, *spread]))


def _image(kind: Kind, scene: str, condition: str) -> Trial:
    return Trial(0, kind, scene, condition, REFERENCE)


def _practice(definition: Definition) -> list[Trial]:
    """The first conditions in turn, each in another scene: the same practice for every observer."""
    scenes, conditions = definition.scenes, definition.conditions
    return [
        _image("practice", scenes[index % len(scenes)].name, conditions[index % len(conditions)].name)
        for index in range(definition.protocol.practice)
    ]


def _catches(definition: Definition, rng: np.random.Generator) -> list[Trial]:
    """Trials in which the hidden reference itself is rated as if it were any image. Scenes take turns."""
    scenes = rng.permutation([scene.name for scene in definition.scenes])
    count = definition.protocol.catch
    return [_image("catch", str(scenes[index % len(scenes)]), REFERENCE) for index in range(count)]


def _deck(definition: Definition, seed: int) -> list[list[Trial]]:
    """Every image once, in rounds over the scenes. Conditions take turns within and between rounds."""
    rng = np.random.default_rng([seed, 3])
    scenes = [definition.scenes[i].name for i in rng.permutation(len(definition.scenes))]
    conditions = [definition.conditions[i].name for i in rng.permutation(len(definition.conditions))]
    size = len(conditions)
    return [
        [_image("main", scene, conditions[(place + turn) % size]) for place, scene in enumerate(scenes)]
        for turn in range(size)
    ]


def _main(
    definition: Definition, observer: int, seed: int, rng: np.random.Generator, before: str
) -> list[Trial]:
    """The observer's hand, round by round. `before` is the scene that comes right before it."""
    deck = [trial for round_ in _deck(definition, seed) for trial in round_]
    count = definition.comparisons
    hand = [deck[card % len(deck)] for card in range(observer * count, (observer + 1) * count)]
    met = observer // (len(deck) // gcd(len(deck), count))  # how often this very hand was dealt before
    order: list[Trial] = []
    for round_ in _rounds(hand, met):
        order = _append(order, [round_[i] for i in rng.permutation(len(round_))], before, rng)
    return order


def _rounds(hand: Sequence[Trial], turn: int) -> list[list[Trial]]:
    """A hand as rounds in which each scene comes at most once. Each scene's images start `turn` later."""
    by_scene = sorted(hand, key=lambda trial: trial.scene)
    lists = [list(images) for _, images in groupby(by_scene, key=lambda trial: trial.scene)]
    turned = [images[turn % len(images) :] + images[: turn % len(images)] for images in lists]
    most = max(map(len, turned))
    return [[images[place] for images in turned if place < len(images)] for place in range(most)]


def _append(order: list[Trial], round_: list[Trial], before: str, rng: np.random.Generator) -> list[Trial]:
    """Add a round whose first scene is not the last one. A single image goes where it fits."""
    last = order[-1].scene if order else before
    if round_[0].scene != last:
        return order + round_
    if len(round_) > 1:
        return [*order, *round_[1:], round_[0]]
    fitting = _fitting(order, round_[0], 0, before)
    place = int(rng.choice(fitting)) if fitting and order else len(order)
    return [*order[:place], *round_, *order[place:]]


def _insert(order: list[Trial], extra: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """Put `extra` at random places, never first. Repeats wait for the second half.

    Each goes beside no image of its own scene while any of `extra` finds such a place.
    """
    result, waiting = list(order), list(extra)
    while waiting:
        index, free = _first_that_fits(result, waiting)
        result.insert(int(rng.choice(free)), waiting.pop(index))
    return result


def _first_that_fits(order: Sequence[Trial], waiting: Sequence[Trial]) -> tuple[int, Sequence[int]]:
    """Choose the trial of `waiting` that fits away from its scene, with its places, or else the first."""
    tried: set[tuple[str, str]] = set()
    for index, trial in enumerate(waiting):
        if (trial.scene, trial.kind) not in tried:
            tried.add((trial.scene, trial.kind))
            if free := _fitting(order, trial, _least(order, trial)):
                return index, free
    return 0, range(_least(order, waiting[0]), len(order) + 1)


def _least(order: Sequence[Trial], trial: Trial) -> int:
    return max(1, (len(order) + 1) // 2 if trial.kind == "repeat" else 1)


def _fitting(order: Sequence[Trial], trial: Trial, least: int, before: str = "") -> list[int]:
    """Places from `least` on where neither neighbour shows the trial's scene."""
    scenes = [before, *(entry.scene for entry in order), ""]
    return [
        place
        for place in range(least, len(order) + 1)
        if trial.scene not in (scenes[place], scenes[place + 1])
    ]
