"""Files out of a ZIP that a stranger sent: each name and size is judged before the first byte is written."""

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from uplapp.errors import BadArchive

MAX_FILES = 10_000
MAX_BYTES = 2 * 2**30  # unpacked, all files together
MAX_RATIO = 200  # bytes unpacked per byte packed; pictures and texts stay far below
SMALL = 2**20  # a file so small is no bomb, whatever its ratio
CHUNK = 2**20
LIMITS = f"allowed: {MAX_FILES} files, {MAX_BYTES >> 30} GiB unpacked, {MAX_RATIO} times the packed size"
SPECIAL = frozenset("\\:\0")  # a drive, another system's separator, a name cut short


def extract(source: Path, folder: Path) -> Path:
    """Write the files of a ZIP below a folder, without the one folder that may hold them all. Returns it.

    BadArchive for a path that leaves the folder, a link, names that differ in case only, more files or bytes
    than LIMITS, and what is no ZIP or needs a password. What was written until then stays.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = _checked(archive, source)
            written = 0
            for path, entry in entries.items():
                written += _write(archive, entry, folder / path, MAX_BYTES - written)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise BadArchive(f"{source} cannot be read as a ZIP file without a password") from None
    return folder


def _checked(archive: zipfile.ZipFile, source: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files by their path. Every name and size is judged before the first byte is written."""
    entries = [entry for entry in archive.infolist() if not is_litter(entry.filename)]
    for entry in entries:
        _check_entry(entry, source)
    files = {PurePosixPath(entry.filename): entry for entry in entries if not entry.is_dir()}
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise BadArchive(f"{source} is too large; {LIMITS}")
    _check_clashes(list(files), source)
    if len(files) < sum(not entry.is_dir() for entry in entries):
        raise BadArchive(f"{source} holds a file twice")
    tops = {path.parts[0] for path in files}
    if len(tops) == 1 and all(len(path.parts) > 1 for path in files):
        return {path.relative_to(path.parts[0]): entry for path, entry in files.items()}
    return files


def is_litter(name: str) -> bool:
    """What file managers add on their own."""
    path = PurePosixPath(name)
    return path.parts[:1] == ("__MACOSX",) or path.name in (".DS_Store", "Thumbs.db")


def _check_entry(entry: zipfile.ZipInfo, source: Path) -> None:
    path, kind = PurePosixPath(entry.filename), stat.S_IFMT(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or not path.parts or SPECIAL & set(entry.orig_filename):
        raise BadArchive(f"{source} holds {entry.orig_filename!r}, which is no plain path inside of it")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadArchive(f"{source}: {entry.filename!r} is a link or a device; only files are allowed")
    if entry.file_size > SMALL and entry.file_size > MAX_RATIO * entry.compress_size:
        raise BadArchive(f"{source}: {entry.filename!r} unpacks to {entry.file_size} bytes; {LIMITS}")


def _check_clashes(paths: list[PurePosixPath], source: Path) -> None:
    """Names that differ in case only are one file on some disks. Folders count too."""
    seen: dict[str, str] = {}
    for path in paths:
        for part in [path, *path.parents]:
            first = seen.setdefault(str(part).casefold(), str(part))
            if first != str(part):
                raise BadArchive(f"{source}: {first!r} and {str(part)!r} differ in case only; rename one")


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, room: int) -> int:
    """Copy one file in pieces. Its header may lie about its size, so the bytes are counted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as packed, path.open("xb") as file:
        while piece := packed.read(CHUNK):
            written += len(piece)
            if written > min(entry.file_size, room):
                raise BadArchive(f"{archive.filename}: {entry.filename!r} is larger than it says; {LIMITS}")
            file.write(piece)
    return written
