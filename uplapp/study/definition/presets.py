"""Tasks that a new study can start from: pairs, opinion scores, expert grading; in each language."""

from collections.abc import Mapping, Sequence
from typing import Any

from uplapp.errors import UnknownName

PAIRS = "pairs"
QUALITY = {"en": "How good does this image look?", "de": "Wie gut sieht dieses Bild aus?"}
GRADES = {  # the three criteria of the loss comparison's own observations, section 5.2.2
    "denoising": {"en": "Is the noise gone?", "de": "Ist das Rauschen verschwunden?"},
    "structure": {
        "en": "Are colours and structures preserved?",
        "de": "Sind Farben und Strukturen erhalten?",
    },
    "details": {
        "en": "Are true details there, and none made up?",
        "de": "Sind echte Details da und keine erfundenen?",
    },
}
RATINGS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "mos5": {"quality": QUALITY},
    "mos4": {"quality": QUALITY},
    "grade3": GRADES,
}
TASKS = (PAIRS, *RATINGS)
TITLES = {
    PAIRS: {"en": "Which picture changes less?", "de": "Welches Bild verändert sich weniger?"},
    **{name: {"en": "How good are these images?", "de": "Wie gut sind diese Bilder?"} for name in RATINGS},
}


def title(task: str, language: str) -> str:
    """What observers read on top, unless the researcher writes it."""
    return _known(task)[language]


def tables(task: str, languages: Sequence[str], reference: str = "shown") -> dict[str, Any]:
    """The tables of study.toml that make a task: none for pairs, else `rating` with its criteria."""
    _known(task)
    if task == PAIRS:
        return {}
    criteria = [
        {"name": name, "question": questions[language], "scale": task, "language": language}
        for name, questions in RATINGS[task].items()
        for language in languages
    ]
    return {"rating": {"reference": reference, "criteria": criteria}}


def _known(task: str) -> Mapping[str, str]:
    if task not in TITLES:
        raise UnknownName("task", task, TASKS)
    return TITLES[task]
