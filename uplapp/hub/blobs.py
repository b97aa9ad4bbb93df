"""Files of a repository as the Hub lists them, with size and hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from uplapp.hub.client import HubError

TRIES = 3


@dataclass(frozen=True)
class Blob:
    """A file of a repository: bytes, and git's hash of them or the SHA-256 of a large file."""

    path: str
    size: int
    git: str
    sha256: str | None

    def holds(self, data: bytes) -> bool:
        """Whether the file has exactly these bytes."""
        if len(data) != self.size:
            return False
        if self.sha256 is not None:
            return hashlib.sha256(data).hexdigest() == self.sha256
        # Git's name for a file is a SHA-1; nothing here rests on its strength.
        header = f"blob {len(data)}\0".encode()
        return hashlib.sha1(header + data, usedforsecurity=False).hexdigest() == self.git


def listed(api: HfApi, repo: str, kind: str) -> Mapping[str, Blob]:
    """Every file of a repository by its path. `kind` is dataset or space."""
    files = api.list_repo_tree(repo, repo_type=kind, recursive=True)
    return {file.path: _blob(file) for file in files if isinstance(file, RepoFile)}


def download(api: HfApi, repo: str, kind: str, blob: Blob) -> bytes:
    """The bytes of a file, checked. One cut off or changed is tried again, then raises HubError."""
    url = hf_hub_url(repo, blob.path, repo_type=kind, endpoint=api.endpoint)
    for _ in range(TRIES):
        response = get_session().get(url, headers=build_hf_headers())
        hf_raise_for_status(response)
        if blob.holds(response.content):
            return response.content
    raise HubError(f"{repo}: {blob.path} came {TRIES} times with other bytes than the Hub lists")


def _blob(file: RepoFile) -> Blob:
    large = file.lfs
    return Blob(file.path, large.size if large else file.size, file.blob_id, large.sha256 if large else None)
