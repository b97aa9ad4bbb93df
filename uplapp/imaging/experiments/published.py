"""The figures that the report on the Deep Decoder prints, to stand beside ours.

Source: Deep Decoder on MRI, tables 4.1 to 4.5. Its inputs "Perlin", "Blur = 0" and "Blur = 3" are called
simplex, uniform and blur here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SECONDS_BY_INPUTS = {"uniform": 63.7, "blur": 59.0, "simplex": 56.4}
SECONDS_BY_TARGET = {"whole": 54.7, "2x2": 58.2, "3x3": 51.1, "4x5": 74.4}
# By (l, s), for k 8, 2000 iterations, 4x5 patches of uniform inputs.
SECONDS_BY_SHAPE = {
    (4, 32): 28.645849,
    (4, 16): 28.937979,
    (4, 8): 30.816761,
    (5, 32): 33.452213,
    (5, 16): 35.364100,
    (5, 8): 37.517176,
    (6, 32): 39.260080,
    (6, 16): 41.365572,
    (6, 8): 43.957175,
}
SHAPE_CONDITIONS = {"k": 8, "iterations": 2000, "inputs": "uniform", "target": "4x5"}


@dataclass(frozen=True)
class Best:
    """One entry of tables 4.3 to 4.5: the best setting of a pair by one metric, and its value."""

    metric: str
    target: str
    inputs: str
    k: int
    s: int
    l: int
    iterations: int
    value: float


COLUMNS = ("simplex", "uniform", "blur")
# Rows whole, 2x2, 3x3, 4x5; in each cell k, s, l, iterations and the value.
CELLS: Mapping[str, str] = {
    "psnr": """
        whole | 96 16 6 7000 32.77 | 96 8 6 7000 33.55 | 96 8 6 5000 33.84
        2x2 | 96 8 6 5000 32.56 | 64 16 6 7000 32.63 | 96 8 6 7000 33.35
        3x3 | 96 8 5 7000 32.13 | 64 8 6 7000 32.26 | 96 8 5 5000 33.56
        4x5 | 96 16 5 5000 30.78 | 96 8 5 7000 31.32 | 96 8 4 7000 32.73""",
    "ssim": """
        whole | 96 16 6 7000 .88 | 96 8 6 7000 .90 | 96 8 6 5000 .91
        2x2 | 64 8 6 7000 .88 | 96 8 6 5000 .88 | 64 8 6 7000 .89
        3x3 | 96 8 5 7000 .86 | 64 8 6 7000 .87 | 96 8 5 5000 .90
        4x5 | 96 16 5 5000 .82 | 96 8 5 7000 .84 | 96 8 4 7000 .87""",
    "vif": """
        whole | 96 16 6 7000 .42 | 96 8 4 5000 .45 | 96 16 6 7000 .46
        2x2 | 96 8 6 5000 .42 | 64 16 6 7000 .42 | 64 8 6 7000 .45
        3x3 | 96 8 5 7000 .36 | 64 8 6 7000 .37 | 96 8 5 5000 .42
        4x5 | 96 16 5 5000 .24 | 96 8 5 7000 .26 | 96 8 5 7000 .33""",
}


def best_settings(metric: str) -> list[Best]:
    """List the twelve entries of the table of a metric (psnr, ssim or vif), the best value first."""
    entries = []
    for row in CELLS[metric].strip().splitlines():
        target, *cells = (part.strip() for part in row.split("|"))
        for inputs, cell in zip(COLUMNS, cells, strict=True):
            k, s, l, iterations, value = cell.split()
            entries.append(
                Best(metric, target, inputs, int(k), int(s), int(l), int(iterations), float(value))
            )
    return sorted(entries, key=lambda entry: -entry.value)
