"""What the Analysis tab remembers between clicks."""

from dataclasses import dataclass

from uplapp.analysis.report import Report
from uplapp.values import Comparisons, Votes

NO_VOTES = "No votes are read; the ranking says why."


@dataclass(frozen=True, eq=False)
class Analysed:
    """The votes as they were read, from which source of the menu, and their report."""

    source: str
    data: Votes | Comparisons
    report: Report
