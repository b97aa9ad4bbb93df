"""A new study from folders of pictures, made as a whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from uplapp import whole
from uplapp.errors import BadStudy
from uplapp.study.definition import Definition, load, parse
from uplapp.study.stimuli import stimuli
from uplapp.values import REFERENCE

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
FORMATS = ("PNG", "TIFF", "BMP", "JPEG")  # whatever a file is called, no other decoder sees it
PROTOCOL = {"phase_ms": 250, "practice": 2, "catch": 2}

Tables = Mapping[str, Any]


def create(
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
    asked = {key: table for key, table in (tables or {}).items() if table is not None}
    raw = {"title": title, "protocol": PROTOCOL, **asked, **_names(named, scenes)}
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
    found = {path.stem: path for path in files}
    for path in files:
        if found[path.stem] != path:
            raise BadStudy(f"{path} and {found[path.stem].name} are one scene by their name; rename one")
    if not found:
        raise BadStudy(f"{folder} holds no pictures; allowed: {', '.join(SUFFIXES)}")
    return found


def _copy(pictures: Mapping[str, Path], scene: str, folder: Path, source: Path) -> None:
    if scene not in pictures:
        raise BadStudy(f"{source} has no picture of the scene '{scene}'; every folder needs every scene")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(pictures[scene], formats=FORMATS) as image:
            if image.mode not in ("L", "RGB") or image.width * image.height > stimuli.MAX_PIXELS:
                found = f"{image.width}x{image.height} {image.mode}"
                allowed = f"8-bit grey or RGB of at most {stimuli.MAX_PIXELS} pixels"
                raise BadStudy(f"{pictures[scene]} is {found}; stimuli are {allowed}")
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
    """A value as in JSON, without escapes beyond ASCII, for TOML has no surrogates. DEL must be escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
