"""Networks on the Hub: a card and its weights in the root of a model's repository, at one commit."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from huggingface_hub import get_session, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, validate_repo_id

from uplapp.errors import UplappError
from uplapp.hub.client import LIMIT_S, TRIES, Blob, HubError, api, explain
from uplapp.values import Watch

SITE = "https://huggingface.co/"
REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+")
CARD, WEIGHTS = ".json", ".safetensors"
CHUNK_BYTES = 1 << 18
DOWNLOAD_S = 600.0
ABSENT = "there is no such model on the Hub, or it is private and the token HF_TOKEN may not read it"
WORDS = {
    401: ABSENT,
    403: "the model has conditions: accept them on the Hub, and set HF_TOKEN to a token of that account",
    404: ABSENT,
}


@dataclass(frozen=True)
class Offer:
    """A card and the weights it is for, at one commit of a repository."""

    repo: str
    revision: str
    card: Blob
    weights: Blob


def repository(text: str) -> str:
    """Read the OWNER/NAME that a person wrote or copied from the address bar, else raise UplappError."""
    repo = text.strip().removeprefix(SITE).rstrip("/")
    try:
        validate_repo_id(repo)
    except HFValidationError:
        repo = ""
    if not REPO.fullmatch(repo):
        raise UplappError(
            f"{text[:100]!r} is no model on the Hub; write OWNER/NAME in letters, digits, - _ ."
        )
    return repo


def find(text: str, largest: Mapping[str, int], file: str = "", endpoint: str | None = None) -> Offer:
    """What a repository offers, at its newest commit. Downloads nothing.

    `largest` is how many bytes a file of each suffix may have; `file` chooses where there are several.
    HubError says what is not there, too large or not allowed.
    """
    repo = repository(text)
    try:
        info = api(endpoint).model_info(repo, files_metadata=True, timeout=LIMIT_S)
    except Exception as error:  # the library raises errors of several families; all mean the same here
        raise _as_error(error, repo) from error
    card, weights = _choose(repo, list(_root(info.siblings or [])), file)
    for blob in (card, weights):
        most = largest[PurePosixPath(blob.path).suffix]
        if blob.size > most:
            size = f"{blob.size / 1e6:.1f} MB"
            raise HubError(f"{repo}: {blob.path} has {size}; at most {most / 1e6:g} MB are fetched")
    return Offer(repo, str(info.sha), card, weights)


def download(
    offer: Offer,
    blob: Blob,
    watch: Watch | None = None,
    endpoint: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """The bytes of a file of an offer, checked. HubError after some tries or ten minutes.

    `watch` hears (bytes here, bytes in all).
    """
    url = hf_hub_url(offer.repo, blob.path, revision=offer.revision, endpoint=api(endpoint).endpoint)
    failed: Exception = HubError(f"{offer.repo}: {blob.path} came with other bytes than the Hub lists")
    until = clock() + DOWNLOAD_S
    for _ in range(TRIES):
        try:
            data = bytearray()
            for chunk in _stream(url):
                data += chunk
                _require_time(offer, blob, clock() < until)
                if len(data) > blob.size:
                    break
                if watch is not None:
                    watch(len(data), blob.size)
            if blob.holds(bytes(data)):
                return bytes(data)
        except (UplappError, HfHubHTTPError) as error:
            raise _as_error(error, offer.repo) from error
        except Exception as error:  # a line that broke; each layer has its own
            failed = error
    raise _as_error(failed, offer.repo) from failed


def _stream(url: str) -> Iterator[bytes]:
    with get_session().stream("GET", url, headers=build_hf_headers()) as response:
        if response.is_error:
            response.read()
        hf_raise_for_status(response)
        yield from response.iter_bytes(CHUNK_BYTES)


def _require_time(offer: Offer, blob: Blob, left: bool) -> None:
    if not left:
        limit = f"{DOWNLOAD_S / 60:.0f} minutes"
        raise HubError(f"{offer.repo}: {blob.path} took longer than {limit}; download it and add the files")


def _root(files: list[RepoSibling]) -> Iterator[Blob]:
    """The cards and weights in the root of a repository."""
    for file in files:
        path, size = PurePosixPath(file.rfilename), file.lfs.size if file.lfs else file.size
        if len(path.parts) == 1 and path.suffix in (CARD, WEIGHTS) and size is not None:
            yield Blob(str(path), size, file.blob_id or "", file.lfs.sha256 if file.lfs else None)


def _choose(repo: str, files: list[Blob], file: str) -> tuple[Blob, Blob]:
    """Choose the one card with its weights, or the card of the stem `file`. HubError lists the choices."""
    cards = {PurePosixPath(blob.path).stem: blob for blob in files if blob.path.endswith(CARD)}
    weights = {PurePosixPath(blob.path).stem: blob for blob in files if blob.path.endswith(WEIGHTS)}
    alone = next(iter(cards.values())) if len(cards) == len(weights) == 1 else None
    pairs = {stem: (cards.get(stem, alone), blob) for stem, blob in weights.items()}
    networks = {stem: (card, blob) for stem, (card, blob) in pairs.items() if card is not None}
    if not networks:
        raise HubError(
            f"{repo} holds no .safetensors with its card, a .json of the same name, in its first folder"
        )
    stem = file.removesuffix(WEIGHTS).removesuffix(CARD) or next(iter(networks))
    if stem not in networks or (len(networks) > 1 and not file):
        raise HubError(f"{repo}: choose one of its networks by its file: {', '.join(sorted(networks))[:500]}")
    return networks[stem]


def _as_error(error: Exception, repo: str) -> UplappError:
    """Turn an error into a sentence about the model. An UplappError stays as it is."""
    if isinstance(error, UplappError):
        return error
    status = getattr(getattr(error, "response", None), "status_code", None)
    words = WORDS.get(int(status or 0)) if isinstance(error, HfHubHTTPError) else None
    return HubError(f"{repo}: {words}") if words else explain(error, repo)
