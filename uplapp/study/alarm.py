"""When the share of marked answers jumps: a rule that seldom cries wolf.

Marked are answers that carry a flag or were excluded. The last RECENT answers are held against all before:
given those, the number of marked ones among the recent is beta-binomial (Jeffreys' prior, which keeps few
earlier answers from promising much). So many of them, or more, with a chance below CHANCE is an alarm.
"""

from dataclasses import dataclass
from math import exp, lgamma

RECENT = 50
CHANCE = 1e-4  # the rule is asked after every answer, and some thousands are given in a study
PRIOR = 0.5


@dataclass(frozen=True)
class Alarm:
    """The share of marked answers among the recent ones, and among those before."""

    recent: float
    before: float


def alarm(marked: int, answers: int, recent_marked: int, recent: int = RECENT) -> Alarm | None:
    """Whether `recent_marked` of the last `recent` answers are too many after `marked` of `answers` before.

    None also while fewer than RECENT answers are there on either side.
    """
    if min(answers, recent) < RECENT or recent_marked * answers <= marked * recent:
        return None
    if at_least(recent_marked, recent, marked, answers) >= CHANCE:
        return None
    return Alarm(recent_marked / recent, marked / answers)


def at_least(k: int, n: int, marked: int, answers: int) -> float:
    """The chance of k or more marked answers among the next n after `marked` of `answers`."""
    a, b = marked + PRIOR, answers - marked + PRIOR
    return sum(
        exp(_log_choose(n, i) + _log_beta(i + a, n - i + b) - _log_beta(a, b)) for i in range(k, n + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
