"""Pictures of which some pixels are missing."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from scipy import ndimage
from torch import Tensor

from uplapp.described import check_options, option
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.physics.masks import LARGEST_SEED, Seed, generator_of, require_seed
from uplapp.imaging.physics.measurement import AsItIs, Choice, Measurement
from uplapp.imaging.physics.noise import add_gaussian_noise, require_sigma


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
        if isinstance(self.seed, list):  # a seed that came back from JSON
            object.__setattr__(self, "seed", tuple(self.seed))
        if not 0 < self.missing_share < 1:
            raise UplappError(
                f"a share of {self.missing_share} of the pixels cannot be hidden; "
                f"give a number above 0 and below 1"
            )
        require_seed(self.seed)
        require_sigma(self.sigma)

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""
        hidden = f"{100 * self.missing_share:g} % of the pixels missing"
        return f"{hidden}, sigma {self.sigma:g}" if self.sigma else hidden

    def for_image(self, name: str) -> "MissingPixels":
        """Give the degradation with pixels and noise drawn for the image called `name`."""
        seed = self.seed if isinstance(self.seed, tuple) else (self.seed,)
        return replace(self, seed=seed + tuple(map(ord, name)))

    def measure(self, clean: Tensor) -> Measurement:
        """Measure an image (C,H,W) in [0,1]."""
        generator = generator_of(self.seed)
        mask = draw_mask((clean.shape[-2], clean.shape[-1]), self.missing_share, generator)
        return of_visible(add_gaussian_noise(clean, self.sigma, generator), mask, self.sigma / 255)


def draw_mask(size: tuple[int, int], share: float, generator: torch.Generator) -> Tensor:
    """Draw a mask (1,H,W) of bool, False for this share of the pixels; 1 or more are hidden, and are not."""
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
