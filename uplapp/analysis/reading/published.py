"""The published studies that ship as examples, and votes of simulated observers."""

from dataclasses import dataclass, replace
from pathlib import Path

from uplapp.analysis.reading.matrices import read_matrix
from uplapp.analysis.reading.metric_table import Metrics, read_metrics
from uplapp.analysis.reading.votes import read_votes
from uplapp.errors import UnknownName
from uplapp.values import Comparisons, Votes

EXAMPLE, EXAMPLE_LABEL = "example", "Example: 20 simulated observers"
FOLDER = Path(__file__).parent / "examples"
SOURCE = "Engman & Nilsson 2020, Lund University, Master's thesis 2020:E33"


@dataclass(frozen=True)
class Published:
    """A probability matrix in `examples/`, its name on screen, how many votes each pair got, and metrics."""

    label: str
    matrix: str
    votes_per_pair: str
    metrics: str


PUBLISHED = {
    "denoising": Published(
        "Published: denoising, six losses", "denoising.csv", "112", "denoising_metrics.csv"
    ),
    "mri": Published(
        "Published: MR reconstruction, six losses", "mri.csv", "mri_votes_per_pair.csv", "mri_metrics.csv"
    ),
}


def published(name: str) -> Comparisons:
    """Read one of the PUBLISHED studies.

    In the printed tables the column won.
    """
    study = _study(name)
    votes = study.votes_per_pair
    comparisons = read_matrix(
        FOLDER / study.matrix, "column", votes if votes.isdigit() else str(FOLDER / votes)
    )
    return replace(
        comparisons, origin=f"The probabilities are those printed by {SOURCE}. {comparisons.origin}"
    )


def published_metrics(name: str) -> Metrics:
    """Read the printed means of metrics over the validation images of one of the PUBLISHED studies.

    Observers of the MR study saw two knees and two brains in one table of votes; its metrics were measured
    on both organs apart, so each metric has a column for either.
    """
    return read_metrics(FOLDER / _study(name).metrics)


def example_votes() -> Votes:
    """Read votes of 20 simulated observers in four scenes, with catch trials, repeats and response times."""
    return read_votes(FOLDER / "votes.csv")


def example_metrics() -> Metrics:
    """Read made-up metrics of the example's conditions and scenes."""
    return read_metrics(FOLDER / "votes_metrics.csv")


def _study(name: str) -> Published:
    if name not in PUBLISHED:
        raise UnknownName("published study", name, PUBLISHED)
    return PUBLISHED[name]
