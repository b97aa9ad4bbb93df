"""Measurements: data, the linear map that made them, the image they show, and what degrades clean ones."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, Protocol, Self

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.physics.kspace import root_sum_of_squares, to_image, to_kspace
from uplapp.registry import Entry


class Operator(Protocol):
    """A linear map from images to data, with its adjoint: <A x, y> = <x, A^H y>.

    `kind` names the range of the map.
    """

    kind: ClassVar[str]

    def forward(self, image: Tensor) -> Tensor:
        """Give the data that the image would give without noise."""

    def adjoint(self, data: Tensor) -> Tensor:
        """Give the image that the conjugate transpose makes of the data."""


@dataclass(frozen=True)
class Identity:
    """The map of a camera: the data are the image."""

    kind: ClassVar[str] = "pixels"

    def forward(self, image: Tensor) -> Tensor:
        """Give the image itself."""
        return image

    def adjoint(self, data: Tensor) -> Tensor:
        """Give the data themselves."""
        return data


@dataclass(frozen=True, eq=False)
class Sampling:
    """A = M F S: coil maps S (coils,H,W), centred transform F, mask M of columns (W,) or of samples (H,W).

    Without maps there is one coil that sees everything alike. Source: Pruessmann et al. (1999), eq. 2.
    """

    mask: Tensor
    maps: Tensor | None = None
    kind: ClassVar[str] = "kspace"

    def forward(self, image: Tensor) -> Tensor:
        """Give the measured k-space (...,coils,H,W), zero where the mask is, of an image (...,H,W)."""
        return to_kspace(self.coil_images(image)) * self.mask

    def adjoint(self, data: Tensor) -> Tensor:
        """Give the complex image (...,H,W) of a k-space (...,coils,H,W).

        With all of k-space and maps whose squares sum to 1 it is the inverse of `forward`.
        """
        return self.combine(to_image(data * self.mask))

    def coil_images(self, image: Tensor) -> Tensor:
        """Give the image of each coil (...,coils,H,W) for an image (...,H,W)."""
        image = image[..., None, :, :]
        return image if self.maps is None else image * self.maps

    def combine(self, coil_images: Tensor) -> Tensor:
        """Join the images of the coils (...,coils,H,W) into one (...,H,W), the adjoint of `coil_images`."""
        if self.maps is not None:
            coil_images = coil_images * self.maps.conj()
        return coil_images.sum(dim=-3)


@dataclass(frozen=True, eq=False)
class Measurement:
    """The measurement of one image, or of a batch of images, by an instrument.

    `seen` (C,*size), in [0,1] but for noise, is what a network is shown. `data` lie in the range of
    `operator`: the picture itself for photographs, k-space (coils,H,W), complex64, in units of `seen` for MR,
    0 where nothing was sampled. The grid (H,W) of k-space may be larger than `seen`, which is then its
    centre. `noise` is the standard deviation of the data in units of `seen`, None where it is not known.
    `note` says how the measurement came to be where that is not what was asked for.
    """

    seen: Tensor
    operator: Operator
    data: Tensor
    noise: float | None = None
    note: str = ""

    def map(self, move: Callable[[Tensor], Tensor]) -> "Measurement":
        """Give the measurement with every tensor, also of its operator, moved or cut."""
        measurement: Measurement = _map(self, move)
        return measurement

    def to(self, device: torch.device) -> "Measurement":
        """Give the measurement on a device."""
        return self.map(lambda tensor: tensor.to(device))


def _map(value: Any, move: Callable[[Tensor], Tensor]) -> Any:
    """Rebuild a measurement or its operator with every tensor moved."""
    changes: dict[str, Any] = {}
    for one in fields(value):
        part = getattr(value, one.name)
        if isinstance(part, Tensor):
            changes[one.name] = move(part)
        elif is_dataclass(part):
            changes[one.name] = _map(part, move)
    return replace(value, **changes)


def of_pixels(seen: Tensor, noise: float | None = None, note: str = "") -> Measurement:
    """Build the measurement of a camera (C,*size).

    `noise` is as in `Measurement`.
    """
    return Measurement(seen, Identity(), seen, noise, note)


def require_sampling(measurement: Measurement) -> Sampling:
    """Give the operator of a measurement of k-space.

    UplappError is raised for any other measurement.
    """
    if isinstance(measurement.operator, Sampling):
        return measurement.operator
    raise UplappError("the image comes without k-space; give a method that works on pictures")


def zero_filled(kspace: Tensor, mask: Tensor | None = None) -> Tensor:
    """Give the magnitude (...,H,W) of a k-space (...,coils,H,W), what the mask leaves out taken as 0."""
    return root_sum_of_squares(to_image(kspace if mask is None else kspace * mask))


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice: its fully sampled picture, its k-space, or both.

    `magnitude` (1,h,w) in [0,1] is the reference, None where k-space was undersampled; `kspace`
    (coils,H,W), complex64, in units of the magnitude, is None where the file holds a picture. The image of
    the k-space is cropped to `size` (h,w) around its centre. `name` is the file's, `index` counts from 0.
    """

    name: str
    index: int
    size: tuple[int, int]
    magnitude: Tensor | None = None
    kspace: Tensor | None = None

    @property
    def undersampled(self) -> bool:
        """Whether the file lacks a part of k-space, so that there is no reference."""
        return self.magnitude is None


def crop_centre(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut the middle (...,h,w) of an image (...,H,W), at most `size`.

    Odd margins are smaller at the top.
    """
    top, left = (max(side - part, 0) // 2 for side, part in zip(image.shape[-2:], size, strict=True))
    return image[..., top : top + size[0], left : left + size[1]]


@dataclass(frozen=True)
class AsItIs:
    """The base of values whose described fields say what an image that is used as it is does not say."""

    text: ClassVar[str] = "an image as it is"

    def for_image(self, name: str) -> Self:
        """Give the same value, since nothing is drawn."""
        return self

    def measure(self, picture: Any) -> Measurement:
        """Take a picture (C,*size) for what was measured."""
        return of_pixels(picture)


@dataclass(frozen=True)
class Choice:
    """The words of a form for an image that is degraded first, and for one that is used as it is.

    `taking` is the class of values that describe the latter, None where it says everything itself.
    """

    degrade: str
    as_it_is: str
    taking: type[AsItIs] | None = None


class Degradation(Protocol):
    """A value whose described fields (see `uplapp.described`) are read by forms, commands and recipes.

    `strength` is the field whose value says that there is a degradation at all; `operator` the kind of the
    operator of its measurements; `choice` is None where an image cannot be used as it is.
    """

    heading: ClassVar[str]
    strength: ClassVar[str]
    operator: ClassVar[str]
    choice: ClassVar[Choice | None]

    @property
    def text(self) -> str:
        """A legend of the degradation in words."""

    def for_image(self, name: str) -> Self:
        """Give the degradation for the image called `name`."""

    def measure(self, clean: Any) -> Measurement:
        """Measure a clean image (C,*size) in [0,1], or what a reader made of a file."""


@dataclass(frozen=True)
class DegradationEntry(Entry):
    """A row of DEGRADATIONS: `build` is the class of the degradation."""
