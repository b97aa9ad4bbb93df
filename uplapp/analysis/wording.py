"""Numbers in words, the same in tables and in running text."""

from uplapp.values import Scores


def plural(count: int, noun: str) -> str:
    """Write a number with its noun: 1 observer, 2 observers."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(words: list[str]) -> str:
    """Join words: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def chance(p: float) -> str:
    """Write a p value: p = 0.031, p < 0.001."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def interval_words(scores: Scores) -> str:
    """Name the kind of interval and what it rests on."""
    draws = len(scores.replicates)
    match scores.interval:
        case "t":
            freedom = plural((scores.observers or 1) - 1, "degree") + " of freedom"
            return f"Student's t with {freedom} on {draws} bootstrap replicates over observers"
        case "percentile":
            return f"percentiles of {draws} bootstrap replicates over observers"
    return f"parametric, from {draws} sets of votes drawn from the fitted scores"
