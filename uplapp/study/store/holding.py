"""One serving process to a data folder: a second one learns who holds it."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from uplapp.errors import UplappError

LOCK, HOLDER = "serving.lock", "serving.txt"


class Held(UplappError):
    """Another process serves this data folder."""


@contextmanager
def holding(folder: Path, wait: bool = False) -> Iterator[None]:
    """Hold a data folder for the one process that serves it, as long as the block runs.

    Where another has it, Held says which; with `wait` that is printed on stderr, and the block begins when
    the other ends, however it ends. The command line is no server: its single transactions join in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock, holder = FileLock(folder / LOCK), folder / HOLDER
    try:
        lock.acquire(timeout=0)
    except Timeout as busy:
        if not wait:
            raise Held(
                f"{folder} is served by {_said(holder)}; stop that one, or set UPLAPP_DATA to another folder"
            ) from busy
        print(f"{folder} is served by {_said(holder)}; this one waits for its end", file=sys.stderr)
        lock.acquire()
    try:
        began = time.strftime("%Y-%m-%d %H:%M:%S")
        holder.write_text(f"process {os.getpid()} on {platform.node()} since {began}\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def _said(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip() or "another process"
    except OSError:
        return "another process"
