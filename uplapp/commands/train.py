"""`python -m uplapp train`: from photographs to a checkpoint."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplapp.settings import Settings

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints import Card


def train(
    data: Annotated[Path, typer.Option(help="Folder of photographs: PNG, JPEG or TIFF.")],
    loss: Annotated[str, typer.Option(help="A name in the table of losses, such as l2.")],
    task: Annotated[str, typer.Option(help="A name in the table of tasks.")] = "denoise",
    network: Annotated[str, typer.Option(help="A name in the table of networks.")] = "unet",
    seed: Annotated[int, typer.Option(help="Seed of weights, crops and noise.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Batches to train for.")] = 9000,
    batch: Annotated[int, typer.Option(min=1, help="Crops a batch.")] = 8,
    crop: Annotated[int, typer.Option(min=32, help="Side of a crop, px.")] = 96,
    rate: Annotated[float, typer.Option(min=1e-7, help="Learning rate of Adam.")] = 1e-3,
    width: Annotated[int, typer.Option(min=6, help="Channels of the first layer.")] = 48,
    precision: Annotated[str, typer.Option(help="bfloat16 or float32.")] = "bfloat16",
    runs: Annotated[Path, typer.Option(help="Folder of training states and logs.")] = Path("runs"),
    out: Annotated[Path | None, typer.Option(help="Folder of the checkpoint; default: checkpoints.")] = None,
    validate: Annotated[Path | None, typer.Option(help="Folder of images to score the result on.")] = None,
    source: Annotated[str, typer.Option(help="What the card says the photographs are.")] = "",
    threads: Annotated[int, typer.Option(min=0, help="Processor threads; 0 means all.")] = 0,
) -> None:
    """Train one network; the same command goes on where a stopped one ended.

    Example: python -m uplapp train --task denoise --network unet --loss l2 --data photographs
    """
    import torch

    from uplapp.imaging.recipe import RunSpec, Schedule
    from uplapp.imaging.runs import Places, make_checkpoint

    if threads:
        torch.set_num_threads(threads)
    schedule = Schedule(steps=steps, batch=batch, crop_px=crop, learning_rate=rate, precision=precision)
    spec = RunSpec(task, network, loss, seed, schedule, {} if width == 48 else {"width": width})
    places = Places(data, runs, out or Settings.from_env().checkpoints, validate)
    card = make_checkpoint(spec, places, source or data.name, ProgressLine(spec.name))
    print(describe(card))


class ProgressLine:
    """One line on stderr, rewritten once a second: step, loss, time left."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.first_step: int | None = None
        self.started = self.shown = time.monotonic()

    def __call__(self, step: int, steps: int, loss: float) -> None:
        """Show the step if a second has passed, and the last one always."""
        now = time.monotonic()
        self.first_step = self.first_step or step - 1
        if now - self.shown < 1 and step < steps:
            return
        self.shown = now
        left = (now - self.started) / (step - self.first_step) * (steps - step)
        end = "\n" if step == steps else "\r"
        print(
            f"{self.name}: step {step}/{steps}, loss {loss:.4g}, {left:.0f} s left ", end=end, file=sys.stderr
        )


def describe(card: "Card") -> str:
    """One line about a finished checkpoint."""
    scores = ", ".join(
        f"{name} {value:.4g}" for name, value in card.scores.items() if isinstance(value, float)
    )
    return f"{card.name}: {card.parameters:,} parameters; {scores or 'not scored, --validate FOLDER does it'}"
