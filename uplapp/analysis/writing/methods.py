"""The methods paragraph of a paper: what was done, and nothing that was not."""

from collections.abc import Callable

import numpy as np

from uplapp import __version__
from uplapp.analysis.model import ORDERED, SIGMA
from uplapp.analysis.scoring import least_distances
from uplapp.analysis.writing.choices import both_bad_sentences, step_sentences
from uplapp.analysis.writing.covariate import covariate_sentences
from uplapp.analysis.writing.inference import intervals, tests
from uplapp.analysis.writing.people import people_sentences
from uplapp.analysis.writing.ranks import rank_sentences
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import (
    at_most,
    chance,
    fixed,
    interaction_words,
    listed,
    one_line,
    plural,
    scene_words,
    simpler_fits,
    unequal_words,
    was,
    within_words,
    zero_words,
)
from uplapp.values import Estimate, Scores


def methods(report: Report) -> str:
    """Write one paragraph in plain English, and under it the works it cites."""
    said = [sentence for part in PARTS for sentence in part(report)]
    paragraph = one_line(" ".join(said))
    cited = [full for key, full in REFERENCES.items() if key in paragraph]
    return "\n".join([paragraph, "", "References", *cited]) + "\n"


def _simulated(report: Report) -> list[str]:
    if not report.scores.simulated:
        return []
    return ["SIMULATED OBSERVERS: no person answered, and these scores say nothing about people."]


def _data(report: Report) -> list[str]:
    scores, scenes = report.scores, report.tally.scenes
    what = f"{plural(scores.comparisons, 'pairwise comparison')} of {len(scores.conditions)} conditions"
    where = f" in {plural(scenes, 'scene')}" if scenes else ""
    if scores.observers is None and not report.tally.of_matrix:
        first = f"The scores come from {what}{where}; nothing says who made which."
    elif scores.observers is None:
        first = f"The scores come from a matrix of {what}{where}; it does not say whose votes they are."
    else:
        first = f"{plural(scores.observers, 'observer')} made {what}{where}."
    n = len(scores.conditions)
    pairs, compared = n * (n - 1) // 2, int(np.triu(scores.wins + scores.wins.T > 0, 1).sum())
    every = "The only pair was compared." if pairs == 1 else f"All {pairs} pairs were compared."
    second = every if compared == pairs else f"{compared} of {pairs} pairs were compared."
    return [*filter(None, [first, report.tally.origin, second])]


def _left_out(report: Report) -> list[str]:
    tally = report.tally
    said = []
    if tally.left_out is not None:
        kinds = [plural(count, f"{kind} trial") for kind, count in tally.left_out.items() if count]
        none = "There were no practice, catch or repeat trials."
        said.append(f"{listed(kinds)} did not enter the scores." if kinds else none)
    elsewhere = ("SIMULATED", '"both bad"')  # has a sentence of its own
    notes = [note for note in tally.notes if not any(words in note for words in elsewhere)]
    if notes:
        said.append(f"Of the source: {'; '.join(notes)}.")
    return said + _excluded(report)


def _excluded(report: Report) -> list[str]:
    scores = report.scores
    if scores.observers is None:
        return []
    if not scores.excluded:
        return ["No observer was excluded."]
    who = "; ".join(f"{name} ({reason})" for name, reason in scores.excluded)
    was = "was" if len(scores.excluded) == 1 else "were"
    said = f"{plural(len(scores.excluded), 'observer')} {was} excluded: {who}."
    return [said, *_moved(report)]


def _moved(report: Report) -> list[str]:
    """How much the scores owe to the exclusion."""
    everyone = report.everyone
    if everyone is None:
        return []
    before = dict(zip(everyone.conditions, everyone.jod, strict=True))
    shifts = [
        abs(jod - before[name]) for name, jod in zip(report.scores.conditions, report.scores.jod, strict=True)
    ]
    if not np.isfinite(shifts).all() or not everyone.on_one_scale or not report.scores.on_one_scale:
        return []
    return [f"Excluding them moved no score by more than {at_most(max(shifts))} JOD."]


