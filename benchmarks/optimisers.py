"""How far short trainings get by each optimiser, on one thread, from the same weights on the same batches.

Run: python benchmarks/optimisers.py [PHOTOGRAPHS VALIDATION [STEPS]]    (two folders; without them samples)
"""

import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import torch

from uplapp.imaging.files.pictures import read_image, tensor_to_array
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.recipes.optimisers import OPTIMISERS
from uplapp.imaging.recipes.spec import Schedule, one_stage
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.tasks.photographs import Photograph, load_photographs
from uplapp.imaging.training.run import train
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation

RATES = (5e-4, 1e-3, 2e-3)
STEPS = 300
TRAINED, HELD_OUT = ("astronaut", "chelsea", "rocket"), ("coffee",)


def supplies(folders: list[str]) -> tuple[list[Photograph], Validation]:
    """Photographs to train on and pairs to measure on, from two folders or from the samples."""
    task = TASKS["denoise"]
    if folders:
        return load_photographs(Path(folders[0]), 96), Validation.read(task, Path(folders[1]))
    photographs = [tensor_to_array(read_image(sample_path(name)).pixels) for name in TRAINED]
    with tempfile.TemporaryDirectory() as held_out:
        for name in HELD_OUT:
            (Path(held_out) / f"{name}.png").write_bytes(sample_path(name).read_bytes())
        return photographs, Validation.read(task, Path(held_out))


def main() -> None:
    """Print what each optimiser reaches at each rate, and its seconds a step."""
    torch.set_num_threads(1)
    photographs, validation = supplies(sys.argv[1:3])
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else STEPS
    print(f"| optimiser | rate | PSNR (dB) after {steps} steps | s a step |\n|---|---|---|---|")
    for name, rate in product(OPTIMISERS, RATES):
        schedule = Schedule(steps=steps, learning_rate=rate, optimiser=name, warm_up=steps // 6)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            spec = one_stage("denoise", "unet", "l2", schedule=schedule)
            state = train(spec, photographs, Path(folder), Team(torch.device("cpu")))
        seconds = (time.perf_counter() - began) / steps
        scores = validation.look(state.learner, schedule.precision)
        print(f"| {OPTIMISERS[name].label} | {rate:g} | {scores.psnr:.2f} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
