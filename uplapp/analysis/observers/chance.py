"""How likely votes so unlike the others' are, from one who votes as all who saw the scene do.

Scores that a few others give are unsure. Taken as the truth they make too many careful observers unlikely,
since the votes are weighed by the same errors that they are held against. So an observer is taken as one of
all: given all votes on a pair, those of one observer are hypergeometric (Fisher 1935). Scores of a whole
scene know more of a pair than its own votes do: it counts as one with 1 / h votes, where h is the leverage
of one vote, what it has to say in its own prediction. K observers, P pairs, n conditions, C cells of an
observer and a pair, J outcomes.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, log_ndtr
from scipy.stats import pearson3

from uplapp.analysis.model import SIGMA, coarse, components, fit, fit_best, preference, strong_components
from uplapp.analysis.model.normal import Probit
from uplapp.values import Array, Comparisons, Rows

OUTCOMES = 1 << 21  # of cells that are computed at once
NOTHING = 1e-9  # a variance that is rounding
MEASURES = ("pairs", "trials")


@dataclass(frozen=True, eq=False)
class Population:
    """Votes of all on the pairs of a scene, as the scores of all say.

    `apart` (P,) in JOD, `unsure` (P,) the share of "not sure", `size` (P,) how many votes it is as good as.
    `matrix` (P,n) turns scores into distances, whose errors have the covariance `covariance` (n,n).
    """

    apart: Array
    unsure: Array
    size: Array
    matrix: Array
    covariance: Array

    @classmethod
    def of(cls, counts: Array, unsure: Array) -> "Population":
        """Fit scores to counts (n,n), of whose votes `unsure` (P,) were ties."""
        n, (first, second) = len(counts), np.triu_indices(len(counts), 1)
        labels, votes = components(counts), (counts + counts.T)[first, second]
        scores, counts = _scores(counts)
        apart = scores[first] - scores[second]
        curve = Probit.of(apart[None])
        information = -(curve.dnear * curve.dfar)[0]
        matrix = np.zeros((first.size, n))
        matrix[np.arange(first.size), first], matrix[np.arange(first.size), second] = 1.0, -1.0
        cast = (counts + counts.T)[first, second]
        gauge = (labels[:, None] == labels).astype(float)
        covariance = np.linalg.inv((matrix.T * (cast * information)) @ matrix + gauge)
        leverage = information * ((matrix @ covariance) * matrix).sum(axis=1)
        share = np.minimum(unsure / np.maximum(1.0, votes), 2 * np.minimum(*_shares(apart)))
        return cls(apart, share, 1 / np.maximum(leverage, NOTHING), matrix, covariance)


def chances(comparisons: Comparisons) -> dict[str, Array]:
    """Compare each observer of a scene with all of them, by pair and by answer, as `outliers` does.

    Returns, (K,) each, how far the sums of MEASURES lie above expectation, their variances and third central
    moments, to be added up over scenes: "pairs_above", "pairs_variance", "pairs_third", and so on.
    """
    first, second = np.triu_indices(len(comparisons.conditions), 1)
    wins = comparisons.wins[:, first, second]
    votes, ties = wins + comparisons.wins[:, second, first], _ties(comparisons)[:, first, second]
    crowd = Population.of(comparisons.wins.sum(axis=0), ties.sum(axis=0))
    sums = np.zeros((len(MEASURES), 4, *votes.shape))
    for cast in np.unique(votes[votes > 0]):
        observer, pair = np.nonzero(votes == cast)
        table = _outcomes(int(cast), bool(crowd.unsure[pair].any()))
        size = max(1, OUTCOMES // len(table))
        for at in range(0, pair.size, size):
            some = observer[at : at + size], pair[at : at + size]
            sums[:, :, some[0], some[1]] = _moments(table, wins[some], some[1], crowd)
    return {
        f"{measure}_{name}": values
        for measure, parts in zip(MEASURES, sums, strict=True)
        for name, values in _add_up(parts, crowd).items()
    }


def lower_tail(above: Array, variance: Array, third: Array) -> Array:
    """Chance (K,) of a sum so far below its mean, by the gamma curve with its first three moments.

    A sum that cannot vary has none.
    """
    varies = variance > NOTHING
    spread = np.sqrt(np.where(varies, variance, 1.0))
    chance: Array = pearson3.cdf(above / spread, np.where(varies, third, 0.0) / spread**3)
    return np.where(varies, chance, np.nan)


def _scores(counts: Array) -> tuple[Array, Array]:
    """Fit counts (n,n) without a prior, with half a vote more on either side where they fix no scores."""
    labels = components(counts)
    if (strong_components(counts) == labels).all():
        scores = fit_best(counts, "none", labels)
        if np.isfinite(scores).all():
            return scores, counts
    eased = counts + 0.5 * (counts + counts.T > 0)
    return fit(eased[None], "none", np.zeros((1, len(counts))), labels).scores[0], eased


def _ties(comparisons: Comparisons) -> Array:
    """Count "not sure" answers (K,n,n) of each pair.

    Where a file holds half votes alone, two of them look like a vote, so that one at most is counted.
    """
    if comparisons.answers is None:
        odd: Array = 2 * (comparisons.wins % 1)
        return odd
    unsure = coarse(comparisons.answers)[:, 1]
    ties: Array = (unsure + unsure.swapaxes(1, 2)).astype(float)
    return ties


def _shares(apart: Array) -> tuple[Array, Array]:
    return preference(apart), preference(-apart)


def _outcomes(votes: int, unsure: bool) -> Rows:
    """List what an observer may answer, (J,3): votes for the first, "not sure", votes for the second."""
    return np.array(
        [
            (won, tied, votes - won - tied)
            for won in range(votes + 1)
            for tied in range((votes - won if unsure else 0) + 1)
        ]
    )


def _moments(table: Rows, wins: Array, pair: Rows, crowd: Population) -> Array:
    """Compute (2,4,C) of each measure: above expectation, variance, third moment, slope along distance."""
    votes, chosen = int(table[0].sum()), (table[:, 0] + table[:, 1] / 2)[:, None]
    apart, share = crowd.apart[pair], preference(crowd.apart[pair])
    sizes = np.maximum(crowd.size[pair], votes) * [
        share - crowd.unsure[pair] / 2,
        crowd.unsure[pair],
        1 - share - crowd.unsure[pair] / 2,
    ]
    ways = np.sum([_log_ways(size, table[:, [kind]]) for kind, size in enumerate(sizes)], axis=0)
    chance = np.exp(ways - ways.max(axis=0))
    chance /= chance.sum(axis=0)
    density = np.exp(-((apart / SIGMA) ** 2) / 2) / np.sqrt(2 * np.pi) / SIGMA
    tilt = (chosen - votes * share) * density / (share * (1 - share))
    parts = []
    for value, own in (
        (log10_binomial(chosen, votes, apart), log10_binomial(wins, votes, apart)),
        (chosen * _log10_odds(apart), wins * _log10_odds(apart)),
    ):
        mean = (chance * value).sum(axis=0)
        off = value - mean
        parts.append(
            [
                own - mean,
                (chance * off**2).sum(axis=0),
                (chance * off**3).sum(axis=0),
                (chance * tilt * value).sum(axis=0),
            ]
        )
    return np.array(parts)


def log10_binomial(m: Array, n: Array | int, apart: Array) -> Array:
    """Compute log10 of the probability of m of n votes, by the gamma function for half votes."""
    ways = gammaln(n + 1.0) - gammaln(m + 1) - gammaln(n - m + 1)
    logs: Array = (ways + m * log_ndtr(apart / SIGMA) + (n - m) * log_ndtr(-apart / SIGMA)) / np.log(10)
    return logs


def _log10_odds(apart: Array) -> Array:
    odds: Array = (log_ndtr(apart / SIGMA) - log_ndtr(-apart / SIGMA)) / np.log(10)
    return odds


def _log_ways(size: Array, taken: Rows) -> Array:
    """Compute the logarithm of the ways to take (J,1) of `size` (C,) votes, -inf where these are too few."""
    enough = (size - taken > NOTHING - 1) & (taken <= size + 1)
    left = np.where(enough, size - taken, 0.0)
    return np.where(enough, gammaln(size + 1) - gammaln(taken + 1) - gammaln(left + 1), -np.inf)


def _add_up(parts: Array, crowd: Population) -> dict[str, Array]:
    """Add up (4,K,P) over pairs, less what the errors of the common scores take from all at once."""
    above, variance, third, slope = parts
    along = slope @ crowd.matrix
    own = ((crowd.matrix @ crowd.covariance) * crowd.matrix).sum(axis=1)
    common = ((along @ crowd.covariance) * along).sum(axis=1) - slope**2 @ own
    return {
        "above": above.sum(axis=1),
        "variance": np.maximum(0.0, variance.sum(axis=1) - common),
        "third": third.sum(axis=1),
    }
