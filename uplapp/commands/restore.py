"""`python -m uplapp restore`: images or scans in, restored images and their provenance out."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.commands.options import (
    METHOD,
    NO_CONSISTENCY,
    SET,
    candidates_of,
    degradation_if_any,
    tasks_with,
    with_degradation_options,
)
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.whole import write_bytes

if TYPE_CHECKING:
    from uplapp.imaging.evaluation.candidates import Candidate
    from uplapp.imaging.files.reading import Reading
    from uplapp.imaging.physics import AsItIs, Degradation

IMAGES = typer.Argument(help="Pictures; for MR also k-space, arrays, NIfTI, and DICOM or folders of it.")
SLICE = typer.Option("--slice", help="Slice of a scan, from 0; the middle one by default.")
WHOLE = typer.Option(help="Restore every slice of a volume, and write whole volumes as NIfTI.")
TASK = typer.Option(help="The task of the methods where no checkpoint says it.")


@with_degradation_options(as_it_is=True, reading=True)
def restore(
    images: Annotated[list[Path], IMAGES],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the results.")],
    checkpoint: Annotated[
        list[str] | None, typer.Option("-c", "--checkpoint", help="May be given again.")
    ] = None,
    method: Annotated[list[str] | None, METHOD] = None,
    settings: Annotated[list[str] | None, SET] = None,
    task: Annotated[str | None, TASK] = None,
    no_consistency: Annotated[bool, NO_CONSISTENCY] = False,
    slice_: Annotated[int | None, SLICE] = None,
    whole: Annotated[bool, WHOLE] = False,
    *,
    degradation: Mapping[str, Any],
    reading: Mapping[str, Any],
) -> None:
    """Degrade if asked, restore, write 8- or 16-bit PNG files, error maps and provenance.json.

    Example: python -m uplapp restore photo.png -c denoise-unet-l2 -o restored --sigma 25 --seed 0

    Or: python -m uplapp restore SERIES --task mri --method tv -o restored --acceleration 8 --slice 90

    Or: python -m uplapp restore head.nii.gz --task volume --method nlm -o restored --level .05

    Or: python -m uplapp restore torn.png --task inpaint --mask-image mask.png --method tv -o restored
    """
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.files.reading import Reading

    _require_names_of_their_own(images)
    known = Settings.from_env()
    checkpoints = Checkpoints(known.models, known.precision)
    cards = [checkpoints.find(name) for name in checkpoint or []]
    task = _task_of(task, [card.task for card in cards], degradation)
    candidates = candidates_of(checkpoints, cards, not no_consistency, method or [], settings or [])
    chosen = degradation_if_any(task, degradation)
    if whole:
        if slice_ is not None:
            raise UplappError("--whole restores all slices, and --slice one; give one of them")
        _restore_whole(images, task, chosen, candidates, Reading(**reading), out)
    else:
        _restore_each(images, task, chosen, candidates, Reading(**reading), slice_, out)
    print(f"{len(images)} image(s), {_count(candidates)}", file=sys.stderr)


def _restore_each(
    images: Sequence[Path],
    task: str,
    degradation: "Degradation | AsItIs | None",
    candidates: "Sequence[Candidate]",
    reading: "Reading",
    index: int | None,
    out: Path,
) -> None:
    from uplapp.imaging.evaluation.job import read_case, run_job
    from uplapp.imaging.evaluation.provenance import write_results
    from uplapp.imaging.evaluation.text import cautions, fits

    for case in [read_case(path, task, degradation, index, reading) for path in images]:
        _say(*case.understood, case.note)
        job = run_job(case, candidates)
        print(*write_results(job, out), sep="\n")
        _say(*fits(job), *cautions(job))


def _restore_whole(
    images: Sequence[Path],
    task: str,
    degradation: "Degradation | AsItIs | None",
    candidates: "Sequence[Candidate]",
    reading: "Reading",
    out: Path,
) -> None:
    import json

    from uplapp.imaging.evaluation.whole import restore_whole

    for path in images:
        files = restore_whole(path, task, degradation, candidates, reading)
        provenance = next(content for name, content in files.items() if name.endswith(".json"))
        _say(*json.loads(provenance)["understood"])
        print(*(write_bytes(out / name, content) for name, content in files.items()), sep="\n")


def _say(*sentences: str) -> None:
    for sentence in filter(None, sentences):
        print(sentence.replace("**", ""), file=sys.stderr)


def _require_names_of_their_own(images: Sequence[Path]) -> None:
    from uplapp.imaging.files.readers import picture_name

    names = [picture_name(path) for path in images]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UplappError(f"two inputs are called '{twice}'; their results would overwrite each other")


def _task_of(given: str | None, of_cards: Sequence[str], degradation: Mapping[str, Any]) -> str:
    """Find the task: as given, else the checkpoints' task, else the task with these degradation options."""
    from uplapp.imaging.tasks import TASKS

    tasks = sorted({*of_cards, *([given] if given else [])})
    if len(tasks) > 1:
        raise UplappError(
            f"these checkpoints are for the tasks {' and '.join(tasks)}; give checkpoints of one task"
        )
    if tasks:
        TASKS[tasks[0]]
        return tasks[0]
    fitting = tasks_with(degradation)
    if len(fitting) != 1:
        raise UplappError(f"methods need a task; give --task, one of: {', '.join(TASKS)}")
    return fitting[0]


def _count(candidates: "Sequence[Candidate]") -> str:
    checkpoints = sum(one.card is not None for one in candidates)
    return f"{checkpoints} checkpoint(s), {len(candidates) - checkpoints} method(s)"
