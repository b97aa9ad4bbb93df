"""Connections: how long a request may take to arrive, and how many one address may hold open.

Uvicorn waits without end for the rest of a request that was begun, so a thousand half requests would take
every connection that the process may have.
"""

import asyncio
import sys
from collections import Counter
from typing import Any, ClassVar

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FILES = 65_536
LOOKS = 10  # at the body of a request, while it may lag
MOST_HEAD = 65_536  # bytes around a body: line, headers, trailers


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose request is slow or has an endless head, and crowds of one address.

    `request_s` is how long the head of a request may take, and how far its body may lag behind `body_bytes_s`
    while the app reads it. `most` connections may come from one address,
    without limit where it is None, as behind a proxy, from which all come.
    """

    request_s: ClassVar[float] = 20.0
    body_bytes_s: ClassVar[float] = 16_384.0
    most: ClassVar[int | None] = None
    held: ClassVar[Counter[str]] = Counter()
    _deadline: asyncio.TimerHandle | None = None
    _peer: str = ""
    _came: int = 0  # bytes of the body
    _around: int = 0  # bytes that are not of a body, less one for each that is

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self.held[self._peer] += 1
        self._wait()
        if self.most is not None and self.held[self._peer] > self.most:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Go on reading, and stop waiting once the head of the request is there."""
        before = self.cycle
        if before is not None and before.response_complete and self._deadline is None:
            self._wait()  # the next request on this connection has begun
        self._around += len(data)
        super().data_received(data)
        self._came += len(data)
        if self._around > MOST_HEAD:
            self.transport.abort()
        if self.cycle is not before:
            self._wait_no_more()
            self._came = 0
            self._look_at_body(self.cycle, self.request_s)

    def on_message_begin(self) -> None:
        """Begin to count anew."""
        self._around = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body. Each byte allows one around it, for pieces have heads of their own."""
        self._around = max(0, self._around - 2 * len(body))
        super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to another protocol, and forget it."""
        self._leave()
        super().handle_websocket_upgrade()

    def _look_at_body(self, cycle: Any, left_s: float) -> None:
        """Close the connection once the body of a request is late by more than `left_s`. Look again soon."""
        if cycle is not self.cycle or not cycle.more_body or cycle.response_complete:
            return
        step_s = self.request_s / LOOKS
        left_s += self._came / self.body_bytes_s - (0.0 if self.flow.read_paused else step_s)
        self._came = 0
        if left_s < 0:
            self.transport.close()
        else:
            self.loop.call_later(step_s, self._look_at_body, cycle, min(left_s, self.request_s))

    def _leave(self) -> None:
        self._wait_no_more()
        self.held[self._peer] -= 1
        if self.held[self._peer] <= 0:
            del self.held[self._peer]

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.request_s, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def be_patient(most: int | None) -> None:
    """Serve by this protocol from now on, with as many open files as the system allows.

    `most` connections may come from one address, None where a proxy stands before the app.
    """
    PatientProtocol.most = most
    HTTP_PROTOCOLS["auto"] = f"{__name__}:{PatientProtocol.__name__}"
    if sys.platform != "win32":
        _open_more_files()


def _open_more_files() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
