"""What a study asks and shows: its study.toml as checked, frozen values."""

from uplapp.study.definition.definition import NAME, RESERVED, Definition, consents_of, load, parse
from uplapp.study.definition.protocol import (
    LAYOUTS,
    PANELS,
    SCALES,
    Access,
    Completion,
    Consent,
    Criterion,
    Panel,
    Protocol,
    Question,
    Rating,
    Render,
    Retention,
    Scene,
    Translation,
)

__all__ = [
    "LAYOUTS",
    "NAME",
    "PANELS",
    "RESERVED",
    "SCALES",
    "Access",
    "Completion",
    "Consent",
    "Criterion",
    "Definition",
    "Panel",
    "Protocol",
    "Question",
    "Rating",
    "Render",
    "Retention",
    "Scene",
    "Translation",
    "consents_of",
    "load",
    "parse",
]
