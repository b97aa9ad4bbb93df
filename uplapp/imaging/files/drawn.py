"""Drawn trees as files: NAME.nii.gz, and NAME-vessels.nii.gz with its mask and centreline."""

from pathlib import Path

from uplapp.errors import UplappError
from uplapp.imaging.files.volumes import UPRIGHT, encode_labels, encode_nifti
from uplapp.imaging.physics import draw_tree
from uplapp.whole import write_bytes

SIDES, PARTS = 3, 3


def read_size(text: str) -> tuple[int, int, int]:
    """Read slices, rows and columns: three whole numbers with crosses between them."""
    parts = text.lower().split("x")
    if len(parts) != SIDES or not all(part.isdecimal() for part in parts):
        raise UplappError(f"size {text} cannot be read; give slices, rows and columns, as in 64x96x96")
    depth, height, width = map(int, parts)
    return depth, height, width


def write_tree(folder: Path, kind: str, seed: int, size: tuple[int, int, int]) -> tuple[Path, Path]:
    """Draw a tree and write KIND-SEED.nii.gz and its labels. Returns both paths."""
    tree = draw_tree(kind, size, seed)
    stem = f"{kind}-{seed}"
    labels = encode_labels(tree.vessels, tree.centreline, UPRIGHT)
    return (
        write_bytes(folder / f"{stem}.nii.gz", encode_nifti(tree.voxels, UPRIGHT)),
        write_bytes(folder / f"{stem}-vessels.nii.gz", labels),
    )


def write_named_tree(folder: Path, name: str) -> Path:
    """Draw the tree of a name such as `vessels-7-64x96x96`: its kind, seed and size."""
    parts = name.split("-")
    if len(parts) != PARTS or not parts[1].isdecimal():
        raise UplappError(f"tree '{name}' cannot be read; give kind, seed and size, as in roots-7-64x96x96")
    return write_tree(folder, parts[0], int(parts[1]), read_size(parts[2]))[0]
