"""What was answered beside A and B, in words, rows and plain values: steps, and both bad."""

from typing import Any

import numpy as np

from uplapp.analysis.model import ORDERED
from uplapp.analysis.reading.choices import DROP, TIE, BothBad
from uplapp.analysis.writing.wording import fixed, listed, one_line, plural
from uplapp.values import Estimate, Scores

MOST_NAMED = 12  # conditions, or pairs, with the largest shares
COUNTED = {TIE: "count as ties", DROP: "are left out of the scores"}


def step_values(scores: Scores, counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """Give each step with its number of answers, and from how many JOD on it is taken, for JSON."""
    fits: tuple[Estimate | None, ...] = scores.steps or (None,) * len(counts)
    numbers: tuple[int | None, ...] = counts or (None,) * len(fits)
    return [
        {"step": place, "answers": count, "from": None if fit is None else vars(fit)}
        for place, (count, fit) in enumerate(zip(numbers, fits, strict=True), start=1)
    ]


def step_lines(scores: Scores, counts: tuple[int, ...]) -> list[str]:
    """Say how often each step was taken, and from how many JOD on."""
    if not counts:
        return []
    taken = ", ".join(f"{count} of step {place}" for place, count in enumerate(counts, start=1))
    used = _begins(scores)
    if scores.method.ties != ORDERED:
        used = "the scores take no account of steps"
    return ["; ".join(filter(None, [f"answers in steps: {taken}", used]))]


def step_sentences(scores: Scores, counts: tuple[int, ...]) -> list[str]:
    """Say it in the methods paragraph."""
    if not counts:
        return []
    taken = listed([f"{count} of step {place}" for place, count in enumerate(counts, start=1)])
    answers = f"Answers said by how much one condition is better: {taken}."
    if scores.method.ties != ORDERED:
        return [answers, "The scores take no account of these steps."]
    begins = _begins(scores)
    zones = f" (estimated: {begins})" if begins else ""
    return [
        answers,
        "They were taken as ordered, by a cumulative probit whose thresholds are the same for both sides, as "
        f"in Agresti 1992{zones}.",
    ]


def _begins(scores: Scores) -> str:
    known = [(place, fit) for place, fit in enumerate(scores.steps, start=1) if np.isfinite(fit.jod)]
    return ", ".join(f"step {place} begins at {_estimate(fit)}" for place, fit in known)


def _estimate(fit: Estimate) -> str:
    error = f" (standard error {fixed(fit.se)})" if np.isfinite(fit.se) else ""
    return f"{fixed(fit.jod)} JOD{error}"


def both_bad_rows(both: BothBad) -> list[tuple[str, int, int, float]]:
    """List each condition with its answers "both bad", all its answers, and the share, largest first."""
    bad, answers = both.bad.sum(axis=1), both.answers.sum(axis=1)
    rows = [(name, *_counts(bad[at], answers[at])) for at, name in enumerate(both.conditions)]
    return sorted(rows, key=lambda row: -row[3])


def both_bad_pairs(both: BothBad) -> list[tuple[str, str, int, int, float]]:
    """List each pair that was called both bad, largest share first."""
    first, second = np.nonzero(np.triu(both.bad > 0, 1))
    names = both.conditions
    rows = [
        (names[i], names[j], *_counts(both.bad[i, j], both.answers[i, j]))
        for i, j in zip(first, second, strict=True)
    ]
    return sorted(rows, key=lambda row: -row[4])


def _counts(bad: float, answers: float) -> tuple[int, int, float]:
    return round(bad), round(answers), float(bad / answers)


def both_bad_values(both: BothBad | None) -> dict[str, Any] | None:
    """Give the answers "both bad" of all, of each condition and of each pair, for JSON."""
    if both is None:
        return None
    bad, answers = both.total
    names = ("answers", "of", "share")
    return {
        "counted_as": both.way,
        **dict(zip(names, (bad, answers, bad / answers), strict=True)),
        "conditions": [
            {"condition": row[0], **dict(zip(names, row[1:], strict=True))} for row in both_bad_rows(both)
        ],
        "pairs": [
            {"a": row[0], "b": row[1], **dict(zip(names, row[2:], strict=True))}
            for row in both_bad_pairs(both)
        ],
    }


def both_bad_columns(both: BothBad | None, scores: Scores) -> dict[str, Any]:
    """Give the columns of the ranking's CSV, none where nobody called both bad."""
    if both is None:
        return {}
    share = {name: share for name, _, _, share in both_bad_rows(both)}
    return {
        "both_bad_share": [share.get(name, np.nan) for name in scores.conditions],
        "both_bad_counted_as": both.way,
    }


def both_bad_words(both: BothBad) -> str:
    """Say how many answers were "both bad", and how they count."""
    bad, answers = both.total
    share = f"{bad / answers:.1%}"
    return f"{bad} of {plural(answers, 'answer')} called both bad ({share}); these {COUNTED[both.way]}"


def both_bad_lines(both: BothBad | None) -> list[str]:
    """Say how often both were bad, in all, by condition and by pair."""
    if both is None:
        return []
    rows, pairs = both_bad_rows(both)[:MOST_NAMED], both_bad_pairs(both)[:MOST_NAMED]
    conditions = ", ".join(f"{name} {bad} of {of} ({share:.0%})" for name, bad, of, share in rows if bad)
    named = ", ".join(f"{a} and {b} {bad} of {of} ({share:.0%})" for a, b, bad, of, share in pairs)
    return [
        both_bad_words(both),
        *(one_line(f"  by {what}: {words}") for what, words in (("condition", conditions), ("pair", named))),
    ]


def both_bad_sentences(both: BothBad | None) -> list[str]:
    """Say it in the methods paragraph."""
    return [] if both is None else [f"{both_bad_words(both)}."]
