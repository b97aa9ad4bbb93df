"""What a researcher fills in to draft a study."""

from dataclasses import replace
from pathlib import Path

from tests.study.tiny import CONDITIONS, SCENES
from uplapp.study.definition import PLACES
from uplapp.web.researcher.build import build_view, form
from uplapp.web.researcher.build.collecting import Collected, Results

FIELDS = {
    "task": form.COMPARE,
    "hidden": False,
    "phase": "250 ms (2 Hz, usual)",
    "layout": "Side by side if both fit",
    "language": "English, German",
    "pairs": "All of them",
    "number": 60,
    "quota": 0,
    "recruited": "Anywhere",
    "practice": 2,
    "catch": 2,
    "repeats": 0,
    "every": 0,
    "steps": "Which one",
    "not_sure": False,
    "both_bad": False,
    "disguised": False,
    "links": False,
    **dict.fromkeys(PLACES, ""),
    "internal": True,
    "more": "",
}


def tables(**changes):
    return form.tables(*(FIELDS | changes).values())


def drafted(desk, upload, name="faces", title="Which?", **changes):
    values = (FIELDS | changes).values()
    return build_view.drafted(desk, build_view.ZIP, upload, Collected(), name, title, *values)


def results(folder: Path, name="photo", conditions=CONDITIONS, **changes) -> Results:
    """A restoration's files."""
    files = {condition: folder / condition / f"{SCENES[0]}.png" for condition in conditions}
    reference = folder / "reference" / f"{SCENES[0]}.png"
    made = Results(name, reference, files, {condition: condition.upper() for condition in conditions})
    return replace(made, **changes)
