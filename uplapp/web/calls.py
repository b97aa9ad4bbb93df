"""What a program may call by name: networks are listed, a file is restored, votes are analysed.

Everything else on the page has no name. Limits are those of the page.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from gradio.events import api
from gradio.utils import get_upload_folder

from uplapp.analysis.reading.votes import read_votes
from uplapp.analysis.scoring import MOST_BOOTSTRAPS
from uplapp.analysis.writing.report import report, to_json
from uplapp.described import options_of
from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import methods_of, of_cards, of_methods
from uplapp.imaging.evaluation.job import read_case, run_job, unheard
from uplapp.imaging.evaluation.provenance import describe_job, result_files
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.lending import on_gpu, seconds_of
from uplapp.imaging.restorers import RESTORERS, unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.values import Method
from uplapp.web.restore.volume_viewer import require_for_page
from uplapp.web.widgets import aside, errors_on_screen, offer, zip_files

NAMES = ("list_networks", "restore", "analyse")
File = dict[str, Any]  # as `gradio_client.handle_file` makes it, and as its client downloads it
WORDS = {str: "text", int: "whole number", list: "list of names", dict: "table of options"}
NO_FILE = "give the file by gradio_client.handle_file(PATH), which uploads it"


def build(checkpoints: Checkpoints) -> None:
    """Offer the calls, inside the Blocks that are open."""
    api(_lister(checkpoints), api_name=NAMES[0])
    api(_restorer(checkpoints), api_name=NAMES[1], concurrency_id="restoration", concurrency_limit=1)
    api(analyse, api_name=NAMES[2])


def _lister(checkpoints: Checkpoints) -> Callable[..., Any]:
    def list_networks() -> list[dict[str, Any]]:
        """List the networks and methods that `restore` takes, with the task of each.

        One whose training data are for research alone says so.
        """
        return listed(checkpoints)

    return list_networks


def listed(checkpoints: Checkpoints) -> list[dict[str, Any]]:
    """List the networks of each task, then its methods without training."""
    networks = [
        {"name": card.name, "task": task, "label": card.label, "for_research": card.for_research}
        for task in TASKS
        for card in checkpoints.cards(task)
    ]
    methods = [
        {"name": name, "task": task, "label": RESTORERS[name].label, "for_research": False}
        for task in TASKS
        for name in methods_of(task)
    ]
    return networks + methods


def _restorer(checkpoints: Checkpoints) -> Callable[..., Any]:
    def restore(
        file: dict[str, Any],
        networks: list[str],
        task: str = "denoise",
        degradation: dict[str, Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Restore a picture, slice or volume by networks and methods that `list_networks` names.

        `degradation` holds options of the task, such as {"sigma": 25, "seed": 0}, by which the file is spoilt
        first so that metrics can be measured; without it the file is restored as it is. Returns a ZIP of
        pictures, error maps and provenance, and the provenance with the scores.
        """
        with errors_on_screen():
            require({"networks": (networks, list), "task": (task, str)})
            require({} if degradation is None else {"degradation": (degradation, dict)})
            with aside() as pool:
                return pool.submit(restored, checkpoints, path_of(file), networks, task, degradation).result()

    return restore


def restored(
    checkpoints: Checkpoints, path: Path, networks: list[str], task: str, degradation: dict[str, Any] | None
) -> tuple[File, dict[str, Any]]:
    """Restore an uploaded file. UplappError in a sentence if it cannot be."""
    source = without_person(path)
    require_for_page(TASKS[task].read(source))
    known = methods_of(task)
    candidates = [
        *of_cards(checkpoints, [checkpoints.find(name) for name in networks if name not in known]),
        *of_methods([name for name in networks if name in known]),
    ]
    spoilt = None if degradation is None else TASKS[task].degrade(**checked(task, degradation))
    case = read_case(source, task, spoilt)
    job = on_gpu(partial(run_job, case, candidates), seconds_of(case, candidates))(unwatched, unheard)
    files = result_files(job)
    archive = offer(f"{job.case.name}-uplapp.zip", zip_files(files))
    return file_of(archive), describe_job(job, files)


def analyse(
    votes: dict[str, Any],
    prior: str = "distance",
    interval: str = "t",
    bootstraps: int = 2000,
    seed: int = 0,
    anchor: str = "mean",
) -> dict[str, Any]:
    """Scale votes (a CSV file) to JOD scores with 95% intervals, tests and ranks.

    The columns are observer, condition_A, condition_B, is_A_selected and perhaps scene. Returns what
    `python -m uplapp analyse VOTES.csv --json` prints.
    """
    with errors_on_screen():
        require({"prior": (prior, str), "interval": (interval, str), "anchor": (anchor, str)})
        require({"bootstraps": (bootstraps, int), "seed": (seed, int)})
        if not 1 <= bootstraps <= MOST_BOOTSTRAPS:
            raise UplappError(f"bootstraps is {bootstraps}; it must be from 1 to {MOST_BOOTSTRAPS}")
        method = Method(prior, interval, bootstraps, seed, anchor)
        with aside() as pool:
            told = pool.submit(lambda: to_json(report(read_votes(path_of(votes)), method))).result()
        return dict(json.loads(told))


def require(values: dict[str, tuple[Any, type]]) -> None:
    """Refuse a value that is not of its type."""
    for name, (value, kind) in values.items():
        if type(value) is not kind:
            raise UplappError(f"{name} is {value!r}; it must be a {WORDS[kind]}")


def checked(task: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a task's degradation as they are.

    One of another kind, or one that names a file, is refused.
    """
    for one in options_of(TASKS[task].degrading):
        if one.name in options and one.kind == "file":
            raise UplappError(
                f"'{one.name}' is a file of the machine that restores; the call does not take it"
            )
        if one.name in options:
            one.check(options[one.name])
    return options


def path_of(file: File) -> Path:
    """Find an uploaded file. Any other path of this machine is refused."""
    given = file.get("path") if isinstance(file, dict) else None
    if not isinstance(given, str) or "\0" in given:
        raise UplappError(NO_FILE)
    path = Path(given).resolve()
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise UplappError(NO_FILE)
    return path


def file_of(path: str) -> File:
    """Hand out a file so that the client downloads it."""
    return {"path": path, "orig_name": Path(path).name, "meta": {"_type": "gradio.FileData"}}
