"""Scenes: the scores of each by itself, and a test whether they differ from scene to scene."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.special import gammaln

from uplapp.analysis.model import Pairs, Terms, components, likelihood, maximise
from uplapp.analysis.reading.votes import count, main_trials, of_scene, scenes
from uplapp.analysis.scoring.bootstrap import Beat, observer_weights, shifted
from uplapp.analysis.scoring.common_zero import on_common_zero, without_zero
from uplapp.analysis.scoring.scores import MEAN, analyse
from uplapp.analysis.scoring.two_way import OBSERVERS
from uplapp.errors import Cancelled, UplappError
from uplapp.values import Array, Mask, Method, Rows, Scores, Votes, Watch

SIDES = ("condition_A", "condition_B")
PERMUTATIONS = 999
FIRST_LOOK, CLEARLY_CHANCE = 99, 0.2  # a p above that after the first look needs no sharper value
MOST_MOVES = 20_000_000  # votes x permutations: about three seconds
LEAST_PERMUTATIONS = 199
RESAMPLES = 999
MOST_CELLS = 6_000_000  # resamples x scenes x pairs
LEAST_WAYS = 25  # so that p can fall below 0.05
CLIMB = 25  # Newton steps: a scene whose votes leave the scores open is by then at the top of its likelihood
SAME = 1e-6  # of a likelihood ratio: what fits of the same votes may differ by


@dataclass(frozen=True)
class Interaction:
    """Likelihood ratio of scores per scene against scores common to all, with degrees of freedom and p.

    p is the share of `permutations` with a ratio as large, the votes themselves counted among them;
    `p_observers` that of replicates of whole observers, NaN of one observer or of very many votes.
    """

    ratio: float
    df: int
    p: float
    permutations: int
    p_observers: float = np.nan


@dataclass(frozen=True, eq=False)
class SceneVotes:
    """Single votes (V,) as codes of who judged which pair in which scene, sorted by observer and pair.

    `chosen` is 1 where the first condition of the pair was chosen, 0 where the second, 0.5 for not sure.
    `first`, `second` (P,) are the conditions of the pairs.
    """

    observer: Rows
    scene: Rows
    pair: Rows
    chosen: Array
    first: Rows
    second: Rows
    conditions: int

    @classmethod
    def of(cls, votes: Votes) -> "SceneVotes":
        """Read the main trials."""
        table = main_trials(votes)
        names = sorted({*table["condition_A"].unique(), *table["condition_B"].unique()})
        a, b = (table[side].cat.set_categories(names).cat.codes.to_numpy(int) for side in SIDES)
        chosen = table["is_A_selected"].to_numpy(float)
        cells, pair = np.unique(np.minimum(a, b) * len(names) + np.maximum(a, b), return_inverse=True)
        observer, scene = (
            np.unique(table[column].cat.codes, return_inverse=True)[1] for column in ("observer", "scene")
        )
        order = np.lexsort((scene, pair, observer))
        chosen = np.where(a < b, chosen, 1 - chosen)
        return cls(
            observer=observer[order],
            scene=scene[order],
            pair=pair[order],
            chosen=chosen[order],
            first=cells // len(names),
            second=cells % len(names),
            conditions=len(names),
        )

    def wins(self, scene: Rows) -> Array:
        """Count (S,P) how often the first condition of a pair was chosen, the votes labelled by `scene`."""
        shape = int(self.scene.max()) + 1, self.first.size
        cells = scene * shape[1] + self.pair
        wins = np.bincount(cells, weights=self.chosen, minlength=shape[0] * shape[1])
        return wins.astype(float).reshape(shape)


def analyse_scenes(
    votes: Votes,
    method: Method = Method(),  # noqa: B008 - frozen
    watch: Watch | None = None,
) -> dict[str, Scores]:
    """Score each scene of the main trials as a study of its own, scenes in order of their names.

    Zero is common to all scenes: the anchor, or the mean of the conditions, as `on_common_zero` lays scenes
    beside each other. A scene that did not show the anchor has no scores, only differences. `watch` hears of
    the replicates of all scenes together. Raises UplappError that names the scene.
    """
    names = scenes(votes)
    scores, alone = {}, replace(method, resample=OBSERVERS)
    counted = {name: count(of_scene(votes, name)) for name in names}
    anchored = any(method.anchor in some.conditions for some in counted.values())
    for place, (name, some) in enumerate(counted.items()):
        heard = shifted(watch, place * method.bootstraps, len(names) * method.bootstraps)
        lost = anchored and method.anchor not in some.conditions
        try:
            scores[name] = analyse(some, replace(alone, anchor=MEAN) if lost else alone, heard)
        except Cancelled:  # by whoever watches
            raise
        except UplappError as error:
            raise UplappError(f"scene '{name}': {error}") from None
        if lost:
            scores[name] = replace(without_zero(scores[name], method.anchor), method=alone)
    return on_common_zero(scores) if method.anchor == MEAN else scores


def interaction(votes: Votes, seed: int = 0, beat: Beat | None = None) -> Interaction | None:
    """Test by permutation whether the differences between conditions depend on the scene.

    The ratio is -2 ln(L_common / L_scenes) of Thurstone fits without a prior, "not sure" as half a vote. The
    permutations give scenes other votes of the same observer: of observers who judged the same pairs equally
    often in each of their scenes, whole scenes change places; of others, votes of one pair, and so of all
    where whole scenes have fewer than LEAST_WAYS ways to change places. None where there is no test:
    one scene, no pair in two scenes, or no observer with votes to exchange. `beat` may end the work.
    """
    if len(scenes(votes)) < 2:
        return None
    data = SceneVotes.of(votes)
    shown = np.zeros((int(data.scene.max()) + 1, data.first.size))
    np.add.at(shown, (data.scene, data.pair), 1.0)
    df = _rank(shown, data) - _rank(shown.sum(axis=0, keepdims=True), data)
    if df <= 0:
        return None
    own = data.wins(data.scene)
    common = _peak(own.sum(axis=0)[None], shown.sum(axis=0), data)[0]
    best = _best(own[None], shown, data)[0]
    p, permutations = _chance(data, shown, best, seed, beat)
    ratio = float(max(0.0, 2 * (best - common)))
    if not permutations:
        return None
    return Interaction(ratio, df, p, permutations, _by_observers(data, ratio, seed, beat))


def _chance(data: SceneVotes, shown: Array, best: float, seed: int, beat: Beat | None) -> tuple[float, int]:
    """Share of permutations that fit their scenes as well, and how many there were, 0 if none is possible."""
    total = int(np.clip(MOST_MOVES // data.scene.size, LEAST_PERMUTATIONS, PERMUTATIONS))
    labels = _permutations(data, np.random.default_rng(seed))
    as_good, done = 0, 0
    for size in (FIRST_LOOK, total - FIRST_LOOK):
        wins = [data.wins(scene) for scene, _ in zip(labels, range(size), strict=False)]
        if not wins:
            return np.nan, 0
        as_good += int((_best(np.array(wins), shown, data, beat) >= best - SAME).sum())
        done += len(wins)
        if (p := (1 + as_good) / (1 + done)) > CLEARLY_CHANCE:
            break
    return p, done


def _by_observers(data: SceneVotes, ratio: float, seed: int, beat: Beat | None) -> float:
    """Share of replicates of whole observers whose scenes depart as far from what the study's scenes say.

    In each the ratio is taken against common scores plus the study's own differences between scenes, so that
    it tells chance alone, in whatever way the votes of one observer depend on each other.
    """
    cells = (int(data.scene.max()) + 1) * data.first.size
    most, p = min(RESAMPLES, MOST_CELLS // cells), np.nan
    if data.observer.max() == 0 or most < FIRST_LOOK:
        return p
    for draws in (FIRST_LOOK, most):
        p = float((1 + (_resampled_ratios(data, draws, seed, beat) >= ratio - SAME).sum()) / (1 + draws))
        if p > CLEARLY_CHANCE:
            break
    return p


def _resampled_ratios(data: SceneVotes, draws: int, seed: int, beat: Beat | None = None) -> Array:
    """Ratios (B,) of replicates of observers against common scores plus the study's own differences.

    As every spread of resampled observers, they are widened by K / (K - 1).
    """
    observers, scenes, pairs = int(data.observer.max()) + 1, int(data.scene.max()) + 1, data.first.size
    weights = np.vstack([np.ones(observers), observer_weights(observers, draws, seed)])
    place = (data.observer, data.scene * pairs + data.pair)
    won, cast = (
        (weights @ csr_array((times, place), shape=(observers, scenes * pairs))).reshape(-1, scenes, pairs)
        for times in (data.chosen, np.ones_like(data.chosen))
    )
    rows, groups = np.arange(len(weights)), [_groups(votes, data) for votes in cast[0]]
    own, objectives, best = [], [], np.zeros(len(weights))
    for scene, group in enumerate(groups):
        if beat:
            beat()
        votes = Pairs(data.conditions, data.first, data.second, won[:, scene], cast[:, scene])
        objectives.append(likelihood(votes))
        fit = maximise(objectives[-1], np.zeros((rows.size, data.conditions)), _gauge(group), CLIMB)
        best += objectives[-1](fit.scores, rows).value
        own.append(fit.scores[0])

    def common(scores: Array, some: Rows) -> Terms:
        terms = [each(scores + apart, some) for each, apart in zip(objectives, own, strict=True)]
        names = ("value", "gradient", "hessian", "concave")
        return Terms(*(np.sum([getattr(part, name) for part in terms], axis=0) for name in names))

    start, gauge = np.zeros((rows.size, data.conditions)), _gauge(_groups(cast[0].sum(axis=0), data))
    ratios: Array = 2 * (best - common(maximise(common, start, gauge, CLIMB).scores, rows).value)[1:]
    return ratios * observers / (observers - 1)


def _gauge(group: Rows) -> Array:
    same: Array = (group[:, None] == group).astype(float)
    return same


def _permutations(data: SceneVotes, generator: np.random.Generator) -> Iterator[Rows]:
    """Yield scenes (V,) for the votes without end, nothing where no vote can change its scene."""
    seats, seat = np.unique(np.stack([data.observer, data.scene]), axis=1, return_inverse=True)
    balanced = _is_balanced(data)
    own_ways = gammaln(1 + np.bincount(seats[0]))[balanced].sum()
    # The scenes of everybody renamed alike give the same ratio.
    enough = own_ways - gammaln(1 + len(set(seats[1]))) >= np.log(LEAST_WAYS)
    whole = balanced[data.observer] & enough
    group = data.observer * data.first.size + data.pair
    loose = np.flatnonzero(~whole)
    free = (seats[0][1:] == seats[0][:-1])[np.isin(seats[0][1:], data.observer[whole])].any()
    free |= ((np.diff(group[loose]) == 0) & (np.diff(data.scene[loose]) != 0)).any()
    while free:
        scene = data.scene.copy()
        moved = seats[1][np.argsort(seats[0] + generator.random(seats.shape[1]))]
        scene[whole] = moved[seat.reshape(-1)[whole]]
        scene[loose] = data.scene[loose][np.argsort(group[loose] + generator.random(loose.size))]
        yield scene


def _is_balanced(data: SceneVotes) -> Mask:
    """Mark (K,) which observers judged the same pairs equally often in each of their scenes."""
    cells, votes = np.unique(np.stack([data.observer, data.pair, data.scene]), axis=1, return_counts=True)
    observers = int(data.observer.max()) + 1
    balanced = np.ones(observers, dtype=bool)
    seen = np.bincount(np.unique(cells[[0, 2]], axis=1)[0], minlength=observers)
    pair = cells[0] * data.first.size + cells[1]
    _, start, size = np.unique(pair, return_index=True, return_counts=True)
    who = cells[0][start]
    uneven = np.maximum.reduceat(votes, start) != np.minimum.reduceat(votes, start)
    balanced[who[uneven | (size != seen[who])]] = False
    return balanced


def _rank(shown: Array, data: SceneVotes) -> int:
    """Count the differences that votes (S,P) can fix: conditions less connected groups, of each scene."""
    return sum(data.conditions - len(set(_groups(votes, data))) for votes in shown)


def _groups(votes: Array, data: SceneVotes) -> Rows:
    counts = np.zeros((data.conditions, data.conditions))
    counts[data.first, data.second] = counts[data.second, data.first] = votes
    return components(counts)


def _best(wins: Array, shown: Array, data: SceneVotes, beat: Beat | None = None) -> Array:
    """Log-likelihood (B,) of B labellings, wins (B,S,P), each scene with its own scores."""
    total = np.zeros(len(wins))
    for scene, votes in enumerate(shown):
        if beat:
            beat()
        total += _peak(wins[:, scene], votes, data)
    return total


def _peak(wins: Array, votes: Array, data: SceneVotes) -> Array:
    """Highest log-likelihood (B,) of wins (B,P) among votes (P,), approached where no scores reach it."""
    some = votes > 0
    shown, place = np.unique([data.first[some], data.second[some]], return_inverse=True)
    first, second = place.reshape(2, -1)
    pairs = Pairs(shown.size, first, second, wins[:, some], np.tile(votes[some], (len(wins), 1)))
    objective = likelihood(pairs)
    start = np.zeros((len(wins), shown.size))
    fit = maximise(objective, start, _gauge(_groups(votes, data)[shown]), CLIMB)
    value: Array = objective(fit.scores, np.arange(len(wins))).value
    return value