def _model(report: Report) -> list[str]:
    scores = report.scores
    anchor = scores.method.anchor
    zero = "the mean of all scores" if anchor == "mean" else f"the score of {anchor}"
    if anchor == "mean" and not scores.identifiable:
        zero = zero_words(scores)
    return [
        "Scores follow Thurstone's model, Case V (Thurstone 1927): the standard deviation of a difference "
        f"was {SIGMA}, so that 1 JOD (just-objectionable difference) means that 75% of answers choose the "
        "better one.",
        f"They were estimated {PRIOR_WORDS[scores.method.prior]}; {zero} was set to 0.",
        *_undefined(scores),
    ]


PRIOR_WORDS = {
    "distance": "by maximum a posteriori with the distance prior of Perez-Ortiz & Mantiuk 2017",
    "none": "by maximum likelihood, without a prior",
}


def _undefined(scores: Scores) -> list[str]:
    if scores.identifiable:
        return []
    bounds = [f"{sentence}." for sentence in least_distances(scores)]
    if not np.isfinite(scores.jod).any():
        return ["The votes do not fix the scores, which are therefore undefined.", *bounds]
    if not np.isfinite(scores.jod).all() or len(set(scores.group)) > 1:
        return ["The votes do not fix all scores: what they leave open is undefined.", *bounds]
    eased = "half a vote more on either side of each compared pair gave it"
    how = f"; {eased}" if any("half a vote more" in warning for warning in scores.warnings) else ""
    return [f"The votes do not fix all scores: what they leave open is arbitrary{how}.", *bounds]


def _ties(report: Report) -> list[str]:
    unsure, scores = report.tally.not_sure, report.scores
    if unsure is None:
        return []
    before = [*step_sentences(scores, report.tally.steps), *both_bad_sentences(report.both_bad)]
    return [*before, *_unsure(report, unsure)]


def _unsure(report: Report, unsure: int) -> list[str]:
    scores = report.scores
    if unsure == 0:
        return ['No answer was "not sure".']
    share = 100 * unsure / scores.comparisons
    count = f'{plural(unsure, "answer")} ({share:.1f}%) {"was" if unsure == 1 else "were"} "not sure"'
    if scores.method.ties == ORDERED and report.tally.steps:
        return [f"{count}, the zone around equality."]
    if scores.method.ties == "half":
        return [f"{count} and counted half a vote for each side."]
    zone = f", whose half width was {_estimate(scores.tie)}" if _is_known(scores.tie) else ""
    each = "an answer of its own" if unsure == 1 else "answers of their own"
    return [f"{count}, taken as {each}: the zone around equality of Glenn & David 1960{zone}."]


def _side(report: Report) -> list[str]:
    scores, side = report.scores, report.scores.side
    if side is None:
        return []
    if not _is_known(side):
        return ["The votes do not fix the side bias."]
    towards = "first-named condition (A)" if side.jod > 0 else "second-named condition (B)"
    pull = f"{_estimate(Estimate(abs(side.jod), side.se))} towards the {towards}"
    if scores.method.side_bias:
        return [f"A side bias was estimated together with the scores: {pull}."]
    return [f"The scores take no account of a side bias; estimated apart, it was {pull}."]


def _fit(report: Report) -> list[str]:
    test = report.goodness
    if not np.isfinite(test.p):
        few = ", as there were too few votes per pair" if test.df and np.isfinite(test.g2) else ""
        return [f"Goodness of fit could not be tested{few}.", *_circles(report)]
    fit = (
        f"Goodness of fit{within_words(report.goodness_scenes)}, by likelihood ratio against the saturated "
        "model, without a prior: "
        f"G2 = {test.g2:.2f}, {plural(test.df, 'degree')} of freedom, {chance(test.p)} (chi squared "
        "with the mean and variance of so many votes), where all votes are taken as independent."
    )
    unequal = unequal_words(report.unequal, report.scores.conditions)
    return [fit, *(f"{text[0].upper()}{text[1:]}." for text in unequal), *_circles(report)]


def _circles(report: Report) -> list[str]:
    kinds = {
        "of the pooled votes": report.triads,
        "of the observers' own votes, scene by scene": report.observers_triads,
    }
    counts = [
        f"{triads.circular} of {plural(triads.complete, 'triad')} {whose}"
        for whose, triads in kinds.items()
        if triads is not None and triads.complete
    ]
    return [f"Circular triads (Kendall & Babington Smith 1940): {listed(counts)}."] if counts else []


