"""Long work in a thread of its own, so that the page shows how far it is and can stop it."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import count
from typing import Any, TypeVar

import gradio as gr

from uplapp.errors import Cancelled
from uplapp.values import Watch

POLL_S = 0.1
POLLS = 8  # an update hides how far the work is until it is told again, so they come seldom

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

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, watch)
        try:
            for polls in count(1):
                if wait([future], POLL_S).done:
                    break
                if share[0]:
                    progress((share[0], share[1]), desc=text)
                if polls % POLLS == 0:
                    yield gr.skip() if waiting is None else waiting
                    waiting = None
        finally:
            stopped.set()
        return future.result()
