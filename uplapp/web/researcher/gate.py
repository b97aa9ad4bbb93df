"""Who may act as a researcher: tokens, compared in constant time. Wrong tries slow down their address."""

import hmac
import secrets
import sys
import threading
from collections.abc import Iterable

import gradio as gr
from starlette.datastructures import Headers

from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.web.observer.limits import Buckets, Rate, address

TRIES = Rate(10, 6)  # wrong tokens of one address: ten at once, then one every ten seconds
MISSING = (
    "No researcher can enter: the secret UPLAPP_ADMIN_TOKEN is not set. Set it in the Space's settings and "
    "restart the Space. Observers can take the studies that are open."
)
WRONG = "This is not the researcher's token."
SLOW = "There were many wrong ones from your address, so the replies to them come slowly."


NAMELESS = "researcher"  # who comes by UPLAPP_ADMIN_TOKEN


class GateShut(UplappError):
    """The token is wrong or not set. The reply to it is held back for `wait_s`."""

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Gate:
    """One gate per process, safe to use from several threads. Times are seconds of a steady clock."""

    def __init__(self, token: str | None, others: Iterable[tuple[str, str]] = ()) -> None:
        named = [(NAMELESS, token), *others] if token else others
        self._tokens = [(name, one.encode()) for name, one in named]
        self._lock = threading.Lock()
        self._wrong = Buckets(TRIES)

    @property
    def missing(self) -> bool:
        """Whether no token opens it."""
        return not self._tokens

    def enter(self, offered: str, now: float, address: str = "") -> str:
        """Return the name of the researcher whose token it is, else raise GateShut.

        Wrong tokens slow down the address that they come from. The right one is never refused, so nobody can
        shut the researcher out.
        """
        if self.missing:
            raise GateShut(MISSING)
        given = offered.encode("utf-8", "replace")
        names = [name for name, token in self._tokens if hmac.compare_digest(given, token)]
        if names:
            return names[0]
        with self._lock:
            wait_s = self._wrong.wait_s(address, now)
        raise GateShut(f"{WRONG} {SLOW}" if wait_s else WRONG, wait_s)


def gate(settings: Settings) -> Gate:
    """Make the gate of these settings. On one's own machine without a token, print a random one on stderr."""
    if settings.admin_token or settings.researchers or settings.space:
        return Gate(settings.admin_token, settings.researchers)
    token = secrets.token_urlsafe(18)
    print(f"researcher's token until this process ends: {token}", file=sys.stderr, flush=True)
    return Gate(token)


def address_of(request: gr.Request, behind_proxy: bool) -> str:
    """The network address that a request comes from, as the observers' limits count it."""
    client = (request.client.host, 0) if request.client else None
    return address({"client": client}, Headers(raw=request.headers.raw), behind_proxy)
