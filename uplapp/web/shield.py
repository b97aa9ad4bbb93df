"""The outermost layer: headers of every answer, what is closed, and a page for an address without one."""

from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What page and client ask Gradio for. It has more, such as calls beside its queue, recordings of a camera and
# copies of a page, which write files that nobody counts.
GRADIO, FILE = "/gradio_api/", "file="
OPEN = frozenset(
    {"queue", "upload", "upload_progress", "heartbeat", "reset", "cancel", "info", "startup-events"}
)
CLOSED = ("/dev", "/monitoring")  # a stream that never ends, figures
STUDIES = "/study/"
NO_PAGE = "Nothing is at this address. Perhaps a letter is missing, or the page has moved."
NO_STUDY = "There is no open study at this address. Ask whoever sent you the link."
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>uplapp: no such page</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}/study/static/base/style.css"></head>
<body><main class="card"><h1>There is no such page</h1><p>{text}</p>
<p><a class="button" href="{root}/">To the start</a></p></main></body></html>"""


class Shield:
    """ASGI middleware: adds the headers that an answer does not have yet, hides what is not OPEN.

    A browser that is led to an address without a page gets one that says so.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        lost, asked = False, dict(scope)  # routes write into a scope where they are mounted

        async def send_with_headers(message: Message) -> None:
            nonlocal lost
            if message["type"] == "http.response.start":
                if message["status"] == 404 and wants_page(asked):
                    lost = True
                    await no_page(asked)(asked, receive, guarded)
                    return
                message = with_headers(message)
            if not lost:
                await send(message)

        async def guarded(message: Message) -> None:
            await send(with_headers(message))

        shut = scope["type"] == "http" and is_closed(scope["path"])
        await (PlainTextResponse("There is nothing here.", 404) if shut else self.app)(
            scope, receive, send_with_headers
        )


def with_headers(message: Message) -> Message:
    """Add the headers that the start of an answer does not have yet."""
    if message["type"] == "http.response.start":
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
    return message


def wants_page(scope: Scope) -> bool:
    """Whether a person asks, by a browser's address bar or by a link."""
    return scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", "")


def no_page(scope: Scope) -> HTMLResponse:
    """Give the page of an address that has none."""
    text = NO_STUDY if scope["path"].startswith(STUDIES) else NO_PAGE
    return HTMLResponse(PAGE.format(root=escape(scope.get("root_path", "").rstrip("/")), text=text), 404)


def is_closed(path: str) -> bool:
    """Whether nobody may have what Gradio has at this address."""
    if path.startswith(GRADIO):
        first = path.removeprefix(GRADIO).partition("/")[0]
        return first not in OPEN and not first.startswith(FILE)
    return any(path == door or path.startswith(f"{door}/") for door in CLOSED)
