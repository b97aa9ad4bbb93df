"""MR to X-ray, cross-validated by head: the runs of checkpoints/runs.toml with one head kept out at a time.

Run: UPLAPP_WEIGHTS=FOLDER python benchmarks/xray.py HEADS OUT [steps=.5] [heads=case21,case02]
HEADS holds .npz files of MR and CT. OUT keeps states and checkpoints; the same command goes on from there.
`steps` is the share of the steps of the table of runs that each run takes; `heads` are parts of the names of
those to keep out, one after the other, by default all. Prints a table of means over the heads kept out.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from uplapp.imaging.case import make_case
from uplapp.imaging.checkpoints import Card, Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import evaluate
from uplapp.imaging.files.aligned import list_heads
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.imaging.recipes.table import read_table
from uplapp.imaging.restorers import unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.run import Places, Run
from uplapp.imaging.training.sweep import attempt
from uplapp.settings import Settings

TASK = "xray"
COLUMNS = {
    "l1": "MAE",
    "ssim": "SSIM",
    "psnr": "PSNR",
    "lpips": "LPIPS (SqueezeNet)",
    "gradients": "Gradients",
}
Scores = dict[str, float]


def gradient_energy(image: Tensor) -> float:
    """Mean squared difference of neighbours of an image (C,H,W), along both sides."""
    return float(image.diff(dim=-1).square().mean() + image.diff(dim=-2).square().mean())


def shorter(spec: RunSpec, share: float) -> RunSpec:
    """Give a recipe whose stages have a share of their steps."""
    stages = [
        replace(stage, schedule=replace(stage.schedule, steps=max(round(share * stage.schedule.steps), 1)))
        for stage in spec.stages
    ]
    return replace(spec, stages=tuple(stages))


def keep_out(heads: list[Path], index: int, folder: Path) -> tuple[Path, Path]:
    """Link all heads but one into a folder to train on, that one into a folder to measure on."""
    places = folder / "train", folder / "held"
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(heads):
        link = places[number == index] / path.name
        if not link.exists():
            link.symlink_to(path.resolve())
    return places


def train(share: float, data: Path, folder: Path) -> Iterator[Card]:
    """Train the runs of the table that are not there yet."""
    table = Settings.from_env().checkpoints / "runs.toml"
    places = Places(data, folder / "runs", folder / "checkpoints", save_every=50)
    for row in read_table(table):
        if row.spec.task == TASK:
            outcome = attempt(Run(shorter(row.spec, share), places, data.name, row.title))
            print(f"{folder.name}: {outcome.name} {outcome.state} {outcome.reason}", file=sys.stderr)
            if outcome.card is not None:
                yield outcome.card


def measure(cards: list[Card], folder: Path, held: Path) -> dict[str, Scores]:
    """Measure checkpoints on the head kept out, and what they are shown."""
    candidates = of_cards(Checkpoints((folder / "checkpoints",)), cards)
    table = evaluate(TASK, candidates, held, backbone="squeeze")
    task = TASKS[TASK]
    cases = [make_case(subject, TASK, task.degrade()) for subject in task.subjects(held)]
    kept = [name for name in COLUMNS if name != "gradients"]
    scores = {task.observed: {name: table.degraded[name] or float("nan") for name in kept}}
    ratios = {task.observed: [gradient_energy(one.seen) for one in cases]}
    for candidate, row in zip(candidates, table.rows, strict=True):
        restorer = candidate.build()
        scores[candidate.name] = {name: row[name] or float("nan") for name in kept}
        ratios[candidate.name] = [gradient_energy(restorer.restore(one, unwatched)) for one in cases]
    truth = [gradient_energy(one.reference) for one in cases if one.reference is not None]
    for name, energies in ratios.items():
        scores[name]["gradients"] = fmean(own / all_ for own, all_ in zip(energies, truth, strict=True))
    return scores


def main(heads: Path, out: Path, steps: float, names: list[str]) -> None:
    """Keep out one head after the other, and print means after each."""
    paths = list_heads(heads)
    chosen = [next(n for n, path in enumerate(paths) if name in path.name) for name in names]
    every: list[dict[str, Scores]] = []
    for index in chosen or range(len(paths)):
        folder = out / paths[index].name.removesuffix(".npz")
        data, held = keep_out(paths, index, folder)
        every.append(measure(list(train(steps, data, folder)), folder, held))
        print(f"\nMeans over {len(every)} head(s) kept out, {steps:g} of the steps")
        print("| | " + " | ".join(COLUMNS.values()) + " |")
        for name in every[0]:
            means = [fmean(fold[name][column] for fold in every) for column in COLUMNS]
            print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in means) + " |", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    options = dict(word.split("=", 1) for word in sys.argv[3:])
    wanted = [name for name in options.get("heads", "").split(",") if name]
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(options.get("steps", 1)), wanted)
