"""Studies as files that travel: made of pictures in folders or in a ZIP, packed whole into one ZIP."""

import json
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image, UnidentifiedImageError

from uplapp import whole
from uplapp.errors import BadStudy
from uplapp.study.definition import NAME, RESERVED, Definition, load, parse
from uplapp.study.stimuli import stimuli
from uplapp.values import REFERENCE

SUFFIXES = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg")
FORMATS = ("PNG", "TIFF", "BMP", "JPEG")  # whatever a file is called, no other decoder sees it
PROTOCOL = {"phase_ms": 250, "practice": 2, "catch": 2}

Tables = Mapping[str, Any]
MAX_FILES = 10_000
MAX_BYTES = 2 * 2**30  # unpacked, all files together
MAX_RATIO = 200  # bytes unpacked per byte packed; pictures and texts stay far below
SMALL = 2**20  # a file so small is no bomb, whatever its ratio
CHUNK = 2**20
ANSWERS = "answers"  # a folder of the ZIP that a study does not need
LIMITS = f"allowed: {MAX_FILES} files, {MAX_BYTES >> 30} GiB unpacked, {MAX_RATIO} times the packed size"
SPECIAL = frozenset("\\:\0")  # a drive, another system's separator, a name cut short


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
        _extracted(source, draft.parent, target.name)
        if not (draft / stimuli.DEFINITION).is_file():
            raise BadStudy(f"{source} has no {stimuli.DEFINITION}; `pack` writes a ZIP that can be unpacked")
        definition = load(draft)
        stimuli.verify(draft, stimuli.check(definition, draft))
    return definition


def create_from_zip(source: Path, target: Path, title: str, tables: Tables | None = None) -> Definition:
    """Make a new study from a ZIP with reference/ and one folder per condition."""
    _must_be_new(target)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = _extracted(source, Path(scratch), "pictures")
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
            paths = [PurePosixPath(name) for name in archive.namelist() if not _is_litter(name)]
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


def _extracted(source: Path, scratch: Path, name: str) -> Path:
    """Write the files of a ZIP below `scratch/name`, without the one folder that may hold them all."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _checked(archive, source)
            written = 0
            for path, entry in entries.items():
                written += _write(archive, entry, scratch / name / path, MAX_BYTES - written)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise BadStudy(f"{source} cannot be read as a ZIP file without a password") from None
    return scratch / name


def _checked(archive: zipfile.ZipFile, source: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files by their path. Every name and size is judged before the first byte is written."""
    entries = [entry for entry in archive.infolist() if not _is_litter(entry.filename)]
    for entry in entries:
        _check_entry(entry, source)
    files = {PurePosixPath(entry.filename): entry for entry in entries if not entry.is_dir()}
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise BadStudy(f"{source} is too large; {LIMITS}")
    _check_clashes(list(files), source)
    if len(files) < sum(not entry.is_dir() for entry in entries):
        raise BadStudy(f"{source} holds a file twice")
    tops = {path.parts[0] for path in files}
    if len(tops) == 1 and all(len(path.parts) > 1 for path in files):
        return {path.relative_to(path.parts[0]): entry for path, entry in files.items()}
    return files


def _is_litter(name: str) -> bool:
    """What file managers add on their own."""
    path = PurePosixPath(name)
    return path.parts[:1] == ("__MACOSX",) or path.name in (".DS_Store", "Thumbs.db")


def _check_entry(entry: zipfile.ZipInfo, source: Path) -> None:
    path, kind = PurePosixPath(entry.filename), stat.S_IFMT(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or not path.parts or SPECIAL & set(entry.orig_filename):
        raise BadStudy(f"{source} holds {entry.orig_filename!r}, which is no plain path inside a study")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadStudy(f"{source}: {entry.filename!r} is a link or a device; only files are allowed")
    if entry.file_size > SMALL and entry.file_size > MAX_RATIO * entry.compress_size:
        raise BadStudy(f"{source}: {entry.filename!r} unpacks to {entry.file_size} bytes; {LIMITS}")


def _check_clashes(paths: list[PurePosixPath], source: Path) -> None:
    """Names that differ in case only are one file on some disks. Folders count too."""
    seen: dict[str, str] = {}
    for path in paths:
        for part in [path, *path.parents]:
            first = seen.setdefault(str(part).casefold(), str(part))
            if first != str(part):
                raise BadStudy(f"{source}: {first!r} and {str(part)!r} differ in case only; rename one")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, room: int) -> int:
    """Copy one file in pieces. Its header may lie about its size, so the bytes are counted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as packed, path.open("xb") as file:
        while piece := packed.read(CHUNK):
            written += len(piece)
            if written > min(entry.file_size, room):
                raise BadStudy(f"{archive.filename}: {entry.filename!r} is larger than it says; {LIMITS}")
            file.write(piece)
    return written
