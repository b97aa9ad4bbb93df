"""Uploads to the page: how much one address may send, and how much of the disk all of them may take."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import gradio as gr
from anyio import Lock, to_thread
from gradio import processing_utils
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from uplapp.web.observer.limits import Buckets, Rate, address

PATHS = ("/gradio_api/upload", "/upload")
MB = 2**20
COUNT_EVERY_S = 10.0  # with thousands of files that takes a tenth of a second
UNSIZED = "an upload says how large it is; this one has no Content-Length"
TOO_MUCH = "that is more than one address may upload at once; go on in {minutes} min"
FULL = "the uploads of all visitors take the room that they may have; they are deleted after some hours"
NO_ADDRESS = "a file is uploaded; this app fetches none from an address"
NO_DISK = "the disk is nearly full, and what is left is kept for the answers of studies"


AN_ADDRESS = Rate(1024, 60)  # MB


@dataclass(frozen=True)
class Quota:
    """What one address may upload, in MB, what may lie there of all, and what stays free on the disk."""

    address: Rate = AN_ADDRESS
    all_mb: int = 8192
    free_mb: int = 1024


class Uploads:
    """ASGI middleware that refuses an upload, before it is read, which would take more than its share.

    `folder` says where uploads lie. `address` tells visitors apart as the limits of observers do.
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: Callable[[], str],
        quota: Quota | None = None,
        behind_proxy: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.folder, self.quota = app, folder, quota or Quota()
        self.behind_proxy, self.clock = behind_proxy, clock
        self._addresses = Buckets(self.quota.address)
        self._coming = 0  # bytes of uploads that are being read
        self._counting = Lock()
        self._counted, self._counted_at = 0, -math.inf  # bytes that lie there, and when that was

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in PATHS:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        size = int(length) if length.isdecimal() else None
        refusal = await self._refusal(scope, headers, size)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._coming += size or 0
        try:
            await self.app(scope, receive, send)
        finally:
            self._coming -= size or 0
            self._counted += size or 0

    async def _count(self) -> tuple[int, int]:
        """How many bytes lie in the folder, which is gone through once in a while, and how many are free."""
        folder = Path(self.folder())
        async with self._counting:
            if self.clock() - self._counted_at >= COUNT_EVERY_S:
                before = self._counted
                kept = await to_thread.run_sync(_kept, folder)
                self._counted += kept - before  # and what has come meanwhile
                self._counted_at = self.clock()
        return self._counted, await to_thread.run_sync(_free, folder)

    async def _refusal(self, scope: Scope, headers: Headers, size: int | None) -> PlainTextResponse | None:
        if size is None:
            return _say(411, UNSIZED)
        kept, free = await self._count()
        if free - self._coming - size < self.quota.free_mb * MB:
            return _say(507, NO_DISK)
        if kept + self._coming + size > self.quota.all_mb * MB:
            return _say(507, FULL)
        whose = address(scope, headers, self.behind_proxy)
        wait_s = self._addresses.wait_s(whose, self.clock(), max(1, ceil(size / MB)))
        if wait_s:
            return _say(429, TOO_MUCH.format(minutes=ceil(wait_s / 60)), {"Retry-After": str(ceil(wait_s))})
        return None


def _free(folder: Path) -> int:
    """How many bytes are free on the disk of a folder."""
    return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def _kept(folder: Path) -> int:
    """How many bytes lie in a folder."""
    return sum(map(_size, folder.rglob("*")))


def _size(path: Path) -> int:
    """The bytes of a file, 0 of a folder and of a file that is gone by now."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def fetch_nothing() -> None:
    """Keep Gradio from fetching a file that a visitor names by an address. It would have no limit of size."""
    processing_utils.async_ssrf_protected_get = _refuse_address


async def _refuse_address(url: str) -> Any:
    raise gr.Error(NO_ADDRESS, title="Not possible", print_exception=False)


def _say(status: int, sentence: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(sentence, status, {"Connection": "close", **(headers or {})})
