"""How wide names are, and whether the fonts at hand can draw them.

A picture in SVG keeps its letters as text, which a browser draws with fonts of its own. PNG and PDF are drawn
here, with sans-serif and whatever other fonts this machine has: a character that none of them holds becomes a
box.
"""

import unicodedata
from collections.abc import Iterable
from html import escape

import vl_convert

NOWHERE = "\U0010fffe"  # no character, so no font has it
DRAWN = ("png", "pdf")
PLAIN = 0x250  # Latin letters, which every font holds


def length(text: str) -> int:
    """Give the width of a text in Latin letters. Chinese, Japanese and Korean characters take two."""
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def missing(texts: Iterable[str]) -> list[str]:
    """Find the texts with a character that would be drawn as a box here."""
    texts = list(dict.fromkeys(texts))
    unusual = sorted({character for text in texts for character in text if ord(character) >= PLAIN})
    box = _drawn(NOWHERE) if unusual else b""
    boxes = {character for character in unusual if character.isprintable() and _drawn(character) == box}
    return [text for text in texts if boxes & set(text)]


def box_notes(texts: Iterable[str], kind: str) -> list[str]:
    """Say which texts are boxes in a picture of that kind, and what helps."""
    texts = missing(texts) if kind in DRAWN else []
    if not texts:
        return []
    some = ", ".join(f"'{text}'" for text in texts[:3]) + (", ..." if len(texts) > 3 else "")
    return [
        f"no font of this machine has all characters of {some}, which are boxes in {kind}: draw svg, which "
        "browsers show with their own fonts, or install a font such as Noto Sans CJK (Debian: fonts-noto-cjk)"
    ]


def _drawn(character: str) -> bytes:
    text = f'<text x="4" y="24" font-family="sans-serif" font-size="20">{escape(character)}</text>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="32">{text}</svg>'
    picture: bytes = vl_convert.svg_to_png(svg)
    return picture
