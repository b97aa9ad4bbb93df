"""`python -m uplapp trees`: synthetic volumes of vessels or roots, with exact masks, into a folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from uplapp.errors import UplappError
from uplapp.whole import write_bytes

KIND = typer.Option(help="vessels or roots; may be given again. Default: both in turn.")
SIZE = typer.Option(help="Slices, rows and columns, as in 64x96x96.")
SIDES = 3


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
    from uplapp.imaging.files.volumes import UPRIGHT, encode_labels, encode_nifti
    from uplapp.imaging.physics import HABITS, draw_tree

    kinds, sides = kind or list(HABITS), read_size(size)
    for one in kinds:
        HABITS[one]
    for place in range(count):
        name = kinds[place % len(kinds)]
        tree = draw_tree(name, sides, seed + place)
        stem = out / f"{name}-{seed + place}"
        write_bytes(stem.with_name(f"{stem.name}.nii.gz"), encode_nifti(tree.voxels, UPRIGHT))
        labels = encode_labels(tree.vessels, tree.centreline, UPRIGHT)
        print(write_bytes(stem.with_name(f"{stem.name}-vessels.nii.gz"), labels))
    print(f"{count} volume(s)", file=sys.stderr)


def read_size(text: str) -> tuple[int, int, int]:
    """Read three whole numbers with crosses between them."""
    parts = text.lower().split("x")
    if len(parts) != SIDES or not all(part.isdecimal() for part in parts):
        raise UplappError(f"--size {text} cannot be read; give slices, rows and columns, as in 64x96x96")
    depth, height, width = map(int, parts)
    return depth, height, width
