"""Screening: whose answers a person should look at, and what leaving them out would change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln, log_ndtr
from scipy.stats import binom

from uplapp.analysis.model import SIGMA, components, fit, fit_best, intact, preference
from uplapp.analysis.observers.conduct import FAST_MS, conduct
from uplapp.analysis.reading.votes import count, without
from uplapp.analysis.scoring import ALPHA, analyse, holm
from uplapp.values import Array, Comparisons, Method, Scores, Votes, Watch

FAR = 1.5  # quartile ranges outside the quartiles (Tukey 1977), as pwcmp looks at
CATCH_SHARE = 0.2
SIDE_LEAN = 0.1  # from one half; among a thousand answers a smaller one is significant and harmless
FAST_SHARE = 0.1
BROKEN_SHARE = 0.1
NOT_SURE_SHARE = 0.5

Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]

# What makes an observer worth a look, and how it is said; {} are columns of the table.
RULES: tuple[tuple[Rule, str], ...] = (
    (lambda t: t["dist_pairs"] > FAR, f"votes unlike the others' (by pair {{dist_pairs:.1f}}, limit {FAR})"),
    (
        lambda t: t["dist_trials"] > FAR,
        f"votes unlike the others' (by answer {{dist_trials:.1f}}, limit {FAR})",
    ),
    (
        lambda t: t["catch_failed"] > CATCH_SHARE * t["catch_shown"],
        "failed {catch_failed:.0f} of {catch_shown:.0f} catch trials",
    ),
    (
        lambda t: _adjusted(_changeable(t["repeats_inconsistent"], t["repeats_shown"])) < ALPHA,
        "changed {repeats_inconsistent:.0f} of {repeats_shown:.0f} repeated answers",
    ),
    (
        lambda t: (_adjusted(t["side_p"]) < ALPHA) & ((t["first_share"] - 0.5).abs() > SIDE_LEAN),
        "chose the left or first side in {first_share:.0%} of answers",
    ),
    (lambda t: _hasty(t["median_s"]), "much faster than the others (median {median_s:.2f} s)"),
    (
        lambda t: t["fast_share"] > FAST_SHARE,
        f"{{fast_share:.0%}} of answers in less than {FAST_MS / 1000:g} s",
    ),
    (lambda t: t["broken_share"] > BROKEN_SHARE, "late frames in {broken_share:.0%} of answers"),
    (lambda t: t["not_sure_share"] > NOT_SURE_SHARE, "not sure in {not_sure_share:.0%} of answers"),
)


def screen(votes: Votes) -> pd.DataFrame:
    """Tabulate the observers, one row each, sorted by name.

    `looks` says in words why to look at one. Columns: observer, answers, dist_pairs, dist_trials and log10_l
    as in `Unlikeness`, those of `conduct`, looks (reasons joined by "; ", or empty). NaN is what cannot be
    known; see `notes`.
    """
    comparisons = count(votes)
    unlike = unlikeness(comparisons)
    distances_of = {name: getattr(unlike, name) for name in ("dist_pairs", "dist_trials", "log10_l")}
    people = pd.Index(comparisons.observers, name="observer")
    table = conduct(votes)
    table = table.join(pd.DataFrame(distances_of, index=people))
    columns = [name for name in table if name not in ("answers", *distances_of)]
    table = table[["answers", *distances_of, *columns]].reset_index()
    return table.assign(looks=_looks(table))


def notes(table: pd.DataFrame) -> tuple[str, ...]:
    """Say what a table of `screen` cannot say, and how far to trust it."""
    said = []
    silent = table["answers"] == 0
    undefined = table["log10_l"].isna() & ~silent
    if (~undefined & ~silent).sum() < FEWEST_OBSERVERS:
        said.append(f"distances need {FEWEST_OBSERVERS} observers whom the votes of the others can judge")
    if silent.any():
        said.append(f"no main trials of: {', '.join(table.loc[silent, 'observer'])}")
    if undefined.any():
        names = ", ".join(table.loc[undefined, "observer"])
        said.append(f"without any one of these, the others' votes do not connect all conditions: {names}")
    if not table["catch_shown"].any():
        said.append("there are no catch trials")
    if not table["repeats_shown"].any():
        said.append("there are no repeats")
    absent = {"median_s": "response times", "broken_share": "the display's timing"}
    missing = [words for name, words in absent.items() if table[name].isna().all()]
    if missing:
        said.append(f"the votes do not record {' or '.join(missing)}")
    said.append("side bias presumes that every condition was as often on the left, or first, as not")
    return tuple(said)


def compare_exclusion(
    votes: Votes,
    exclude: Mapping[str, str],
    method: Method = Method(),  # noqa: B008 - frozen
    watch: Watch | None = None,
) -> tuple[Scores, Scores]:
    """Score everyone, and all but the observers in `exclude` (name -> reason).

    `watch` hears of the replicates of both together.
    """
    total = 2 * method.bootstraps
    kept = count(without(votes, exclude))
    everyone = analyse(count(votes), method, watch and (lambda done, _: watch(done, total)))
    later = watch and (lambda done, _: watch(method.bootstraps + done, total))
    return everyone, analyse(kept, method, later)


def side_by_side(everyone: Scores, kept: Scores) -> pd.DataFrame:
    """Compare two rankings, best of everyone first.

    Columns: condition; jod_all, low_all, high_all, rank_all; the same of those kept; shift in JOD and
    rank_change, both positive where a condition rises. What the kept votes lack is NaN.
    """
    both = _ranked(everyone).add_suffix("_all").join(_ranked(kept).add_suffix("_kept"))
    both = both.assign(
        shift=both["jod_kept"] - both["jod_all"], rank_change=both["rank_all"] - both["rank_kept"]
    )
    return both.sort_values("jod_all", ascending=False, kind="stable").reset_index()


def _ranked(scores: Scores) -> pd.DataFrame:
    index = pd.Index(scores.conditions, name="condition")
    table = pd.DataFrame({"jod": scores.jod, "low": scores.low, "high": scores.high}, index=index)
    return table.assign(rank=table["jod"].rank(ascending=False, method="min").astype("Int64"))


def _looks(table: pd.DataFrame) -> list[str]:
    marks = [rule(table) for rule, _ in RULES]
    return [
        "; ".join(
            text.format_map(row) for (_, text), mark in zip(RULES, marks, strict=True) if mark.iloc[place]
        )
        for place, row in enumerate(table.to_dict("records"))
    ]


def _adjusted(p: "pd.Series[float]") -> "pd.Series[float]":
    """Holm's adjustment over the observers, so that among many one in twenty is not looked at by chance."""
    return pd.Series(holm(np.asarray(p, dtype=np.float64)), index=p.index)


