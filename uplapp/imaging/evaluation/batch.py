"""A batch: several files restored by the same candidates, into one ZIP with one table of metrics."""

import itertools
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.evaluation.candidates import Candidate
from uplapp.imaging.evaluation.fits import Hear
from uplapp.imaging.evaluation.job import Job, read_case, run_job, unheard
from uplapp.imaging.evaluation.provenance import result_files
from uplapp.imaging.evaluation.scores import Scores, mean_scores
from uplapp.imaging.evaluation.text import scores_csv
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.files.formats.series import dicom_members
from uplapp.imaging.files.guards import is_of_others
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import Watch, unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.packed import extract, is_litter

TABLE = "metrics.csv"
ZIP = ".zip"

Admit = Callable[[Case], object]


@dataclass(frozen=True, eq=False)
class BatchResult:
    """What became of the files: the first job, a row of scores per file and condition, and who was refused.

    `rows` have `scene`, `condition` and metrics, and are empty where no clean image is known. `refused` holds
    a sentence by the name of a file.
    """

    first: Job
    names: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def means(self) -> dict[str, Scores]:
        """The mean scores by the label on screen of what was given and of each candidate."""
        kinds = {kind: label for kind, label in self.first.labels.items() if kind != "reference"}
        return {
            label: mean_scores([row for row in self.rows if row["condition"] == kind])
            for kind, label in kinds.items()
        }


def run_batch(
    paths: Sequence[Path],
    task: str,
    degradation: Degradation | AsItIs | None,
    candidates: Sequence[Candidate],
    target: Path,
    reading: Reading = AS_IT_SAYS,
    admit: Admit = bool,
    watch: Watch = unwatched,
    hear: Hear = unheard,
) -> BatchResult:
    """Restore each file by every candidate and write all results to the ZIP `target`, a folder per file.

    A scan gives its middle slice. A file that cannot be read or restored, or that `admit` refuses, is left
    out with the reason; UplappError if that is so of all of them. TABLE in the ZIP has the columns that
    `agree` reads.
    """
    jobs: list[Job] = []
    names: list[str] = []
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, path in enumerate(paths):
            try:
                case = read_case(path, task, degradation, None, reading)
                admit(case)
                job = run_job(case, candidates, _part_of(watch, number, len(paths)), hear)
            except Cancelled:
                raise
            except UplappError as error:
                refused[path.name] = str(error)
                continue
            name = _unused(case.name, names)
            for file, content in result_files(job).items():
                archive.writestr(f"{name}/{file}", content)
            rows += _rows(name, job)
            names.append(name)
            jobs = jobs or [job]
        if not jobs:
            raise UplappError(f"none of the {len(paths)} files was restored; {_first(refused)}")
        if rows:
            archive.writestr(TABLE, scores_csv(rows))
    return BatchResult(jobs[0], tuple(names), rows, refused)


def inputs_of(paths: Sequence[Path], task: str, scratch: Path, most: int) -> list[Path]:
    """List the files to restore among uploads: the files of a ZIP each by itself, but DICOM as one series.

    A ZIP is unpacked below `scratch`; what is neither of a suffix of the task nor of another program that
    makes pictures or scans is left out of it. Of DICOM nothing is kept that says who the patient is.
    UplappError for no file, and for more than `most`.
    """
    found = []
    for number, path in enumerate(paths):
        if path.suffix.lower() == ZIP and not dicom_members(path):
            found += _meant(extract(path, scratch / f"{number}"), task)
        elif not is_litter(path.name):
            found.append(path)
    if not found:
        raise UplappError(f"there is no file to restore; allowed: {', '.join(TASKS[task].suffixes)}")
    if len(found) > most:
        raise UplappError(f"there are {len(found)} files; at most {most} are restored at once")
    return [without_person(path) for path in found]


def _meant(folder: Path, task: str) -> list[Path]:
    """List the files that a task reads, and other files whose stem no file has that it reads."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not is_litter(path.name)]
    read = [path for path in files if path.name.lower().endswith(TASKS[task].suffixes)]
    stems = {path.name.split(".")[0] for path in read}
    others = [path for path in files if path not in read and path.name.split(".")[0] not in stems]
    return read + [path for path in others if is_of_others(path)]


def _rows(name: str, job: Job) -> Iterator[dict[str, Any]]:
    """Give the row of each condition, nothing where nothing could be measured."""
    scored = [(job.observed, job.degraded_scores), *((one.name, one.scores) for one in job.results)]
    for condition, scores in scored:
        if scores is not None:
            yield {"scene": name, "condition": condition, **scores}


def _unused(name: str, taken: Sequence[str]) -> str:
    """Give a name that no file before has, whatever its case."""
    others = {other.lower() for other in taken}
    names = itertools.chain([name], (f"{name}-{place}" for place in itertools.count(2)))
    return next(one for one in names if one.lower() not in others)


def _part_of(watch: Watch, number: int, total: int) -> Watch:
    def part(share: float, text: str, preview: Any) -> bool:
        return watch((number + share) / total, f"file {number + 1} of {total}, {text}", preview)

    return part


def _first(refused: dict[str, str]) -> str:
    name, why = next(iter(refused.items()))
    return why if name in why else f"{name}: {why}"
