"""Files that the page hands out, names that it shows, work that it follows."""

import io
import os
import re
import secrets
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from html import escape
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.layouts import Form
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from uplapp.errors import Cancelled, UplappError
from uplapp.values import Watch


def plain(text: str) -> str:
    """Keep names from a file from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#+!|$~-])", r"\\\1", text)


def offer(name: str, content: bytes) -> str:
    """Put a file where Gradio serves and later deletes it. Returns its path.

    The folder is the one Gradio would copy the file to, so that there is no second copy to clean up.
    """
    path: str = save_bytes_to_cache(content, name, get_upload_folder())
    return path


def room(name: str) -> Path:
    """Where to write a long file, under an address nobody can guess. Gradio deletes it later."""
    folder = Path(get_upload_folder()) / secrets.token_hex(32)
    folder.mkdir(parents=True)
    return folder / name


def offer_pieces(name: str, pieces: Iterable[str]) -> str:
    """Offer a text that is written piece by piece. Returns its path."""
    path = room(name)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)
    return str(path)


def zip_files(files: Mapping[str, bytes]) -> bytes:
    """Files by name as one ZIP, stored: PNG and PDF do not shrink."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def abreast() -> Form:
    """Lay out the fields inside beside each other, somewhere in a container of the class `abreast`.

    A row would do the same, and be one more widget for the page to go through at each step.
    """
    return Form()


POLL_S = 0.1
# Polls between two updates, at which work can be stopped. An update hides how far the work is, which is told
# again at the next poll. Were either more frequent, a slow machine would draw them and answer no click.
BEAT = 5
NOTICE = 800  # characters
NICENESS = 10  # of work aside: it gets a tenth of a processor that others ask for too

Result = TypeVar("Result")


def working(
    work: Callable[[Watch], Result], progress: gr.Progress, text: str, waiting: Any = None
) -> Generator[Any, None, Result]:
    """Do `work` while yielding updates that change nothing and, where it is slow, once `waiting`.

    Returns the result. `work` gets a `Watch` to call with (done, total). Once this generator is closed, as
    Gradio does where a person stops the event, the next such call raises Cancelled.
    """
    stopped = threading.Event()
    share = [0, 1]

    def watch(done: int, total: int) -> None:
        share[:] = done, total
        if stopped.is_set():
            raise Cancelled(f"{text}: stopped")

    with aside() as pool:
        future = pool.submit(work, watch)
        try:
            for polls in polled(future):
                if share[0] and polls % BEAT == 1:
                    progress((share[0], share[1]), desc=text)
                if polls % BEAT == 0:
                    yield gr.skip() if waiting is None else waiting
                    waiting = None
        finally:
            stopped.set()
        return future.result()


def aside() -> ThreadPoolExecutor:
    """Give one thread for work that leaves the processor to whoever waits for an answer."""
    return ThreadPoolExecutor(1, initializer=_give_way)


def _give_way() -> None:
    """Lower the priority of this thread and of those that it starts, where a thread has one of its own."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(NICENESS, os.getpriority(os.PRIO_PROCESS, thread)))


def polled(future: Future[Any]) -> Iterator[int]:
    """Count the tenths of a second for which work goes on, from 1."""
    return takewhile(lambda _: not wait([future], POLL_S).done, count(1))


@contextmanager
def errors_on_screen() -> Iterator[None]:
    """Show an UplappError as a notice with its sentence. Anything else stays an error of ours."""
    try:
        yield
    except UplappError as error:
        raise gr.Error(notice(sentence(error)), title="Not possible", print_exception=False) from error


def notice(text: str) -> str:
    """Write a text for a notice of Gradio, which reads HTML: names stay names, and it fits the screen."""
    return escape(text if len(text) <= NOTICE else f"{text[:NOTICE]} ...", quote=False)


def sentence(error: Exception) -> str:
    """What to show of an error."""
    return without_folders(str(error))


def without_folders(text: str) -> str:
    """A sentence that names uploaded files by their names alone: where they lie is nobody's business."""
    places = {tempfile.gettempdir(), str(Path(tempfile.gettempdir()).resolve()), get_upload_folder()}
    for place in sorted(places, key=len, reverse=True):
        text = re.sub(rf"{re.escape(place)}/(?:[^/\s'\"]+/)*", "", text)
    return text
