"""Photographs to try things on: those that ship inside scikit-image."""

from pathlib import Path

import skimage

from uplapp.errors import UnknownName

SAMPLES = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
    "motorcycle": "motorcycle_left.png",
}


def sample_path(name: str) -> Path:
    """The file of a sample; an unknown name lists the choices."""
    if name not in SAMPLES:
        raise UnknownName("sample", name, SAMPLES)
    return Path(skimage.__file__).parent / "data" / SAMPLES[name]
