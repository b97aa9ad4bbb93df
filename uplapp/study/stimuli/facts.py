"""What a researcher should know before a study opens: its size, its length, conditions that are the same."""

from dataclasses import dataclass
from itertools import combinations

from uplapp.study.definition import Definition
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE


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
