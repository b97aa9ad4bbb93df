"""What the methods paragraph says of intervals and tests, and of whom they speak."""

import numpy as np

from uplapp.analysis.scoring import ALPHA, LEVEL, scope, tested_by_score
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import freedom_words, plural, was
from uplapp.values import PARAMETRIC, Scores, TwoWay


def intervals(report: Report) -> list[str]:
    """Say what the intervals are, and how many replicates they rest on."""
    scores = report.scores
    level = f"{100 * LEVEL:.0f}% intervals"
    if not np.isfinite(scores.low).any():
        if not scores.degenerate:
            return ["No intervals could be computed."]
        lost = f"{scores.degenerate} of {scores.method.bootstraps} replicates had no finite scores"
        return [f"No intervals could be computed, as {lost}."]
    draws, seed = scores.method.bootstraps, scores.method.seed
    freedom = (scores.observers or 1) - 1
    if scores.two_way is not None:
        return [*_two_way(scores, scores.two_way, level), *_degenerate(scores)]
    replicates = (
        f"{draws} bootstrap replicates (Efron 1979; seed {seed}), each of whole observers drawn with "
        "replacement"
    )
    kinds = {
        "t": f"{level} are Student's t intervals with {plural(freedom, 'degree')} of freedom, from the "
        f"standard deviation of {replicates}, widened by the square root of {freedom + 1}/{freedom}.",
        "percentile": f"{level} are the percentiles (Hazen's) of {replicates}.",
        PARAMETRIC: f"{level} are parametric: normal, from the standard deviation of {draws} sets of votes "
        f"drawn from the fitted scores (seed {seed}); they know nothing of differences between observers and "
        "are too narrow where people differ.",
    }
    return [kinds[scores.interval], *_degenerate(scores)]


def _two_way(scores: Scores, both: TwoWay, level: str) -> list[str]:
    draws, seed = scores.method.bootstraps, scores.method.seed
    return [
        f"{level} are Student's t intervals with {freedom_words(scores)} of freedom (Satterthwaite 1946), "
        "from the variance over observers plus that over scenes less that over observer-by-scene cells, "
        "never less than either of the first two (Cameron, Gelbach & Miller 2011).",
        f"Each variance is that of {draws} bootstrap replicates (Efron 1979; seed {seed}) of whole "
        f"observers, of {plural(both.scenes, 'scene')} or of {plural(both.cells, 'cell')} drawn with "
        "replacement, times U/(U - 1) for U of them.",
    ]


def _degenerate(scores: Scores) -> list[str]:
    count = scores.degenerate + sum(scores.two_way.degenerate if scores.two_way else ())
    said = "All replicates had finite scores."
    if count:
        said = f"{plural(count, 'replicate')} without finite scores {was(count)} left out."
    if not scores.refused:
        return [said]
    if any("answered alike" in warning for warning in scores.warnings):
        return ["Observers were not resampled, as they answered alike where the votes fix the scores.", said]
    return ["Observers were not resampled, as too many such replicates had no finite scores.", said]


def tests(report: Report) -> list[str]:
    """Say how differences were tested, how many were significant, and of whom that speaks."""
    scores = report.scores
    clear = int(tested_by_score(scores).sum())
    tested = int(np.isfinite([pair.p for pair in scores.pairs]).sum())
    if not tested:
        return ["No difference could be tested."]
    signs = sum(np.isfinite(pair.p) and np.isnan(pair.se) for pair in scores.pairs) if scores.two_way else 0
    return [
        *_measured(scores, tested - clear - signs),
        *_clear(scores, clear),
        *_signs(signs),
        *_untested(len(scores.pairs) - tested),
        *_outcome(scores, tested),
        f"Intervals and tests speak of: {scope(scores)}.",
    ]


def _measured(scores: Scores, count: int) -> list[str]:
    if not count:
        return []
    freedom = freedom_words(scores)
    which = f"t test with {freedom} of freedom" if scores.interval == "t" else "z test"
    return [
        f"{plural(count, 'difference')} between conditions {was(count)} tested by a two-sided {which}, with "
        "the standard error from the covariance of the replicates."
    ]


def _clear(scores: Scores, count: int) -> list[str]:
    if not count:
        return []
    which = "with at most one vote against the better condition, or without a standard error, "
    if scores.refused:
        which = "between conditions that were compared "
    law = "t" if (scores.observers or 1) > 1 else "binomial"
    return [
        f"{plural(count, 'difference')} {which}{was(count)} tested by the score of the votes where the two "
        f"are equal (Rao 1948; {law}), or by the sign of the direct votes "
        "(Arbuthnot 1710) where that says more."
    ]


def _signs(count: int) -> list[str]:
    if not count:
        return []
    return [
        f"{plural(count, 'difference')} that the votes leave open {was(count)} tested by signs (Arbuthnot "
        "1710), of observers and of scenes, each counted once: the larger p counts."
    ]


def _untested(count: int) -> list[str]:
    return [f"{plural(count, 'difference')} could not be tested."] if count else []


def _outcome(scores: Scores, tested: int) -> list[str]:
    significant = sum(pair.significant for pair in scores.pairs)
    if tested == 1:
        return [f"It was {'' if significant else 'not '}significant at the {ALPHA} level."]
    return [
        f"p values were adjusted for {tested} tests (Holm 1979): {significant} of them {was(significant)} "
        f"significant at the {ALPHA} level."
    ]
