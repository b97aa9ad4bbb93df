"""Votes on plain and on boosted views of the same versions -> distortions in plain JND, scene by scene."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from uplapp.analysis.alternatives.boosting import BoostFit, boost_objective, fit_boost, rough_start
from uplapp.analysis.alternatives.scale import Parameter
from uplapp.analysis.model import GoodnessOfFit, Pairs, chunk_size, fit_best, likelihood, strong_components
from uplapp.analysis.reading.votes import count_scenes
from uplapp.analysis.scoring import ALPHA, INTERVALS, MOST_BOOTSTRAPS, observer_weights
from uplapp.analysis.writing.wording import listed
from uplapp.errors import UnknownName, UplappError
from uplapp.values import REFERENCE, Array, Comparisons, Mask, Method, Votes

MOST_LOST = 0.025  # share of replicates without a finite optimum: more than one end of an interval holds
BOOSTED_SEED = 1  # beside the seed of the method, which the plain observers have
FEWEST = 3  # versions with plain votes, the source among them, which fix a mapping


@dataclass(frozen=True, eq=False)
class TripletScale:
    """Distortions of one scene in plain JND (n,), 0 at the source, with 95% intervals.

    `boosted` (n,) are those of boosted views, which the mapping makes of `jnd`. `plain_alone`,
    `boosted_alone` (n,) come from one kind of votes, NaN where these do not fix them; `plain_votes`,
    `boosted_votes` (n,): how many. `linear`, `square` are the mapping's g_1 and g_2. `agreement`: likelihood
    ratio of two separate scales against this one. `off` is the root mean square of `plain_alone - jnd`.
    `people` counts the observers of plain and of boosted views.
    """

    scene: str
    conditions: tuple[str, ...]
    jnd: Array
    low: Array
    high: Array
    boosted: Array
    plain_alone: Array
    boosted_alone: Array
    plain_votes: Array
    boosted_votes: Array
    linear: Parameter
    square: Parameter
    agreement: GoodnessOfFit
    off: float
    people: tuple[int, int]
    degenerate: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TripletScales:
    """The scales of all scenes that both kinds of votes fix, and what else a reader must know."""

    scales: tuple[TripletScale, ...]
    source: str
    method: Method
    simulated: bool
    excluded: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Data:
    """Wins (K,n,n) of the plain and of the boosted views' observers, over the same n versions."""

    plain: Array
    boosted: Array
    sources: Mask

    @property
    def counts(self) -> tuple[Array, Array]:
        """The votes (n,n) of both kinds, over all observers."""
        return self.plain.sum(axis=0), self.boosted.sum(axis=0)


def scale_triplets(
    plain: Votes,
    boosted: Votes,
    source: str = REFERENCE,
    method: Method = Method(),  # noqa: B008 - frozen
) -> TripletScales:
    """Put both kinds of votes on one scale in plain JND, each scene by itself, `source` at 0.

    Versions go by scene and name. The better of two is the less distorted one. Of `method` only interval,
    bootstraps and seed are used. Raises an UplappError where no scene has a scale.
    """
    _check(plain, boosted, method)
    scenes = count_scenes(plain), count_scenes(boosted)
    shared = [name for name in scenes[0] if name in scenes[1]]
    if not shared:
        first, second = (listed([name or "no named scene" for name in each]) for each in scenes)
        raise UplappError(f"the two files share no scene: {plain.source} shows {first}, the other {second}")
    said = [*plain.notes, *boosted.notes]
    alone = sorted({*scenes[0], *scenes[1]} - set(shared))
    if alone:
        said.append(f"no scale of {', '.join(alone)}, which only one of the two files shows")
    scales = []
    for scene in shared:
        try:
            scales.append(_scale(scene, scenes[0][scene], scenes[1][scene], source, method))
        except UplappError as error:
            if len(shared) == 1:
                raise
            said.append(f"no scale of {scene}: {error}")
    if not scales:
        raise UplappError("; ".join(said[len(plain.notes) + len(boosted.notes) :]))
    excluded = tuple(dict.fromkeys([*plain.excluded, *boosted.excluded]))
    return TripletScales(tuple(scales), source, method, plain.simulated, excluded, tuple(dict.fromkeys(said)))


