"""Who may act as a researcher: one token, compared in constant time, locked after wrong tries."""

import hmac
import secrets
import sys
import threading

from uplapp.errors import UplappError
from uplapp.settings import Settings

TRIES = 10
LOCKED_S = 15 * 60.0
MISSING = (
    "No researcher can enter: the secret UPLAPP_ADMIN_TOKEN is not set. Set it in the Space's settings and "
    "restart the Space. Observers can take the studies that are open."
)
WRONG = "This is not the researcher's token."


class GateShut(UplappError):
    """The token is wrong or not set, or there were too many wrong ones."""


class Gate:
    """One gate a process, safe to use from several threads; times are seconds of a steady clock."""

    def __init__(self, token: str | None) -> None:
        self._token = token.encode() if token else None
        self._lock = threading.Lock()
        self._wrong, self._locked_until = 0, 0.0

    @property
    def missing(self) -> bool:
        """Whether no token opens it."""
        return self._token is None

    def enter(self, offered: str, now: float) -> None:
        """Return for the right token, else GateShut; during a lock the right one is refused too."""
        with self._lock:
            if self._token is None:
                raise GateShut(MISSING)
            if now < self._locked_until:
                minutes = int((self._locked_until - now) // 60) + 1
                raise GateShut(f"Too many wrong tokens: locked for another {minutes} min.")
            if hmac.compare_digest(offered.encode("utf-8", "replace"), self._token):
                self._wrong = 0
                return
            self._wrong += 1
            if self._wrong >= TRIES:
                self._wrong, self._locked_until = 0, now + LOCKED_S
                raise GateShut(f"{WRONG} That was number {TRIES}: locked for {LOCKED_S / 60:.0f} min.")
        raise GateShut(WRONG)


def gate(settings: Settings) -> Gate:
    """The gate of these settings; on one's own machine without a token, a random one is told on stderr."""
    if settings.admin_token or settings.space:
        return Gate(settings.admin_token)
    token = secrets.token_urlsafe(18)
    print(f"researcher's token until this process ends: {token}", file=sys.stderr, flush=True)
    return Gate(token)
