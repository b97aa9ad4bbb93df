"""Numbers in words, the same in tables and in running text."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from math import isfinite, isnan

import numpy as np

from uplapp.analysis.model import ORDERED, GoodnessOfFit, UnequalFit
from uplapp.analysis.scoring import ALPHA, BOTH, FEW_OBSERVERS, MEAN, Interaction, near_level, resampled
from uplapp.values import Method, Scores

NOISE = 1e-6  # JOD: nearer to a limit than this, a number is at it; fits are no sharper
MOST_NAMES = 12  # in a sentence
MOST_NAMED = 6  # conditions at whose mean zero lies
MOST_NEAR = 3  # pairs that are named
MOST_DIGITS = 17  # a double has no more


def one_line(text: str) -> str:
    """Escape what would break a line or the terminal: a line break in a name becomes a backslash and n."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plural(count: int, noun: str) -> str:
    """Write a number with its noun: 1 observer, 2 observers."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(words: list[str]) -> str:
    """Join words: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def agreement_words(what: str, test: GoodnessOfFit) -> list[str]:
    """Say whether two kinds of answers lie on one scale, nothing without a test."""
    if np.isnan(test.p):
        return []
    verdict = "do not agree" if test.p < ALPHA else "were not found to disagree"
    freedom = plural(test.df, "degree")
    ratio = f"likelihood ratio {test.g2:.2f}, {freedom} of freedom, {chance(test.p)}"
    return [f"{what} {verdict} on one scale ({ratio})"]