def _check(plain: Votes, boosted: Votes, method: Method) -> None:
    if method.interval not in INTERVALS:
        raise UnknownName("interval", method.interval, INTERVALS)
    if not 2 <= method.bootstraps <= MOST_BOOTSTRAPS:
        raise UplappError(f"bootstraps is {method.bootstraps}; it must be from 2 to {MOST_BOOTSTRAPS}")
    if plain.simulated != boosted.simulated:
        raise UplappError("one file holds people and the other simulated observers; they are never pooled")
    if _is_boosted(plain) and not _is_boosted(boosted):
        raise UplappError(f"{plain.source} holds boosted views and {boosted.source} plain ones: swap them")


def _is_boosted(votes: Votes) -> bool:
    return "boosting" in votes.table and bool((votes.table["boosting"].fillna("") != "").any())


def _scale(scene: str, plain: Comparisons, boosted: Comparisons, source: str, method: Method) -> TripletScale:
    names = tuple(sorted({*plain.conditions, *boosted.conditions}))
    if source not in names:
        raise UnknownName("source", source, names)
    sources = np.array([name == source for name in names])
    data = _Data(_placed(plain, names), _placed(boosted, names), sources)
    _check_connected(names, data)
    counts = data.counts
    start = rough_start(*counts, data.sources)
    fit = fit_boost(counts[0][None], counts[1][None], data.sources, start[None])
    if not fit.converged[0]:
        raise UplappError("the votes fix no finite scale; some must disagree, in both kinds of views")
    people = len(plain.observers), len(boosted.observers)
    point = np.concatenate([fit.jnd[0], fit.mapping[0]])
    replicates, lost = _replicates(data, point, method)
    low, high = _ends(point, replicates, min(people), lost, method)
    alone = [_alone(some, data.sources) for some in counts]
    agreement = _agreement(data, fit)
    shown = [some.sum(axis=0) + some.sum(axis=1) for some in counts]
    off = np.sqrt(np.nanmean((alone[0] - fit.jnd[0])[~data.sources] ** 2)) if _any(alone[0]) else np.nan
    n = len(names)
    return TripletScale(
        scene=scene,
        conditions=names,
        jnd=fit.jnd[0],
        low=low[:n],
        high=high[:n],
        boosted=fit.boosted[0],
        plain_alone=alone[0],
        boosted_alone=alone[1],
        plain_votes=shown[0],
        boosted_votes=shown[1],
        linear=Parameter(float(point[n]), float(low[n]), float(high[n])),
        square=Parameter(float(point[n + 1]), float(low[n + 1]), float(high[n + 1])),
        agreement=agreement,
        off=float(off),
        people=people,
        degenerate=lost,
        warnings=tuple(_cautions(fit, agreement, people, lost, method)),
    )


def _placed(counted: Comparisons, names: tuple[str, ...]) -> Array:
    """Wins (K,n,n) over all names of the scene."""
    wins = np.zeros((len(counted.wins), len(names), len(names)))
    own = np.array([names.index(name) for name in counted.conditions])
    wins[np.ix_(np.arange(len(wins)), own, own)] = counted.wins
    return wins


def _any(values: Array) -> bool:
    return int(np.isfinite(values).sum()) > 1


def _check_connected(names: tuple[str, ...], data: _Data) -> None:
    plain, boosted = data.counts
    labels = strong_components(plain + boosted)
    apart = [name for name, label in zip(names, labels, strict=True) if label != labels[data.sources][0]]
    if apart:
        raise UplappError(
            f"nothing fixes how far {', '.join(apart)} lie from the source: their votes do not both win and "
            "lose against the others"
        )
    voted = (plain + plain.T).any(axis=0) & (boosted + boosted.T).any(axis=0)
    if voted.sum() < FEWEST:
        raise UplappError(f"fewer than {FEWEST} versions have votes of both kinds, which fix no mapping")


