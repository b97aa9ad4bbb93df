"""The observers' flicker player for the Restore tab: one self-contained frame."""

import base64
import html
import json
from collections.abc import Mapping

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Flicker preview</title>
<link rel="stylesheet" href="{static}style.css"><script type="module" src="{static}preview.js"></script>
</head><body class="preview"><script id="pictures" type="application/json">{pictures}</script>
<main id="preview" aria-label="Flicker preview"><div class="row" id="names"></div><div id="stage"></div>
<div class="row"><button id="play" type="button">Stop <kbd>Space</kbd></button>
<label>Each picture <select id="phase"><option>125</option><option selected>250</option>
<option>500</option></select> ms</label></div><p id="hint"></p></main></body></html>"""


def flicker_frame(
    original: bytes, candidates: Mapping[str, bytes], height_px: int = 560, static: str = "study/static/"
) -> str:
    """An `<iframe>` for `gr.HTML` that flickers each candidate against the original, at exact device pixels.

    All pictures are PNG files of one size; the keys of `candidates` are their names on screen. `static` is
    the address of the player's files as the outer page sees it.
    """
    pictures = {
        "original": _data_url(original),
        "candidates": [[k, _data_url(v)] for k, v in candidates.items()],
    }
    inner = PAGE.format(static=static, pictures=json.dumps(pictures).replace("<", "\\u003c"))
    return (
        f'<iframe title="Flicker preview" srcdoc="{html.escape(inner, quote=True)}" '
        f'style="width:100%;height:{height_px}px;border:0;border-radius:8px"></iframe>'
    )


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