def _others(report: Report) -> list[str]:
    """What was computed beside the scores."""
    scores, said = report.scores, []
    apart = np.abs(report.bradley_terry - scores.jod)
    if np.isfinite(apart).all() and scores.on_one_scale:
        said.append(
            "Maximum-likelihood scores of the model of Bradley & Terry 1952 from the same votes differ by at "
            f"most {at_most(apart.max(), 3)} JOD."
        )
    simpler = simpler_fits(scores.method)
    if simpler and np.isfinite([*apart, report.goodness.g2]).any():
        said.append(f"{simpler[0].upper()}{simpler[1:]}.")
    return [*said, *_scenes(report)]


def _scenes(report: Report) -> list[str]:
    scored = sum(bool(np.isfinite(some.jod).any()) for some in report.scenes.values())
    alone = [f"{plural(scored, 'scene')} {was(scored)} also scored alone."] if scored else []
    return [*_interaction(report), *alone, *(f"{words}." for words in scene_words(report.scenes))]


def _interaction(report: Report) -> list[str]:
    if report.interaction is None:
        return []
    words = interaction_words(report.interaction)
    return [f"Scores by scene were tested against scores common to all scenes: {words}."]


def _ranks(report: Report) -> list[str]:
    return rank_sentences(report.ranks)


def _people(report: Report) -> list[str]:
    return [*people_sentences(report.spread, report.groups), *covariate_sentences(report.covariate)]


def _software(report: Report) -> list[str]:
    manifest = report.scores.manifest
    shown = f"; the stimuli are those of manifest {manifest}" if manifest else ""
    return [f"Computed with uplapp {__version__}{shown}."]


def _estimate(estimate: Estimate | None) -> str:
    if estimate is None:
        return "unknown"
    error = f" (standard error {fixed(estimate.se)})" if np.isfinite(estimate.se) else ""
    return f"{fixed(estimate.jod)} JOD{error}"


def _is_known(estimate: Estimate | None) -> bool:
    return estimate is not None and bool(np.isfinite(estimate.jod))


PARTS: tuple[Callable[[Report], list[str]], ...] = (
    _simulated,
    _data,
    _left_out,
    _ties,
    _model,
    _side,
    intervals,
    tests,
    _ranks,
    _people,
    _fit,
    _others,
    _software,
)


REFERENCES = {
    "Agresti 1992": "Agresti, A. (1992). Analysis of ordinal paired comparison data. Journal of the Royal "
    "Statistical Society C, 41(2), 287-297.",
    "Arbuthnot 1710": "Arbuthnott, J. (1710). An argument for divine providence, taken from the constant "
    "regularity observ'd in the births of both sexes. Philosophical Transactions, 27, 186-190.",
    "Bradley & Terry 1952": "Bradley, R. A., & Terry, M. E. (1952). Rank analysis of incomplete block "
    "designs: I. The method of paired comparisons. Biometrika, 39(3/4), 324-345.",
    "Cameron, Gelbach & Miller 2011": "Cameron, A. C., Gelbach, J. B., & Miller, D. L. (2011). Robust "
    "inference with multiway clustering. Journal of Business & Economic Statistics, 29(2), 238-249.",
    "Efron 1979": "Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of "
    "Statistics, 7(1), 1-26.",
    "Glenn & David 1960": "Glenn, W. A., & David, H. A. (1960). Ties in paired-comparison experiments using "
    "a modified Thurstone-Mosteller model. Biometrics, 16(1), 86-109.",
    "Holm 1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian "
    "Journal of Statistics, 6(2), 65-70.",
    "Kendall & Babington Smith 1940": "Kendall, M. G., & Babington Smith, B. (1940). On the method of paired "
    "comparisons. Biometrika, 31(3/4), 324-345.",
    "Mogstad, Romano, Shaikh & Wilhelm 2024": "Mogstad, M., Romano, J. P., Shaikh, A. M., & Wilhelm, D. "
    "(2024). Inference for ranks with applications to mobility across neighbourhoods and academic "
    "achievement across countries. The Review of Economic Studies, 91(1), 476-518.",
    "Perez-Ortiz & Mantiuk 2017": "Perez-Ortiz, M., & Mantiuk, R. K. (2017). A practical guide and software "
    "for analysing pairwise comparison experiments. arXiv:1712.03686.",
    "Satterthwaite 1946": "Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance "
    "components. Biometrics Bulletin, 2(6), 110-114.",
    "Thurstone 1927": "Thurstone, L. L. (1927). A law of comparative judgment. Psychological Review, 34(4), "
    "273-286.",
}
