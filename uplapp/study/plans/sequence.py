"""The order of one observer's comparisons: what must not come side by side, and what not too soon again."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from uplapp.values import Trial

LAG = 5  # trials between two showings of a comparison
DRAWS = 32  # orders of the second half that are tried
TRIES = 12  # places that are tried for a trial that is moved, and trials that are
LONG = 1000  # trials in all the orders that are tried: a long plan must not take long to make
ROOM = 0.25  # the least share of places without a neighbour of the same scene that are enough to choose from

Faults = tuple[int, int, int, int]


def rounds(trials: Sequence[Trial], before: str, rng: np.random.Generator) -> list[Trial]:
    """Shuffled, in rounds in which each scene comes at most once.

    No round begins with the scene that ended the one before, `before` for the first, if it has another; a
    round of one scene alone goes to a random place that is beside no trial of that scene, if there is one.
    """
    seen: Counter[str] = Counter()
    turns: dict[int, list[Trial]] = {}
    for index in rng.permutation(len(trials)):
        trial = trials[index]
        seen[trial.scene] += 1
        turns.setdefault(seen[trial.scene], []).append(trial)
    order: list[Trial] = []
    for row in turns.values():
        order = _append(order, [row[i] for i in rng.permutation(len(row))], before, rng)
    return order


def after(first: Sequence[Trial], trials: Sequence[Trial], rng: np.random.Generator) -> list[Trial]:
    """Rounds of the same comparisons once more: of some random orders the one in which they come latest."""
    candidates: list[tuple[tuple[int, int], list[Trial]]] = []
    for _ in range(DRAWS):
        draw = rounds(trials, first[-1].scene, rng)
        soon = sum(max(0, LAG - gap) for gap in _between([*first, *draw]))
        candidates.append(((soon, len(_clashes(draw, first[-1].scene))), draw))
        if candidates[-1][0] == (0, 0):
            break
    return min(candidates, key=lambda row: row[0])[1]


def spread(
    main: Sequence[Trial], extra: Sequence[Trial], before: str, halves: bool, rng: np.random.Generator
) -> list[Trial]:
    """`main` with catches and repeats at random places, never first. Repeats in the second half.

    Of up to DRAWS orders the first without a fault, or the one with the fewest of the worst: fewer than LAG
    trials between a repeat and another showing of its comparison, then a scene twice in a row, then a catch
    or repeat right after another. So a scene comes twice in a row where it has more than half of the trials,
    and where no order without was found, as can be in short plans and with two scenes. `halves` keeps either
    half of `main` before the other; `before` is the scene right before all.
    """
    early = frozenset(main[: len(main) // 2]) if halves else frozenset()
    candidates: list[tuple[Faults, list[Trial]]] = []
    for _ in range(1 + min(DRAWS, LONG // (len(main) + len(extra)))):
        order = _mended(_scattered(main, extra, before, rng), before, early, rng)
        candidates.append((_faults(order, before, early), order))
        if candidates[-1][0] == (0, 0, _forced(order, before), 0):
            break
    return min(candidates, key=lambda row: row[0])[1]


def _scattered(
    main: Sequence[Trial], extra: Sequence[Trial], before: str, rng: np.random.Generator
) -> list[Trial]:
    """`extra` at random among the places for it, away from its scene where there are enough of these."""
    order = list(main)
    for trial in extra:
        places = _places(order, trial, len(main) + len(extra))
        free = [place for place in places if _fits(order, place, trial, before)]
        order.insert(int(rng.choice(free if len(free) >= ROOM * len(places) else places)), trial)
    return order


def _append(order: list[Trial], row: list[Trial], before: str, rng: np.random.Generator) -> list[Trial]:
    """Add a round whose first scene is not the last one."""
    if row[0].scene != (order[-1].scene if order else before):
        return order + row
    if len(row) > 1:
        place = int(rng.integers(1, len(row)))
        return [*order, row[place], *row[1:place], row[0], *row[place + 1 :]]
    fitting = [place for place in range(len(order) + 1) if _fits(order, place, row[0], before)]
    place = int(rng.choice(fitting)) if fitting else len(order)
    return [*order[:place], *row, *order[place:]]


def _comparison(trial: Trial) -> tuple[str, frozenset[str]]:
    return trial.scene, frozenset((trial.left, trial.right))


def _between(order: Sequence[Trial]) -> list[int]:
    """How many trials lie between any comparison, other than catches, and its last showing before."""
    last: dict[tuple[str, frozenset[str]], int] = {}
    gaps = []
    for index, trial in enumerate(order):
        if trial.kind != "catch":
            key = _comparison(trial)
            if key in last:
                gaps.append(index - last[key] - 1)
            last[key] = index
    return gaps


def _places(order: Sequence[Trial], trial: Trial, total: int) -> list[int]:
    """Where a catch or a repeat can go: not first, not beside another if that can be, and late enough."""
    places = list(range(1, len(order) + 1))
    if trial.kind == "repeat":
        shown = [index for index, other in enumerate(order) if _comparison(other) == _comparison(trial)]
        late = [place for place in places if place >= total // 2 and place > shown[0]]
        gaps = [_gap(place, shown) for place in late]
        places = [place for place, gap in zip(late, gaps, strict=True) if gap == max(gaps)]
    alone = [place for place in places if _plain(order, place)]
    return alone or places


def _gap(place: int, shown: Sequence[int]) -> int:
    """Trials between a new one at `place` and the nearest of those at `shown`, LAG for any more."""
    return min(LAG, *(place - 1 - index if index < place else index - place for index in shown))


def _plain(order: Sequence[Trial], place: int) -> bool:
    """Whether both neighbours of a place are main trials."""
    return all(trial.kind == "main" for trial in order[place - 1 : place + 1])


def _fits(order: Sequence[Trial], place: int, trial: Trial, before: str) -> bool:
    """Whether neither neighbour of a place shows the trial's scene."""
    left = order[place - 1].scene if place else before
    return trial.scene != left and (place == len(order) or trial.scene != order[place].scene)


