"""HDF5 files of strangers: opened once a process of its own has read them to the end.

In a damaged file the library may follow a table that has no end, or end the process.
"""

import atexit
import faulthandler
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import IO, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage, require_samples

READ, PARTS = "read", 2
PATIENCE_S, BYTES_A_SECOND = 10.0, 20 * 2**20
BLOCK, MOST_ROWS = 2**16, 2**20  # samples of any length at once, and rows of them


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file that can be read through. BadImage is raised where that would never end.

    One damaged dataset does not keep a file from being opened: reading it raises an error.
    """
    with refusing_damage(path.name):
        at = path.stat()
        if not _ends(path.resolve(), at.st_size, at.st_mtime_ns):
            raise BadImage(f"{path.name} is damaged: what HDF5 reads in it has no end")
        with path.open("rb") as raw, h5py.File(raw, "r") as file:
            yield file


def inside(file: Any, name: str) -> Any:
    """Give a dataset whose samples lie in the file itself, None for anything else."""
    hard = isinstance(file.get(name, getlink=True), h5py.HardLink)
    own = file[name] if hard else None
    kept = isinstance(own, h5py.Dataset) and not own.external and not own.is_virtual
    return own if kept else None


def as_complex(values: NDArray[Any]) -> NDArray[Any]:
    """Join samples of two named parts, real first, as MATLAB and others write them. Others stay."""
    if not values.dtype.names or len(values.dtype.names) != PARTS:
        return values
    real, imaginary = (values[name] for name in values.dtype.names)
    return (real + 1j * imaginary).astype(np.complex64 if real.itemsize == 4 else np.complex128)


class _Reader:
    """A process that reads files to their end, started with the first, and anew after one that ended it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = Lock()
        atexit.register(self.close)

    def ends(self, path: Path, within_s: float) -> bool:
        """Read one file, while others wait."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._process = _start()
            to, back = self._process.stdin, self._process.stdout
            assert to is not None
            assert back is not None
            with suppress(OSError):
                print(json.dumps([str(path), within_s]), file=to, flush=True)
                if back.readline().strip() == READ:
                    return True
            self.close()
            return False

    def close(self) -> None:
        """End the process, which does so when nothing more can be asked."""
        if self._process is not None:
            with suppress(OSError), self._process:
                self._process = None


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        cwd=Path(__file__).parents[__name__.count(".")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


_READER = _Reader()


@lru_cache(64)
def _ends(path: Path, size: int, changed: int) -> bool:
    return _READER.ends(path, PATIENCE_S + size / BYTES_A_SECOND)


def _read_all(path: Path) -> None:
    """Go through all that lies in a file, and pass what is refused."""
    with suppress(Exception), path.open("rb") as raw, h5py.File(raw, "r") as file:
        file.visit(lambda name: _go_through(file, name))


def _go_through(file: h5py.File, name: str) -> None:
    """Read what leads to the samples of a dataset: tables of chunks, heaps. Plain samples lead nowhere."""
    with suppress(Exception):
        own = inside(file, name)
        if own is None:
            return
        dict(own.attrs)
        if own.chunks:
            own.id.chunk_iter(lambda chunk: None)
            require_samples(name, own.chunks)
            own[tuple(map(slice, own.chunks))]
        if own.dtype.hasobject and own.shape:
            rows = max(1, BLOCK // max(1, math.prod(own.shape[1:])))
            for at in range(0, min(len(own), MOST_ROWS), rows):
                own[at : at + rows]
        elif own.shape == ():
            own[()]


def _serve(asked: IO[str], said: IO[str]) -> None:
    """Read the files that are named, one a line with its seconds. One that takes longer ends the process."""
    for line in asked:
        path, within_s = json.loads(line)
        faulthandler.dump_traceback_later(within_s, exit=True)
        _read_all(Path(path))
        faulthandler.cancel_dump_traceback_later()
        print(READ, file=said, flush=True)


if __name__ == "__main__":
    _serve(sys.stdin, sys.stdout)
