"""Pictures that were made smaller, by a downsampling that is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.described import check_options, option
from uplapp.errors import BadImage
from uplapp.imaging.physics.measurement import AsItIs, Choice, Measurement
from uplapp.imaging.physics.noise import add_gaussian_noise

KERNELS: Mapping[str, str] = {"bicubic": "bicubic, antialiased", "area": "means of areas"}
MOST_PIXELS = 16_000_000  # of an enlarged picture


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
    """The matrix (h,H) that makes H samples of a side fewer; its rows sum to 1."""
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
        """Measure an image (...,C,H,W) in [0,1]; what is seen is the smaller one, enlarged to its size."""
        operator = Downsampling(self.factor, self.kernel, (clean.shape[-2], clean.shape[-1]))
        generator = torch.Generator().manual_seed(self.seed)
        small = add_gaussian_noise(operator.forward(clean), self.sigma, generator)
        return Measurement(enlarge(small, operator.size), operator, small, self.sigma / 255)
