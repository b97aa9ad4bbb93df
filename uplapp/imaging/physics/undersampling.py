"""Images whose k-space was sampled in part."""

import math
from dataclasses import dataclass, replace
from numbers import Integral
from typing import ClassVar, cast

import torch
from torch import Tensor

from uplapp.described import option
from uplapp.errors import UplappError
from uplapp.imaging.physics.kspace import estimate_maps, root_sum_of_squares, simulated_maps, to_kspace
from uplapp.imaging.physics.masks import (
    LARGEST_SEED,
    MASKS,
    Seed,
    centre_fraction,
    generator_of,
    require_acceleration,
    seed_for,
    settled_seed,
)
from uplapp.imaging.physics.measurement import (
    Choice,
    Measurement,
    Sampling,
    Slice,
    crop_centre,
    require_sampling,
    zero_filled,
)

MOST_COILS = 64
# Cosines along each axis: the highest is 1.5 cycles across the image.
PHASE_ORDERS = 4
NOISE_STREAM = 1  # joins the seed, so that noise and phase are drawn apart
AS_IT_IS = "{name} lacks a part of its k-space already: all there is was used, and there is no reference."


@dataclass(frozen=True)
class Undersampling:
    """Undersampling of k-space, which keeps one column in `acceleration` and leaves the rest zero.

    A magnitude image has neither phase nor coils: a smooth random phase and `coils` simulated coils give it
    the k-space of a measurement. `mask` is a name in MASKS; `seed` draws columns and phase.
    """

    heading: ClassVar[str] = "Undersampling of k-space"
    strength: ClassVar[str] = "acceleration"
    operator: ClassVar[str] = "kspace"
    choice: ClassVar[Choice | None] = None

    acceleration: int = option(
        8,
        "Acceleration",
        "Keep one column of k-space in so many.",
        low=2,
        slider=(2, 16),
        step=1,
    )
    mask: str = option(
        "random", "Columns", "Which columns are kept.", choices={name: MASKS[name].label for name in MASKS}
    )
    seed: Seed = option(  # noqa: RUF009 (a field, made as `dataclasses.field` makes it)
        0,
        "Seed",
        "Draws, together with the name of the file, columns and phase.",
        low=0,
        high=LARGEST_SEED,
    )
    coils: int = option(
        1, "Coils", "Simulated coils that measure a picture.", low=1, high=MOST_COILS, folded=True
    )
    noise: float = option(
        0.0,
        "Noise",
        "Deviation of the noise on k-space, as a share of white.",
        low=0,
        high=1,
        folded=True,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", settled_seed(self.seed))
        MASKS[self.mask]
        if not 0 <= self.noise <= 1:
            raise UplappError(f"noise is {self.noise}; give a share of white from 0 to 1")
        require_acceleration(self.acceleration)
        if not isinstance(self.coils, Integral) or not 1 <= self.coils <= MOST_COILS:
            raise UplappError(f"{self.coils} coils cannot be simulated; give 1 to {MOST_COILS}")

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        columns = f"{self.acceleration}x {MASKS[self.mask].label}"
        coils = "" if self.coils == 1 else f", {self.coils} coils"
        return f"{columns}{coils}" + (f", noise of {self.noise:g}" if self.noise else "")

    def for_image(self, name: str) -> "Undersampling":
        """Give the degradation with columns and phase drawn for the image called `name`.

        With seed 0 the columns are those by which fastMRI validates the file of that name, suffix included.
        """
        seed = seed_for(self.seed, name)
        return replace(self, seed=seed[1:] if name and self.seed in (0, (0,)) else seed)

    def columns(self, width: int) -> Tensor:
        """Draw the mask (W,) of bool for a k-space of that width.

        A width that leaves no centre is refused.
        """
        sampled: Tensor = MASKS[self.mask].build(
            width, self.acceleration, centre_fraction(self.acceleration), self.seed
        )
        return sampled

    def measure(self, clean: Tensor | Slice) -> Measurement:
        """Measure a magnitude image (1,H,W) in [0,1], which gets a phase and coils, or a slice of a scan.

        A slice's own k-space loses columns. Where it lacks a part already all there is is used, whatever the
        acceleration says, and the note says so.
        """
        if isinstance(clean, Slice):
            if clean.kspace is None:
                return self.measure(cast(Tensor, clean.magnitude))
            measurement = self._measure_kspace(clean, clean.kspace)
            return measurement if clean.undersampled else self._with_noise(measurement)
        height, width = clean.shape[-2:]
        mask = self.columns(width).to(clean.device)
        phase = smooth_phase((1, 1, height, width), generator_of(self.seed)).to(clean)
        maps = simulated_maps(self.coils, height, width).to(clean.device) if self.coils > 1 else None
        seen = undersample(clean[None], mask[None], phase, maps)[0]
        measured = sample(torch.polar(clean, phase[0].expand_as(clean)), mask, maps)
        return self._with_noise(Measurement(seen, *measured))

    def _with_noise(self, measurement: Measurement) -> Measurement:
        if not self.noise:
            return measurement
        seed = self.seed if isinstance(self.seed, tuple) else (self.seed,)
        sampling = require_sampling(measurement)
        data = noisy(measurement.data, sampling.mask, self.noise, generator_of((*seed, NOISE_STREAM)))
        size = (measurement.seen.shape[-2], measurement.seen.shape[-1])
        seen = crop_centre(zero_filled(data)[None], size)
        return replace(measurement, seen=seen, data=data, noise=self.noise)

    def _measure_kspace(self, part: Slice, kspace: Tensor) -> Measurement:
        mask = self._mask_of(part, kspace)
        data = kspace * mask
        seen = crop_centre(zero_filled(data)[None], part.size)
        note = AS_IT_IS.format(name=part.name) if part.undersampled else ""
        return Measurement(seen, Sampling(mask, estimate_maps(data, mask)), data, note=note)

    def _mask_of(self, part: Slice, kspace: Tensor) -> Tensor:
        return (kspace != 0).any(dim=0) if part.undersampled else self.columns(kspace.shape[-1])


def noisy(data: Tensor, mask: Tensor, sd: float, generator: torch.Generator) -> Tensor:
    """Add complex white noise of a deviation to the samples of a k-space (...,coils,H,W) under its mask."""
    device = generator.device
    noise = torch.randn(data.shape, dtype=data.dtype, generator=generator, device=device).to(data.device)
    return data + sd * noise * mask


def sample(image: Tensor, mask: Tensor, maps: Tensor | None = None) -> tuple[Sampling, Tensor]:
    """Sample the k-space (coils,H,W) of a complex image (1,H,W) under a mask of columns (W,).

    The operator does not know the coil `maps` (coils,H,W): it has those that the data show, as in practice.
    """
    data = to_kspace(image if maps is None else image * maps) * mask
    return Sampling(mask, estimate_maps(data, mask)), data


def undersample(images: Tensor, masks: Tensor, phases: Tensor, maps: Tensor | None = None) -> Tensor:
    """Zero-fill magnitude images (B,C,H,W) under one mask per image (B,W).

    `phases` in radians broadcast against the images; coil `maps` (coils,H,W) are joined by the root of their
    sum of squares. Whole columns are kept, so the transform along columns cancels, as do the shifts of
    a centred transform: one FFT along rows, there and back, gives what the full one would.
    """
    coil_images = torch.polar(images, phases.expand_as(images))[:, :, None]
    if maps is not None:
        coil_images = coil_images * maps
    unshifted = torch.fft.ifftshift(masks, dim=-1)[:, None, None, None, :]
    sampled = torch.fft.fft(coil_images, dim=-1) * unshifted
    return root_sum_of_squares(torch.fft.ifft(sampled, dim=-1))


def smooth_phase(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """A phase (...,H,W) in radians that varies by a few cycles across the image, unwrapped, float32.

    A sum of low cosines along rows and columns with normal weights, weaker with their order.
    """
    *batch, height, width = shape
    weights = torch.randn(*batch, PHASE_ORDERS, PHASE_ORDERS, generator=generator, device=generator.device)
    order = torch.arange(PHASE_ORDERS, device=generator.device)
    decay = math.pi / (1 + order[:, None] + order[None, :])
    down, across = (_cosines(side, generator.device) for side in (height, width))
    return down.T @ (weights * decay) @ across


def _cosines(side: int, device: torch.device) -> Tensor:
    """The cosines (order, side) of orders 0, 1, ... half cycles."""
    order = torch.arange(PHASE_ORDERS, device=device)[:, None]
    return torch.cos(math.pi * order * (torch.arange(side, device=device) + 0.5) / side)
