"""The observers' flicker player for the Restore tab: a caption above one self-contained frame."""

import base64
import html
import json
from collections.abc import Mapping

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Flicker preview</title>
<link rel="stylesheet" href="{static}base/style.css">
<script type="module" src="{static}trial/preview.js"></script>
</head><body class="preview"><script id="pictures" type="application/json">{pictures}</script>
<main id="preview" aria-label="Flicker preview"><div class="row" id="names"></div><div id="stage"></div>
<div class="row"><button id="play" type="button">Stop <kbd>Space</kbd></button>
<label>Each picture <select id="phase"><option>125</option><option selected>250</option>
<option>500</option></select> ms</label></div><p id="hint"></p></main></body></html>"""
REFERENCE = "reference"
AGAINST_REFERENCE = (
    "as observers see it. The picture that changes less is closer to the reference: less change is better."
)
AGAINST_INPUT = (
    "because the clean image is not known. Change shows what the restoration took away or added. "
    "Less change is not better here: a picture that does not change was not restored."
)


def flicker_frame(
    original: bytes,
    candidates: Mapping[str, bytes],
    height_px: int = 560,
    static: str = "study/static/",
    *,
    against: str = REFERENCE,
    part: str = "",
) -> str:
    """A caption and an `<iframe>` for `gr.HTML` that flickers each candidate against the original.

    All pictures are PNG files of one size, shown at exact device pixels; the keys of `candidates` are their
    names on screen. `static` is the address of the player's files as the outer page sees it. `against` says
    what the original is: the clean reference, or else the input, in words such as "noisy input". `part` says
    which part of it is shown, if not all.
    """
    pictures = {
        "original": _data_url(original),
        "candidates": [[k, _data_url(v)] for k, v in candidates.items()],
    }
    inner = PAGE.format(static=static, pictures=json.dumps(pictures).replace("<", "\\u003c"))
    return caption(against, part) + (
        f'<iframe title="Flicker preview" srcdoc="{html.escape(inner, quote=True)}" '
        f'style="width:100%;height:{height_px}px;border:0;border-radius:8px"></iframe>'
    )


def caption(against: str, part: str = "") -> str:
    """The sentences above the flicker: what the pictures alternate with, and what change then means."""
    meaning = AGAINST_REFERENCE if against == REFERENCE else AGAINST_INPUT
    shown = f" ({html.escape(part)})" if part else ""
    return f"<p><b>Flicker against the {html.escape(against)}</b>{shown}, {meaning}</p>"


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
