"""Copies of the pictures of each edition, so that it can be shown after the study's folder changed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from uplapp import whole
from uplapp.errors import BadStudy
from uplapp.study.definition import Definition, consents_of, parse
from uplapp.study.stimuli.stimuli import Stimuli, check


class PicturesGone(BadStudy):
    """An edition whose pictures lie nowhere any more."""


def restored(name: str, manifest: str) -> Definition:
    """The definition in a manifest, with the consent text in each language as people read it."""
    said = json.loads(manifest)["definition"]
    tables = {key: value for key, value in said.items() if key != "name"}
    definition = parse(tables, name, f"an earlier edition of {name}")
    return definition.with_consents(consents_of(said))


def keep(manifest: str, sources: Sequence[Path], folder: Path) -> None:
    """Copy the pictures of a manifest to `folder` from the first of the `sources` that has them unchanged.

    What `folder` holds already stays. PicturesGone names the first picture that is nowhere.
    """
    for name, digest in json.loads(manifest)["stimuli"].items():
        if _content(folder, name, digest) is not None:
            continue
        found = (_content(source, name, digest) for source in sources)
        content = next((raw for raw in found if raw is not None), None)
        if content is None:
            raise PicturesGone(f"its picture {name}.png was replaced or removed; restore that file")
        whole.write_bytes(_path(folder, name), content)


def kept(name: str, manifest: str, sources: Sequence[Path], folder: Path) -> tuple[Definition, Stimuli]:
    """Definition and pictures of an edition, shown from their copies in `folder`. Raises as `keep` does."""
    keep(manifest, sources, folder)
    definition = restored(name, manifest)
    return definition, check(definition, folder)


def moved(checked: Stimuli, manifest: str, folder: Path) -> Stimuli:
    """The same checked pictures, shown from a copy in `folder` that nobody edits."""
    keep(manifest, [checked.root], folder)
    return replace(checked, root=folder)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.png"


def _content(folder: Path, name: str, digest: str) -> bytes | None:
    """The bytes of a picture, None if the file is missing or another."""
    try:
        raw = _path(folder, name).read_bytes()
    except OSError:
        return None
    return raw if hashlib.sha256(raw).hexdigest() == digest else None
