"""What spoils an image: `GaussianNoise(...)` and `Undersampling(...)` turn it into an observation."""

from typing import Protocol

from torch import Tensor

from uplapp.imaging.degradations.noise import GaussianNoise
from uplapp.imaging.degradations.undersampling import Undersampling

__all__ = ["Degradation", "GaussianNoise", "Undersampling"]


class Degradation(Protocol):
    """A frozen value of numbers and names, therefore JSON, that makes observations of images."""

    @property
    def text(self) -> str:
        """What is done, in the words of a legend."""

    def for_image(self, name: str) -> "Degradation":
        """The degradation of the image of that name."""

    def apply(self, image: Tensor) -> Tensor:
        """The observation (C,H,W) that a network gets of an image (C,H,W) in [0,1]."""