def some_names(names: list[str], most: int = MOST_NAMES) -> str:
    """Join names, of very many the first and how many more."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def chance(p: float) -> str:
    """Write a p value, such as p = 0.031 or p < 0.001, never rounded to or over the level of the tests."""
    return "p < 0.001" if p < 0.001 else f"p = {_beside(p, ALPHA, 2, 'g')}"


def fixed(value: float, digits: int = 2, limit: float = 0.0) -> str:
    """Write a number with `digits` decimals, or as many as show on which side of `limit` it lies."""
    if not isfinite(value) or abs(value - limit) <= NOISE:
        return f"{value:z.{digits}f}"
    return _beside(value, limit, digits, "f")


def or_dash(value: float) -> str:
    """Write a number, a dash where it is not known."""
    return "-" if isnan(value) else fixed(value)


def with_interval(value: float, low: float, high: float) -> str:
    """Write a number with its interval, if it has one."""
    return fixed(value) if isnan(low) else f"{value:z.2f} [{low:z.2f}, {high:z.2f}]"


def at_most(value: float, digits: int = 2) -> str:
    """Write a bound with `digits` decimals, rounded up."""
    return str(Decimal(f"{value:.9f}").quantize(Decimal(1).scaleb(-digits), ROUND_CEILING))


def _beside(value: float, limit: float, digits: int, kind: str) -> str:
    text = f"{value:z.{digits}{kind}}"
    if digits == MOST_DIGITS or (float(text) > limit, float(text) < limit) == (value > limit, value < limit):
        return text
    return _beside(value, limit, digits + 1, kind)


def scene_words(scenes: Mapping[str, Scores]) -> list[str]:
    """Name the scenes whose own scores are missing, open or of few observers, in half sentences."""
    missing = [name for name, some in scenes.items() if not np.isfinite(some.jod).any()]
    some_open = [name for name, some in scenes.items() if name not in missing and np.isnan(some.jod).any()]
    open_ = [
        name for name, some in scenes.items() if name not in missing + some_open and not some.identifiable
    ]
    few = [name for name, some in scenes.items() if name not in missing and _are_few(some)]
    kinds = {
        "could not be scored alone": missing,
        "got scores of some conditions only, as their votes leave others open": some_open,
        "got scores that are partly arbitrary, as their votes leave them open": open_,
        f"had fewer than {FEW_OBSERVERS} observers, so their intervals may be too narrow": few,
    }
    return [
        f"{len(names)} of {plural(len(scenes), 'scene')} {what}: "
        f"{some_names([name or 'no name' for name in names])}"
        for what, names in kinds.items()
        if names
    ]


def within_words(scenes: int) -> str:
    """Say within how many scenes something was tested, nothing of one."""
    return f" within {plural(scenes, 'scene')}" if scenes > 1 else ""


def interaction_words(test: Interaction) -> str:
    """Write the test whether scores differ by scene: ratio, degrees of freedom, p and where p comes from."""
    freedom = f"{plural(test.df, 'degree')} of freedom"
    resampled_too = ""
    if isfinite(test.p_observers):
        resampled_too = f"; {chance(test.p_observers)} by resampling observers"
    return (
        f"likelihood ratio {test.ratio:.2f}, {freedom}, {chance(test.p)} "
        f"({test.permutations} permutations of scenes within observers{resampled_too})"
    )


def unequal_words(fit: UnequalFit | None, conditions: tuple[str, ...]) -> list[str]:
    """Say that unequal variances fit better, and which condition is judged least consistently, or nothing."""
    if fit is None or fit.p >= ALPHA:
        return []
    widest = int(fit.spreads.argmax())
    return [
        f"unequal variances (Thurstone's Case III) fit better: likelihood ratio {fit.ratio:.2f}, "
        f"{plural(fit.df, 'degree')} of freedom, {chance(fit.p)} if votes are independent, AIC "
        f"{-fit.aic:.1f} lower; {conditions[widest]} is judged least consistently, with "
        f"{fit.spreads[widest]:.1f} times the average spread; scores and intervals take variances as equal"
    ]


def _are_few(scores: Scores) -> bool:
    return scores.observers is not None and scores.observers < FEW_OBSERVERS


def simpler_fits(method: Method) -> str:
    """Say what the checks beside the scores leave out of the model, '' for nothing."""
    if method.ties == "half" and not method.side_bias:
        return ""
    steps = "no steps, " if method.ties == ORDERED else ""
    return f"goodness of fit and Bradley-Terry scores take {steps}ties as half votes and have no side term"


def freedom_words(scores: Scores) -> str:
    """Count the degrees of freedom of the t intervals and tests, such as 4 to 5.2 degrees."""
    if scores.two_way is None:
        return plural((scores.observers or 1) - 1, "degree")
    measured = np.isfinite([pair.se for pair in scores.pairs])
    freedom = scores.two_way.freedom[np.triu_indices(len(scores.jod), 1)][measured]
    if scores.method.anchor == MEAN:  # else the anchor's own score does not vary
        freedom = np.append(freedom, np.diag(scores.two_way.freedom)[np.isfinite(scores.low)])
    low, high = (f"{end:.3g}" for end in (freedom.min(), freedom.max()))
    return f"{low} to {high} degrees" if low != high else plural(int(freedom.min()), "degree")


def was(count: int) -> str:
    """Choose the verb that goes with a number of things."""
    return "was" if count == 1 else "were"


def zero_words(scores: Scores) -> str:
    """Say what lies at 0: the anchor, the mean of all, or of those whose distances the votes fix."""
    if scores.method.anchor != MEAN:
        return scores.method.anchor
    if len(set(scores.group)) > 1:
        return "the mean of each group of conditions whose distances the votes fix"
    inside = [name for name, side in zip(scores.conditions, scores.bound, strict=True) if not side]
    if not inside or len(inside) == len(scores.conditions):
        return "the mean of all conditions"
    return (
        f"the mean of {listed(inside)}" if len(inside) <= MOST_NAMED else "the mean of those with intervals"
    )


def interval_words(scores: Scores) -> str:
    """Name the kind of interval and what it rests on."""
    draws = len(scores.replicates)
    if scores.two_way is not None:
        return (
            f"Student's t with {freedom_words(scores)} of freedom on the two-way variance of "
            f"{scores.method.bootstraps} bootstrap replicates each over observers, scenes and their cells"
        )
    match scores.interval:
        case "t":
            freedom = f"{freedom_words(scores)} of freedom"
            return f"Student's t with {freedom} on {draws} bootstrap replicates over observers"
        case "percentile":
            return f"percentiles of {draws} bootstrap replicates over observers"
    return f"parametric, from {draws} sets of votes drawn from the fitted scores"


def scene_warnings(test: Interaction | None, scores: Scores) -> list[str]:
    """Warn where the scores of single scenes differ by more than chance, with the way out."""
    if test is None or test.p >= ALPHA:
        return []
    differ = f"preferences differ by scene (p = {test.p:.2g})"
    look = "look at the scores of each scene (--per-scene, or Scenes on the page)"
    if resampled(scores) == BOTH:
        return [f"{differ}: {look}; intervals and tests allow for it, as scenes were resampled too"]
    return [
        f"{differ}: scores, intervals and tests of all scenes together speak of these scenes alone; {look}, "
        f"or resample the scenes too (--resample {BOTH}, or Resample on the page)"
    ]


def near_warnings(scores: Scores) -> list[str]:
    """Warn of verdicts that other replicates may turn round."""
    near = near_level(scores)
    pairs = [f"{pair.a} and {pair.b} (adjusted {chance(pair.p_adjusted)})" for pair in near[:MOST_NEAR]]
    more = [f"{len(near) - MOST_NEAR} more"] if len(near) > MOST_NEAR else []
    if not pairs:
        return []
    return [
        f"so near p = {ALPHA} that another seed may turn the verdict round: {', '.join([*pairs, *more])}; "
        "take more replicates"
    ]
