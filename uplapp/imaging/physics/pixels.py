"""Pictures measured by pixels: with noise, with pixels missing, smaller than they were."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from uplapp.described import check_options, option
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.physics.masks import LARGEST_SEED, Seed, generator_of, seed_for, settled_seed
from uplapp.imaging.physics.measurement import AsItIs, Choice, Measurement, of_pixels

KERNELS: Mapping[str, str] = {"bicubic": "bicubic, antialiased", "area": "means of areas"}
MOST_PIXELS = 16_000_000  # of an enlarged picture


@dataclass(frozen=True)
class GaussianNoise:
    """White Gaussian noise of `sigma` in 8-bit units, unclipped.

    Equal seeds give equal noise.
    """

    heading: ClassVar[str] = "Noise"
    strength: ClassVar[str] = "sigma"
    operator: ClassVar[str] = "pixels"
    choice: ClassVar[Choice | None] = Choice("Add Gaussian noise", "Already noisy")

    sigma: float = option(
        25.0, "Sigma, 8-bit units", "Add noise first.", low=0, high=255, slider=(0, 50), step=1
    )
    seed: int = option(0, "Seed", "Draws the noise.", low=0, high=2**31)

    def __post_init__(self) -> None:
        require_sigma(self.sigma)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        return f"sigma {self.sigma:g}"

    def for_image(self, name: str) -> "GaussianNoise":
        """Give the same degradation, since the noise depends on the seed alone."""
        return self

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (C,*size) in [0,1]."""
        noisy = add_gaussian_noise(clean, self.sigma, torch.Generator().manual_seed(self.seed))
        return of_pixels(noisy, self.sigma / 255)


def require_sigma(sigma: float) -> None:
    """Refuse a standard deviation that is negative or no number."""
    if not (math.isfinite(sigma) and sigma >= 0):
        raise UplappError(f"noise of sigma {sigma} cannot be drawn; give 0 or more, in 8-bit units")


