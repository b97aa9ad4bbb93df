"""Limits on how often one session and one address may ask, counted in memory under salted hashes."""

import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

KEYS_KEPT = 10_000
SLOW_DOWN = "too many requests from here; wait a moment"


@dataclass(frozen=True)
class Rate:
    """A number of requests at once, then a number per minute."""

    burst: int
    per_minute: float


@dataclass(frozen=True)
class Limits:
    """The rates of one session and of one address, which can be a whole class behind one router.

    A session's fastest honest pace is some six requests per second. `behind_proxy` is for a Space: there
    the proxy writes X-Forwarded-For. Elsewhere anybody could, so the header counts for nothing.
    """

    session: Rate = Rate(300, 1200)
    address: Rate = Rate(3000, 12_000)
    joins: Rate = Rate(90, 30)
    behind_proxy: bool = False


class Buckets:
    """A token bucket per key.

    A key whose bucket is full again is forgotten, and so is the oldest of too many.
    """

    def __init__(self, rate: Rate, most: int = KEYS_KEPT) -> None:
        self._rate, self._most = rate, most
        self._left: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def wait_s(self, key: str, now_s: float, tokens: int = 1) -> float:
        """Take tokens of the key: 0, or the seconds until there are so many again."""
        per_second, name = self._rate.per_minute / 60, hash(key)
        left, at_s = self._left.pop(name, (float(self._rate.burst), now_s))
        left = min(self._rate.burst, left + max(0.0, now_s - at_s) * per_second)
        self._left[name] = (left - tokens if left >= tokens else left, now_s)
        self._forget(now_s - self._rate.burst / per_second)
        return 0.0 if left >= tokens else (tokens - left) / per_second

    def _forget(self, before_s: float) -> None:
        while len(self._left) > self._most or next(iter(self._left.values()))[1] < before_s:
            self._left.popitem(last=False)


class Turnstile:
    """ASGI middleware that answers 429 to whoever loads what is costly to make too often.

    `costly` are exact paths, `rate` is that of one address.
    """

    def __init__(
        self,
        app: ASGIApp,
        costly: Container[str],
        rate: Rate,
        behind_proxy: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.costly, self.behind_proxy, self.clock = app, costly, behind_proxy, clock
        self.addresses = Buckets(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        wait_s = 0.0
        if scope["type"] == "http" and scope["path"] in self.costly:
            whose = address(scope, Headers(scope=scope), self.behind_proxy)
            wait_s = self.addresses.wait_s(whose, self.clock())
        await (_slow_down(wait_s) if wait_s else self.app)(scope, receive, send)


class Origins(OrderedDict[str, int]):
    """Sessions to salted hashes of the addresses where they were begun, of the latest ones."""

    def keep(self, session: str, whose: str) -> None:
        """Remember the address of a session, and forget the oldest of too many."""
        self[session] = hash(whose)
        if len(self) > KEYS_KEPT:
            self.popitem(last=False)


class Limiter:
    """ASGI middleware that answers 429 with Retry-After to whoever asks too often.

    `clock` counts seconds and is never set back.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app, self.limits, self.clock = app, limits or Limits(), clock
        rates = (self.limits.address, self.limits.session, self.limits.joins)
        self.addresses, self.sessions, self.joins = map(Buckets, rates)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        wait_s = self._wait_s(scope) if scope["type"] == "http" else 0.0
        await (_slow_down(wait_s) if wait_s else self.app)(scope, receive, send)

    def _wait_s(self, scope: Scope) -> float:
        headers, now_s = Headers(scope=scope), self.clock()
        whose = address(scope, headers, self.limits.behind_proxy)
        waits = [self.addresses.wait_s(whose, now_s)]
        if "authorization" in headers:
            waits.append(self.sessions.wait_s(headers["authorization"], now_s))
        if scope["method"] == "POST" and scope["path"].endswith(("/join", "/withdraw")):
            waits.append(self.joins.wait_s(whose, now_s))
        return max(waits)


def address(scope: Scope, headers: Headers, behind_proxy: bool) -> str:
    """The address that a request comes from, of IPv6 the /64 that one household has.

    Behind a proxy it is the last public entry of X-Forwarded-For: what stands before it is the sender's own
    word, what follows are the proxy's own machines.
    """
    client = scope.get("client")
    peer = client[0] if client else ""
    header = ",".join(headers.getlist("x-forwarded-for")) if behind_proxy else ""
    hops = [hop.strip() for hop in header.split(",") if hop.strip()]
    if not hops:
        return _household(peer)
    return _household(next(filter(_is_public, reversed(hops)), hops[-1]))


@lru_cache(KEYS_KEPT)
def _is_public(hop: str) -> bool:
    try:
        return ip_address(hop).is_global
    except ValueError:
        return False


@lru_cache(KEYS_KEPT)
def _household(text: str) -> str:
    try:
        whole = ip_address(text)
    except ValueError:
        return text
    short = getattr(whole, "ipv4_mapped", None) or whole
    return str(ip_network((short, 64), strict=False)) if isinstance(short, IPv6Address) else str(short)


def _slow_down(wait_s: float) -> JSONResponse:
    headers = {"Retry-After": str(ceil(wait_s))}
    return JSONResponse({"error": SLOW_DOWN, "reason": "slow_down"}, 429, headers)
