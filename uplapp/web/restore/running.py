"""A restoration in a thread of its own, so that the page shows how far it is and can stop it."""

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr

from uplapp.imaging.restorers import Watch

POLL_S = 0.1
PREVIEW_POLLS = 8  # polls between two previews, which hide how far the work is until it is reported again

Result = TypeVar("Result")


@dataclass
class _Latest:
    """The last report of a restoration."""

    share: float = 0.0
    text: str = ""
    preview: Any = None


def following(
    work: Callable[[Watch], Result], progress: gr.Progress, show: Callable[[Any], tuple[Any, ...]]
) -> Generator[Any, None, Result]:
    """Do `work` while yielding updates: how far it is, and what `show` makes of a preview.

    Returns the result. Once this generator is closed, as Gradio does where a person stops the event, the
    watch that `work` was given says to stop.
    """
    stopped, latest = threading.Event(), _Latest()

    def watch(share: float, text: str, preview: Any) -> bool:
        latest.share, latest.text = share, text
        latest.preview = latest.preview if preview is None else preview
        return not stopped.is_set()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work, watch)
        polls = 0
        try:
            while not wait([future], POLL_S).done:
                polls += 1
                progress(latest.share, desc=latest.text)
                preview = latest.preview if polls % PREVIEW_POLLS == 0 else None
                yield gr.skip() if preview is None else show(preview)
        finally:
            stopped.set()
        return future.result()
