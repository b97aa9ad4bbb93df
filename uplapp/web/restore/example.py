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
def job(checkpoints: Checkpoints) -> Job:
    """Read the job that was stored by `restore astronaut.png --sigma 25`, with its scores."""
    stored: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    case = read_case(PHOTOGRAPHS[NAME].path, TASK, TASKS[TASK].degrade(**stored["degradation"]))
    rows = stored["results"]
    candidates = of_cards(checkpoints, [checkpoints.find(row["checkpoint"]) for row in rows])
    results = [
        Restored(candidate, _samples(place), row["seconds"], row["scores"], None)
        for place, (candidate, row) in enumerate(zip(candidates, rows, strict=True), 2)
    ]
    return Job(case, stored[f"{TASKS[TASK].observed}_scores"], None, tuple(results))


def frame(shown: Job) -> str:
    """Give the comparison of the example's pictures."""
    pictures = [
        Picture(label, file_of(place).name, role_of(kind, shown.observed))
        for place, (kind, label) in enumerate(shown.labels.items())
    ]
    return comparison(pictures, files=ADDRESS)


def pictures(shown: Job) -> list[tuple[Path, str]]:
    """List the files of the example with their captions."""
    return [(file_of(place), label) for place, label in enumerate(shown.labels.values())]


def table(shown: Job) -> str:
    """Say what the example is, and how it scored."""
    return f"{SAID}\n\n{format_job(shown)}"


def file_of(place: int) -> Path:
    """Give the file of a picture by its place: reference, input, results. No address names a network."""
    return FOLDER / f"{place}.png"


def _samples(place: int) -> Any:
    return tensor_to_array(read_image(file_of(place)).pixels)
