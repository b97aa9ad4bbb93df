"""How far long work is, on stderr; short work stays silent."""

import sys
from collections.abc import Callable
from time import monotonic

PATIENCE_S = 2.0


def watcher(noun: str) -> Callable[[int, int], None]:
    """Build a listener that rewrites one line, once PATIENCE_S have passed."""
    begun = monotonic()

    def tell(done: int, total: int) -> None:
        if monotonic() - begun > PATIENCE_S:
            print(f"{done} of {total} {noun}", end="\n" if done >= total else "\r", file=sys.stderr)

    return tell
