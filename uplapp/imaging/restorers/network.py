"""From a degraded image to a restored one, in tiles that leave no seam."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from uplapp.errors import BadImage

# With the surround of the U-Net a tile of 960 px a side peaks near 2 GB.
TILE_PX = 640
# A network that looks at the whole image cannot be tiled; it takes 1.4 GB of memory a megapixel.
MAX_WHOLE_PX = 2**21


@dataclass(frozen=True)
class Tile:
    """One part of an image side: restore samples [first, last), keep [start, stop)."""

    start: int
    stop: int
    first: int
    last: int


def pick_device() -> torch.device:
    """The accelerator if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def restore(network: nn.Module, degraded: Tensor, tile_px: int = TILE_PX) -> Tensor:
    """Restore (C,H,W) in [0,1] and beyond; returns (C,H,W) clipped to [0,1]. See `restore_by_tiles`."""
    restored = torch.empty_like(degraded)
    for _ in restore_by_tiles(network, degraded, restored, tile_px):
        pass
    return restored


def restore_by_tiles(
    network: nn.Module, degraded: Tensor, restored: Tensor, tile_px: int = TILE_PX
) -> Iterator[float]:
    """Fill `restored` tile by tile and yield the share that is done; leaving the loop cancels the rest.

    A grey image runs through a colour network as three equal channels and comes back grey. Each tile is
    restored with as much surround as the network sees, on the grid of its pools, so that tiling changes
    nothing. The network's device does the work.
    """
    height, width = degraded.shape[-2:]
    if network.receptive_radius is None and height * width > MAX_WHOLE_PX:
        raise BadImage(
            f"the image is {width}x{height} px; this network restores an image in one piece, "
            f"of at most {MAX_WHOLE_PX / 1e6:.1f} megapixels"
        )
    rows_of_tiles = list(split_side(height, tile_px, network))
    columns_of_tiles = list(split_side(width, tile_px, network))
    tiles = list(itertools.product(rows_of_tiles, columns_of_tiles))
    for done, (rows, columns) in enumerate(tiles, start=1):
        part = degraded[:, rows.first : rows.last, columns.first : columns.last]
        kept = _restore_part(network, part)[:, _kept(rows), _kept(columns)]
        restored[:, rows.start : rows.stop, columns.start : columns.stop] = kept
        yield done / len(tiles)


def split_side(side_px: int, tile_px: int, network: nn.Module) -> Iterator[Tile]:
    """Cut one side into tiles that start on the network's grid and see its receptive field.

    A network without a receptive radius looks at the whole image, which is one tile.
    """
    if network.receptive_radius is None:
        yield Tile(0, side_px, 0, side_px)
        return
    grid, surround = int(network.multiple), int(network.receptive_radius)  # type: ignore[arg-type]
    step = max(tile_px // grid, 1) * grid
    for start in range(0, side_px, step):
        stop = min(start + step, side_px)
        yield Tile(start, stop, max(start - surround, 0), min(stop + surround, side_px))


def _kept(tile: Tile) -> slice:
    return slice(tile.start - tile.first, tile.stop - tile.first)


@torch.inference_mode()
def _restore_part(network: nn.Module, part: Tensor) -> Tensor:
    device = next(network.parameters()).device
    channels = int(network.channels)  # type: ignore[arg-type]
    batch = part.to(device).expand(channels, -1, -1)[None]
    estimate: Tensor = network(batch)[0].clamp(0, 1).cpu()
    return estimate if part.shape[0] == channels else estimate.mean(dim=0, keepdim=True)
