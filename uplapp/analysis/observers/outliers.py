"""Whose votes are unlike the others': each observer against the scores of all others, scene by scene."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import log_ndtr

from uplapp.analysis.model import SIGMA, coarse, components, fit, fit_best, intact, preference
from uplapp.analysis.observers.chance import chances, log10_binomial, lower_tail
from uplapp.analysis.observers.conduct import two_sided
from uplapp.values import Array, Comparisons

PRIOR = "distance"  # keeps conditions that always won at a finite distance, as pwcmp screens
FEWEST_OBSERVERS = 4  # quartiles of fewer say nothing
LEAST_RANGE = 1e-9  # a smaller quartile range is rounding


@dataclass(frozen=True, eq=False)
class Unlikeness:
    """What sets each observer apart, (K,) in the order of their names, NaN if undefined.

    `log10_l` is the mean log10 probability of a pair's votes, `excess` the mean log10 probability of an
    answer above what the others' scores predict for it. The distances say how many quartile ranges below
    the first quartile of all observers they lie; 0 above it. `p_pairs` and `p_trials` are the chance of so
    unlikely votes from one who votes as all in the scene do, whatever pairs and scenes were shown.
    `judged` is the share of answers that the others' votes can judge, `side_expected` the share of decided
    answers in which their scores let A be chosen, one half of those that they cannot judge, and `lean_p` the
    chance of a share so far from it.
    """

    observers: tuple[str, ...]
    log10_l: Array
    excess: Array
    dist_pairs: Array
    dist_trials: Array
    p_pairs: Array
    p_trials: Array
    judged: Array
    side_expected: Array
    lean_p: Array


def unlikeness(*scenes: Comparisons) -> Unlikeness:
    """Compare every observer's votes with the scores that all others give (Perez-Ortiz & Mantiuk 2017).

    Each scene has scores of its own, and the log-likelihoods of an observer are summed over scenes. `log10_l`
    is normalised as pwcmp does, by pairs compared. Votes that agree so well are rarer among many than among
    few, so who answered more trials than the others looks unlike them; `excess` does not grow or shrink with
    the number of trials, nor with how hard the pairs were that an observer happened to see.
    """
    sums = pd.concat([_sums(scene) for scene in scenes]).groupby(level=0).sum()
    columns: dict[str, Array] = {str(name): sums[name].to_numpy(float) for name in sums}
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0: whom the others' votes cannot judge
        log10_l = columns["log10_l"] / columns["pairs"]
        excess = columns["excess"] / columns["judged"]
        judged = columns["judged"] / columns["answers"]
        expected = columns["first_expected"] / columns["decided"]
    return Unlikeness(
        observers=tuple(sums.index),
        log10_l=log10_l,
        excess=excess,
        dist_pairs=distances(log10_l),
        dist_trials=distances(excess),
        p_pairs=lower_tail(*(columns[f"pairs_{name}"] for name in ("above", "variance", "third"))),
        p_trials=lower_tail(*(columns[f"trials_{name}"] for name in ("above", "variance", "third"))),
        judged=judged,
        side_expected=expected,
        lean_p=two_sided(columns["first"], columns["decided"], expected),
    )


def distances(values: Array) -> Array:
    """How far each of `values` (K,) lies below the first quartile, in quartile ranges (Hazen's quartiles).

    NaN with fewer than FEWEST_OBSERVERS; infinite where all but a few agree exactly.
    """
    finite = np.isfinite(values)
    if finite.sum() < FEWEST_OBSERVERS:
        return np.full_like(values, np.nan)
    low, high = np.percentile(values[finite], [25, 75], method="hazen")
    below = low - values
    if high - low < LEAST_RANGE:
        return np.where(finite, np.where(below > LEAST_RANGE, np.inf, 0.0), np.nan)
    far: Array = np.where(finite, np.maximum(0.0, below / (high - low)), np.nan)
    return far


def _sums(comparisons: Comparisons) -> pd.DataFrame:
    """Sum up one scene for each observer (the index), 0 for those whom the others' votes cannot judge."""
    first, second = np.triu_indices(len(comparisons.conditions), 1)
    others = _scores_of_others(comparisons.wins)
    judged = np.isfinite(others[:, 0])
    scores = np.where(judged[:, None], others, 0.0)
    apart = scores[:, first] - scores[:, second]
    wins = comparisons.wins[:, first, second]
    votes = wins + comparisons.wins[:, second, first]
    odds = log_ndtr(apart / SIGMA) - log_ndtr(-apart / SIGMA)
    table = pd.DataFrame(
        {
            "pairs": (votes > 0).sum(axis=1),
            "judged": votes.sum(axis=1),
            "log10_l": log10_binomial(wins, votes, apart).sum(axis=1),
            "excess": ((wins - votes * preference(apart)) * odds).sum(axis=1) / np.log(10),
            **chances(comparisons),
        },
        index=list(comparisons.observers),
    )
    table[~judged] = 0
    return table.assign(answers=votes.sum(axis=1), **_sides(comparisons, scores))


def _scores_of_others(wins: Array) -> Array:
    """Fit scores (K,n) to the votes (K,n,n) of all observers but one, NaN where these leave gaps.

    Where all agree so well that even the prior has no finite optimum, each compared pair gets half a vote
    more for either side instead.
    """
    total = wins.sum(axis=0)
    labels = components(total)
    start = fit_best(total, PRIOR, labels)
    counts = total - wins
    votes = counts + counts.swapaxes(1, 2)
    scores = np.full(counts.shape[:2], np.nan)
    whole = intact(votes, labels)
    if whole.any() and np.isfinite(start).all():
        scores[whole] = fit(counts[whole], PRIOR, np.repeat(start[None], whole.sum(), axis=0), labels).scores
    agreed = whole & np.isnan(scores[:, 0])
    if agreed.any():
        eased = counts[agreed] + 0.5 * (votes[agreed] > 0)
        scores[agreed] = fit(eased, "none", np.zeros((len(eased), len(labels))), labels).scores
    return scores


def _sides(comparisons: Comparisons, scores: Array) -> dict[str, Array]:
    """Count (K,) the decided answers, those that chose A, and how many the scores (K,n) let choose A."""
    if comparisons.answers is None:
        return dict.fromkeys(("decided", "first", "first_expected"), np.zeros(len(scores)))
    answers = coarse(comparisons.answers)
    decided = (answers[:, 0] + answers[:, 2]).astype(float)
    chosen = preference(scores[:, :, None] - scores[:, None, :])
    return {
        "decided": decided.sum(axis=(1, 2)),
        "first": answers[:, 0].sum(axis=(1, 2), dtype=float),
        "first_expected": (decided * chosen).sum(axis=(1, 2)),
    }
