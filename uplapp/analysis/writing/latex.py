"""A ranking as a LaTeX table."""

import re
from math import isfinite
from typing import Any

from uplapp.analysis.scoring import ranking, scope
from uplapp.analysis.writing.report import Report
from uplapp.analysis.writing.wording import fixed, interval_words, plural
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
  \label{tab:jod}
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
    """Write the ranking as a booktabs table: rank, condition, JOD, 95 % interval, letters, votes in percent.

    Letters stand there unless they are many. Characters beyond ASCII stay as they are, in UTF-8.
    """
    words = dict(zip(report.scores.conditions, report.letters, strict=True))
    lettered = 0 < max(map(len, report.letters), default=0) <= MOST_LETTERS
    heads = ["Rank", "Condition", "JOD", r"95\,\% interval", *["Tied"] * lettered, r"Chosen (\%)"]
    rows = [
        [*_cells(row), *[words[row["condition"]]] * lettered, _percent(row["chosen_share"])]
        for row in ranking(report.scores).to_dict("records")
    ]
    return TABLE % {
        "caption": _caption(report.scores),
        "layout": f"rlrc{'l' * lettered}r",
        "heads": " & ".join(heads),
        "rows": "\n".join(f"    {' & '.join(row)} \\\\" for row in rows),
        "note": _note(report, lettered),
    }


def escape(text: str) -> str:
    """Write a text so that LaTeX prints it as it is, line breaks and control characters as spaces."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    whole = "".join(SPECIAL.get(letter, letter) for letter in LIGATURE.sub("\\1\0", printable))
    return OPENING.sub("``", whole.replace("\0", "{}"))


def _cells(row: dict[Any, Any]) -> list[str]:
    rank = str(row["rank"]) if isfinite(row["jod"]) else "--"
    low, high = row["jod_low"], row["jod_high"]
    interval = f"$[{fixed(low)}, {fixed(high)}]$" if isfinite(low) and isfinite(high) else "--"
    return [rank, escape(row["condition"]), _number(row["jod"]), interval]


def _number(value: float) -> str:
    return f"${fixed(value)}$" if isfinite(value) else "--"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if isfinite(share) else "--"


def _caption(scores: Scores) -> str:
    whose = f" of {plural(scores.observers, 'observer')}" if scores.observers is not None else ""
    simulated = "SIMULATED OBSERVERS. " if scores.simulated else ""
    return f"{simulated}Scores from {plural(scores.comparisons, 'pairwise comparison')}{whose}."


def _note(report: Report, lettered: bool) -> str:
    scores = report.scores
    anchor = scores.method.anchor
    zero = "the mean of all conditions" if anchor == "mean" else escape(anchor)
    said = [
        f"A difference of 1 JOD means that 75\\,\\% of answers choose the better one; 0 is {zero}.",
        f"Intervals: {interval_words(scores)}; they speak of {scope(scores)}.",
        "Conditions that share a letter do not differ significantly (Holm-adjusted $p \\geq .05$)."
        if lettered
        else "",
        "Chosen: share of a condition's votes that it won.",
        "" if scores.identifiable else "The votes do not fix all scores.",
    ]
    return "\n    ".join(filter(None, said))
