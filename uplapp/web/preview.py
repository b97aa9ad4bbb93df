"""Studies to try: as observers see them, on a database of their own that is thrown away."""

import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.errors import UplappError
from uplapp.settings import DATABASE, Settings
from uplapp.study.definition import Access, Completion, Definition, Panel
from uplapp.study.session import opening
from uplapp.study.session.opening import Candidate, OpenStudy
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.study.store.store import Store, new_token
from uplapp.web.observer import routes
from uplapp.web.observer.limits import Limits
from uplapp.workflows.opening import read_disk

PATH = "preview"
MARK = "Preview, nothing is stored"
MOST = 50  # at a time; the oldest goes


@dataclass(frozen=True)
class Previews:
    """The studies to try, by the tokens in their addresses, on a store that is deleted at the end."""

    store: Store
    studies: dict[str, OpenStudy] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def show(self, definition: Definition, stimuli: Stimuli) -> str:
        """Return the path of a study to try, below the page's own, always the same for the same pictures.

        Whoever has the address may try it, without an invitation, and is sent nowhere at the end.
        """
        digest = stimuli.digest(definition)
        if digest not in self.tokens:
            token = new_token()
            self.studies[token], self.tokens[digest] = self._open(token, definition, stimuli), token
            for old in list(self.tokens)[:-MOST]:
                self.studies.pop(self.tokens.pop(old), None)
        return f"{PATH}/{self.tokens[digest]}"

    def app(self, behind_proxy: bool = False) -> Starlette:
        """Give the application to mount at PATH."""
        return routes.build(self.store, self.studies, limits=Limits(behind_proxy=behind_proxy))

    def _open(self, token: str, definition: Definition, stimuli: Stimuli) -> OpenStudy:
        tried = opened_to_all(definition, token)
        row = {"name": token, "hash": stimuli.digest(tried), "manifest": stimuli.manifest(tried)}
        with self.store.transaction():
            study = opening.register(self.store, Candidate(tried, stimuli, row, ""), time.time())
        return OpenStudy(study, tried, stimuli, next_pairs)


def opened_to_all(definition: Definition, name: str) -> Definition:
    """Give a study that anybody may take, and whose title says that nothing is stored."""
    marked = tuple(
        replace(one, title=f"{MARK}: {one.title}" if one.title else "") for one in definition.translations
    )
    return replace(
        definition,
        name=name,
        title=f"{MARK}: {definition.title}",
        translations=marked,
        access=Access(),
        panel=Panel(),
        completion=Completion(code=False),
    )


@contextmanager
def previewing() -> Iterator[Previews]:
    """Keep previews in a temporary folder as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="uplapp-preview-") as folder:
        store = Store(Path(folder) / DATABASE)
        try:
            yield Previews(store)
        finally:
            store.close()


def serve_one(settings: Settings, folder: Path, host: str, port: int) -> None:
    """Serve a study to try until the process is stopped. BadStudy if it is not in order."""
    disk = read_disk(folder, settings)
    if not isinstance(disk.study, Candidate):
        raise disk.study
    with previewing() as previews:
        path = previews.show(disk.study.definition, disk.study.stimuli)
        app = Starlette(routes=[Mount(f"/{PATH}", app=previews.app())])
        with _listening(host, port) as listener:
            address = f"http://{host}:{listener.getsockname()[1]}/{path}"
            print(f"try it at {address}; Ctrl-C ends it, nothing is kept", file=sys.stderr, flush=True)
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
            server.run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise UplappError(
            f"port {port} of {host} cannot be used ({error.strerror}); give another --port"
        ) from None
