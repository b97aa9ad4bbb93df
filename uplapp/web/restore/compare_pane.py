"""The comparison of pictures on top of the Restore tab: what its frame is given."""

import html
import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from uplapp.values import REFERENCE

FILES = "gradio_api/file="
HEIGHT_PX = 640  # until the frame follows its content, so that nothing below it moves
# What a picture is to the restoration. No script of the observers' page holds the name of a stimulus.
CLEAN, INPUT, RESULT = "clean", "input", "result"
# What the comparison says; no script holds a sentence. What change means depends on what is held against.
WORDS = {
    "show": "Show",
    "against": "against",
    "zoom": "at",
    "fit": "fit",
    "how": "How to compare",
    "ways": {
        "slider": "Slider",
        "flicker": "Flicker",
        "beside": "Side by side",
        "all": "All",
        "difference": "Difference",
    },
    "letters": {"slider": "s", "flicker": "f", "beside": "b", "all": "a", "difference": "d"},
    "line": "Line",
    "each": "Each picture",
    "stretch": "Times",
    "stop": "Stop",
    "play": "Play",
    "flicker": {
        CLEAN: "Flicker against the reference, as observers see it: less change is closer to it.",
        INPUT: "Flicker against the input: change is what the restoration took away or added. "
        "A picture that does not change was not restored.",
        RESULT: "Flicker of two results: change is where they differ.",
    },
    "difference": {
        CLEAN: "The error of each pixel: black is none.",
        INPUT: "What the restoration changed: black is nothing.",
        RESULT: "Where two results differ: black is nowhere.",
    },
    "keys": "1 to 9 choose the second picture, with Shift the first; S F B A D the way to compare. "
    "Drag or arrows move, + and - zoom by whole pixels.",
    "lost": "The pictures could not be loaded; restore once more.",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Comparison</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="{static}base/style.css">
<link rel="stylesheet" href="{static}compare/compare.css">
<script type="module" src="{static}compare/compare.js"></script>
</head><body class="compare"><script id="pictures" type="application/json">{pictures}</script>
<main id="compare" aria-label="Comparison"></main></body></html>"""


class Picture(NamedTuple):
    """A picture of the comparison: its name on screen, its file, and what it is to the restoration."""

    name: str
    path: str
    role: str = RESULT


def role_of(kind: str, observed: str) -> str:
    """Say what an image of a job is to the restoration, by its kind. The input is of the kind `observed`."""
    return {REFERENCE: CLEAN, observed: INPUT}.get(kind, RESULT)


def comparison(pictures: Sequence[Picture], static: str = "study/static/", files: str = FILES) -> str:
    """Give an `<iframe>` for `gr.HTML` in which a visitor compares pictures of one size.

    `static` and `files` are the addresses of the scripts and of the pictures as the outer page sees them.
    """
    shown = [(name, f"{files}{quote(path)}", role) for name, path, role in pictures]
    given = json.dumps({"pictures": shown, "words": WORDS}).replace("<", "\\u003c")
    inner = PAGE.format(static=static, pictures=given)
    return (
        f'<iframe title="Comparison" srcdoc="{html.escape(inner, quote=True)}" '
        f'style="width:100%;height:{HEIGHT_PX}px;border:0;border-radius:8px"></iframe>'
    )
