"""How each observer went about it: catch trials, repeats, sides, times, display, doubt, circular triads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from uplapp.analysis.reading.cells import numbers
from uplapp.analysis.reading.choices import BAD
from uplapp.analysis.reading.votes import count_scenes, main_trials
from uplapp.values import GRAIN, REFERENCE, Array, Comparisons, Votes

FAST_MS = 500.0  # less than a look at both sides takes
LATE_FRAMES = "late_frames"  # the flag of an answer whose flicker cannot be trusted
ROBOTIC = frozenset(["no_input", "even_pace", "untimely"])  # flags of answers without human timing
RIGHT = (REFERENCE, GRAIN)  # what changes less in a catch trial
NOBODY = "(not sure)"  # what an observer chose who chose neither


def conduct(votes: Votes, counted: Sequence[Comparisons] | None = None) -> pd.DataFrame:
    """Tabulate the observers, sorted by name (the index), NaN for what a file does not record.

    Columns: `answers` of main trials; `catch_failed` of `catch_shown` (not sure is a failure);
    `repeats_inconsistent` of `repeats_shown`; `first_share` of the decided answers that chose A, with the
    two-sided binomial `side_p`, which presumes balanced sides; `median_s`; `fast_share` below FAST_MS;
    `broken_share` with late frames; `robotic_share` with a flag of ROBOTIC; `not_sure_share`;
    `circular_share` of the triads in each scene. `counted` as in `observers_triads`.
    """
    observers = pd.Index(sorted(votes.table["observer"].astype(str).unique()), name="observer")
    main = main_trials(votes)
    who = main["observer"].astype(str)
    answers = who.value_counts().reindex(observers, fill_value=0).rename("answers")
    parts: list[Any] = [answers, _catches(votes), _repeats(votes), _sides(main), _times(main, votes.source)]
    undecided = main["is_A_selected"] == 0.5
    unsure = _share(undecided & ~main[BAD] if BAD in main else undecided, who).rename("not_sure_share")
    parts += [_broken(main, votes.source), robotic(main), unsure, _circles(votes, counted)]
    table: pd.DataFrame = pd.concat([part.reindex(observers) for part in parts], axis=1)
    shown = ["catch_shown", "repeats_shown"]
    table[shown] = table[shown].fillna(0).astype(int)
    return table


def _catches(votes: Votes) -> pd.DataFrame:
    """Count failed and shown catch trials.

    One without the reference cannot be failed.
    """
    table = votes.table[votes.table["kind"] == "catch"]
    is_a, is_b = (table[side].astype(str).isin(RIGHT) for side in ("condition_A", "condition_B"))
    one_reference = is_a ^ is_b
    chosen = table["is_A_selected"]
    failed = ~((is_a & (chosen == 1)) | (is_b & (chosen == 0)))
    return _of(
        failed[one_reference], table["observer"].astype(str)[one_reference], "catch_failed", "catch_shown"
    )


def _repeats(votes: Votes) -> pd.DataFrame:
    """Repeats answered otherwise than the same observer's last main trial of that pair in that scene."""
    questions = _questions(votes.table)
    key = ["observer", "scene", "low", "high"]
    main = questions[questions["kind"] == "main"].drop_duplicates(key, keep="last")
    both = questions[questions["kind"] == "repeat"].merge(main, on=key, suffixes=("_again", ""))
    changed = both["chosen_again"] != both["chosen"]
    return _of(changed, both["observer"], "repeats_inconsistent", "repeats_shown")


def _questions(table: pd.DataFrame) -> pd.DataFrame:
    """Each answer without its sides: the pair in alphabetical order and what was chosen."""
    a, b = (table[side].astype(str).to_numpy(dtype=object) for side in ("condition_A", "condition_B"))
    vote = table["is_A_selected"].to_numpy()
    return pd.DataFrame(
        {
            "observer": table["observer"].astype(str).to_numpy(dtype=object),
            "scene": table["scene"].astype(str).to_numpy(dtype=object),
            "kind": table["kind"].astype(str).to_numpy(dtype=object),
            "low": np.where(a < b, a, b),
            "high": np.where(a < b, b, a),
            "chosen": np.select([vote == 1, vote == 0], [a, b], NOBODY),
        }
    )


def _sides(main: pd.DataFrame) -> pd.DataFrame:
    decided = main[main["is_A_selected"] != 0.5]
    groups = (decided["is_A_selected"] == 1).groupby(decided["observer"].astype(str))
    first, shown = (np.asarray(counted, np.float64) for counted in (groups.sum(), groups.size()))
    index = groups.size().index
    return pd.DataFrame({"first_share": first / shown, "side_p": two_sided(first, shown)}, index=index)


