"""Pictures to try things on: photographs inside scikit-image, and slices of heads that ship with uplapp."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import skimage

from uplapp.errors import UnknownName

HEADS = Path(__file__).parent / "heads"
SKIMAGE = Path(skimage.__file__).parent / "data"


@dataclass(frozen=True)
class Sample:
    """A file to try a task on, and a sentence that says what it is."""

    path: Path
    about: str


AVERAGE = "An average of many heads, without skull and without scanner noise: easier than a real slice."

PHOTOGRAPHS: Mapping[str, Sample] = {
    "astronaut": Sample(SKIMAGE / "astronaut.png", "A portrait, in colour."),
    "chelsea": Sample(SKIMAGE / "chelsea.png", "A cat, in colour: fine fur."),
    "coffee": Sample(SKIMAGE / "coffee.png", "A cup, in colour: smooth areas and a sharp rim."),
    "rocket": Sample(SKIMAGE / "rocket.jpg", "A rocket, in colour, saved as JPEG: it holds its traces."),
    "tissue": Sample(SKIMAGE / "ihc.png", "Stained tissue under a microscope, in colour."),
    "motorcycle": Sample(SKIMAGE / "motorcycle_left.png", "A motorcycle, in colour: many fine edges."),
}
SLICES: Mapping[str, Sample] = {
    "middle": Sample(HEADS / "middle.png", AVERAGE),
    "profile": Sample(HEADS / "profile.png", AVERAGE),
    "base": Sample(HEADS / "base.png", AVERAGE),
    "front": Sample(HEADS / "front.png", AVERAGE),
    "phantom": Sample(SKIMAGE / "phantom.png", "A drawing of ellipses: no anatomy, no noise."),
}


def sample_path(name: str) -> Path:
    """Give the file of a sample of any task; an unknown name lists the choices."""
    samples = {**PHOTOGRAPHS, **SLICES}
    if name not in samples:
        raise UnknownName("sample", name, samples)
    return samples[name].path
