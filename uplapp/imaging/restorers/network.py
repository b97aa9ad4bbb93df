"""Networks as restorers: in tiles that leave no seam, with the measured data put back."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from uplapp.errors import BadImage
from uplapp.imaging.case import Case
from uplapp.imaging.device import arrange, blank, device_of, estimate, half_precision, steady_memory
from uplapp.imaging.networks.published import estimate_noise
from uplapp.imaging.physics import Measurement, crop_centre, with_maps
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.restorer import Watch, proceed, unwatched

# The side of a tile of an image: with the surround of the U-Net one of 1216 px per side peaks near 1.5 GB.
TILE_PX = 896
# A part of a volume has at most so many voxels, surround counted, unless its network says otherwise.
MOST_VOXELS = 5_000_000
# A network that looks at the whole image cannot be tiled; it takes 1.4 GB of memory a megapixel.
MAX_WHOLE_PX = 2**21
# The names of operations that take most of the time of a network begin so.
HEAVY = ("conv", "linear", "scaled_dot")
# Half precision is chosen where it takes at most such a part of the time, changes a picture by at most so
# much (root mean square) and its PSNR by at most so many dB. It is tried on a picture of such sides.
GAIN, MOST_RMS, MOST_DB, TRIED_PX, TRIED_SIGMA = 0.9, 2e-3, 0.03, 256, 25 / 255
_CHOSEN: WeakKeyDictionary[nn.Module, str] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class NetworkRestorer:
    """A trained network.

    With `consistency` measured k-space replaces the network's values of it. `precision` is float32, bfloat16,
    float16, or auto for what `choose_precision` finds.
    """

    network: nn.Module
    consistency: bool = True
    precision: str = "float32"

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore what the network sees of a case (C,*size), clipped to [0,1]."""
        if getattr(self.network, "sees_data", False):
            return reconstruct(self.network, case.measurement)
        network = KnowingNoise(self.network, level_of(case)) if self._wants_noise else self.network
        restored = restore_by_tiles(network, case.seen, watch, precision=self.computed_in(case))
        return consistent(restored, case.measurement) if self.consistency else restored

    def computed_in(self, case: Case) -> str:
        """Say in which number format a case is restored. A network that sees k-space always has float32."""
        if getattr(self.network, "sees_data", False):
            return "float32"
        return choose_precision(self.network, case.seen) if self.precision == "auto" else self.precision

    def doubts(self, case: Case) -> tuple[str, ...]:
        """Say what the network was shown of a case that nobody knew."""
        if not self._wants_noise or case.measurement.noise is not None:
            return ()
        return (f"shown a level of noise that was estimated, sigma {255 * float(level_of(case)):.1f}",)

    @property
    def _wants_noise(self) -> bool:
        return getattr(self.network, "wants_noise", False)


def level_of(case: Case) -> Tensor:
    """Give the deviation (1,) of the noise of a case, estimated where the measurement does not know it."""
    noise = case.measurement.noise
    return estimate_noise(case.seen[None]) if noise is None else torch.tensor([noise])


class KnowingNoise(nn.Module):
    """A network that is shown the level of the noise, one for all tiles of an image (C,H,W)."""

    def __init__(self, network: nn.Module, level: Tensor) -> None:
        super().__init__()
        self.network, self.level = network, level
        self.channels, self.multiple = network.channels, network.multiple
        self.receptive_radius = network.receptive_radius

    def forward(self, image: Tensor) -> Tensor:
        """Restore a tile (1,C,H,W)."""
        restored: Tensor = self.network(image, self.level)
        return restored


class Asking(TorchFunctionMode):
    """Call `check` before each layer that weighs while the block runs, in this thread alone.

    A tile takes seconds, a part of a volume up to a minute; a layer of it a fraction of one.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self.check = check

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation of PyTorch."""
        if getattr(function, "__name__", "").startswith(HEAVY):
            self.check()
        return function(*args, **(kwargs or {}))


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
    network: nn.Module,
    seen: Tensor,
    watch: Watch = unwatched,
    tile_px: int | None = None,
    precision: str = "float32",
) -> Tensor:
    """Restore (C,*size) in [0,1] and beyond to (C',*size) clipped to [0,1], tile by tile.

    A grey image runs through a colour network as three equal channels and comes back grey; other numbers of
    channels must fit. Each tile is restored with as much surround as the network sees, on the grid of its
    pools, so that tiling changes nothing. The network's device does the work.
    """
    channels, outputs = _channels(network, seen)
    sides = seen.shape[1:]
    _require_size(network, sides)
    arrange(network, len(sides))
    steps = (tile_px,) * len(sides) if tile_px else tile_sides(network, sides)
    each = zip(sides, steps, strict=True)
    tiles = list(itertools.product(*(split_side(*both, network, axis) for axis, both in enumerate(each))))
    restored = blank(outputs, *sides)
    with steady_memory():
        for done, tile in enumerate(tiles, start=1):
            part = seen[(slice(None), *(side.seen for side in tile))]
            with Asking(partial(proceed, watch, (done - 1) / len(tiles))):
                made = _restore_part(network, part, channels, outputs, precision)
            if made.shape[0] != outputs:
                raise BadImage(f"the network gives {made.shape[0]} channels; it says that it gives {outputs}")
            kept = made[(slice(None), *(side.kept for side in tile))]
            restored[(slice(None), *(side.filled for side in tile))] = kept
            proceed(watch, done / len(tiles))
    return restored


