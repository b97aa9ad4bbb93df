"""Votes and ratings of the same stimuli -> one scale in JOD, with intervals over observers of both."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from uplapp.analysis.alternatives.unified import Marks, fit_unified, rough_start, unified_objective
from uplapp.analysis.model import GoodnessOfFit, Pairs, chunk_size, fit_best, likelihood, strong_components
from uplapp.analysis.reading.ratings import Ratings, images
from uplapp.analysis.scoring import INTERVALS, LEVEL, MOST_BOOTSTRAPS
from uplapp.analysis.writing.wording import with_interval
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Array, Comparisons, Mask, Method, Rows

MOST_LOST = 1 - LEVEL  # share of replicates without a finite optimum, half of it at either end
NO_SCALE = "votes and ratings fix no finite JOD scale; votes must disagree here and there, and ratings vary"
LEAST_SHARED = 2  # stimuli with votes and ratings, which fix a and b


@dataclass(frozen=True)
class Parameter:
    """A number with its 95% interval, NaN where undefined."""

    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """The number and its interval as a report writes them."""
        return with_interval(self.value, self.low, self.high)


@dataclass(frozen=True, eq=False)
class UnifiedScale:
    """Scores in JOD (n,), mean 0, with 95% intervals, beside the scores of votes and of ratings alone.

    `votes`, `ratings` (n,): how many of each stimulus. `from_votes` are scores of the votes alone, at the
    same mean where they are finite; `from_ratings` mean ratings through a and b. `steps` per JOD (a), `zero`
    (b, the rating at 0 JOD), `noise` (c). `agreement`: likelihood ratio of two scales, one for votes and one
    for ratings, against this one. `people` counts observers of votes alone, of ratings alone, of both.
    """

    conditions: tuple[str, ...]
    jod: Array
    low: Array
    high: Array
    from_votes: Array
    from_ratings: Array
    votes: Array
    ratings: Array
    steps: Parameter
    zero: Parameter
    noise: Parameter
    agreement: GoodnessOfFit
    people: tuple[int, int, int]
    criterion: str
    method: Method
    simulated: bool
    degenerate: int
    excluded: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Data:
    """Wins (K,n,n) and ratings (K,n) of K observers, and to which of three groups each belongs (K,)."""

    wins: Array
    marks: Marks
    group: Rows

    @property
    def people(self) -> tuple[int, int, int]:
        """How many observers gave votes alone, ratings alone, both."""
        votes, ratings, both = np.bincount(self.group, minlength=3).tolist()
        return votes, ratings, both

    @property
    def smallest(self) -> int:
        """How many observers are in the smallest group that has any."""
        return min(count for count in self.people if count)

    def study(self, weights: Array) -> tuple[Array, Marks]:
        """Add up observers that occur `weights` (B,K) times."""
        people, n = self.marks.count.shape
        counts = (weights @ self.wins.reshape(people, n * n)).reshape(-1, n, n)
        return counts, Marks(*(weights @ part for part in vars(self.marks).values()))


def unify(
    votes: Comparisons,
    ratings: Ratings,
    criterion: str = "",
    method: Method = Method(),  # noqa: B008 - frozen
) -> UnifiedScale:
    """Put votes and ratings of one criterion on one scale, by their common likelihood.

    Conditions are matched by name, scenes are summed up. Of `method` only interval, bootstraps and seed are
    used. Raises an UplappError where the stimuli have no scale in common, or no finite one.
    """
    criterion = _checked(votes, ratings, criterion, method)
    names, data = _collect(votes, ratings, criterion)
    counts, marks = data.study(np.ones((1, len(data.group))))
    _check_connected(names, counts[0], marks.count[0] > 0)
    fit = fit_unified(counts, marks, rough_start(counts[0], marks)[None])
    if not fit.converged[0]:
        raise UplappError(NO_SCALE)
    jod, a, b, c = fit.scores[0], float(fit.a[0]), float(fit.b[0]), float(fit.c[0])
    replicates, lost = _replicates(data, fit.point, method)
    low, high = _ends(np.array([*jod, a, b, c]), replicates, data.smallest, lost, method)
    alone = _of_votes(counts[0], jod)
    agreement = _agreement(counts, marks, fit.point, alone)
    cautions = _cautions(agreement.p, a, data.smallest, lost, method)
    return UnifiedScale(
        conditions=names,
        jod=jod,
        low=low[:-3],
        high=high[:-3],
        from_votes=alone,
        from_ratings=_through(marks, a, b),
        votes=counts[0].sum(axis=1) + counts[0].sum(axis=0),
        ratings=marks.count[0],
        steps=Parameter(a, float(low[-3]), float(high[-3])),
        zero=Parameter(b, float(low[-2]), float(high[-2])),
        noise=Parameter(c, float(low[-1]), float(high[-1])),
        agreement=agreement,
        people=data.people,
        criterion=criterion,
        method=method,
        simulated=votes.simulated,
        degenerate=lost,
        excluded=tuple(dict.fromkeys([*votes.excluded, *ratings.excluded])),
        warnings=tuple(dict.fromkeys([*votes.notes, *ratings.notes, *cautions])),
    )


def _checked(votes: Comparisons, ratings: Ratings, criterion: str, method: Method) -> str:
    if method.interval not in INTERVALS:
        raise UnknownName("interval", method.interval, INTERVALS)
    if not 2 <= method.bootstraps <= MOST_BOOTSTRAPS:
        raise UplappError(f"bootstraps is {method.bootstraps}; it must be from 2 to {MOST_BOOTSTRAPS}")
    if votes.simulated != ratings.simulated:
        raise UplappError("one file holds people and the other simulated observers; they are never pooled")
    if criterion:
        if criterion not in ratings.criteria:
            raise UnknownName("criterion", criterion, ratings.criteria)
        return criterion
    if len(ratings.criteria) > 1:
        raise UplappError(f"the ratings have several criteria; name one: {', '.join(ratings.criteria)}")
    return ratings.criteria[0]


def _collect(votes: Comparisons, ratings: Ratings, criterion: str) -> tuple[tuple[str, ...], _Data]:
    table = images(ratings)
    table = table[table["criterion"] == criterion]
    names = tuple(sorted({*votes.conditions, *table["condition"]}))
    voters = votes.observers or ("",)  # a bare matrix is one observer
    people = sorted({*voters, *table["observer"]})
    who = {name: at for at, name in enumerate(people)}
    what = {name: at for at, name in enumerate(names)}
    wins = np.zeros((len(people), len(names), len(names)))
    own = np.array([what[name] for name in votes.conditions])
    for at, name in enumerate(voters):
        wins[who[name]][np.ix_(own, own)] = votes.wins[at]
    marks = np.zeros((3, len(people), len(names)))
    cell = ([who[name] for name in table["observer"]], [what[name] for name in table["condition"]])
    rating = table["rating"].to_numpy(float)
    for part, power in zip(marks, range(3), strict=True):
        np.add.at(part, cell, rating**power)
    rated = marks[0].any(axis=1)
    voted = np.isin(people, voters)
    group = np.where(voted & rated, 2, np.where(rated, 1, 0))
    return names, _Data(wins, Marks(*marks), group)


def _check_connected(names: tuple[str, ...], counts: Array, rated: Mask) -> None:
    """Refuse votes that leave a condition without a way to those that were rated.

    Whatever was rated is on one scale already. Every other condition must have won and lost, directly or
    through others, against one of them.
    """
    voted: Mask = np.asarray((counts + counts.T).any(axis=0))
    if int((rated & voted).sum()) < LEAST_SHARED:
        raise UplappError(f"votes and ratings share fewer than {LEAST_SHARED} conditions, so no common scale")
    labels = strong_components(counts + np.outer(rated, rated))
    apart = [name for name, label in zip(names, labels, strict=True) if label != labels[rated][0]]
    if apart:
        raise UplappError(
            f"nothing fixes how far {', '.join(apart)} lie from the rest: they were not rated, and their "
            "votes do not both win and lose against the others"
        )


def _replicates(data: _Data, point: Array, method: Method) -> tuple[Array, int]:
    """Scores and a, b, c (B,n+3) of replicates with a finite optimum, and how many had none."""
    found = []
    size = chunk_size(data.wins.shape[-1] + 3)
    for weights in _weights(data.group, method, size):
        counts, marks = data.study(weights)
        fit = fit_unified(counts, marks, np.repeat(point, len(weights), axis=0))
        values = np.column_stack([fit.scores, fit.a, fit.b, fit.c])
        found.append(values[fit.converged])
    kept = np.concatenate(found)
    return kept, method.bootstraps - len(kept)


def _weights(group: Rows, method: Method, size: int) -> Iterator[Array]:
    """Draw whole observers with replacement, (at most size,K), each group by itself."""
    rng = np.random.default_rng(method.seed)
    members = [np.flatnonzero(group == which) for which in range(3)]
    for at in range(0, method.bootstraps, size):
        weights = np.zeros((min(size, method.bootstraps - at), group.size))
        for own in members:
            for row in weights if own.size else ():
                row[own] = np.bincount(rng.integers(0, own.size, own.size), minlength=own.size)
        yield weights


def _ends(point: Array, replicates: Array, people: int, lost: int, method: Method) -> tuple[Array, Array]:
    if people < 2 or lost > MOST_LOST / 2 * method.bootstraps:
        return np.full(point.size, np.nan), np.full(point.size, np.nan)
    low, high = INTERVALS[method.interval].build(point, replicates, people)
    return low, high


def _through(marks: Marks, a: float, b: float) -> Array:
    """Mean ratings (n,) of one study in JOD, NaN of what was not rated."""
    count, total = marks.count[0], marks.total[0]
    mean: Array = np.divide(total, count, out=np.full(count.size, np.nan), where=count > 0)
    return (mean - b) / a


def _of_votes(counts: Array, scores: Array) -> Array:
    """Give the scores (n,) that votes alone fix, NaN for the others.

    They are moved so that their mean is that of the same conditions in `scores`.
    """
    labels = strong_components(counts)
    names, sizes = np.unique(labels, return_counts=True)
    inside = labels == names[sizes.argmax()]
    if inside.sum() < LEAST_SHARED:
        return np.full(len(counts), np.nan)
    own = fit_best(counts[np.ix_(inside, inside)], "none", np.zeros(int(inside.sum()), dtype=np.intp))
    alone = np.full(len(counts), np.nan)
    alone[inside] = own - own.mean() + scores[inside].mean()
    return alone


def _agreement(counts: Array, marks: Marks, point: Array, alone: Array) -> GoodnessOfFit:
    """Test the common scale against one for votes and one for ratings, NaN where votes alone fix none."""
    voted, rated = (counts[0] + counts[0].T).any(axis=0), marks.count[0] > 0
    df, one = int((voted & rated).sum()) - 2, np.zeros(1, dtype=np.intp)
    if df < 1 or np.isnan(alone[voted]).any():
        return GoodnessOfFit(np.nan, max(df, 0), np.nan)
    votes = likelihood(Pairs.of(counts))(np.nan_to_num(alone)[None], one).value[0]
    count, total, square = marks.count[0][rated], marks.total[0][rated], marks.square[0][rated]
    variance = (square - total**2 / count).sum() / count.sum()
    ratings = -0.5 * count.sum() * (np.log(variance) + 1)
    common = unified_objective(counts, marks)(point, one).value[0]
    g2 = max(0.0, 2 * float(votes + ratings - common))
    return GoodnessOfFit(g2, df, float(chdtrc(df, g2)))


def _cautions(p: float, slope: float, people: int, lost: int, method: Method) -> list[str]:
    said = []
    if slope < 0:
        said.append("ratings fall where votes rise: is a low rating the better one?")
    if p < 1 - LEVEL:
        said.append(
            f"votes and ratings do not agree on one scale (p = {p:.2g}, if answers are independent): look at "
            "the scores of each alone"
        )
    if people < 2:
        said.append("one observer of votes or of ratings: no intervals")
    elif lost > MOST_LOST / 2 * method.bootstraps:
        said.append(
            f"{lost} of {method.bootstraps} replicates had no finite scores, so there are no intervals"
        )
    return said
