"""Journals copied to a private dataset: only what is new is sent, and only an erasure changes the rest.

A journal `NAME.jsonl` lies there as `journal/NAME/OFFSET.jsonl`: pieces of whole lines that begin at that
byte. A piece whose acknowledgement was lost is sent again under the same name, so nothing is there twice.
Pieces may overlap, as two processes left them. After a gap the rest comes back as a journal of its own, for
lines are rows whatever their order.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
AFTER = "after"  # with a byte: what followed a gap there
ERASED = "withdrawn answers overwritten"  # the title of a commit; as long as one is there, so is the history

# Pieces of journals to the same pieces, of the same length, without what was withdrawn.
Wipe = Callable[[Sequence[bytes]], Sequence[bytes]]


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
        self.damage: tuple[str, ...] = ()  # a sentence for each journal whose copy is not whole

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
            self.damage = tuple(self._damage(name, blobs) for name, blobs in pieces.items() if gap(blobs))
            short = [name for name, blobs in pieces.items() if self._lacks(name, blobs)]
            wanted = [piece for name in short for piece in pieces[name].values()]
            with ThreadPoolExecutor(DOWNLOADS) as pool:
                content = dict(
                    zip((piece.path for piece in wanted), pool.map(self._download, wanted), strict=True)
                )
            for name in short:
                for journal, data in _joined(name, pieces[name], content).items():
                    if len(data) > self._local_bytes(journal):
                        whole.write_bytes(self._path(journal), data)
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
                self._require_kept(pieces)
                self._synced = {
                    **self._synced,
                    **{piece.name: piece.offset + len(piece.data) for piece in pieces},
                }
                sent += lines
            self._last_sync = self._clock()
        return sent

    def erase(self, wipe: Wipe) -> int:
        """Overwrite in the copy what `wipe` takes out, then squash the history. Returns the pieces changed.

        Raises HubError; the next call finishes what this one could not. Call `push` before: what stays of a
        withdrawn observer must be there.
        """
        with self._sending, _Failures(self, "what was withdrawn is still there, "):
            journals = self._remote_pieces()
            doubtful = [
                Piece(name, offset, self._download(blob))
                for name, blobs in journals.items()
                for offset, blob in blobs.items()
                if not self._is_here(name, offset, blob)
            ]
            clean = wipe([piece.data for piece in doubtful])
            changed = [
                replace(piece, data=data)
                for piece, data in zip(doubtful, clean, strict=True)
                if piece.data != data
            ]
            if (
                changed
            ):  # in one commit: the trials of a person in one piece say whose the answers in another are
                additions = [CommitOperationAdd(piece.path, piece.data) for piece in changed]
                self._api.create_commit(self.repo, additions, commit_message=ERASED, repo_type=KIND)
                self._require_kept(changed)
            self._squash()
            return len(changed)

    def _squash(self) -> None:
        """Make one commit of the history if it holds what was overwritten since."""
        commits = self._api.list_repo_commits(self.repo, repo_type=KIND)
        if any(commit.title == ERASED for commit in commits):
            self._api.super_squash_history(self.repo, repo_type=KIND, commit_message="journals")

    def _is_here(self, name: str, offset: int, blob: Blob) -> bool:
        """Whether a piece has the same bytes as a journal on this disk, which holds nothing withdrawn."""
        for path in (self._path(name), *self.folder.glob(f"{name}{AFTER}*.jsonl")):
            base = int(path.stem.rpartition(AFTER)[2]) if path.stem != name else 0
            if path.exists() and offset >= base:
                with path.open("rb") as file:
                    file.seek(offset - base)
                    if blob.holds(file.read(blob.size)):
                        return True
        return False

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
        self._synced = {name: whole_end(pieces) for name, pieces in journals.items()}
        self._ready = True
        return journals

    def _lacks(self, name: str, blobs: Mapping[int, Blob]) -> bool:
        """Whether this disk has less of a journal than the dataset."""
        local, after = self._local_bytes(name), gap(blobs)
        if after and local < max(offset + blob.size for offset, blob in blobs.items()):
            return local < whole_end(blobs) or not self._path(f"{name}{AFTER}{after}").exists()
        return local < whole_end(blobs)

    def _damage(self, name: str, blobs: Mapping[int, Blob]) -> str:
        span = f"from {whole_end(blobs)} to {gap(blobs)}"
        return f"{self.repo}: journal {name} lacks the bytes {span}; what lies around them is used"

    def _require_kept(self, pieces: Sequence[Piece]) -> None:
        """Look whether the dataset holds what was sent. What it does not hold is sent again later."""
        there = client.listed(self._api, self.repo, KIND)
        for piece in pieces:
            if piece.path not in there or not there[piece.path].holds(piece.data):
                self._ready = False
                raise HubError(f"{self.repo} does not hold {piece.path} as it was sent; it is sent again")

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


def whole_end(pieces: Mapping[int, Blob]) -> int:
    """Give the byte up to which pieces follow each other without a gap."""
    end = 0
    for offset, blob in sorted(pieces.items()):
        if offset > end:
            break
        end = max(end, offset + blob.size)
    return end


def gap(pieces: Mapping[int, Blob]) -> int:
    """Give the offset of the first piece after missing bytes, 0 where no bytes are missing."""
    end = whole_end(pieces)
    return min((offset for offset in pieces if offset > end), default=0)


def _joined(name: str, pieces: Mapping[int, Blob], content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Join pieces to journals: the one of that name, and one for whatever follows a gap or contradicts it."""
    journals, data, current = {}, b"", name
    for offset, blob in sorted(pieces.items()):
        piece, start = content[blob.path], len(data)
        base = int(current[len(name) + len(AFTER) :]) if current != name else 0
        held = data[offset - base : offset - base + len(piece)]
        if offset - base > start or held != piece[: len(held)]:
            journals[current], current, data = data, f"{name}{AFTER}{offset}", piece
        elif len(piece) > len(held):
            data += piece[len(held) :]
    journals[current] = data
    return journals


class _Failures:
    """Turns any failure of talking to the Hub into a HubError, and keeps its words for the status."""

    def __init__(self, mirror: Mirror, doing: str = "") -> None:
        self._mirror, self._doing = mirror, doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        mirror = self._mirror
        mirror._error = ""
        if isinstance(error, Exception):
            sentence = explain(error, mirror.repo)
            mirror._error = f"{self._doing}{sentence}"
            raise sentence from error
