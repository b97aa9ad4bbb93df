"""A study under construction: built and checked out of sight, then frozen and put in place as a whole."""

import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from uplapp import whole
from uplapp.errors import BadStudy
from uplapp.study.definition import Definition, load
from uplapp.study.stimuli import package, stimuli
from uplapp.study.stimuli.facts import Facts, facts
from uplapp.study.stimuli.package import Tables
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.values import REFERENCE


@dataclass(frozen=True, eq=False)
class Pictures:
    """One scene as files: `reference`, and the picture of each condition by its name."""

    scene: str
    reference: Path
    conditions: Mapping[str, Path]


@dataclass(frozen=True, eq=False)
class Draft:
    """A checked study in a folder of its own, not open yet. `sealed` if it came with a manifest."""

    folder: Path
    definition: Definition
    stimuli: Stimuli
    facts: Facts
    sealed: bool


def from_zip(drafts: Path, source: Path, name: str, title: str, tables: Tables) -> Draft:
    """Draft a study from a ZIP of pictures. One that `pack` wrote keeps its own title and tables.

    BadStudy, in which files go by their names alone, if it is not in order; then nothing is left.
    """
    with _scratch(drafts, name, source) as folder:
        if package.is_packed(source):
            package.unpack(source, folder)
        else:
            package.create_from_zip(source, folder, title, tables)
        return _checked(folder)


def from_pictures(
    drafts: Path, scenes: Sequence[Pictures], labels: Mapping[str, str], name: str, title: str, tables: Tables
) -> Draft:
    """Draft a study from pictures that were made here. `labels` name its conditions on screen."""
    if not scenes:
        raise BadStudy("no results are collected yet; add some on the Restore tab")
    wanted = [*scenes[0].conditions]
    with _scratch(drafts, name) as folder, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        pool = Path(scratch)
        for pictures in scenes:
            if set(pictures.conditions) != set(wanted):
                raise BadStudy(
                    f"scene '{pictures.scene}' has {_listed(pictures.conditions)}, scene '{scenes[0].scene}' "
                    f"has {_listed(wanted)}; restore every scene by the same networks"
                )
            for condition, path in {REFERENCE: pictures.reference, **pictures.conditions}.items():
                _copy(path, pool / condition / f"{pictures.scene}.png")
        sources = {condition: pool / condition for condition in wanted}
        package.create_from_folders(folder, title, pool / REFERENCE, sources, tables, labels)
        return _checked(folder)


def publish(draft: Draft, studies: Path, now: float) -> Path:
    """Freeze a draft and put it among the studies, the whole of it or nothing. Returns its folder there."""
    target = studies / draft.folder.name
    if target.exists():
        raise BadStudy(f"a study '{target.name}' exists already; choose another name")
    if not draft.sealed:
        stimuli.freeze(draft.folder, now)
    with whole.new_folder(target) as copied:
        shutil.copytree(draft.folder, copied)
    discard(draft)
    return target


def discard(draft: Draft) -> None:
    """Remove a draft from the disk."""
    shutil.rmtree(draft.folder.parent, ignore_errors=True)


def sweep(drafts: Path) -> None:
    """Remove what earlier processes left."""
    shutil.rmtree(drafts, ignore_errors=True)


@contextmanager
def _scratch(drafts: Path, name: str, source: Path | None = None) -> Iterator[Path]:
    """Yield the folder to make a study in. An error removes it, and its text holds no path of the server."""
    folder = drafts / secrets.token_hex(16) / package.name_of(name)
    folder.parent.mkdir(parents=True)
    try:
        yield folder
    except BaseException as error:
        shutil.rmtree(folder.parent, ignore_errors=True)
        if not isinstance(error, BadStudy):
            raise
        text = str(error) if source is None else str(error).replace(str(source), source.name)
        raise BadStudy(_plain(text, folder)) from None


def _plain(text: str, folder: Path) -> str:
    """Paths below the scratch folder as they are inside the study."""
    inside = rf"{re.escape(str(folder.parent))}/(?:(?:tmp|\.new-)[^/]*/)*(?:pictures/|{folder.name}/)?"
    return re.sub(inside, "", text)


def _checked(folder: Path) -> Draft:
    definition = load(folder)
    checked = stimuli.check(definition, folder)
    return Draft(folder, definition, checked, facts(definition, checked), stimuli.read(folder) is not None)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except OSError:
        raise BadStudy(f"the picture of scene '{target.stem}' is gone by now; restore it again") from None


def _listed(names: object) -> str:
    return ", ".join(sorted(names))  # type: ignore[call-overload]
