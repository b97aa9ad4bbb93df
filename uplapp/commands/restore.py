"""`python -m uplapp restore`: images or scans in, restored images and their provenance out."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplapp.errors import UplappError
from uplapp.settings import Settings

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints.card import Card
    from uplapp.imaging.physics import Degradation


IMAGES = typer.Argument(
    help="PNG, JPEG or TIFF; for MR checkpoints also fastMRI .h5, .nii, .nii.gz, .npy, .npz."
)
SIGMA = typer.Option(min=0, max=255, help="Add noise first; without it the input is noisy.")
ACCELERATION = typer.Option(
    help="Keep one column of k-space in so many; without it a picture is zero-filled already."
)
MASK = typer.Option(help="Which columns: random (the default) or equispaced.")
COILS = typer.Option(min=1, max=64, help="Simulated coils that measure a picture.")
SEED = typer.Option(min=0, help="Seed of the noise or, together with the file's name, of the columns.")
SLICE = typer.Option("--slice", help="Slice of a scan, from 0; the middle one by default.")


def restore(
    images: Annotated[list[Path], IMAGES],
    checkpoint: Annotated[list[str], typer.Option("-c", "--checkpoint", help="May be given again.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the results.")],
    sigma: Annotated[float | None, SIGMA] = None,
    acceleration: Annotated[int | None, ACCELERATION] = None,
    mask: Annotated[str | None, MASK] = None,
    coils: Annotated[int | None, COILS] = None,
    seed: Annotated[int, SEED] = 0,
    slice_: Annotated[int | None, SLICE] = None,
) -> None:
    """Degrade if asked, restore, write 8- or 16-bit PNG files, error maps and provenance.json.

    Example: python -m uplapp restore photo.png -c denoise-unet-l2 -o restored --sigma 25 --seed 0

    Or: python -m uplapp restore head.nii.gz -c mri-unet-l2 -o restored --acceleration 8 --slice 90
    """
    from uplapp.imaging.checkpoints.card import Checkpoints
    from uplapp.imaging.evaluation.job import Job, run_job, write_results
    from uplapp.imaging.evaluation.opening import picture_name, read_case

    names = [picture_name(path) for path in images]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UplappError(f"two inputs are called '{twice}'; their results would overwrite each other")
    checkpoints = Checkpoints(Settings.from_env().models)
    cards = [checkpoints.find(name) for name in checkpoint]
    degradation = _degradation(sigma, acceleration, mask, coils, seed)
    cases = [read_case(path, _task_of(cards), degradation, slice_) for path in images]
    for case in cases:
        if case.note:
            print(case.note, file=sys.stderr)
        for step in run_job(case, checkpoints, cards):
            if isinstance(step, Job):
                print(*write_results(step, out), sep="\n")
    print(f"{len(images)} image(s), {len(cards)} checkpoint(s)", file=sys.stderr)


def _degradation(
    sigma: float | None, acceleration: int | None, mask: str | None, coils: int | None, seed: int
) -> "Degradation | None":
    from uplapp.imaging.physics import GaussianNoise, Undersampling

    if sigma is not None and acceleration is not None:
        raise UplappError("--sigma is for photographs and --acceleration for MR; give one of them")
    if mask is not None and acceleration is None:
        raise UplappError(f"--mask {mask} says which columns, not how many; give --acceleration as well")
    if coils is not None and acceleration is None:
        raise UplappError(f"--coils {coils} is for undersampling; give --acceleration as well")
    if acceleration is not None:
        return Undersampling(acceleration, mask or "random", seed, coils or 1)
    return None if sigma is None else GaussianNoise(sigma, seed)


def _task_of(cards: "list[Card]") -> str:
    tasks = sorted({card.spec.task for card in cards})
    if len(tasks) > 1:
        raise UplappError(
            f"these checkpoints are for the tasks {' and '.join(tasks)}; give those of one task"
        )
    return tasks[0]
