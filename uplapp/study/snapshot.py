"""A copy of the living database, whole and consistent, while observers answer."""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from uplapp.errors import UplappError


def snapshot(database: Path, target: Path) -> None:
    """Copy every study of `database` through SQLite's backup to the new file `target`.

    It holds the session tokens too: keep it as private as the database. UplappError if `target` exists.
    """
    if target.exists():
        raise UplappError(f"{target} exists already; choose another file name")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        draft = Path(scratch) / "copy.db"
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, no companions
        draft.rename(target)
