"""What a study asks and shows: its study.toml as checked, frozen values."""

from uplapp.study.definition.definition import NAME, RESERVED, Definition, consents_of, load, parse
from uplapp.study.definition.protocol import (
    LAYOUTS,
    SCALES,
    Access,
    Completion,
    Consent,
    Criterion,
    Protocol,
    Question,
    Rating,
    Render,
    Scene,
    Translation,
)

__all__ = [
    "LAYOUTS",
    "NAME",
    "RESERVED",
    "SCALES",
    "Access",
    "Completion",
    "Consent",
    "Criterion",
    "Definition",
    "Protocol",
    "Question",
    "Rating",
    "Render",
    "Scene",
    "Translation",
    "consents_of",
    "load",
    "parse",
]
