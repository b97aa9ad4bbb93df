"""Networks as restorers: in tiles that leave no seam, with the measured data put back."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from uplapp.errors import BadImage
from uplapp.imaging.case import Case
from uplapp.imaging.device import device_of
from uplapp.imaging.physics import Measurement, crop_centre, with_maps
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.restorer import Watch, proceed, unwatched

# Sides of tiles by number of axes: with the surround of the U-Net a tile of 960 px per side peaks near 2 GB.
TILE_PX = {2: 640, 3: 96}
# A network that looks at the whole image cannot be tiled; it takes 1.4 GB of memory a megapixel.
MAX_WHOLE_PX = 2**21


@dataclass(frozen=True, eq=False)
class NetworkRestorer:
    """A trained network.

    With `consistency` measured k-space replaces the network's values of it.
    """

    network: nn.Module
    consistency: bool = True

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore what the network sees of a case (C,*size), clipped to [0,1]."""
        if getattr(self.network, "sees_data", False):
            return reconstruct(self.network, case.measurement)
        estimate = restore_by_tiles(self.network, case.seen, watch)
        return consistent(estimate, case.measurement) if self.consistency else estimate


@dataclass(frozen=True)
class Tile:
    """One part of an image side: restore samples [first, last), keep [start, stop)."""

    start: int
    stop: int
    first: int
    last: int

    @property
    def seen(self) -> slice:
        """The slice of the side that the network sees."""
        return slice(self.first, self.last)

    @property
    def filled(self) -> slice:
        """The slice of the side that the tile fills."""
        return slice(self.start, self.stop)

    @property
    def kept(self) -> slice:
        """The slice of the network's view that the tile keeps."""
        return slice(self.start - self.first, self.stop - self.first)


def restore_by_tiles(
    network: nn.Module, seen: Tensor, watch: Watch = unwatched, tile_px: int | None = None
) -> Tensor:
    """Restore (C,*size) in [0,1] and beyond to (C',*size) clipped to [0,1], tile by tile.

    A grey image runs through a colour network as three equal channels and comes back grey; other numbers of
    channels must fit. Each tile is restored with as much surround as the network sees, on the grid of its
    pools, so that tiling changes nothing. The network's device does the work.
    """
    channels, outputs = _channels(network, seen)
    sides = seen.shape[1:]
    _require_size(network, sides)
    step = tile_px or TILE_PX[len(sides)]
    tiles = list(itertools.product(*(split_side(side, step, network) for side in sides)))
    restored = torch.empty(outputs, *sides, dtype=seen.dtype)
    for done, tile in enumerate(tiles, start=1):
        part = _restore_part(network, seen[(slice(None), *(side.seen for side in tile))], channels, outputs)
        if part.shape[0] != outputs:
            raise BadImage(f"the network gives {part.shape[0]} channels; it says that it gives {outputs}")
        restored[(slice(None), *(side.filled for side in tile))] = part[
            (slice(None), *(side.kept for side in tile))
        ]
        proceed(watch, done / len(tiles))
    return restored


@torch.inference_mode()
def reconstruct(network: nn.Module, measurement: Measurement) -> Tensor:
    """Reconstruct the picture (1,h,w) in [0,1] of a measurement by a network that sees the data.

    Several coils get the maps that suit the sampled centre. A measurement without k-space, or whose mask
    leaves the centre out, is refused.
    """
    measurement = with_maps(measurement)
    _require_size(network, measurement.data.shape[-2:])
    batch = measurement.to(device_of(network)).map(lambda tensor: tensor[None])
    image: Tensor = network(batch)[0].cpu()
    return crop_centre(image, (measurement.seen.shape[-2], measurement.seen.shape[-1])).clamp(0, 1)


def split_side(side_px: int, tile_px: int, network: nn.Module) -> Iterator[Tile]:
    """Cut one side into tiles that start on the network's grid and see its receptive field.

    A network without a receptive radius looks at the whole image, which is one tile.
    """
    radius = getattr(network, "receptive_radius", None)
    if radius is None:
        yield Tile(0, side_px, 0, side_px)
        return
    grid = int(getattr(network, "multiple", 1))
    step = max(tile_px // grid, 1) * grid
    for start in range(0, side_px, step):
        stop = min(start + step, side_px)
        yield Tile(start, stop, max(start - radius, 0), min(stop + radius, side_px))


def _channels(network: nn.Module, seen: Tensor) -> tuple[int, int]:
    """Count the channels that the network takes and that come back.

    BadImage is raised where they do not fit.
    """
    channels = int(getattr(network, "channels", seen.shape[0]))
    outputs = int(getattr(network, "channels_out", channels))
    if seen.shape[0] == channels:
        return channels, outputs
    if seen.shape[0] == 1 and channels == outputs == 3:
        return channels, 1
    raise BadImage(f"the image has {seen.shape[0]} channels; the network takes {channels}")


def _require_size(network: nn.Module, sides: torch.Size) -> None:
    if getattr(network, "receptive_radius", None) is None and sides.numel() > MAX_WHOLE_PX:
        raise BadImage(
            f"the image is {'x'.join(map(str, reversed(sides)))} px; this network restores an image in one "
            f"piece, of at most {MAX_WHOLE_PX / 1e6:.1f} megapixels"
        )


@torch.inference_mode()
def _restore_part(network: nn.Module, part: Tensor, channels: int, outputs: int) -> Tensor:
    batch = part.to(device_of(network)).expand(channels, *part.shape[1:])[None]
    estimate: Tensor = network(batch)[0].clamp(0, 1).cpu()
    grey = part.shape[0] == outputs == 1 < channels
    return estimate.mean(dim=0, keepdim=True) if grey else estimate
