"""What holds for every address of the whole app: headers, and no door that only developers need."""

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Gradio's own: calls by name, of which there are none, their description, a stream that never ends, figures.
CLOSED = (
    *("/gradio_api/call", "/gradio_api/openapi.json", "/gradio_api/mcp"),
    *("/gradio_api/dev", "/dev", "/gradio_api/monitoring", "/monitoring"),
)


class Shield:
    """ASGI middleware: adds the headers that an answer does not have yet, hides what is CLOSED."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        shut = scope["type"] == "http" and _is_closed(scope["path"])
        await (PlainTextResponse("There is nothing here.", 404) if shut else self.app)(
            scope, receive, send_with_headers
        )


def _is_closed(path: str) -> bool:
    return any(path == door or path.startswith(f"{door}/") for door in CLOSED)
