"""What spoils an image: a frozen value of numbers and names, therefore JSON, that makes measurements."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from uplapp.imaging.physics.measurement import Measurement
from uplapp.registry import Entry


@dataclass(frozen=True)
class Choice:
    """The words of a form for an image that is degraded first, and for one that is used as it is."""

    degrade: str
    as_it_is: str


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
        """What is done, in the words of a legend."""

    def for_image(self, name: str) -> Self:
        """Give the degradation of the image of that name."""

    def measure(self, clean: Any) -> Measurement:
        """Measure a clean image (C,*size) in [0,1], or what a reader made of a file."""


@dataclass(frozen=True)
class DegradationEntry(Entry):
    """A row of DEGRADATIONS: `build` is the class of the degradation."""
