"""What leaves the server names no folder of its disk: files go by an alias of the same length."""

from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WORD = "/uploads"
TEXTS = ("text/html", "application/json", "text/event-stream")
NOT_OURS = "/study"  # the observers' page never has a file of Gradio's


def alias(folder: str) -> str:
    """What stands for a folder: as long as its path, so that no length that was announced changes."""
    return (WORD + "-" * len(folder))[: len(folder)]


class Veil:
    """ASGI middleware that writes the alias for `folder` in replies, and reads it in requests.

    Gradio names files by their paths, in `/config`, in the page and in every event, and takes them back so.
    """

    def __init__(self, app: ASGIApp, folder: Callable[[], str]) -> None:
        self.app, self.folder = app, folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith(NOT_OURS):
            await self.app(scope, receive, send)
            return
        place = str(Path(self.folder()).resolve())
        true, shown = f"{place}/".encode(), f"{alias(place)}/".encode()
        meant = {**scope, "path": scope["path"].replace(shown.decode(), true.decode())}
        if scope.get("raw_path"):
            meant["raw_path"] = scope["raw_path"].replace(shown, true)
        if Headers(scope=scope).get("content-type", "").startswith("application/json"):
            receive = _reading(receive, shown, true)
        await self.app(meant, receive, _writing(send, true, shown))


def _reading(receive: Receive, shown: bytes, true: bytes) -> Receive:
    """Messages of a request with each alias as the path it stands for. Pieces of a body that cut one wait."""
    rest = b""

    async def read() -> Message:
        nonlocal rest
        message = await receive()
        if message["type"] != "http.request":
            return message
        body, rest = _replaced(rest + message.get("body", b""), shown, true, message.get("more_body", False))
        return {**message, "body": body}

    return read


def _writing(send: Send, true: bytes, shown: bytes) -> Send:
    """Messages of a reply with the alias for each path, if the reply is a text that Gradio writes."""
    rest, is_text = b"", False

    async def write(message: Message) -> None:
        nonlocal rest, is_text
        if message["type"] == "http.response.start":
            kind = Headers(raw=message.get("headers", [])).get("content-type", "")
            is_text = kind.startswith(TEXTS)
        elif message["type"] == "http.response.body" and is_text:
            more = message.get("more_body", False)
            body, rest = _replaced(rest + message.get("body", b""), true, shown, more)
            message = {**message, "body": body}
        await send(message)

    return write


def _replaced(body: bytes, old: bytes, new: bytes, more: bool) -> tuple[bytes, bytes]:
    """The body with `new` for `old`, and the end of it that may begin an `old` which is not there yet."""
    body = body.replace(old, new)
    cut = next((size for size in range(len(old) - 1, 0, -1) if more and body.endswith(old[:size])), 0)
    return body[: len(body) - cut], body[len(body) - cut :]
