"""One client of the Hub with a time limit, its errors in words, and the blobs of a repository."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import huggingface_hub
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import _http, build_hf_headers, hf_raise_for_status

from uplapp.errors import UplappError

LIMIT_S = 60.0  # the library's own client waits for ever
WORDS = {
    400: "the Hub does not accept the files",
    401: "the Hub refuses the token; set HF_TOKEN to one that may write",
    403: "the token HF_TOKEN may not write there",
    404: "there is no such repository, or the token HF_TOKEN may not see it",
    429: "the Hub asks to wait: too many requests",
}


class HubError(UplappError):
    """The Hub did not do what was asked. `wait_s` is how long it asks to wait, 0 if it does not say."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@cache
def api(endpoint: str | None = None) -> HfApi:
    """The client for an address of the Hub (default: HF_ENDPOINT's). The token is HF_TOKEN or a login's."""

    def limited() -> object:
        session = _http.default_client_factory()
        session.timeout = LIMIT_S
        return session

    huggingface_hub.set_client_factory(limited)  # type: ignore[arg-type]
    return HfApi(endpoint=endpoint)


def explain(error: Exception, what: str) -> HubError:
    """The error as one sentence about `what` (a repository)."""
    if isinstance(error, HubError):
        return error
    response = getattr(error, "response", None)
    if isinstance(error, HfHubHTTPError) and response is not None:
        status = response.status_code
        words = WORDS.get(status, f"the Hub has an error ({status})")
        waited = response.headers.get("Retry-After", "")
        return HubError(f"{what}: {words}", float(waited) if waited.isdigit() else 0.0)
    if isinstance(error, OSError) and error.filename is not None:
        return HubError(f"{what}: the journals on this disk cannot be used ({error.strerror})")
    return HubError(f"{what}: the Hub cannot be reached ({type(error).__name__})")


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
