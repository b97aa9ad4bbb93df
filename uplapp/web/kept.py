"""Pages that are the same for everybody, made once.

Gradio takes 80 ms of the event loop to make its own, in which time nobody else gets an answer.
"""

from collections import OrderedDict
from collections.abc import Container

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 16  # versions: 700 kB each at most, and a few where a proxy or a browser asks in its own way
# What Gradio's page does not depend on. A header that is not named here keeps versions apart.
UNREAD = frozenset(
    {
        *(
            b"accept",
            b"accept-language",
            b"cache-control",
            b"connection",
            b"dnt",
            b"if-none-match",
            b"pragma",
        ),
        *(b"priority", b"purpose", b"referer", b"sec-gpc", b"upgrade-insecure-requests", b"user-agent"),
        *(b"x-amzn-trace-id", b"x-forwarded-for", b"x-real-ip", b"x-request-id", b"save-data", b"from"),
    }
)
UNREAD_KINDS = (b"sec-ch-", b"sec-fetch-", b"sec-purpose")
PERSONAL = frozenset({b"cookie", b"authorization"})
Reply = tuple[Message, ...]
Version = tuple[str, tuple[tuple[bytes, bytes], ...]]


class Kept:
    """ASGI middleware that keeps the replies to `paths`, by all headers that they may depend on.

    Whoever sends a cookie, a key or a query gets a reply of his own. Only whole replies of status 200 are
    kept, and none that sets a cookie.
    """

    def __init__(self, app: ASGIApp, paths: Container[str]) -> None:
        self.app, self.paths = app, paths
        self._replies: OrderedDict[Version, Reply] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        version = _version(scope) if scope["type"] == "http" and scope["path"] in self.paths else None
        if version is None:
            await self.app(scope, receive, send)
            return
        if version in self._replies:
            self._replies.move_to_end(version)
            for message in self._replies[version]:
                await send(dict(message))
            return
        heard: list[Message] = []

        async def hear(message: Message) -> None:
            heard.append(dict(message))
            await send(message)

        await self.app(scope, receive, hear)
        if _is_whole(heard):
            self._replies[version] = tuple(heard)
            if len(self._replies) > MOST:
                self._replies.popitem(last=False)


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