def _replicates(data: _Data, point: Array, method: Method) -> tuple[Array, int]:
    """Distortions, g_1 and g_2 (B,n+2) of replicates with a finite optimum, and how many had none."""
    people, n = (len(data.plain), len(data.boosted)), data.sources.size
    seeds = (method.seed, method.seed + BOOSTED_SEED)
    weights = [
        observer_weights(count, method.bootstraps, seed) for count, seed in zip(people, seeds, strict=True)
    ]
    found = []
    for at in range(0, method.bootstraps, chunk_size(n + 2)):
        rows = slice(at, at + chunk_size(n + 2))
        plain, boosted = (
            (some[rows] @ wins.reshape(len(wins), n * n)).reshape(-1, n, n)
            for some, wins in zip(weights, (data.plain, data.boosted), strict=True)
        )
        fit = fit_boost(plain, boosted, data.sources, np.repeat(point[None], len(plain), axis=0))
        found.append(np.column_stack([fit.jnd, fit.mapping])[fit.converged])
    kept = np.concatenate(found)
    return kept, method.bootstraps - len(kept)


def _ends(point: Array, replicates: Array, people: int, lost: int, method: Method) -> tuple[Array, Array]:
    if people < 2 or lost > MOST_LOST * method.bootstraps:
        return np.full(point.size, np.nan), np.full(point.size, np.nan)
    low, high = INTERVALS[method.interval].build(point, replicates, people)
    return low, high


def _alone(counts: Array, sources: Mask) -> Array:
    """Distortions (n,) that one kind of votes fixes against the source, NaN for the others."""
    labels = strong_components(counts)
    inside = labels == labels[sources][0]
    alone = np.full(len(counts), np.nan)
    if inside.sum() > 1:
        own = fit_best(counts[np.ix_(inside, inside)], "none", np.zeros(int(inside.sum()), dtype=np.intp))
        alone[inside] = own[sources[inside]] - own
    return alone


def _agreement(data: _Data, fit: BoostFit) -> GoodnessOfFit:
    """Test one scale with a mapping against a scale for each kind, NaN where these have no finite optimum."""
    apart, free, one = 0.0, 0, np.zeros(1, dtype=np.intp)
    for counts in data.counts:
        voted = (counts + counts.T).any(axis=0)
        labels = strong_components(counts)
        if len(set(labels[voted])) > 1:
            return GoodnessOfFit(np.nan, 0, np.nan)
        scores = np.zeros(len(counts))
        inside = np.zeros(int(voted.sum()), dtype=np.intp)
        scores[voted] = fit_best(counts[np.ix_(voted, voted)], "none", inside)
        apart += float(likelihood(Pairs.of(counts[None]))(scores[None], one).value[0])
        free += int(voted.sum()) - 1
    df = free - (data.sources.size - 1 + 2)
    point = np.append(fit.jnd[0][~data.sources], fit.mapping[0])
    objective = boost_objective(data.counts[0][None], data.counts[1][None], data.sources)
    g2 = max(0.0, 2 * (apart - float(objective(point[None], one).value[0])))
    return GoodnessOfFit(g2, max(df, 0), float(chdtrc(df, g2)) if df > 0 else np.nan)


def _cautions(
    fit: BoostFit, agreement: GoodnessOfFit, people: tuple[int, int], lost: int, method: Method
) -> Iterator[str]:
    linear, square = fit.mapping[0]
    if linear <= 0:
        yield "boosted distortions fall where plain ones rise: are the two files swapped?"
    elif linear + 2 * square * fit.jnd[0].max() <= 0:
        yield f"the mapping turns back at {-linear / (2 * square):.2f} JND, below the largest distortion"
    if agreement.p < ALPHA:
        yield (
            f"plain and boosted votes do not agree on one scale (p = {agreement.p:.2g}, if answers are "
            "independent): look at the scales of each alone"
        )
    if min(people) < 2:
        yield "one observer of plain or of boosted views: no intervals"
    elif lost > MOST_LOST * method.bootstraps:
        yield f"{lost} of {method.bootstraps} replicates had no finite scale, so there are no intervals"
