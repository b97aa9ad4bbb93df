"""The observer's page on a real port, and a client that goes through it like a browser."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.study.tiny import body
from uplapp.web.observer.routes import build


def mounted(store, studies, former=None) -> Starlette:
    """The page where the app puts it: under /study."""
    return Starlette(routes=[Mount("/study", app=build(store, studies, former=former))])


@contextmanager
def serving(app) -> Iterator[str]:
    """Serve an ASGI application on a free port. Yields its address."""
    # With the protocol named, or asyncio leaves Nagle's 40 ms on.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class Observer:
    """One observer over HTTP. `seen` keeps every response the browser would have got."""

    def __init__(self, client: httpx.Client, study: str = "tiny") -> None:
        self.client, self.api = client, f"/study/api/{study}"
        self.headers: dict[str, str] = {}
        self.seen: list[httpx.Response] = []

    def get(self, path: str) -> httpx.Response:
        return self._keep(self.client.get(f"{self.api}/{path}", headers=self.headers))

    def post(self, path: str, sent: object) -> httpx.Response:
        return self._keep(self.client.post(f"{self.api}/{path}", json=sent, headers=self.headers))

    def join(self) -> dict:
        """Give consent. Returns the first state."""
        version = self.get("welcome").json()["consent"]["version"]
        session = self.post("join", {"consent_version": version}).json()["session"]
        self.headers = {"Authorization": f"Bearer {session}"}
        return self.get("state").json()

    def pictures(self, trial: dict) -> list[bytes]:
        return [self.get(f"picture/{trial[slot]}").content for slot in ("original", "left", "right")]

    def answer(self, trial: dict, **changes) -> httpx.Response:
        return self.post("answer", body(trial["token"], key=trial["token"][::-1], **changes))

    def go_through(self, number: int = 0) -> dict:
        """Take part up to the last page, two answers of three for the side that the number names. Returns the
        last state."""
        state, given = self.join(), number
        while state["trial"]:
            choice = ("left", "right")[(number + (given % 3 == 0)) % 2]
            state, given = self.answer(state["trial"], choice=choice).json(), given + 1
        return state

    def _keep(self, response: httpx.Response) -> httpx.Response:
        self.seen.append(response)
        return response


class Recording:
    """An ASGI application that keeps every address, header and text body it sends to a browser."""

    def __init__(self, app) -> None:
        self.app, self.texts = app, []

    async def __call__(self, scope, receive, send) -> None:
        raw: list[bytes] = [scope.get("raw_path", b""), scope.get("query_string", b"")]

        async def keep(message):
            raw.extend(b": ".join(header) for header in message.get("headers", ()))
            if b"content-type: image/png" not in raw:
                raw.append(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, keep)
        self.texts.append(b"\n".join(raw).decode())
