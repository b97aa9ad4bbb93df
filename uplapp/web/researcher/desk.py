"""What the researcher's listeners share: the house they work in, and the check that each of them makes."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from uplapp.errors import UplappError
from uplapp.hub.mirror import Mirror
from uplapp.study.definition import Definition
from uplapp.study.session import log
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.web.preview import Previews
from uplapp.web.researcher.gate import NAMELESS, Gate
from uplapp.web.shelf import Shelf
from uplapp.web.widgets import errors_on_screen

DEMO = "demo"
REFUSED = "Only a researcher may do this: enter the token first."
FORGETFUL = (
    "This Space keeps no copy: answers and studies made here are lost when it restarts. "
    "Set the secret UPLAPP_ANSWERS_REPO."
)
TRY_IT = "Try it: nothing is stored"
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,200}")


@dataclass(frozen=True)
class Entry:
    """What the server remembers of a browser whose token was right: the `address` of its page, and `who`."""

    address: str
    who: str = NAMELESS

    def study(self, name: str, link: str = "") -> str:
        """The address to send to observers."""
        return f"{self.address}/study/{name}" + (f"#l={link}" if link else "")


@dataclass(frozen=True)
class Desk:
    """The studies, the gate, the copy on the Hub, the session's entry (an `Entry` or None), and previews."""

    shelf: Shelf
    gate: Gate
    mirror: Mirror | None
    entry: gr.State
    previews: Previews | None = None
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    @property
    def drafts(self) -> Path:
        """Where studies under construction lie."""
        return self.shelf.settings.data / "drafts"

    def names(self, entry: object) -> list[str]:
        """List all studies to a session that has entered, none to others."""
        return self.shelf.names() if isinstance(entry, Entry) else []

    def votes(self, simulated: bool, name: str = DEMO, entry: object = None) -> pd.DataFrame:
        """Give all answers to a study, to a session that has entered. Those to the demo are open to all."""
        if name != DEMO and not isinstance(entry, Entry):
            raise UplappError(REFUSED)
        return self.shelf.answers(self.shelf.get(name), simulated)

    def preview(self, definition: Definition, stimuli: Stimuli) -> str:
        """Draw the link by which a study can be tried, nothing where there are no previews."""
        if self.previews is None:
            return ""
        return f'<a href="{self.previews.show(definition, stimuli)}" target="_blank">{TRY_IT}</a>'

    @contextmanager
    def acting(self, entry: Entry, name: str, what: str, detail: str = "") -> Iterator[OpenStudy]:
        """Yield the study of that name for one transaction that changes it, which its log writes down."""
        study = self.shelf.get(name)
        with self.shelf.store.transaction():
            yield study
            log.note(self.shelf.store, study.definition.name, entry.who, what, detail, self.clock())

    def on(
        self,
        event: Callable[..., Any],
        listener: Callable[..., Any],
        inputs: Sequence[Any] = (),
        outputs: Any = None,
        **options: Any,
    ) -> Any:
        """Connect a listener that only a researcher may call. It gets the `Entry` before the inputs."""
        options = {"api_visibility": "private", **options}
        return event(guarded(listener), [self.entry, *inputs], outputs, **options)


def guarded(listener: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a session that has not entered. An UplappError becomes a notice on screen."""

    def checked(entry: object, *values: Any) -> Any:
        if not isinstance(entry, Entry):
            raise gr.Error(REFUSED, print_exception=False)
        with errors_on_screen():
            return listener(entry, *values)

    return checked


def entry_of(request: gr.Request) -> Entry:
    """The entry of the browser that asks, with the address under which it sees the page."""
    headers, url = request.headers, request.url
    scheme = headers.get("x-forwarded-proto", url.scheme).partition(",")[0].strip()
    host = headers.get("x-forwarded-host", headers.get("host", "")).partition(",")[0].strip()
    if scheme not in ("http", "https") or not HOST.fullmatch(host):
        return Entry("")
    return Entry(f"{scheme}://{host}{url.path.partition('/gradio_api')[0].rstrip('/')}")
