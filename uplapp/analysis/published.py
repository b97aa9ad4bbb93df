"""The published studies that ship as examples."""

from dataclasses import dataclass
from pathlib import Path

from uplapp.analysis.matrices import read_matrix
from uplapp.errors import UnknownName
from uplapp.values import Comparisons

SOURCE = "Engman & Nilsson 2020, Lund University, Master's thesis 2020:E33"


@dataclass(frozen=True)
class Published:
    """A probability matrix in `examples/`, its name on screen, and how many votes each pair got."""

    label: str
    matrix: str
    votes_per_pair: str


PUBLISHED = {
    "denoising": Published("Published: denoising, six losses", "denoising.csv", "112"),
    "mri": Published("Published: MR reconstruction, six losses", "mri.csv", "mri_votes_per_pair.csv"),
}


def published(name: str) -> Comparisons:
    """Read one of the PUBLISHED studies; in the printed tables the column won."""
    if name not in PUBLISHED:
        raise UnknownName("published study", name, PUBLISHED)
    study = PUBLISHED[name]
    folder = Path(__file__).parent / "examples"
    votes = study.votes_per_pair
    return read_matrix(folder / study.matrix, "column", votes if votes.isdigit() else str(folder / votes))
