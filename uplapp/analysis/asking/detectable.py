"""The smallest difference that a study will find, from its size alone, where no guess is at hand."""

from math import comb, pi, sqrt

from scipy.stats import norm, t

from uplapp.analysis.asking import POWER
from uplapp.analysis.model.normal import SIGMA
from uplapp.analysis.scoring import ALPHA
from uplapp.errors import UplappError

SPREAD_JOD = 0.3  # between observers, as the plan of a study assumes


def smallest_difference(
    conditions: int,
    votes_per_pair: float,
    observers: int,
    spread_jod: float = SPREAD_JOD,
    power: float = POWER,
) -> float:
    """Give the difference in JOD between two conditions that a study finds with the chance `power`.

    `votes_per_pair` is how often each observer judges each pair, over all scenes. Every pair of conditions is
    asked equally often, and p is adjusted for all of them (the first step of Holm's procedure, 1979). With n
    conditions and N votes per pair the variance of a difference is 2 / (n w), where w = N 2 / (pi sigma^2) is
    Fisher's information of a pair of equal scores; observers whose scores differ by `spread_jod` add
    2 spread^2 / observers, and make pooled differences look smaller by sigma / sqrt(sigma^2 + 2 spread^2).

    UplappError for less than two conditions or observers, or no votes.
    """
    if conditions < 2 or observers < 2 or votes_per_pair <= 0:
        raise UplappError("a difference needs 2 conditions, 2 observers and votes on each pair")
    information = observers * votes_per_pair * 2 / (pi * SIGMA**2)
    variance = 2 / (conditions * information) + 2 * spread_jod**2 / observers
    critical = float(t.ppf(1 - ALPHA / (2 * comb(conditions, 2)), observers - 1))
    seen = SIGMA / sqrt(SIGMA**2 + 2 * spread_jod**2)
    return (critical + float(norm.ppf(power))) * sqrt(variance) / seen


def expectation(conditions: int, main_trials: int, observers: int) -> str:
    """Say which differences so many observers will find, who answer `main_trials` on pairs each."""
    found = smallest_difference(conditions, main_trials / comb(conditions, 2), observers)
    return (
        f"With {observers} observers, differences above {found:.2f} JOD will be found "
        f"({POWER:.0%} of the time, p adjusted for all pairs, people {SPREAD_JOD} JOD apart)."
    )
