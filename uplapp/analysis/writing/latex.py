"""A ranking as a LaTeX table."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from uplapp.analysis.scoring import least_distances, ranking, scope
from uplapp.analysis.scoring.covariate import Coefficient
from uplapp.analysis.writing.choices import both_bad_rows, both_bad_words, step_lines
from uplapp.analysis.writing.people import group_words, side_by_side, sizes
from uplapp.analysis.writing.ranks import rank_rows, stability_words
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import fixed, interval_words, plural, zero_words
from uplapp.values import Scores

MOST_LETTERS = 12  # longer words of tied groups would push the table over the margin
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
}
LIGATURE = re.compile(r"([-',])(?=\1)")  # two of these would print as another character
OPENING = re.compile(r"(?:(?<=^)|(?<=[\s(\[]))''(?=\S)")
TABLE = r"""%% Needs \usepackage{booktabs}.
\begin{table}
  \centering
  \caption{%(caption)s}
  \label{tab:%(label)s}
  \begin{tabular}{%(layout)s}
    \toprule
    %(heads)s \\
    \midrule
%(rows)s
    \bottomrule
  \end{tabular}

  \smallskip
  \begin{minipage}{0.95\linewidth}
    \footnotesize %(note)s
  \end{minipage}
\end{table}
"""


def to_latex(report: Report) -> str:
    """Write the ranking as a booktabs table: rank, condition, JOD, 95% interval, letters, votes in percent.

    Letters stand there unless they are many. A second table says how sure the ranks are. Characters beyond
    ASCII stay as they are, in UTF-8.
    """
    words = dict(zip(report.scores.conditions, report.letters, strict=True))
    lettered = 0 < max(map(len, report.letters), default=0) <= MOST_LETTERS
    heads = ["Rank", "Condition", "JOD", r"95\% interval", *["Tied"] * lettered, r"Chosen (\%)"]
    ranked = ranking(report.scores).to_dict("records")
    rows = [
        [*_cells(row), *[words[row["condition"]]] * lettered, _percent(row["chosen_share"])] for row in ranked
    ]
    lines = [f"    {' & '.join(row)} \\\\" for row in rows]
    groups = [row["group"] for row in ranked]
    for place in [place for place in range(len(rows) - 1, 0, -1) if groups[place] != groups[place - 1]]:
        lines.insert(place, r"    \midrule")
    ranking_table = TABLE % {
        "caption": _caption(report.scores),
        "label": "jod",
        "layout": f"rlrc{'l' * lettered}r",
        "heads": " & ".join(heads),
        "rows": "\n".join(lines),
        "note": _note(report, lettered),
    }
    more = (_ranks, _groups, _spread, _covariate, _both_bad)
    return "\n".join([ranking_table, *(text for table in more for text in table(report))])


def escape(text: str) -> str:
    """Write a text so that LaTeX prints it as it is, line breaks and control characters as spaces."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    whole = "".join(SPECIAL.get(letter, letter) for letter in LIGATURE.sub("\\1\0", printable))
    return OPENING.sub("``", whole.replace("\0", "{}"))


def _ranks(report: Report) -> list[str]:
    """Write the table of ranks, none without replicates."""
    ranks, scores = report.ranks, report.scores
    if ranks is None or np.isnan(ranks.best).all():
        return []
    rows = [
        (escape(name), low_high.replace("-", "--"), tested.replace("-", "--"), escape(best))
        for name, low_high, tested, best in rank_rows(ranks, scores)
    ]
    note = (
        f"Ranks: 95\\% of {ranks.draws} replicates, which speak of {scope(scores)}. Possible: what the "
        "tests leave, for all conditions together. Replicates have the "
        f"{escape(stability_words(ranks))}."
    )
    heads = ("Condition", "Ranks", "Possible", r"P(best)")
    return [small_table("ranks", _caption(scores, "Ranks"), heads, rows, note)]


def _groups(report: Report) -> list[str]:
    """Write the scores of groups of observers side by side, none without groups."""
    groups = report.groups
    if groups is None:
        return []
    heads, *rows = side_by_side(groups, report.scores)
    note = escape(f"Groups by {groups.column}, {sizes(groups)}: {group_words(groups.test)}.")
    cells = [[escape(name), *(f"${cell}$" if cell != "-" else "--" for cell in row)] for name, *row in rows]
    caption = _caption(report.scores, "Scores of groups of observers")
    return [small_table("groups", caption, [escape(head) for head in heads], cells, note)]


def _spread(report: Report) -> list[str]:
    """Write how much observers differ, over all conditions and in each, the best first."""
    spread = report.spread
    if spread is None or not isfinite(spread.overall):
        return []
    place = {name: index for index, name in enumerate(spread.conditions)}
    each = [(escape(name), place[name]) for name in ranking(report.scores)["condition"] if name in place]
    rows = [("All", *_estimate(spread.overall, spread.overall_low, spread.overall_high))]
    rows += [(name, *_estimate(spread.sd[at], spread.low[at], spread.high[at])) for name, at in each]
    caption = _caption(report.scores, "Standard deviation of scores over observers, in JOD,")
    note = "All: the root of the mean variance. Intervals: chi squared on the observers less one."
    return [small_table("spread", caption, ("Condition", "SD", r"95\% interval"), rows, note)]