def add_gaussian_noise(image: Tensor, sigma: float | Tensor, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of `sigma` in 8-bit units to an image in [0,1], without clipping.

    `sigma` may be a tensor that broadcasts against the image. The noise is drawn on the generator's
    device, so that a seed gives the same noise wherever the image is.
    """
    noise = torch.randn(image.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return image + (noise * (sigma / 255)).to(image)


@dataclass(frozen=True, eq=False)
class Missing:
    """y = M x: a mask M, (1,H,W) or (H,W), 1 or True where a pixel is visible. It is its own adjoint."""

    mask: Tensor
    kind: ClassVar[str] = "missing"

    def forward(self, image: Tensor) -> Tensor:
        """Give an image (...,C,H,W) with 0 where a pixel is missing."""
        return image * self.mask

    def adjoint(self, data: Tensor) -> Tensor:
        """Give the data (...,C,H,W) with 0 where a pixel is missing."""
        return data * self.mask


@dataclass(frozen=True)
class MaskImage(AsItIs):
    """The picture of a mask beside a picture whose pixels are missing already."""

    mask_image: Path | None = option(  # noqa: RUF009 (a field, made as `dataclasses.field` makes it)
        None,
        "Mask: white keeps a pixel, black hides it",
        "A picture of the same size: white where a pixel is kept, black where it is missing; without it the "
        "pixels that are not opaque are missing",
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class MissingPixels:
    """Pixels that are hidden at random, and noise of `sigma` in 8-bit units on the others.

    `seed` draws both, together with the name of the image.
    """

    heading: ClassVar[str] = "Missing pixels"
    strength: ClassVar[str] = "missing_share"
    operator: ClassVar[str] = "missing"
    choice: ClassVar[Choice | None] = Choice("Hide pixels at random", "Pixels are missing already", MaskImage)

    missing_share: float = option(
        0.5,
        "Share that is hidden",
        "Hide this share of the pixels first, more than 0 and less than 1.",
        low=0,
        high=1,
        slider=(0.05, 0.95),
        step=0.05,
    )
    sigma: float = option(0.0, "Noise, sigma", "Noise, 8-bit units.", low=0, high=255, folded=True)
    seed: Seed = option(  # noqa: RUF009 (a field, made as `dataclasses.field` makes it)
        0,
        "Seed",
        "Draws, together with the name of the file, pixels and noise.",
        low=0,
        high=LARGEST_SEED,
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", settled_seed(self.seed))
        if not 0 < self.missing_share < 1:
            raise UplappError(
                f"a share of {self.missing_share} of the pixels cannot be hidden; "
                f"give a number above 0 and below 1"
            )
        require_sigma(self.sigma)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        hidden = f"{100 * self.missing_share:g}% of the pixels missing"
        return f"{hidden}, sigma {self.sigma:g}" if self.sigma else hidden

    def for_image(self, name: str) -> "MissingPixels":
        """Give the degradation with pixels and noise drawn for the image called `name`."""
        return replace(self, seed=seed_for(self.seed, name))

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (C,H,W) in [0,1]."""
        generator = generator_of(self.seed)
        mask = draw_mask((clean.shape[-2], clean.shape[-1]), self.missing_share, generator)
        return of_visible(add_gaussian_noise(clean, self.sigma, generator), mask, self.sigma / 255)


def draw_mask(size: tuple[int, int], share: float, generator: torch.Generator) -> Tensor:
    """Draw a mask (1,H,W) of bool, False for this share of the pixels. 1 or more are hidden, and are not."""
    count = size[0] * size[1]
    if count < 2:
        raise BadImage("of a picture of 1 pixel none can be hidden; give a larger one")
    hidden = min(max(round(share * count), 1), count - 1)
    mask = torch.ones(count, dtype=torch.bool)
    mask[torch.randperm(count, generator=generator)[:hidden]] = False
    return mask.reshape(1, *size)


def put_visible_back(image: Tensor, measurement: Measurement) -> Tensor:
    """Put the visible pixels of a measurement into an image (...,C,H,W), unless they are known to be noisy.

    Of a measurement without missing pixels the image itself is returned.
    """
    if not isinstance(measurement.operator, Missing) or measurement.noise:
        return image
    return torch.where(measurement.operator.mask.bool(), measurement.data, image)


def of_visible(picture: Tensor, mask: Tensor, noise: float | None = None) -> Measurement:
    """Build the measurement of a picture (C,H,W) of which the mask (1,H,W) of bool says what is visible.

    What is seen has at each missing pixel the nearest visible one: a picture that people can judge and a
    network can start from, with gaps that still show. A mask that hides everything is refused.
    """
    if not bool(mask.any()):
        raise BadImage("the mask hides the whole picture; leave a part of it white")
    operator = Missing(mask.to(picture.device))
    rows, columns = ndimage.distance_transform_edt(
        ~mask[0].cpu().numpy(), return_distances=False, return_indices=True
    )
    seen = picture[..., torch.from_numpy(rows).long(), torch.from_numpy(columns).long()]
    return Measurement(seen, operator, operator.forward(picture), noise)


@dataclass(frozen=True)
class Downsampling:
    """y = R x C: matrices R (h,H) and C (w,W) that make the rows and columns of an image fewer.

    `size` (H,W) is the size of the image; h and w are its sides divided by `factor`, rounded up. `kernel` is
    a name in KERNELS. Source of "bicubic": Keys (1981), a = -1/2, stretched by the factor.
    """

    factor: int
    kernel: str
    size: tuple[int, int]
    kind: ClassVar[str] = "smaller"

    def forward(self, image: Tensor) -> Tensor:
        """Give the smaller image (...,h,w) of an image (...,H,W)."""
        rows, columns = self._matrices(image)
        return rows @ image @ columns.T

    def adjoint(self, data: Tensor) -> Tensor:
        """Spread a smaller image (...,h,w) over an image (...,H,W), by the transposed matrices."""
        rows, columns = self._matrices(data)
        return rows.T @ data @ columns

    def _matrices(self, image: Tensor) -> tuple[Tensor, Tensor]:
        rows, columns = (
            shrinking(side, self.factor, self.kernel, image.device, image.dtype) for side in self.size
        )
        return rows, columns


@lru_cache(maxsize=16)
def shrinking(side: int, factor: int, kernel: str, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The matrix (h,H) that makes H samples of a side fewer. Its rows sum to 1."""
    each = torch.eye(side, dtype=torch.float64)[None, None]
    size = (-(-side // factor), side)
    if kernel == "area":
        fewer = functional.interpolate(each, size, mode="area")
    else:
        fewer = functional.interpolate(each, size, mode="bicubic", antialias=True)
    return fewer[0, 0].to(device, dtype)


def enlarge(small: Tensor, size: tuple[int, int]) -> Tensor:
    """Enlarge an image (...,C,h,w) to (...,C,H,W), bicubically. Source: Keys (1981), a = -1/2."""
    batch = small.reshape(-1, *small.shape[-3:])
    larger = functional.interpolate(batch, size, mode="bicubic", antialias=True)
    return larger.reshape(*small.shape[:-2], *size)


@dataclass(frozen=True)
class Enlargement(AsItIs):
    """How many times larger a picture that is small already is to become."""

    enlarge: int = option(
        4, "Enlarge", "The picture is small already: make it so many times larger.", low=2, high=8, step=1
    )

    def __post_init__(self) -> None:
        check_options(self)

    def measure(self, picture: Tensor) -> Measurement:
        """Take a picture (C,h,w) for the smaller one of the picture that is to be found."""
        height, width = (self.enlarge * side for side in picture.shape[-2:])
        if height * width > MOST_PIXELS:
            raise BadImage(
                f"enlarged {self.enlarge} times the picture has {width}x{height} px; "
                f"at most {MOST_PIXELS / 1e6:g} megapixels are possible"
            )
        operator = Downsampling(self.enlarge, "bicubic", (height, width))
        return Measurement(enlarge(picture, operator.size), operator, picture)


@dataclass(frozen=True)
class SmallerImage:
    """A picture made `factor` times smaller, and noise of `sigma` in 8-bit units on that.

    `kernel` is a name in KERNELS; equal seeds give equal noise.
    """

    heading: ClassVar[str] = "Smaller image"
    strength: ClassVar[str] = "factor"
    operator: ClassVar[str] = "smaller"
    choice: ClassVar[Choice | None] = Choice("Make it smaller first", "Small already", Enlargement)

    factor: int = option(
        4, "Factor", "Make the image so many times smaller first.", low=2, high=8, slider=(2, 8), step=1
    )
    kernel: str = option("bicubic", "Kernel", "How the image is made smaller.", choices=KERNELS, folded=True)
    sigma: float = option(
        0.0, "Noise, sigma", "Noise on the smaller image, 8-bit units.", low=0, high=255, folded=True
    )
    seed: int = option(0, "Seed", "Draws the noise.", low=0, high=2**31, folded=True)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        smaller = f"{self.factor}x smaller, {KERNELS[self.kernel]}"
        return f"{smaller}, sigma {self.sigma:g}" if self.sigma else smaller

    def for_image(self, name: str) -> "SmallerImage":
        """Give the same degradation, since the noise depends on the seed alone."""
        return self

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (...,C,H,W) in [0,1]. What is seen is the smaller one, enlarged to its size."""
        operator = Downsampling(self.factor, self.kernel, (clean.shape[-2], clean.shape[-1]))
        generator = torch.Generator().manual_seed(self.seed)
        small = add_gaussian_noise(operator.forward(clean), self.sigma, generator)
        return Measurement(enlarge(small, operator.size), operator, small, self.sigma / 255)
