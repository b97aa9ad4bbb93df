"""A run to be killed: `in_a_process.py FOLDER` trains and prints every step."""

import sys
from dataclasses import replace
from pathlib import Path

from tests.imaging.tiny import ALONE, SPEC, TINY, changed, photographs
from uplapp.imaging.training.run import train

# So long that none is done before its signal comes.
LONG = changed(SPEC, schedule=replace(TINY, steps=60))

if __name__ == "__main__":
    # Saves every third step, so that kills fall before, after and into the writing of a state.
    train(
        LONG,
        photographs(),
        Path(sys.argv[1]),
        ALONE,
        lambda progress: print(progress.step, flush=True),
        save_every=3,
    )
