"""The finished result that the page opens with: a sample, as each network of its task restores it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import Job, Restored, read_case
from uplapp.imaging.evaluation.text import format_job
from uplapp.imaging.files.pictures import read_image, tensor_to_array
from uplapp.imaging.files.samples import PHOTOGRAPHS
from uplapp.imaging.tasks import TASKS
from uplapp.web.observer.routes import STATIC
from uplapp.web.restore.compare_pane import Picture, comparison, role_of

TASK, NAME = "denoise", "astronaut"
# Among the scripts of the observers' page, where an address stays as long as the app runs.
FOLDER = STATIC / "compare" / "example"
ADDRESS = "study/static/compare/example/"
SAID = "An example that was made before. Press **Restore** to make it anew, or choose another picture."


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return stored


@cache
def job(checkpoints: Checkpoints) -> Job:
    """Read the job that was stored by `restore astronaut.png --sigma 25`, with its scores.

    What a network made that is not among the checkpoints is left out.
    """
    stored, known = _stored(), {card.name: card for card in checkpoints.cards(TASK)}
    case = read_case(PHOTOGRAPHS[NAME].path, TASK, TASKS[TASK].degrade(**stored["degradation"]))
    rows = [row for row in stored["results"] if row["checkpoint"] in known]
    candidates = of_cards(checkpoints, [known[row["checkpoint"]] for row in rows])
    results = [
        Restored(candidate, _samples(candidate.name), row["seconds"], row["scores"], None)
        for candidate, row in zip(candidates, rows, strict=True)
    ]
    return Job(case, stored[f"{TASKS[TASK].observed}_scores"], None, tuple(results))


def frame(shown: Job) -> str:
    """Give the comparison of the example's pictures."""
    pictures = [
        Picture(label, file_of(kind).name, role_of(kind, shown.observed))
        for kind, label in shown.labels.items()
    ]
    return comparison(pictures, files=ADDRESS)


def pictures(shown: Job) -> list[tuple[Path, str]]:
    """List the files of the example with their captions."""
    return [(file_of(kind), label) for kind, label in shown.labels.items()]


def table(shown: Job) -> str:
    """Say what the example is, and how it scored."""
    return f"{SAID}\n\n{format_job(shown)}"


def file_of(kind: str) -> Path:
    """Give the file of a picture: reference, input or result. No address names a network."""
    kinds = ["reference", TASKS[TASK].observed, *(row["checkpoint"] for row in _stored()["results"])]
    return FOLDER / f"{kinds.index(kind)}.png"


def _samples(kind: str) -> Any:
    return tensor_to_array(read_image(file_of(kind)).pixels)
