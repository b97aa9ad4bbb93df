"""Studies as files that travel: made of pictures in folders or in a ZIP, packed whole into one ZIP."""

import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image, UnidentifiedImageError

from uplapp import whole
from uplapp.errors import BadArchive, BadStudy
from uplapp.packed import extract, is_litter
from uplapp.study.definition import NAME, RESERVED, Definition, load, parse
from uplapp.study.stimuli import stimuli
from uplapp.values import REFERENCE

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
FORMATS = ("PNG", "TIFF", "BMP", "JPEG")  # whatever a file is called, no other decoder sees it
PROTOCOL = {"phase_ms": 250, "practice": 2, "catch": 2}

Tables = Mapping[str, Any]
ANSWERS = "answers"  # a folder of the ZIP that a study does not need


def create_from_folders(
    target: Path,
    title: str,
    reference: Path,
    conditions: Mapping[str, Path],
    tables: Tables | None = None,
    labels: Mapping[str, str] | None = None,
) -> Definition:
    """Copy the pictures to `target` and write its study.toml. A file's name without suffix is its scene.

    `tables` are further tables of the study.toml, such as `protocol`; `labels` are names of conditions on
    screen. BadStudy if `target` exists, a scene is missing in a folder, or pictures of a scene do not agree.
    """
    if target.exists():
        raise BadStudy(f"{target} exists already; choose another name")
    sources = {REFERENCE: _pictures(reference)}
    sources |= {name: _pictures(folder) for name, folder in conditions.items()}
    scenes = sorted(sources[REFERENCE])
    named = {name: (labels or {}).get(name, name) for name in conditions}
    others = {key: table for key, table in (tables or {}).items() if table is not None}
    raw = {"title": title, "protocol": PROTOCOL, **others, **_names(named, scenes)}
    parse(raw, target.name, "the new study")
    with whole.new_folder(target) as draft:
        for condition, pictures in sources.items():
            for scene in scenes:
                _copy(pictures, scene, draft / condition, conditions.get(condition, reference))
        (draft / "study.toml").write_text(to_toml(raw), encoding="utf-8")
        definition = load(draft)
        stimuli.check(definition, draft)
    return definition


def _pictures(folder: Path) -> dict[str, Path]:
    """Scene name -> file."""
    if not folder.is_dir():
        raise BadStudy(f"{folder} is not a folder")
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    by_scene = {path.stem: path for path in files}
    for path in files:
        if by_scene[path.stem] != path:
            raise BadStudy(f"{path} and {by_scene[path.stem].name} are one scene by their name; rename one")
    if not by_scene:
        raise BadStudy(f"{folder} holds no pictures; allowed: {', '.join(SUFFIXES)}")
    return by_scene


def _copy(pictures: Mapping[str, Path], scene: str, folder: Path, source: Path) -> None:
    if scene not in pictures:
        raise BadStudy(f"{source} has no picture of the scene '{scene}'; every folder needs every scene")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(pictures[scene], formats=FORMATS) as image:
            if image.mode not in ("L", "RGB") or image.width * image.height > stimuli.MAX_PIXELS:
                kind = f"{image.width}x{image.height} {image.mode}"
                allowed = f"8-bit grey or RGB of at most {stimuli.MAX_PIXELS} pixels"
                raise BadStudy(f"{pictures[scene]} is {kind}; stimuli are {allowed}")
            image.save(folder / f"{scene}.png")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadStudy(f"{pictures[scene]} cannot be read as a picture") from None


def _names(conditions: Mapping[str, str], scenes: list[str]) -> dict[str, list[dict[str, str]]]:
    return {
        "conditions": [{"name": name, "label": label} for name, label in conditions.items()],
        "scenes": [{"name": name} for name in scenes],
    }


def to_toml(raw: Mapping[str, Any], path: str = "") -> str:
    """Write texts, numbers, truth values, lists, tables and lists of tables as TOML.

    Keys are bare names, and None is left out.
    """
    own = {key: value for key, value in raw.items() if not _tables(value) and value is not None}
    lines = [f"{key} = {_toml_value(value)}" for key, value in own.items()]
    for key, value in raw.items():
        name = f"{path}{key}"
        head = f"[{name}]" if isinstance(value, Mapping) else f"[[{name}]]"
        lines += [f"\n{head}\n{to_toml(table, f'{name}.')}".rstrip() for table in _tables(value)]
    return "\n".join(lines) + "\n"


