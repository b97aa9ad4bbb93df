"""Images cut into a grid of equal patches, and put together again."""

from torch import Tensor
from torch.nn import functional

from uplapp.errors import UplappError

Grid = tuple[int, int]


def parse_grid(text: str) -> Grid:
    """Parse a grid of patches such as "4x5": rows, then columns."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UplappError(f"patches is '{text}'; it needs rows x columns, such as 1x1 or 4x5")
    return int(parts[0]), int(parts[1])


def patch_size(size: tuple[int, int], grid: Grid) -> tuple[int, int]:
    """Give the size (h,w) of one patch of an image (H,W), rounded up where the grid does not divide it."""
    if any(count > side for side, count in zip(size, grid, strict=True)):
        raise UplappError(
            f"an image of {size[1]}x{size[0]} px cannot be cut into {grid[0]}x{grid[1]} patches"
        )
    return -(-size[0] // grid[0]), -(-size[1] // grid[1])


def split(image: Tensor, grid: Grid) -> Tensor:
    """Cut (C,H,W) into patches (P,C,h,w), row by row.

    Where the grid does not divide the image its last row and column are repeated.
    """
    (height, width), (rows, columns) = patch_size((image.shape[-2], image.shape[-1]), grid), grid
    below, right = height * rows - image.shape[-2], width * columns - image.shape[-1]
    padded = functional.pad(image[None], (0, right, 0, below), mode="replicate")[0]
    parts = padded.reshape(-1, rows, height, columns, width).permute(1, 3, 0, 2, 4)
    return parts.reshape(rows * columns, -1, height, width)


def join(patches: Tensor, grid: Grid, size: tuple[int, int]) -> Tensor:
    """Put patches (P,C,h,w) together to an image (C,H,W) of the given size, the inverse of `split`."""
    rows, columns = grid
    channels, height, width = patches.shape[1:]
    parts = patches.reshape(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    image = parts.reshape(channels, rows * height, columns * width)
    return image[:, : size[0], : size[1]]
