"""Samples to try things on: photographs inside scikit-image, slices of heads, drawn volumes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import skimage

from uplapp.errors import UnknownName

HEADS = Path(__file__).parent / "heads"
DRAWN = Path(__file__).parent / "trees"
SKIMAGE = Path(skimage.__file__).parent / "data"


@dataclass(frozen=True)
class Sample:
    """A file to try a task on, and a sentence that says what it is.

    `shown` is a picture of it, where the file is none.
    """

    path: Path
    about: str
    shown: Path | None = None


EASY = "without skull and without scanner noise: easier than a real slice."

PHOTOGRAPHS: Mapping[str, Sample] = {
    "astronaut": Sample(
        SKIMAGE / "astronaut.png", "A portrait: smooth skin and fine fabric, hardly any noise."
    ),
    "chelsea": Sample(SKIMAGE / "chelsea.png", "A cat in soft focus: fine fur in front, blur behind."),
    "coffee": Sample(SKIMAGE / "coffee.png", "A cup on wood: smooth surfaces with fine grain."),
    "rocket": Sample(
        SKIMAGE / "rocket.jpg", "A rocket at night, kept as JPEG, whose blocks are in the reference."
    ),
    "tissue": Sample(
        SKIMAGE / "ihc.png", "Stained tissue under a microscope, unlike the training photographs."
    ),
    "motorcycle": Sample(SKIMAGE / "motorcycle_left.png", "A motorcycle in a workshop: many thin edges."),
    "camera": Sample(SKIMAGE / "camera.png", "A grey photograph: its noise is the same in every channel."),
}
SLICES: Mapping[str, Sample] = {
    "middle": Sample(HEADS / "middle.png", f"An axial slice of the average of 152 heads, {EASY}"),
    "profile": Sample(HEADS / "profile.png", f"A sagittal slice of the average of 152 heads, {EASY}"),
    "base": Sample(HEADS / "base.png", f"A low axial slice of the average of 152 heads, {EASY}"),
    "front": Sample(HEADS / "front.png", f"A coronal slice of one person's brain, {EASY}"),
    "single": Sample(
        HEADS / "single.png", f"An axial slice of one person's brain, saved as JPEG once, {EASY}"
    ),
    "echo": Sample(
        HEADS / "echo.png",
        "An echo-planar slice of one person, 1.5 mm, with skull and scanner noise: as hard as a real scan.",
    ),
    "diffusion": Sample(
        HEADS / "diffusion.png",
        "A diffusion-weighted slice of one person: noise as strong as its details, in the reference too.",
    ),
    "coarse": Sample(
        HEADS / "coarse.png",
        "A slice of one person at 2 mm, 128 px wide, with scanner noise: coarser than the training slices.",
    ),
    "phantom": Sample(
        SKIMAGE / "phantom.png", "A drawing of ellipses: what the methods do to no head at all."
    ),
}
HEADS_OF_TWO: Mapping[str, Sample] = {
    "phantom_head": Sample(
        HEADS / "phantom_head.npz",
        "A drawing of a head by ellipsoids, as MR and as CT: no real head, and simpler than any.",
        HEADS / "phantom_head.png",
    ),
}
TREES: Mapping[str, Sample] = {
    "vessels": Sample(
        DRAWN / "vessels.nii.gz",
        "Drawn vessels that branch in textured tissue, of which every voxel is known.",
        DRAWN / "vessels.png",
    ),
    "roots": Sample(
        DRAWN / "roots.nii.gz",
        "A drawn root system, thick stems with thin laterals, of which every voxel is known.",
        DRAWN / "roots.png",
    ),
}


def sample_path(name: str) -> Path:
    """Give the file of a sample of any task.

    The message about an unknown name lists the choices.
    """
    samples = {**PHOTOGRAPHS, **SLICES, **HEADS_OF_TWO, **TREES}
    if name not in samples:
        raise UnknownName("sample", name, samples)
    return samples[name].path
