"""What the Analysis tab remembers between clicks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from uplapp.analysis.reading.votes import without
from uplapp.analysis.writing.report import Report
from uplapp.values import Comparisons, Votes

NO_VOTES = "No votes are read; the ranking says why."


@dataclass(frozen=True, eq=False)
class Analysed:
    """Votes as they were read from a source of the menu, who is left out (name -> reason), and the report."""

    source: str
    data: Votes | Comparisons
    report: Report
    exclude: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> Votes | Comparisons:
        """The votes that the report's scores are of."""
        return without(self.data, self.exclude) if isinstance(self.data, Votes) else self.data