def _changeable(changed: "pd.Series[float]", shown: "pd.Series[int]") -> "pd.Series[float]":
    """Chance of so many changed answers, if one changes them as often as the others do (Laplace's rule)."""
    some = changed.fillna(0.0)
    rate = (some.sum() - some + 1) / (shown.sum() - shown + 2)
    return pd.Series(binom.sf(some - 1, shown, rate), index=changed.index).where(shown > 0)


def _hasty(median_s: "pd.Series[float]") -> "pd.Series[bool]":
    """Say whether the logarithm of a time lies far below the others'. 0 s is below everything."""
    logs = np.log(np.maximum(median_s.to_numpy(dtype=float), 1e-3))
    return pd.Series(distances(logs) > FAR, index=median_s.index)


PRIOR = "distance"  # keeps conditions that always won at a finite distance, as pwcmp screens
FEWEST_OBSERVERS = 4  # quartiles of fewer say nothing
LEAST_RANGE = 1e-9  # a smaller quartile range is rounding


@dataclass(frozen=True, eq=False)
class Unlikeness:
    """Distances that set each observer apart, (K,) in the order of `Comparisons.observers`, NaN if undefined.

    `log10_l` is the mean log10 probability of a pair's votes, `excess` the mean log10 probability of an
    answer above what the others' scores predict for it. The distances say how many quartile ranges below
    the first quartile of all observers they lie; 0 above it.
    """

    log10_l: Array
    excess: Array
    dist_pairs: Array
    dist_trials: Array


def unlikeness(comparisons: Comparisons) -> Unlikeness:
    """Compare every observer's votes with the scores that all others give (Perez-Ortiz & Mantiuk 2017).

    `log10_l` is normalised as pwcmp does, by pairs compared. Votes that agree so well are rarer among many
    than among few, so who answered more trials than the others looks unlike them; `excess` does not grow or
    shrink with the number of trials, nor with how hard the pairs were that an observer happened to see.
    """
    first, second = np.triu_indices(len(comparisons.conditions), 1)
    others = _scores_of_others(comparisons.wins)
    apart = others[:, first] - others[:, second]
    wins = comparisons.wins[:, first, second]
    votes = wins + comparisons.wins[:, second, first]
    with np.errstate(invalid="ignore"):  # 0 / 0: an observer without main trials
        log10_l = _log10_binomial(wins, votes, apart).sum(axis=1) / (votes > 0).sum(axis=1)
        excess = _log10_excess(wins, votes, apart).sum(axis=1) / votes.sum(axis=1)
    return Unlikeness(log10_l, excess, distances(log10_l), distances(excess))


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


def _scores_of_others(wins: Array) -> Array:
    """Fit scores (K,n) to the votes (K,n,n) of all observers but one, NaN where these leave gaps."""
    total = wins.sum(axis=0)
    labels = components(total)
    start = fit_best(total, PRIOR, labels)
    counts = total - wins
    scores = np.full(counts.shape[:2], np.nan)
    whole = intact(counts + counts.swapaxes(1, 2), labels)
    if whole.any() and np.isfinite(start).all():
        scores[whole] = fit(counts[whole], PRIOR, np.repeat(start[None], whole.sum(), axis=0), labels).scores
    return scores


def _log10_binomial(m: Array, n: Array, apart: Array) -> Array:
    """Compute log10 of the probability of m of n votes, by the gamma function for half votes."""
    ways = gammaln(n + 1) - gammaln(m + 1) - gammaln(n - m + 1)
    logs: Array = (ways + m * log_ndtr(apart / SIGMA) + (n - m) * log_ndtr(-apart / SIGMA)) / np.log(10)
    return logs


def _log10_excess(m: Array, n: Array, apart: Array) -> Array:
    """What m ln p + (n - m) ln q exceeds its expectation n (p ln p + q ln q) by, in log10."""
    odds = log_ndtr(apart / SIGMA) - log_ndtr(-apart / SIGMA)
    logs: Array = (m - n * preference(apart)) * odds / np.log(10)
    return logs
