"""`python -m uplapp evaluate`: metrics of checkpoints over a folder of images."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from uplapp.errors import UplappError
from uplapp.settings import Settings


def evaluate(
    data: Annotated[Path, typer.Option(help="Folder of clean images.")],
    task: Annotated[str, typer.Option(help="A name in the table of tasks.")] = "denoise",
    checkpoint: Annotated[
        list[str] | None, typer.Option("-c", "--checkpoint", help="A checkpoint; may be given again.")
    ] = None,
    sigma: Annotated[float, typer.Option(min=0, help="denoise: noise in 8-bit units.")] = 25.0,
    acceleration: Annotated[int, typer.Option(min=2, help="mri: one column in so many is sampled.")] = 8,
    mask: Annotated[str, typer.Option(help="mri: random or equispaced columns.")] = "random",
    lpips: Annotated[str, typer.Option(help="Backbone of LPIPS: alex, squeeze or vgg.")] = "alex",
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "0,1,2",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Degrade every image, restore it by every checkpoint, print the mean metrics.

    Photographs for denoise; for mri NIfTI volumes, fastMRI's .h5, k-space in .npy and .npz.

    Example: python -m uplapp evaluate --task denoise --data kodak --seeds 0 --json
    """
    from uplapp.imaging.checkpoints.card import Checkpoints
    from uplapp.imaging.evaluation import table as metrics
    from uplapp.imaging.evaluation.text import format_evaluation
    from uplapp.imaging.physics import GaussianNoise, Undersampling
    from uplapp.imaging.tasks import TASKS

    noisy = TASKS.build(task).degradation is GaussianNoise
    degradation = GaussianNoise(sigma) if noisy else Undersampling(acceleration, mask)
    checkpoints = Checkpoints(Settings.from_env().models)
    cards = [checkpoints.find(name) for name in checkpoint] if checkpoint else checkpoints.cards(task)
    for card in cards:
        if card.spec.task != task:
            raise UplappError(f"checkpoint '{card.name}' is for --task {card.spec.task}, not for {task}")
    result = metrics.evaluate(checkpoints, cards, data, degradation, read_seeds(seeds), _show, lpips)
    if as_json:
        print(json.dumps(asdict(result), indent=2, allow_nan=False))
        return
    about = f"{result.images} images, {result.degradation}, seeds {seeds}, LPIPS by {lpips}"
    print(f"{about}\n\n{format_evaluation(result)}")
    for warning in result.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def read_seeds(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UplappError(f"--seeds {text} cannot be read; give whole numbers such as 0,1,2") from None


def _show(done: int) -> None:
    print(f"image {done}", end="\r", file=sys.stderr)
