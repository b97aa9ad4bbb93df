"""Screening: whose answers a person should look at, and what leaving them out would change."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom

from uplapp.analysis.observers.conduct import FAST_MS, conduct
from uplapp.analysis.observers.outliers import FEWEST_OBSERVERS, distances, unlikeness
from uplapp.analysis.reading.votes import count, count_scenes, without
from uplapp.analysis.scoring import ALPHA, analyse, holm
from uplapp.values import Comparisons, Method, Scores, Votes, Watch

FAR = 1.5  # quartile ranges outside the quartiles (Tukey 1977), as pwcmp looks at
CATCH_SHARE = 0.2
SIDE_LEAN = 0.1  # from one half; among a thousand answers a smaller one is significant and harmless
FAST_SHARE = 0.1
BROKEN_SHARE = 0.1
ROBOTIC_SHARE = 0.1
NOT_SURE_SHARE = 0.5
MOST_NAMES = 12  # of observers in a sentence

FIGURES = ("dist_pairs", "dist_trials", "log10_l", "p_pairs", "p_trials", "judged", "side_expected", "lean_p")

Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]

# What makes an observer worth a look, and how it is said; {} are columns of the table.
RULES: tuple[tuple[Rule, str], ...] = (
    (
        lambda t: (t["dist_pairs"] > FAR) & (_adjusted(t["p_pairs"]) < ALPHA),
        f"votes unlike the others' (by pair {{dist_pairs:.1f}}, limit {FAR})",
    ),
    (
        lambda t: (t["dist_trials"] > FAR) & (_adjusted(t["p_trials"]) < ALPHA),
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
        lambda t: (_adjusted(t["lean_p"]) < ALPHA) & (_lean(t) > SIDE_LEAN),
        "chose the left or first side in {first_share:.0%} of answers, where {side_expected:.0%} is expected",
    ),
    (lambda t: _hasty(t["median_s"]), "much faster than the others (median {median_s:.2f} s)"),
    (
        lambda t: t["fast_share"] > FAST_SHARE,
        f"{{fast_share:.0%}} of answers in less than {FAST_MS / 1000:g} s",
    ),
    (lambda t: t["broken_share"] > BROKEN_SHARE, "late frames in {broken_share:.0%} of answers"),
    (
        lambda t: t["robotic_share"] > ROBOTIC_SHARE,
        "no human timing in {robotic_share:.0%} of answers (flags no_input, even_pace, untimely)",
    ),
    (lambda t: t["not_sure_share"] > NOT_SURE_SHARE, "not sure in {not_sure_share:.0%} of answers"),
)


def screen(votes: Votes, counted: Sequence[Comparisons] | None = None) -> pd.DataFrame:
    """Tabulate the observers, one row each, sorted by name.

    `looks` says in words why to look at one. Columns: observer, answers, dist_pairs, dist_trials, log10_l,
    p_pairs, p_trials, judged, side_expected and lean_p as in `Unlikeness`, those of `conduct`, looks (reasons
    joined by "; ", or empty). NaN is what cannot be known; see `notes`. `counted` are the votes of each
    scene, where the caller has counted them.
    """
    counted = tuple(count_scenes(votes).values()) if counted is None else counted
    unlike = unlikeness(*counted)
    figures = pd.DataFrame({name: getattr(unlike, name) for name in FIGURES}, index=list(unlike.observers))
    table = figures.join(conduct(votes, counted), how="right")
    table.insert(0, "answers", table.pop("answers"))
    table = table.rename_axis("observer").reset_index()
    return table.assign(looks=_looks(table))


def notes(table: pd.DataFrame) -> tuple[str, ...]:
    """Say what a table of `screen` cannot say, and how far to trust it."""
    said = list(_unjudged(table))
    if not table["catch_shown"].any():
        said.append("there are no catch trials")
    if not table["repeats_shown"].any():
        said.append("there are no repeats")
    absent = {"median_s": "response times", "broken_share": "the display's timing"}
    missing = [words for name, words in absent.items() if table[name].isna().all()]
    if missing:
        said.append(f"the votes do not record {' or '.join(missing)}")
    if (table["judged"] < 1).any():
        said.append(
            "where the others' votes judge nobody, side bias presumes that every condition was as often on "
            "the left, or first, as not"
        )
    return tuple(said)


def _unjudged(table: pd.DataFrame) -> Iterator[str]:
    """Name the observers whom the votes of the others cannot judge, or not in every scene."""
    silent = table["answers"] == 0
    undefined = table["log10_l"].isna() & ~silent
    if (~undefined & ~silent).sum() < FEWEST_OBSERVERS:
        yield f"distances need {FEWEST_OBSERVERS} observers whom the votes of the others can judge"
    if silent.any():
        yield f"no main trials of: {_some(table, silent)}"
    if undefined.any():
        names = _some(table, undefined)
        yield f"without any one of these, the others' votes do not connect all conditions: {names}"
    partly = table["judged"].between(0, 1, inclusive="neither")
    if partly.any():
        names = _some(table, partly)
        yield f"scenes whose conditions the others' votes do not connect are left out, for: {names}"


def _some(table: pd.DataFrame, which: "pd.Series[bool]") -> str:
    names = table.loc[which, "observer"].tolist()
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


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


def _lean(table: pd.DataFrame) -> "pd.Series[float]":
    lean: pd.Series[float] = (table["first_share"] - table["side_expected"]).abs()
    return lean


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
