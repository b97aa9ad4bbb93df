"""PSNR of MR reconstructions over masks and accelerations, by methods and by networks that see the data.

Run: python benchmarks/undersampling.py [HEADS [CHECKPOINTS [ROWS]]]    (HEADS: a folder of NIfTI volumes that
no network was trained on; a file ROWS, one JSON object per line, lets a run go on where another ended)
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from uplapp.imaging.case import Case, Subject, make_case
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_methods
from uplapp.imaging.evaluation.scores import build_metrics, measure
from uplapp.imaging.files.samples import SLICES
from uplapp.imaging.physics import Undersampling
from uplapp.imaging.physics.masks import MASKS
from uplapp.imaging.restorers import NetworkRestorer, unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.reconstruction import list_volumes, read_volume, spread_slices
from uplapp.settings import Settings

TASK = "mri"
ACCELERATIONS = (2, 3, 4, 6, 8, 12)
METHODS = ("zero_filled", "tv", "wavelet")
SLICES_PER_HEAD = 2
# What ships is enough to see that the table is made, and where its order comes from.
SMALL_SAMPLES, SMALL_ACCELERATIONS = ("single", "echo"), (4, 8)
# The U-Net sees the zero-filled picture; measured data are put back into what it makes.
U_NET = "mri-unet-l2"
TITLES = ("Columns", "Acceleration", "Slices", "Zero-filled", "TV", "Wavelets", "U-Net L2", "D5C5 L2")
WORST = ("Worst D5C5", "Least gain")

Row = dict[str, Any]


def heads(folder: Path) -> Iterator[Subject]:
    """Slices of every head of a folder, in turn, so that an early end leaves no head out."""
    volumes = [list(spread_slices(read_volume(path), SLICES_PER_HEAD)) for path in list_volumes(folder)]
    for turn in zip(*volumes, strict=True):
        for name, clean in turn:
            yield Subject(name, clean, lambda degradation, clean=clean: degradation.measure(clean))


def samples() -> Iterator[Subject]:
    """Slices that ship with uplapp."""
    return (TASKS[TASK].open(SLICES[name].path, None) for name in SMALL_SAMPLES)


def scores(case: Case, networks: Mapping[str, NetworkRestorer]) -> dict[str, float]:
    """PSNR in dB of each method and each network."""
    restorers = {one.name: one.build() for one in of_methods(METHODS)} | networks
    metrics, _ = build_metrics(["psnr"])
    return {
        name: measure(one.restore(case, unwatched), case, metrics)["psnr"] for name, one in restorers.items()
    }


def sweep(
    subjects: Iterator[Subject], accelerations: Sequence[int], checkpoints: Checkpoints, rows: Path | None
) -> list[Row]:
    """Measure one row for each slice, mask and acceleration.

    Rows that the file holds already are not measured again.
    """
    done = [] if rows is None or not rows.exists() else [json.loads(line) for line in rows.open()]
    own = TASKS[TASK].network
    cards = [
        card
        for card in checkpoints.cards(TASK)
        if card.name == U_NET or (card.spec and card.spec.network == own)
    ]
    networks = {card.name: NetworkRestorer(checkpoints.load(card)) for card in cards}
    for subject in subjects:
        for mask in MASKS:
            for acceleration in accelerations:
                key = {"name": subject.name, "mask": mask, "acceleration": acceleration}
                if any(key.items() <= row.items() for row in done):
                    continue
                case = make_case(subject, TASK, Undersampling(acceleration, mask))
                done.append(key | {"psnr": scores(case, networks)})
                if rows is not None:
                    with rows.open("a") as file:
                        file.write(json.dumps(done[-1]) + "\n")
    return done


def table(rows: Sequence[Row]) -> str:
    """A Markdown table: a line for each mask and acceleration, means over its slices."""
    lines = ["| " + " | ".join([*TITLES, *WORST]) + " |", "|---" * len([*TITLES, *WORST]) + "|"]
    for mask in MASKS:
        for acceleration in sorted({row["acceleration"] for row in rows}):
            part = [row["psnr"] for row in rows if (row["mask"], row["acceleration"]) == (mask, acceleration)]
            if part:
                cells = [mask, f"{acceleration}x", str(len(part)), *_cells(part)]
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(part: Sequence[Mapping[str, float]]) -> list[str]:
    mean = {name: float(np.mean([each[name] for each in part])) for name in part[0]}
    own = [name for name in mean if name not in (*METHODS, U_NET)]
    least = min(each[name] - each[METHODS[0]] for each in part for name in own)
    best = next(name for name in own if name.endswith("-l2"))
    values = [*(mean[name] for name in (*METHODS, U_NET, best)), min(mean[name] for name in own)]
    return [*(f"{value:.2f}" for value in values), f"{least:+.2f}"]


def main(arguments: Sequence[str]) -> None:
    """Print the table of the heads of a folder, or a small one of what ships."""
    torch.set_num_threads(1)
    paths = [Path(argument) for argument in arguments]
    folder = paths[1] if len(paths) > 1 else Settings.from_env().checkpoints
    subjects = heads(paths[0]) if paths else samples()
    accelerations = ACCELERATIONS if paths else SMALL_ACCELERATIONS
    print(table(sweep(subjects, accelerations, Checkpoints((folder,)), paths[2] if len(paths) > 2 else None)))


if __name__ == "__main__":
    main(sys.argv[1:])
