"""The grid of the report on the Deep Decoder: settings of the network, inputs and targets.

Source: Deep Decoder on MRI, table 3.1 and sections 3.1 to 3.3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from uplapp.errors import UplappError
from uplapp.imaging.experiments.published import CELLS, best_settings
from uplapp.imaging.fitting import LATENTS, Grid, parse_grid, patch_size
from uplapp.imaging.networks.deep_decoder import block_sizes

WHOLE = "whole"
LIMITS = {"k": 512, "s": 4096, "l": 12, "iterations": 200_000}
# A 1x1 convolution of so many channels takes as long as what follows it does, at equal size (measured).
CHANNELS_OF_EQUAL_COST = 200


@dataclass(frozen=True)
class Cell:
    """One setting of the network on one pair of inputs and target. `marks` are the iteration counts."""

    k: int
    s: int
    l: int
    inputs: str
    target: str
    marks: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name of its files, such as k96-s8-l6-blur-whole."""
        return f"k{self.k}-s{self.s}-l{self.l}-{self.inputs}-{self.target}"

    @property
    def grid(self) -> Grid:
        """The rows and columns of patches."""
        return (1, 1) if self.target == WHOLE else parse_grid(self.target)

    def work(self, size: tuple[int, int]) -> float:
        """Estimate the work of one iteration for an image (H,W), in values of layers.

        Upsampling, ReLU and norm take k of them for each pixel after a block, the convolution k^2 / 200 for
        each pixel before it.
        """
        patches = self.grid[0] * self.grid[1]
        sizes = block_sizes(patch_size(size, self.grid), self.s, self.l)
        pixels = [patches * height * width for height, width in sizes]
        convolved = self.k / CHANNELS_OF_EQUAL_COST * sum(pixels[:-1])
        return self.k * (sum(pixels[1:]) + convolved)

    def cost(self, size: tuple[int, int]) -> float:
        """Estimate the work of all iterations."""
        return self.work(size) * max(self.marks)


def product_of(
    numbers: Mapping[str, Sequence[int]], inputs: Sequence[str], targets: Sequence[str]
) -> list[Cell]:
    """List the cells of a grid: each k, s, l with each of the inputs and targets."""
    marks = tuple(numbers["iterations"])
    shapes = product(numbers["k"], numbers["s"], numbers["l"], inputs, targets)
    return [Cell(k, s, l, kind, target, marks) for k, s, l, kind, target in shapes]


def published_cells(count: int) -> list[Cell]:
    """List the `count` best entries of each of the report's tables 4.3 to 4.5, once each.

    Each has its own iterations. Equal values stand in the order of the tables.
    """
    cells: dict[str, Cell] = {}
    for metric in CELLS:
        for one in best_settings(metric)[:count]:
            cell = Cell(one.k, one.s, one.l, one.inputs, one.target, (one.iterations,))
            marks = {*cell.marks, *(cells[cell.name].marks if cell.name in cells else ())}
            cells[cell.name] = replace(cell, marks=tuple(sorted(marks)))
    return list(cells.values())


def parse_numbers(name: str, text: str) -> tuple[int, ...]:
    """Parse a list of whole numbers such as "8,16,32" for k, s, l or iterations."""
    highest = LIMITS[name]
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= highest for part in parts):
        raise UplappError(
            f"--{name} is '{text}'; it needs whole numbers from 1 to {highest}, such as 8,16,32"
        )
    return tuple(sorted({int(part) for part in parts}))


def parse_inputs(text: str) -> tuple[str, ...]:
    """Parse a list of kinds of inputs such as "uniform,blur"."""
    names = _once(text)
    if not set(names) <= set(LATENTS):
        raise UplappError(f"--inputs is '{text}'; it needs some of: {', '.join(LATENTS)}")
    return names


def parse_targets(text: str) -> tuple[str, ...]:
    """Parse a list of targets such as "whole,4x5": the whole slice, or rows x columns of patches."""
    targets = []
    for name in _once(text):
        try:
            grid = (1, 1) if name == WHOLE else parse_grid(name)
        except UplappError:
            raise UplappError(
                f"--targets is '{text}'; it needs 'whole', or rows x columns such as 2x2,4x5"
            ) from None
        targets.append(WHOLE if grid == (1, 1) else f"{grid[0]}x{grid[1]}")
    return tuple(dict.fromkeys(targets))


def _once(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",")))


def cheap_first(cells: Iterable[Cell], size: tuple[int, int]) -> list[Cell]:
    """Sort cells by what they cost for an image (H,W), so that a sweep that is cut off has most of its rows.

    A cell that the image is too small for is refused.
    """
    return sorted(cells, key=lambda cell: (cell.cost(size), cell.name))
