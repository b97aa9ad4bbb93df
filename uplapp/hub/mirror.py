"""Journals copied to a private dataset: only what is new is sent, and nothing on the Hub is changed.

A journal `NAME.jsonl` lies there as `journal/NAME/OFFSET.jsonl`: pieces of whole lines that begin at that
byte. A piece whose acknowledgement was lost is sent again under the same name, so nothing is there twice.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd

from uplapp import whole
from uplapp.hub import client
from uplapp.hub.client import Blob, HubError, api, explain

KIND = "dataset"
ROOT = "journal"
PIECE_BYTES = 4_000_000  # below the size at which the Hub wants large-file storage
PIECES = 8  # in one commit
DOWNLOADS = 8  # at a time


@dataclass(frozen=True)
class SyncStatus:
    """How far the copy is: seconds since 1970 of the last success, lines not there yet, the error or ''."""

    last_sync: float | None
    unsynced: int
    error: str


@dataclass(frozen=True)
class Piece:
    """Whole lines of one journal, from a byte of it on."""

    name: str
    offset: int
    data: bytes

    @property
    def path(self) -> str:
        """The name of the piece in the dataset. Offsets sort as texts."""
        return f"{ROOT}/{self.name}/{self.offset:012}.jsonl"


class Mirror:
    """A folder of journals and its copy in a dataset. Safe to call from several threads."""

    def __init__(
        self, folder: Path, repo: str, endpoint: str | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder, self.repo = folder, repo
        self._api, self._clock = api(endpoint), clock
        self._sending = threading.Lock()
        self._synced: Mapping[str, int] = {}  # bytes of each journal that are there; replaced, never changed
        self._ready = False
        self._last_sync: float | None = None
        self._error = ""

    @property
    def status(self) -> SyncStatus:
        """How far the copy is. Never waits for the Hub."""
        unsynced = sum(data.count(b"\n") for _, _, data in self._waiting())
        return SyncStatus(self._last_sync, unsynced, self._error)

    def fetch(self) -> int:
        """Download every journal that this disk lacks or has shorter. Returns how many. Raises HubError.

        All are downloaded and checked before the first is written.
        """
        with self._sending, _Failures(self):
            pieces = self._remote_pieces()
            short = [name for name in pieces if self._local_bytes(name) < self._synced[name]]
            wanted = [piece for name in short for piece in pieces[name].values()]
            with ThreadPoolExecutor(DOWNLOADS) as pool:
                data = list(pool.map(self._download, wanted))
            content = dict(zip((piece.path for piece in wanted), data, strict=True))
            for name in short:
                whole.write_bytes(
                    self._path(name), b"".join(content[piece.path] for piece in pieces[name].values())
                )
            return len(short)

    def push(self) -> int:
        """Send every whole line that is not there yet. Returns how many. Raises HubError, loses nothing."""
        sent = 0
        with self._sending, _Failures(self):
            if not self._ready:
                self._remote_pieces()
            while pieces := [piece for _, piece in zip(range(PIECES), self._pieces(), strict=False)]:
                additions = [CommitOperationAdd(piece.path, piece.data) for piece in pieces]
                lines = sum(piece.data.count(b"\n") for piece in pieces)
                self._api.create_commit(self.repo, additions, commit_message=f"{lines} lines", repo_type=KIND)
                self._synced = {
                    **self._synced,
                    **{piece.name: piece.offset + len(piece.data) for piece in pieces},
                }
                sent += lines
            self._last_sync = self._clock()
        return sent

    def _remote_pieces(self) -> dict[str, dict[int, Blob]]:
        """Make sure of the private dataset. Its pieces by journal and offset, in order, without a gap."""
        # One that the token may not see looks like none at all; being able to create it tells them apart.
        self._api.create_repo(self.repo, repo_type=KIND, private=True, exist_ok=True)
        if not self._api.repo_info(self.repo, repo_type=KIND).private:
            raise HubError(f"{self.repo} is public; answers go to a private dataset only: change it there")
        journals: dict[str, dict[int, Blob]] = defaultdict(dict)
        for path, blob in sorted(client.listed(self._api, self.repo, KIND).items()):
            root, _, rest = path.partition("/")
            name, _, offset = rest.removesuffix(".jsonl").partition("/")
            if root == ROOT and offset.isdigit() and name.isalnum():
                journals[name][int(offset)] = blob
        self._synced = {name: self._end(name, pieces) for name, pieces in journals.items()}
        self._ready = True
        return journals

    def _end(self, name: str, pieces: Mapping[int, Blob]) -> int:
        end = 0
        for offset, blob in pieces.items():
            if offset != end:
                raise HubError(f"{self.repo}: journal {name} lacks the bytes from {end} to {offset}")
            end += blob.size
        return end

    def _download(self, piece: Blob) -> bytes:
        return client.download(self._api, self.repo, KIND, piece)

    def _local_bytes(self, name: str) -> int:
        path = self._path(name)
        return path.stat().st_size if path.exists() else 0

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.jsonl"

    def _waiting(self) -> Iterator[tuple[str, int, bytes]]:
        """Whole lines that are not there yet: journal, offset, bytes. A line being written has no end yet."""
        for path in sorted(self.folder.glob("*.jsonl")):
            offset = self._synced.get(path.stem, 0)
            if path.stat().st_size > offset:
                with path.open("rb") as file:
                    file.seek(offset)
                    data = file.read()
                if whole := data[: data.rfind(b"\n") + 1]:
                    yield path.stem, offset, whole

    def _pieces(self) -> Iterator[Piece]:
        """Cut the waiting bytes at line ends, from the same offset always in the same places."""
        for name, offset, data in self._waiting():
            start = 0
            while start < len(data):
                limit = data.rfind(b"\n", start, start + PIECE_BYTES)
                end = 1 + (limit if limit >= 0 else data.index(b"\n", start))
                yield Piece(name, offset + start, data[start:end])
                start = end


class _Failures:
    """Turns any failure of talking to the Hub into a HubError, and keeps its words for the status."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        mirror = self._mirror
        mirror._error = ""
        if isinstance(error, Exception):
            sentence = explain(error, mirror.repo)
            mirror._error = str(sentence)
            raise sentence from error