def _tables(value: object) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    rows = list(value) if isinstance(value, list | tuple) else []
    return rows if rows and all(isinstance(row, Mapping) for row in rows) else []


def _toml_value(value: object) -> str:
    """A value as in JSON, without escapes beyond ASCII, for TOML has no surrogates. DEL must be escaped.

    A day becomes a text.
    """
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


def pack(folder: Path, root: Path, target: Path, extra: Mapping[str, str] | None = None) -> int:
    """Write definition, stimuli, manifest if frozen, and `extra` texts by their name under answers/.

    `root` is where the stimuli lie. Returns the number of files. BadStudy if the study is not in order or
    `target` exists; then nothing is left behind.
    """
    definition = load(folder)
    checked = stimuli.check(definition, root)
    stimuli.verify(root, checked)
    if target.exists():
        raise BadStudy(f"{target} exists already; choose another file name")
    files = {stimuli.DEFINITION: folder / stimuli.DEFINITION}
    files |= {
        name: root / name for name in (f"{condition}/{scene}.png" for scene, condition in checked.hashes)
    }
    if stimuli.read(folder):
        files[stimuli.MANIFEST] = folder / stimuli.MANIFEST
    texts = {f"{ANSWERS}/{name}": text for name, text in (extra or {}).items()}
    with whole.replacing(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.write(path, f"{definition.name}/{name}")
        for name, text in texts.items():
            archive.writestr(f"{definition.name}/{name}", text)
    return len(files) + len(texts)


def unpack(source: Path, target: Path) -> Definition:
    """Make the study folder `target` from a packed study. The whole of it, checked, or nothing.

    BadStudy for a path that leaves the folder, a link, names that differ in case only, more files or bytes
    than the limits, a manifest that does not fit, or a study that is not in order. Answers come along as
    files; they do not enter a database.
    """
    _must_be_new(target)
    with whole.new_folder(target) as draft:
        _extracted(source, draft)
        if not (draft / stimuli.DEFINITION).is_file():
            raise BadStudy(f"{source} has no {stimuli.DEFINITION}; `pack` writes a ZIP that can be unpacked")
        definition = load(draft)
        stimuli.verify(draft, stimuli.check(definition, draft))
    return definition


def create_from_zip(source: Path, target: Path, title: str, tables: Tables | None = None) -> Definition:
    """Make a new study from a ZIP with reference/ and one folder per condition."""
    _must_be_new(target)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = _extracted(source, Path(scratch) / "pictures")
        if not (folder / REFERENCE).is_dir():
            raise BadStudy(f"{source} has no folder {REFERENCE}/; it needs that and one folder per condition")
        conditions = {path.name: path for path in sorted(folder.iterdir()) if _has_pictures(path)}
        return create_from_folders(
            target, title, conditions.pop(REFERENCE, folder / REFERENCE), conditions, tables
        )


def is_packed(source: Path) -> bool:
    """Whether a ZIP holds a whole study with its definition, and not pictures alone."""
    try:
        with zipfile.ZipFile(source) as archive:
            paths = [PurePosixPath(name) for name in archive.namelist() if not is_litter(name)]
    except (OSError, zipfile.BadZipFile):
        return False
    return any(path.name == stimuli.DEFINITION and len(path.parts) <= 2 for path in paths)


def name_of(text: str) -> str:
    """The same text if a study can have it as its name, so that it is no way out of the studies' folder."""
    if not NAME.fullmatch(text) or text.lower() in (*RESERVED, REFERENCE):
        raise BadStudy(f"{text!r} cannot be used as a study's name; write 1-40 letters, digits, _ or -")
    return text


def _must_be_new(target: Path) -> None:
    if target.exists():
        raise BadStudy(f"{target} exists already; choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)


def _has_pictures(path: Path) -> bool:
    return path.is_dir() and any(file.suffix.lower() in SUFFIXES for file in path.iterdir())


def _extracted(source: Path, folder: Path) -> Path:
    try:
        return extract(source, folder)
    except BadArchive as error:
        raise BadStudy(str(error)) from None
