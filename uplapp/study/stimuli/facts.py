"""What a researcher sees before a study opens: its size, its length, what is the same, some pictures."""

import io
from dataclasses import dataclass
from itertools import combinations

from PIL import Image

from uplapp.study.definition import Definition
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE

SIDE_PX = 120
SCENES, CONDITIONS = 60, 12  # more would be megabytes
QUALITY = 88


@dataclass(frozen=True)
class Facts:
    """Numbers of one study. `trials` counts all that an observer answers, and `minutes` is an estimate.

    `identical` names, scene by scene, the pictures whose pixels are the same.
    """

    conditions: int
    scenes: int
    main_trials: int
    trials: int
    minutes: float
    identical: tuple[str, ...]


def facts(definition: Definition, checked: Stimuli) -> Facts:
    """Count a checked study and compare the pixels of its conditions, the reference among them."""
    return Facts(
        conditions=len(definition.conditions),
        scenes=len(definition.scenes),
        main_trials=definition.main_trials,
        trials=definition.trials,
        minutes=definition.minutes,
        identical=tuple(
            text for scene in definition.scenes for text in _identical(definition, checked, scene.name)
        ),
    )


def _identical(definition: Definition, checked: Stimuli, scene: str) -> list[str]:
    """A file's bytes may differ where its pixels do not, so the pixels are compared."""
    names = [REFERENCE, *(condition.name for condition in definition.conditions)]
    pixels = {name: checked.pixels(scene, name).tobytes() for name in names}
    return [
        f"{first} and {second} are pixel-identical in scene {scene}"
        for first, second in combinations(names, 2)
        if pixels[first] == pixels[second]
    ]


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
