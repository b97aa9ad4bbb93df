"""The rules for every request of the observer's page: headers, origin, content type, size of the body."""

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from uplapp.errors import UplappError
from uplapp.study.answers.response import BadResponse

MAX_BODY = 64 * 1024
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://huggingface.co"
)  # the last part, who may show a page in a frame, may be followed by more origins
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class TooLarge(UplappError):
    """A body above the cap."""


class Guard:
    """ASGI middleware: refuses writes from other sites, adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = _refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> JSONResponse | None:
    """The refusal of a write that no page of ours would send, else None."""
    if scope["method"] in ("GET", "HEAD"):
        return None
    headers = Headers(scope=scope)
    # A page of another site can write neither: a header of its own makes the browser ask first, in vain.
    ours = {headers.get("host"), headers.get("x-forwarded-host")}
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in ours:
        return JSONResponse({"error": "writes from other sites are refused"}, 403)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return JSONResponse({"error": "the content type must be application/json"}, 415)
    return None


async def read_json(request: Request) -> dict[str, Any]:
    """Read the body as a JSON object.

    Raises TooLarge above the cap, whatever length was announced, and BadResponse for anything else.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge(f"the body is larger than {MAX_BODY} bytes")
    try:
        parsed = json.loads(body)
        if b"\\ud" in body.lower():  # half a surrogate pair is valid JSON, but no text that can be stored
            parsed = json.loads(json.dumps(parsed, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError):
        raise BadResponse("the body must be JSON") from None
    if not isinstance(parsed, dict):
        raise BadResponse("the body must be a JSON object")
    return parsed