def _clashes(order: Sequence[Trial], before: str) -> list[int]:
    """Where a trial shows the scene of the one before it."""
    scenes = [before, *(trial.scene for trial in order)]
    return [index for index, (one, other) in enumerate(pairwise(scenes)) if one == other]


def _forced(order: Sequence[Trial], before: str) -> int:
    """How often a scene of more than half of the trials follows itself whatever the order is."""
    counts = Counter(trial.scene for trial in order)
    return max(0, *(2 * times - len(order) - (scene != before) for scene, times in counts.items()))


def _faults(order: Sequence[Trial], before: str, early: frozenset[Trial]) -> Faults:
    """What is wrong with an order, worst first: kinds out of place, repeats too soon, scenes, neighbours."""
    half = len(order) // 2
    halves = [trial in early for trial in order if trial.kind == "main"]
    wrong = sum(not one and other for one, other in pairwise(halves)) + (order[0].kind != "main")
    seen: set[tuple[str, frozenset[str]]] = set()
    for index, trial in enumerate(order):
        wrong += trial.kind == "repeat" and (index < half or _comparison(trial) not in seen)
        seen.add(_comparison(trial))
    short = sum(max(0, LAG - gap) for gap in _between(order))
    beside = sum("main" not in (one.kind, other.kind) for one, other in pairwise(order))
    return int(wrong), short, len(_clashes(order, before)), beside


def _mended(
    order: list[Trial], before: str, early: frozenset[Trial], rng: np.random.Generator
) -> list[Trial]:
    """The order with single trials moved away from their own scene, while that makes nothing else worse."""
    tried = 0
    while len(clashes := _clashes(order, before)) > _forced(order, before) and tried < min(
        TRIES, len(clashes)
    ):
        moved = _moved(order, clashes[tried], before, early, rng)
        tried = tried + 1 if moved is None else 0
        order = moved or order
    return order


def _moved(
    order: list[Trial], clash: int, before: str, early: frozenset[Trial], rng: np.random.Generator
) -> list[Trial] | None:
    """The order with one of the two trials of a clash elsewhere, so that fewer things are wrong. Or None."""
    candidates = [order]
    for index in range(max(0, clash - 1), clash + 1):
        rest = order[:index] + order[index + 1 :]
        free = [place for place in range(len(rest) + 1) if _fits(rest, place, order[index], before)]
        places = [int(place) for place in rng.permutation(free)[: 1 + min(TRIES, LONG // len(order))]]
        candidates += [[*rest[:place], order[index], *rest[place:]] for place in places]
    best = min(candidates, key=lambda one: _faults(one, before, early))
    return None if best is order else best
