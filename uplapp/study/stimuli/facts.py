"""What a researcher should know before a study opens: its size, its length, conditions that are the same."""

from dataclasses import dataclass
from itertools import combinations

from uplapp.study.definition import Definition
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE

SECONDS_A_TRIAL = 7.0  # two seconds of flicker, a choice and the way to the next: an estimate
SECONDS_AN_IMAGE, SECONDS_A_CRITERION = 3.0, 4.0  # to look, and to rate: estimates as well


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
        trials=trials(definition),
        minutes=minutes(definition),
        identical=tuple(
            text for scene in definition.scenes for text in _identical(definition, checked, scene.name)
        ),
    )


def trials(definition: Definition) -> int:
    """All that one observer answers: practice, main, catch and repeat trials."""
    protocol = definition.protocol
    return definition.main_trials + protocol.practice + protocol.catch + protocol.repeats


def minutes(definition: Definition) -> float:
    """How long an observer takes: an estimate from the number of trials and, in a rating study, criteria."""
    criteria = {entry.name for entry in definition.rating.criteria} if definition.rating else ()
    each_s = SECONDS_AN_IMAGE + SECONDS_A_CRITERION * len(criteria) if criteria else SECONDS_A_TRIAL
    return round(trials(definition) * each_s / 60, 1)


def _identical(definition: Definition, checked: Stimuli, scene: str) -> list[str]:
    """A file's bytes may differ where its pixels do not, so the pixels are compared."""
    names = [REFERENCE, *(condition.name for condition in definition.conditions)]
    pixels = {name: checked.pixels(scene, name).tobytes() for name in names}
    return [
        f"{first} and {second} are pixel-identical in scene {scene}"
        for first, second in combinations(names, 2)
        if pixels[first] == pixels[second]
    ]
