"""Pictures to try things on: photographs inside scikit-image, and slices of a head that ship with uplapp."""

from pathlib import Path

import skimage

from uplapp.errors import UnknownName

HEADS = Path(__file__).parent / "heads"
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"
# By task; the licence of the heads lies beside them.
SAMPLES = {
    "denoise": {
        "astronaut": PHOTOGRAPHS / "astronaut.png",
        "chelsea": PHOTOGRAPHS / "chelsea.png",
        "coffee": PHOTOGRAPHS / "coffee.png",
        "rocket": PHOTOGRAPHS / "rocket.jpg",
        "tissue": PHOTOGRAPHS / "ihc.png",
        "motorcycle": PHOTOGRAPHS / "motorcycle_left.png",
    },
    "mri": {
        "middle": HEADS / "middle.png",
        "profile": HEADS / "profile.png",
        "base": HEADS / "base.png",
        "front": HEADS / "front.png",
        "phantom": PHOTOGRAPHS / "phantom.png",
    },
}


def samples_of(task: str) -> list[Path]:
    """The files of a task's samples, none for a task without."""
    return list(SAMPLES.get(task, {}).values())


def sample_path(name: str) -> Path:
    """The file of a sample of any task; an unknown name lists the choices."""
    paths = {name: path for samples in SAMPLES.values() for name, path in samples.items()}
    if name not in paths:
        raise UnknownName("sample", name, paths)
    return paths[name]
