"""How sure ranks are, in words, rows and plain values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from uplapp.analysis.scoring import Ranks, ranking
from uplapp.analysis.writing.wording import one_line
from uplapp.values import Scores

MOST_NAMED = 12  # conditions, beyond which the first and the last are named
LEAST_BEST = 0.005  # a probability that would print as 0% is not worth a word


def rank_values(ranks: Ranks | None) -> dict[str, Any] | None:
    """Give ranks as values for JSON, lists in the order of the conditions."""
    if ranks is None:
        return None
    return {
        "p_best": ranks.best,
        "probability": ranks.probability,
        "low": ranks.low,
        "high": ranks.high,
        "first": ranks.first,
        "last": ranks.last,
        "above": ranks.above,
        "same_order": ranks.same_order,
        "same_best": ranks.same_best,
        "tau": ranks.tau,
        "replicates": ranks.draws,
    }


def span(low: float, high: float) -> str:
    """Write a range of ranks, such as 2-4, or 3 where both ends are equal. An open one is a dash."""
    if not np.isfinite([low, high]).all():
        return "-"
    return f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}"


def percent(share: float) -> str:
    """Write a share in percent, never rounded to 0 or 100 that it is not."""
    if not np.isfinite(share):
        return "-"
    if 0 < share < LEAST_BEST or 1 - LEAST_BEST < share < 1:
        return "< 1%" if share < 0.5 else "> 99%"
    return f"{100 * share:.0f}%"


def rank_lines(ranks: Ranks | None, scores: Scores) -> list[str]:
    """Say of each condition its ranks and how probably it is the best, and how stable the order is."""
    if ranks is None or np.isnan(ranks.best).all():
        return []
    place = {name: index for index, name in enumerate(ranks.conditions)}
    order = [place[name] for name in ranking(scores)["condition"]]
    said = [_of_one(ranks, index) for index in order]
    if len(said) > MOST_NAMED:
        said = [*said[: MOST_NAMED - 2], "...", *said[-2:]]
    return [
        one_line(f"95% of ranks over {ranks.draws} replicates (best in): {'; '.join(said)}"),
        f"rank stability: {stability_words(ranks)}",
    ]


def stability_words(ranks: Ranks) -> str:
    """Say how often the replicates agree with the study's own order."""
    return (
        f"same best condition in {percent(ranks.same_best)} of the replicates, same order of all in "
        f"{percent(ranks.same_order)}, mean Kendall correlation {ranks.tau:.2f}"
    )


def rank_sentences(ranks: Ranks | None) -> list[str]:
    """Say in a methods paragraph what the ranks rest on."""
    if ranks is None or np.isnan(ranks.best).all():
        return []
    return [
        "Probabilities of ranks, and ranks with 95% of the probability, were counted in the replicates.",
        "The ranks that the tests leave possible hold for all conditions together in 95% of studies "
        "(Mogstad, Romano, Shaikh & Wilhelm 2024).",
    ]


def rank_rows(ranks: Ranks, scores: Scores) -> Sequence[tuple[str, str, str, str]]:
    """List condition, 95% of ranks, ranks by the tests and probability of being best, best first."""
    place = {name: index for index, name in enumerate(ranks.conditions)}
    return [
        (
            name,
            span(ranks.low[at], ranks.high[at]),
            span(ranks.first[at], ranks.last[at]),
            percent(ranks.best[at]),
        )
        for name in ranking(scores)["condition"]
        for at in [place[name]]
    ]


def _of_one(ranks: Ranks, at: int) -> str:
    best = ranks.best[at]
    chance = f" ({percent(best)})" if best >= LEAST_BEST else ""
    return f"{ranks.conditions[at]} {span(ranks.low[at], ranks.high[at])}{chance}"
