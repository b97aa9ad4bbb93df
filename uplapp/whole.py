"""Files and folders that are written as a whole or not at all: a kill leaves the old one or the new one."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file in one replace and return its path. A folder that is missing is made."""
    with replacing(path) as partial:
        partial.write_bytes(content)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text as UTF-8, its line ends as they are, in one replace and return the file's path."""
    return write_bytes(path, text.encode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a partial file to write, which takes the place of `path` at the end or goes away with an error.

    Its name is its own, so two writers of one file do not meet. Of nested blocks the inner file comes first:
    `with replacing(card), replacing(weights)` puts the weights in place before the card. A link stays a
    link, and a device such as /dev/stdout is written directly.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        yield path
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Delete the partial files that killed writers left in a folder. Nobody may be writing there."""
    for partial in folder.glob("*.partial"):
        partial.unlink()


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield the path of a folder to fill, called as `target` is, which is moved there at the end.

    What is left of it goes away with an error. `target` must not exist; OSError if it does by then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        draft = Path(scratch) / target.name
        yield draft
        draft.rename(target)
