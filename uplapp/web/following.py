"""What the command line adopts while an app runs, the app serves within seconds."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from uplapp.errors import UplappError
from uplapp.web.shelf import Shelf

EVERY_S = 2.0


@contextmanager
def following(shelf: Shelf, every_s: float = EVERY_S) -> Iterator[None]:
    """Look at the editions of the open studies, in a thread, as long as the block runs."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(every_s):
            try:
                shelf.follow()
            except UplappError as error:  # a busy database: the next look comes soon
                print(f"editions are not looked at: {error}", file=sys.stderr)

    thread = threading.Thread(target=run, name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
