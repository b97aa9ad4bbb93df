"""`python -m uplapp trees`: synthetic volumes of vessels or roots, with exact masks, into a folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

KIND = typer.Option(help="vessels or roots; may be given again. Default: both in turn.")
SIZE = typer.Option(help="Slices, rows and columns, as in 64x96x96.")


def trees(
    out: Annotated[Path, typer.Argument(help="Folder of the volumes.")],
    count: Annotated[int, typer.Option(min=1, help="How many volumes.")] = 4,
    kind: Annotated[list[str] | None, KIND] = None,
    size: Annotated[str, SIZE] = "64x96x96",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first; each later one has the next.")] = 0,
) -> None:
    """Draw synthetic trees: NAME.nii.gz, and NAME-vessels.nii.gz with its mask (1) and centreline (2).

    Equal seeds give equal volumes. The task `volume` trains on such a folder, and measures by its masks.

    Example: python -m uplapp trees drawn --count 8 --size 64x96x96 --seed 0
    """
    from uplapp.imaging.files.drawn import read_size, write_tree
    from uplapp.imaging.physics import HABITS

    kinds, sides = kind or list(HABITS), read_size(size)
    for one in kinds:
        HABITS[one]
    for place in range(count):
        print(write_tree(out, kinds[place % len(kinds)], seed + place, sides)[1])
    print(f"{count} volume(s)", file=sys.stderr)