def choose_precision(network: nn.Module, seen: Tensor) -> str:
    """Choose the number format of a network on its device: half precision where it gains and changes nothing.

    That is tried once for each network that is loaded, on a picture with noise whose clean one is known, of
    as many channels and axes as what is `seen` (C,*size).
    """
    half = half_precision(device_of(network))
    if half == "float32":
        return half
    if network not in _CHOSEN:
        _CHOSEN[network] = half if gains(network, half, chirp(seen.shape[0], seen.ndim - 1)) else "float32"
    return _CHOSEN[network]


def gains(
    network: nn.Module, half: str, clean: Tensor, clock: Callable[[], float] = time.perf_counter
) -> bool:
    """Whether a network restores a picture (C,*size) with noise the same in 16 bits, and sooner by GAIN."""
    shown = KnowingNoise(network, torch.tensor([TRIED_SIGMA])) if hasattr(network, "wants_noise") else network
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    seconds, made = {}, {}
    for precision in ("float32", half, "float32", half):  # the second time counts
        started = clock()
        made[precision] = restore_by_tiles(shown, clean + TRIED_SIGMA * noise, precision=precision)
        seconds[precision] = clock() - started
    errors = {name: float((image - clean).square().mean()) for name, image in made.items()}
    rms = float((made[half] - made["float32"]).square().mean().sqrt())
    same = rms <= MOST_RMS and abs(10 * math.log10(errors[half] / errors["float32"])) <= MOST_DB
    return same and seconds[half] <= GAIN * seconds["float32"]


def chirp(channels: int, axes: int) -> Tensor:
    """Draw waves (C,*size) in [0,1] that become finer along each axis."""
    side = TRIED_PX if axes == 2 else round(TRIED_PX ** (2 / 3))
    wave = torch.sin(40 * torch.linspace(0, 1, side) ** 2)
    waves = torch.stack(torch.meshgrid([wave] * axes, indexing="ij"))
    return (0.5 + 0.4 * waves.prod(dim=0)).expand(channels, *[side] * axes)


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


def tile_sides(network: nn.Module, sides: Sequence[int]) -> tuple[int, ...]:
    """Choose the sides of tiles: of a volume those that cost least work within MOST_VOXELS or `most_voxels`.

    Where no tile is that small the smallest that the network's grid allows is taken.
    """
    if len(sides) < 3 or getattr(network, "receptive_radius", None) is None:
        return (TILE_PX,) * len(sides)
    choices = []
    for axis, side in enumerate(sides):
        grid = _reach(network, axis)[1]
        steps = {-(-side // parts) for parts in range(1, side // grid + 2)}
        choices.append(sorted({-(-step // grid) * grid for step in steps}))

    def seen_by(steps: tuple[int, ...]) -> int:
        margins = (2 * _reach(network, axis)[0] for axis in range(len(sides)))
        return math.prod(min(step + m, side) for step, m, side in zip(steps, margins, sides, strict=True))

    def work(steps: tuple[int, ...]) -> int:
        return seen_by(steps) * math.prod(-(-side // step) for step, side in zip(steps, sides, strict=True))

    most = getattr(network, "most_voxels", MOST_VOXELS)
    fitting = [steps for steps in itertools.product(*choices) if seen_by(steps) <= most]
    return min(fitting, key=work, default=tuple(options[0] for options in choices))


def split_side(side_px: int, tile_px: int, network: nn.Module, axis: int = 0) -> Iterator[Tile]:
    """Cut one side into tiles that start on the network's grid and see its receptive field.

    A network without a receptive radius looks at the whole image, which is one tile.
    """
    if getattr(network, "receptive_radius", None) is None:
        yield Tile(0, side_px, 0, side_px)
        return
    radius, grid = _reach(network, axis)
    step = max(tile_px // grid, 1) * grid
    for start in range(0, side_px, step):
        stop = min(start + step, side_px)
        yield Tile(start, stop, max(start - radius, 0), min(stop + radius, side_px))


def _reach(network: nn.Module, axis: int) -> tuple[int, int]:
    """Give the surround that a tile needs along an axis, on the network's grid, and the step of that grid."""
    radius, grid = (
        values[axis] if isinstance(values, tuple) else int(values)
        for values in (getattr(network, "receptive_radius", 0), getattr(network, "multiple", 1))
    )
    return -(-radius // grid) * grid, grid


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
def _restore_part(network: nn.Module, part: Tensor, channels: int, outputs: int, precision: str) -> Tensor:
    batch = part.to(device_of(network)).expand(channels, *part.shape[1:])[None]
    restored = estimate(network, batch, precision)[0].clamp(0, 1).cpu()
    grey = part.shape[0] == outputs == 1 < channels
    return restored.mean(dim=0, keepdim=True) if grey else restored
