"""A new study from folders of pictures, made as a whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from uplapp.errors import BadStudy
from uplapp.study import stimuli
from uplapp.study.definition import Definition, load, parse
from uplapp.values import REFERENCE

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")


def create(target: Path, title: str, reference: Path, conditions: Mapping[str, Path]) -> Definition:
    """Copy the pictures to `target` and write its study.toml; a file's name without suffix is its scene.

    BadStudy if `target` exists, a scene is missing in a folder, or pictures of a scene do not agree.
    """
    if target.exists():
        raise BadStudy(f"{target} exists already; choose another name")
    sources = {REFERENCE: _pictures(reference)}
    sources |= {name: _pictures(folder) for name, folder in conditions.items()}
    scenes = sorted(sources[REFERENCE])
    text = _toml(title, list(conditions), scenes)
    parse({"title": title, **_names(list(conditions), scenes)}, target.name, "the new study")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        draft = Path(scratch) / target.name
        for condition, pictures in sources.items():
            for scene in scenes:
                _copy(pictures, scene, draft / condition, conditions.get(condition, reference))
        (draft / "study.toml").write_text(text, encoding="utf-8")
        definition = load(draft)
        stimuli.check(definition, draft)
        shutil.move(draft, target)
    return definition


def _pictures(folder: Path) -> dict[str, Path]:
    """Scene name -> file."""
    if not folder.is_dir():
        raise BadStudy(f"{folder} is not a folder")
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}
    if not found:
        raise BadStudy(f"{folder} holds no pictures; allowed: {', '.join(SUFFIXES)}")
    return found


def _copy(pictures: Mapping[str, Path], scene: str, folder: Path, source: Path) -> None:
    if scene not in pictures:
        raise BadStudy(f"{source} has no picture of the scene '{scene}'; every folder needs every scene")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Image.open(pictures[scene]) as image:
            if image.mode not in ("L", "RGB") or image.width * image.height > stimuli.MAX_PIXELS:
                found = f"{image.width}x{image.height} {image.mode}"
                allowed = f"8-bit grey or RGB of at most {stimuli.MAX_PIXELS} pixels"
                raise BadStudy(f"{pictures[scene]} is {found}; stimuli are {allowed}")
            image.save(folder / f"{scene}.png")
    except (UnidentifiedImageError, OSError):
        raise BadStudy(f"{pictures[scene]} cannot be read as a picture") from None


def _names(conditions: list[str], scenes: list[str]) -> dict[str, list[dict[str, str]]]:
    return {
        "conditions": [{"name": name, "label": name} for name in conditions],
        "scenes": [{"name": name} for name in scenes],
    }


def _toml(title: str, conditions: list[str], scenes: list[str]) -> str:
    lines = [
        f"title = {json.dumps(title)}",
        "",
        "[protocol]",
        "phase_ms = 250",
        "practice = 2",
        "catch = 2",
        "",
    ]
    for kind, entries in _names(conditions, scenes).items():
        for entry in entries:
            lines += [f"[[{kind}]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items()), ""]
    return "\n".join(lines)
