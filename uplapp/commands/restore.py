"""`python -m uplapp restore`: images in, restored images and their provenance out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from uplapp.errors import UplappError
from uplapp.settings import Settings


def restore(
    images: Annotated[list[Path], typer.Argument(help="PNG, JPEG or TIFF files.")],
    checkpoint: Annotated[list[str], typer.Option("-c", "--checkpoint", help="May be given again.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the results.")],
    sigma: Annotated[
        float | None, typer.Option(min=0, max=255, help="Add noise first; without it the input is noisy.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the added noise.")] = 0,
) -> None:
    """Degrade if asked, restore, write 8- or 16-bit PNG files and provenance.json.

    Example: python -m uplapp restore photo.png -c denoise-unet-l2 -o restored --sigma 25 --seed 0
    """
    from uplapp.imaging.checkpoints import Checkpoints
    from uplapp.imaging.degradations import GaussianNoise
    from uplapp.imaging.images import read_image
    from uplapp.imaging.jobs import Job, make_case, run_job, write_results

    stems = [path.stem for path in images]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        raise UplappError(f"two inputs are called '{twice}'; their results would overwrite each other")
    checkpoints = Checkpoints(Settings.from_env().models)
    cards = [checkpoints.find(name) for name in checkpoint]
    pictures = [read_image(path) for path in images]
    degradation = None if sigma is None else GaussianNoise(sigma, seed)
    for path, picture in zip(images, pictures, strict=True):
        case = make_case(path.stem, picture, cards[0].spec.task, degradation)
        for step in run_job(case, checkpoints, cards):
            if isinstance(step, Job):
                print(*write_results(step, out), sep="\n")
    print(f"{len(images)} image(s), {len(cards)} checkpoint(s)", file=sys.stderr)