def _covariate(report: Report) -> list[str]:
    """Write slope and bend of the scores against a number of each condition."""
    covariate = report.covariate
    if covariate is None:
        return []
    per = "doubling" if covariate.log else "unit"
    terms = [(f"Slope, JOD per {per} of {covariate.name}", covariate.slope)]
    terms += [] if covariate.bend is None else [(f"Bend, JOD per squared {per}", covariate.bend)]
    rows = [(escape(name), *_coefficient(term)) for name, term in terms]
    note = escape(f"The line explains {100 * covariate.explained:.0f}% of the variance between conditions.")
    heads = ("Coefficient", "Estimate", r"95\% interval", "$p$")
    caption = _caption(report.scores, escape(f"Scores against {covariate.name}"))
    return [small_table("covariate", caption, heads, rows, note)]


def _coefficient(term: Coefficient) -> tuple[str, str, str]:
    """Write a coefficient, its interval and p, three digits each: its unit may be small."""
    ends = f"$[{term.low:.3g}, {term.high:.3g}]$" if isfinite(term.low) and isfinite(term.high) else "--"
    return f"${term.value:.3g}$", ends, f"{term.p:.2g}" if isfinite(term.p) else "--"


def _estimate(value: float, low: float, high: float) -> tuple[str, str]:
    """Write a number and its interval."""
    interval = f"$[{fixed(low)}, {fixed(high)}]$" if isfinite(low) and isfinite(high) else "--"
    return _number(value), interval


def _both_bad(report: Report) -> list[str]:
    """Write how often conditions were called both bad, none where nobody did."""
    both = report.both_bad
    if both is None:
        return []
    rows = [
        (escape(name), str(bad), str(answers), _percent(share))
        for name, bad, answers, share in both_bad_rows(both)
    ]
    heads = ("Condition", "Both bad", "Answers", r"Share (\%)")
    note = escape(f"{both_bad_words(both)}.")
    return [small_table("both-bad", "Answers ``both bad''.", heads, rows, note)]


def small_table(
    label: str, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], note: str
) -> str:
    """Write a booktabs table of LaTeX texts, its first column to the left and the others to the right."""
    return TABLE % {
        "caption": caption,
        "label": label,
        "layout": f"l{'r' * (len(heads) - 1)}",
        "heads": " & ".join(heads),
        "rows": "\n".join(f"    {' & '.join(row)} \\\\" for row in rows),
        "note": note,
    }


def _cells(row: dict[Any, Any]) -> list[str]:
    rank = "--" if pd.isna(row["rank"]) else str(row["rank"])
    low, high = row["jod_low"], row["jod_high"]
    interval = f"$[{fixed(low)}, {fixed(high)}]$" if isfinite(low) and isfinite(high) else "--"
    return [rank, escape(row["condition"]), _score(row), interval]


def _score(row: dict[Any, Any]) -> str:
    """A score, or beyond what it lies where one side of it is open."""
    if not row["bound"]:
        return _number(row["jod"])
    sign = {"above": ">", "below": "<"}.get(row["bound"])
    return f"${sign} {fixed(row['bound_jod'])}$" if sign and isfinite(row["bound_jod"]) else "--"


def _number(value: float) -> str:
    return f"${fixed(value)}$" if isfinite(value) else "--"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if isfinite(share) else "--"


def _caption(scores: Scores, what: str = "Scores") -> str:
    whose = f" of {plural(scores.observers, 'observer')}" if scores.observers is not None else ""
    simulated = "SIMULATED OBSERVERS. " if scores.simulated else ""
    return f"{simulated}{what} from {plural(scores.comparisons, 'pairwise comparison')}{whose}."


def _note(report: Report, lettered: bool) -> str:
    scores = report.scores
    said = [
        "A difference of 1 JOD means that 75\\% of answers choose the better one; "
        f"0 is {escape(zero_words(scores))}.",
        *_intervals(scores),
        "Conditions that share a letter do not differ significantly (Holm-adjusted $p \\geq .05$)."
        if lettered
        else "",
        "Chosen: share of a condition's votes that it won.",
        *(escape(f"{line[0].upper()}{line[1:]}.") for line in step_lines(scores, report.tally.steps)),
        *_open(scores),
    ]
    return "\n    ".join(filter(None, said))


def _intervals(scores: Scores) -> list[str]:
    """Name the intervals that are there, and none that are not."""
    if not np.isfinite(scores.low).any():
        return ["The votes give no intervals."]
    return [f"Intervals: {interval_words(scores)}; they speak of {scope(scores)}."]


def _open(scores: Scores) -> list[str]:
    if scores.identifiable:
        return []
    said = ["The votes do not fix all scores."]
    if any(scores.bound):
        said.append("$>$, $<$: one-sided 95\\% bounds, if votes are independent; --: open.")
    return [*said, *(escape(f"{sentence}.") for sentence in least_distances(scores))]