def two_sided(chosen: Array, shown: Array, expected: Array | float = 0.5) -> Array:
    """Twice the chance (T,), at most 1, to go as far beyond the share `expected` as `chosen` of `shown`.

    With fair coins this is the exact binomial test. Where the chances of single answers differ around their
    mean `expected`, the binomial one bounds the exact chance from above (Hoeffding 1956).
    """
    below, above = binom.cdf(chosen, shown, expected), binom.sf(chosen - 1, shown, expected)
    p: Array = np.minimum(1.0, 2 * np.minimum(below, above))
    return p


def _times(main: pd.DataFrame, source: str) -> pd.DataFrame:
    if "response_ms" not in main:
        return pd.DataFrame(columns=["median_s", "fast_share"], dtype=float)
    times_ms = pd.Series(numbers(main, "response_ms", source, 0.0), index=main.index)
    timed, who = times_ms.notna(), main["observer"].astype(str)
    fast = _share(times_ms[timed] < FAST_MS, who[timed])
    return pd.DataFrame({"median_s": times_ms.groupby(who).median() / 1000, "fast_share": fast})


def _broken(main: pd.DataFrame, source: str) -> pd.Series:
    """Share of answers flagged for late frames, or without flags of answers with any missed frame."""
    who = main["observer"].astype(str)
    if "flags" in main:
        broken = _flags(main).map(lambda words: LATE_FRAMES in words)
    elif "missed_frames" in main:
        broken = pd.Series(numbers(main, "missed_frames", source, 0.0) > 0, index=main.index)
    else:
        return pd.Series(name="broken_share", dtype=float)
    return _share(broken, who).rename("broken_share")


def robotic(main: pd.DataFrame) -> pd.Series:
    """Give each observer's share of answers with a flag of ROBOTIC, for votes or ratings."""
    if "flags" not in main:
        return pd.Series(name="robotic_share", dtype=float)
    marked = _flags(main).map(lambda words: not ROBOTIC.isdisjoint(words))
    return _share(marked, main["observer"].astype(str)).rename("robotic_share")


def _flags(main: pd.DataFrame) -> pd.Series:
    """The flags of each answer, as lists."""
    return main["flags"].astype("string").fillna("").str.split()


def _circles(votes: Votes, counted: Sequence[Comparisons] | None) -> pd.Series:
    shares = {name: one.share for name, one in observers_triads(votes, counted).items()}
    return pd.Series(shares, name="circular_share", dtype=float)


def _share(marks: pd.Series, who: pd.Series) -> pd.Series:
    return marks.astype(float).groupby(who).mean()


def _of(marks: pd.Series, who: pd.Series, some: str, all_: str) -> pd.DataFrame:
    groups = marks.astype(float).groupby(who)
    return pd.DataFrame({some: groups.sum(), all_: groups.size()})


CHANCE = 0.25  # share of circular triads where every choice is a coin toss


@dataclass(frozen=True)
class Triads:
    """Triads all of whose three pairs are decided, and how many of them run in a circle (a > b > c > a)."""

    complete: int
    circular: int

    @property
    def share(self) -> float:
        """Share of circular triads among the complete ones, 0 to 1, NaN without a complete one."""
        return self.circular / self.complete if self.complete else float("nan")

    def __add__(self, other: "Triads") -> "Triads":
        return Triads(self.complete + other.complete, self.circular + other.circular)


def triads(wins: Array) -> Triads:
    """Count the triads of a matrix of wins (n,n): pooled, or one observer's in one scene.

    The majority decides a pair; equal votes leave it open. Of the pooled votes, the triads say whether the
    conditions lie on one line; there is no share that chance would give.
    """
    complete, circular = _counted(wins[None])
    return Triads(complete[0], circular[0])


def _counted(wins: Array) -> tuple[list[int], list[int]]:
    """Count complete and circular triads of each of K matrices (K,n,n)."""
    chosen = (wins > wins.swapaxes(1, 2)).astype(float)
    decided = chosen + chosen.swapaxes(1, 2)
    # A closed walk of three steps goes round a circle from three places, round a triad also both ways.
    walks = [np.rint(((x @ x) * x.swapaxes(1, 2)).sum(axis=(1, 2))).astype(int) for x in (decided, chosen)]
    return (walks[0] // 6).tolist(), (walks[1] // 3).tolist()


def observers_triads(votes: Votes, counted: Sequence[Comparisons] | None = None) -> dict[str, Triads]:
    """Count each observer's triads in the main trials, scene by scene, since a scene may change the order.

    `counted` are the votes of each scene, where the caller has counted them.
    """
    sums: dict[str, Triads] = {}
    for comparisons in count_scenes(votes).values() if counted is None else counted:
        for observer, *own in zip(comparisons.observers, *_counted(comparisons.wins), strict=True):
            sums[observer] = sums.get(observer, Triads(0, 0)) + Triads(*own)
    return dict(sorted(sums.items()))
