"""Texts that a new study starts from, in each language: titles, criteria, consent."""

from collections.abc import Mapping, Sequence
from typing import Any

from uplapp.errors import UnknownName

PAIRS, RATING = "pairs", "rating"
CONSENTS: Mapping[str, Mapping[str, str]] = {  # the standard texts, by what observers do
    PAIRS: {
        "en": (
            "You will see pairs of flickering pictures and say which of the two changes less. The pictures "
            "alternate a few times a second. Please do not take part if you are sensitive to flickering "
            "light, for instance if you have photosensitive epilepsy. We store your answers, their timing "
            "and the size of your window, nothing that names you. You can stop at any time, "
            "and you can withdraw your answers."
        ),
        "de": (
            "Sie sehen Paare flimmernder Bilder und sagen, welches der beiden sich weniger verändert. Die "
            "Bilder wechseln einige Male in der Sekunde. Bitte nehmen Sie nicht teil, wenn Sie empfindlich "
            "auf flimmerndes Licht reagieren, etwa bei fotosensibler Epilepsie. Wir speichern Ihre "
            "Antworten, deren Zeiten und die Größe Ihres Fensters, nichts, was Sie nennt. Sie können "
            "jederzeit aufhören und Ihre Antworten zurückziehen."
        ),
    },
    RATING: {
        "en": (
            "You will see pictures one at a time and rate each of them. We store your answers, their timing "
            "and the size of your window, nothing that names you. You can stop at any time, and you can "
            "withdraw your answers."
        ),
        "de": (
            "Sie sehen Bilder, eines nach dem anderen, und bewerten jedes. Wir speichern Ihre Antworten, "
            "deren Zeiten und die Größe Ihres Fensters, nichts, was Sie nennt. Sie können jederzeit aufhören "
            "und Ihre Antworten zurückziehen."
        ),
    },
}
PLACED: Mapping[str, Mapping[str, str]] = {  # what follows a consent text, where the study says it
    "en": {
        "internal_test": "This is an internal test: nothing is concluded from its answers.",
        "purpose": "Purpose",
        "contact": "Responsible, and how to reach them",
        "retention": "How long your answers are kept",
        "questions": "Who answers your questions",
    },
    "de": {
        "internal_test": "Dies ist ein interner Test: Aus seinen Antworten wird nichts gefolgert.",
        "purpose": "Zweck",
        "contact": "Verantwortlich, und wie erreichbar",
        "retention": "Wie lange Ihre Antworten aufbewahrt werden",
        "questions": "Wer Ihre Fragen beantwortet",
    },
}
# What manifests held up to version 0.1, where the page showed the standard texts above all the same.
FORMER_CONSENTS: Mapping[str, str] = {
    PAIRS: """You will see pairs of flickering pictures and say which of the two changes less.
The pictures alternate a few times a second. Please do not take part if you are sensitive to
flickering light, for instance if you have photosensitive epilepsy. We store your answers, their
timing and the size of your window, nothing that names you. You can stop at any time.""",
    RATING: """You will see pictures one at a time and rate each of them on a labelled scale.
We store your answers, their timing and the size of your window, nothing that names you.
You can stop at any time.""",
}
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
    """The title that observers read on top, unless the researcher writes one."""
    return _titles(task)[language]


def tables(task: str, languages: Sequence[str], reference: str = "shown") -> dict[str, Any]:
    """The tables of study.toml that make a task: `rating` with its criteria, or no table for pairs."""
    _titles(task)
    if task == PAIRS:
        return {}
    criteria = [
        {"name": name, "question": questions[language], "scale": task, "language": language}
        for name, questions in RATINGS[task].items()
        for language in languages
    ]
    return {"rating": {"reference": reference, "criteria": criteria}}


def consent(rating: bool, language: str) -> str:
    """The standard consent text in a language, in English where that language lacks one."""
    texts = CONSENTS[RATING if rating else PAIRS]
    return texts.get(language, texts["en"])


def placed(said: Mapping[str, str | bool], language: str) -> str:
    """The paragraphs that follow a consent text, of what `said` holds for the keys of PLACED."""
    words = PLACED.get(language, PLACED["en"])
    test = [words["internal_test"]] if said["internal_test"] else []
    rows = [f"{words[name]}: {said[name]}" for name in words if name != "internal_test" and said[name]]
    return "".join(f"\n\n{row}" for row in [*test, *rows])


def _titles(task: str) -> Mapping[str, str]:
    if task not in TITLES:
        raise UnknownName("task", task, TASKS)
    return TITLES[task]
