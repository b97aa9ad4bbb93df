"""The pictures of a study side by side, to see at a glance that nothing is mixed up."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from uplapp.study.definition.definition import Definition
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE

SIDE_PX = 120
SCENES, CONDITIONS = 4, 8  # as many as a screen shows
QUALITY = 88


@dataclass(frozen=True)
class Row:
    """One scene: (name of the condition on screen, JPEG of its middle at one to one), the reference first."""

    scene: str
    pictures: tuple[tuple[str, bytes], ...]


def contact_sheet(definition: Definition, checked: Stimuli) -> tuple[Row, ...]:
    """The first scenes under the first conditions; scaled pictures would hide what sets them apart."""
    names = {REFERENCE: "Reference"}
    names |= {condition.name: condition.label for condition in definition.conditions[:CONDITIONS]}
    return tuple(
        Row(
            scene.name,
            tuple((label, _middle(checked, scene.name, name)) for name, label in names.items()),
        )
        for scene in definition.scenes[:SCENES]
    )


def _middle(checked: Stimuli, scene: str, condition: str) -> bytes:
    pixels = checked.pixels(scene, condition)
    top, left = (max(0, side - SIDE_PX) // 2 for side in pixels.shape[:2])
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[top : top + SIDE_PX, left : left + SIDE_PX])
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def boost(
    pixels: NDArray[np.uint8], reference: NDArray[np.uint8], zoom: int, amplification: int
) -> NDArray[np.uint8]:
    """Amplify the difference of (H,W[,C]) from the reference, clipped to 0..255; then enlarge by Lanczos.

    Source: Men et al. 2021, Subjective image quality assessment with boosted triplet comparisons.
    """
    if amplification != 1:
        difference = pixels.astype(np.int16) - reference
        pixels = np.clip(reference + amplification * difference, 0, 255).astype(np.uint8)
    if zoom != 1:
        height, width = pixels.shape[:2]
        size = (zoom * width, zoom * height)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    return pixels
