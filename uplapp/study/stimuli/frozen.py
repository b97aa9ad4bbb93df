"""The seal of a study: `manifest.json` beside its study.toml, which shows every later change."""

import hashlib
import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from uplapp import __version__, whole
from uplapp.errors import BadStudy
from uplapp.study.definition.definition import Definition, load
from uplapp.study.stimuli import stimuli
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE

MANIFEST = "manifest.json"
DEFINITION = "study.toml"


def freeze(folder: Path, now: float, again: bool = False) -> dict[str, Any]:
    """Check the study in `folder`, write its manifest.json and return what it says.

    Its `hash` begins with the 12 digits that every export has in the column `manifest`.
    `now` in seconds since 1970. BadStudy if it is frozen already, unless `again`: the next edition is
    another study, whose answers are kept apart.
    """
    definition = load(folder).with_consents()
    if not (folder / REFERENCE).is_dir():
        raise BadStudy(f"{folder} has no stimuli of its own; make them first: uplapp study render NAME")
    known = read(folder)
    if known and not again:
        raise BadStudy(f"{folder} is frozen already; `freeze --again` makes another study of it")
    checked, edition = stimuli.check(definition, folder), (known["edition"] if known else 0) + 1
    made = {
        "edition": edition,
        "hash": checked.digest(definition, edition),
        "frozen_at": now,
        "title": definition.title,
        "seed": definition.protocol.seed,
        "protocol": asdict(definition.protocol),
        "consents": {language: definition.consent_in(language) for language in definition.languages},
        "versions": _versions(),
        "files": _files(folder, checked),
    }
    whole.write_text(folder / MANIFEST, json.dumps(made, indent=2) + "\n")
    return made


def read(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a study: None if the study is not frozen, BadStudy if it is damaged."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if type(found["edition"]) is int and found["edition"] > 0 and dict(found["files"]):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise BadStudy(f"{path} is damaged; restore it, or freeze the study again: uplapp study freeze --again")


def with_consents(folder: Path, definition: Definition) -> Definition:
    """The study with its consent text in each language, which a frozen study takes from its manifest."""
    texts = (read(folder) or {}).get("consents", {})
    return definition.with_consents(texts if texts.keys() == {*definition.languages} else None)


def verify(folder: Path, checked: Stimuli) -> int:
    """The edition of a frozen study, 1 also for one never frozen. BadStudy names each file that changed."""
    known = read(folder)
    if known is None:
        return 1
    held, found = known["files"], _files(folder, checked)
    changed = sorted(name for name in held.keys() | found.keys() if held.get(name) != found.get(name))
    if changed:
        raise BadStudy(
            f"{folder} is frozen but changed since: {', '.join(changed)}; restore these files, "
            "or make another study of it: uplapp study freeze --again"
        )
    return int(known["edition"])


def _files(folder: Path, checked: Stimuli) -> dict[str, str]:
    """Path inside the folder -> SHA-256."""
    found = {f"{condition}/{scene}.png": digest for (scene, condition), digest in checked.hashes.items()}
    return {DEFINITION: hashlib.sha256((folder / DEFINITION).read_bytes()).hexdigest(), **found}


def _versions() -> dict[str, str]:
    return {
        "uplapp": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
