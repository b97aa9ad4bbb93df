"""What is the same for everybody is made once, or not at all: pages, and the description of their widgets.

Gradio takes 80 ms of the event loop to make a page, and 140 ms to describe its widgets for each visitor anew,
in which time nobody else gets an answer.
"""

from collections import OrderedDict
from collections.abc import Container
from contextlib import suppress
from types import SimpleNamespace

import gradio as gr
from anyio import Lock
from gradio import state_holder
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 16  # versions: 700 kB each at most, and a few where a proxy or a browser asks in its own way
# What Gradio's page does not depend on. A header that is not named here keeps versions apart.
UNREAD = frozenset(
    b"accept accept-language cache-control connection dnt if-none-match pragma priority purpose referer "
    b"upgrade-insecure-requests user-agent x-amzn-trace-id x-forwarded-for x-real-ip x-request-id save-data "
    b"sec-gpc from".split()
)
UNREAD_KINDS = (b"sec-ch-", b"sec-fetch-", b"sec-purpose")
PERSONAL = frozenset({b"cookie", b"authorization"})
Reply = tuple[Message, ...]
Version = tuple[str, tuple[tuple[bytes, bytes], ...]]


class Kept:
    """ASGI middleware that keeps the replies to `paths`, packed, by all headers that they may depend on.

    Whoever sends a cookie, a key or a query gets a reply of his own. Only whole replies of status 200 are
    kept, and none that sets a cookie.
    """

    def __init__(self, app: ASGIApp, paths: Container[str]) -> None:
        self.app, self.paths = app, paths
        self.packed = GZipMiddleware(app, compresslevel=6)  # 790 kB become 80
        self._replies: OrderedDict[Version, Reply] = OrderedDict()
        self._making = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        version = _version(scope) if scope["type"] == "http" and scope["path"] in self.paths else None
        if version is None:
            packs = scope["type"] == "http" and scope["path"] in self.paths
            await (self.packed if packs else self.app)(scope, receive, send)
            return
        if version not in self._replies:
            async with self._making:  # ten at once would take ten times as long, with everybody else
                reply = self._replies.get(version) or await self._make(version, scope, receive)
        else:
            reply = self._replies[version]
            self._replies.move_to_end(version)
        for message in reply:
            await send(dict(message))

    async def _make(self, version: Version, scope: Scope, receive: Receive) -> Reply:
        """Make a page. It is heard out before anybody gets it, so that nobody slow holds up the next."""
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(dict(message))

        await self.packed(scope, receive, hear)
        if _is_whole(heard):
            self._replies[version] = tuple(heard)
            if len(self._replies) > MOST:
                self._replies.popitem(last=False)
        return tuple(heard)


def _version(scope: Scope) -> Version | None:
    """What tells versions of a page apart, None for what is not everybody's."""
    names = {name for name, _ in scope["headers"]}
    if scope["method"] != "GET" or scope.get("query_string") or names & PERSONAL:
        return None
    read = [
        (name, value)
        for name, value in scope["headers"]
        if name not in UNREAD and not name.startswith(UNREAD_KINDS)
    ]
    return f"{scope.get('scheme')} {scope.get('root_path')} {scope['path']}", tuple(sorted(read))


def _is_whole(heard: list[Message]) -> bool:
    start, last = heard[0], heard[-1]
    plain = start["type"] == "http.response.start" and start["status"] == 200
    sets = plain and any(name.lower() == b"set-cookie" for name, _ in start["headers"])
    return plain and not sets and last["type"] == "http.response.body" and not last.get("more_body")


class Session(state_holder.SessionState):
    """The state of a visitor's page, without a description of each widget as it was at first.

    Gradio makes one, 1 MB for a page of 700 widgets, for links to a state of the page, which this app does
    not give. What a listener changes is described as before.
    """

    def __init__(self, page: gr.Blocks) -> None:
        empty = SimpleNamespace(default_config=page.default_config, blocks={})  # all that it reads
        super().__init__(empty)  # type: ignore[arg-type]


def spare_visitors() -> None:
    """Keep the first click of each visitor from holding up the event loop, from now on."""
    vars(state_holder)["SessionState"] = Session
    with suppress(ImportError):  # it comes with some extras; Gradio would import it at the first click
        import matplotlib

        matplotlib.use("agg")
