"""The pictures of a study side by side, to see at a glance that nothing is mixed up."""

import io
from dataclasses import dataclass

from PIL import Image

from uplapp.study.definition import Definition
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
    """The first scenes under the first conditions. Scaled pictures would hide what sets them apart."""
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
