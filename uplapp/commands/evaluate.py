"""`python -m uplapp evaluate`: metrics of checkpoints and methods over a folder of images."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.commands.options import (
    METHOD,
    NO_CONSISTENCY,
    SET,
    candidates_of,
    degradation_of,
    with_degradation_options,
)
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.whole import write_text

if TYPE_CHECKING:
    from uplapp.imaging.evaluation.job import Evaluation


@with_degradation_options(without=("seed",), reading=True)
def evaluate(
    data: Annotated[Path, typer.Option(help="Folder of clean images.")],
    task: Annotated[str, typer.Option(help="A name in the table of tasks.")] = "denoise",
    checkpoint: Annotated[
        list[str] | None, typer.Option("-c", "--checkpoint", help="A checkpoint; may be given again.")
    ] = None,
    method: Annotated[list[str] | None, METHOD] = None,
    settings: Annotated[list[str] | None, SET] = None,
    no_consistency: Annotated[bool, NO_CONSISTENCY] = False,
    lpips: Annotated[str, typer.Option(help="Backbone of LPIPS: alex, squeeze or vgg.")] = "alex",
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0,1,2",
    csv: Annotated[Path | None, typer.Option(help="Keep the scores of each image here, for `agree`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    *,
    degradation: Mapping[str, Any],
    reading: Mapping[str, Any],
) -> None:
    """Degrade every image, restore it by every checkpoint or method, print the mean metrics.

    Photographs for denoise; NIfTI, .h5, .npy, .npz for mri and volume; .npz of MR and CT for xray (8 sides).
    Methods alone run where only --method is given, checkpoints alone where only -c is, else all checkpoints.

    Example: python -m uplapp evaluate --task denoise --data kodak --seeds 0 --json
    """
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.evaluation import job
    from uplapp.imaging.evaluation.text import scores_csv
    from uplapp.imaging.files.reading import Reading
    from uplapp.imaging.tasks import TASKS

    TASKS[task]
    checkpoints = Checkpoints(Settings.from_env().models)
    cards = [_find(checkpoints, name, task) for name in checkpoint or []]
    cards = cards if cards or method else checkpoints.cards(task)
    candidates = candidates_of(checkpoints, cards, not no_consistency, method or [], settings or [])
    how = (degradation_of(task, degradation), read_seeds(seeds), _show, lpips)
    read = checkpoints.load_segmenters(task), Reading(**reading)
    result = job.evaluate(task, candidates, data, *how, *read)
    if csv is not None:
        write_text(csv, scores_csv(result.scenes))
    if as_json:
        print(json.dumps(asdict(result), indent=2, allow_nan=False))
    else:
        print(f"{result.images} images, {result.degradation}, seeds {seeds}, LPIPS by {lpips}\n")
        _print(result)


def _print(result: "Evaluation") -> None:
    from uplapp.imaging.evaluation.text import format_evaluation

    print(format_evaluation(result))
    print(*result.understood, sep="\n", file=sys.stderr)
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def read_seeds(text: str) -> tuple[int, ...]:
    """Read whole numbers separated by commas."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UplappError(f"--seeds {text} cannot be read; give whole numbers such as 0,1,2") from None


def _find(checkpoints: Any, name: str, task: str) -> Any:
    """Find a checkpoint of a task."""
    card = checkpoints.find(name)
    if card.task != task:
        raise UplappError(f"checkpoint '{name}' is for --task {card.task}, not for {task}")
    return card


def _show(done: int) -> None:
    print(f"image {done}", end="\r", file=sys.stderr)
