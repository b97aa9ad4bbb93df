"""Texts and tables of the analysis as the page shows them."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from math import isnan, nan
from typing import Any

from uplapp.analysis.writing.wording import fixed
from uplapp.web.widgets import plain as plain

TABLES = [".csv", ".gz"]  # the files that a menu for a table offers; .gz stands for .csv.gz
NUMBER = re.compile(r"[<>]?\s?-?\.?\d[\d\s.,%\[\]-]*(of \d+|\[no\sinterval\])?|undefined|")
WORDS = 24  # characters, beyond which a cell is a text that takes several lines
UNSIGNED = re.compile(r"(^|\[|, |,\s)(?=[\d.])")
MINUS = '<i class="sign">-</i>'  # takes the room of a minus, so that digits stand below digits


def cautions(texts: Any) -> str:
    """Warnings or notes, one per paragraph."""
    return "\n\n".join(f"⚠ {plain(text)}." for text in texts)


def interval(jod: float, low: float, high: float, side: str = "", bound_jod: float = nan) -> str:
    """Write a score with its interval, beyond what it lies, or that the votes leave it undefined."""
    if side in ("above", "below") and not isnan(bound_jod):
        return together(f"{'>' if side == 'above' else '<'} {bound_jod:z.2f}")
    if isnan(jod):
        return "undefined"
    limits = "no interval" if isnan(low) else f"{fixed(low)}, {fixed(high)}"
    return together(f"{jod:z.2f} [{limits}]")


def together(text: str) -> str:
    """Keep the words of a cell on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def share(value: float) -> str:
    """A share in percent, or nothing where it is not known."""
    return "" if isnan(value) else f"{value:.0%}"


def number(value: float, digits: int = 2) -> str:
    """A number, or nothing where it is not known."""
    return "" if isnan(value) else f"{value:.{digits}f}"


def chance(p: float) -> str:
    """Write a p value as papers do, with a fourth digit where three hide on which side of .05 it lies."""
    if isnan(p):
        return ""
    if p < 0.001:
        return together("< .001")
    return f"{p:.{3 if round(p, 3) != 0.05 else 4}f}".removeprefix("0")


def table(columns: Mapping[str, Sequence[Any]], kind: str = "numbers") -> str:
    """Write a table as HTML of a `kind` for its style, every cell escaped, without empty columns.

    Columns of numbers are aligned at the right, digit below digit.
    """
    cells = {name: ["" if cell is None else str(cell) for cell in column] for name, column in columns.items()}
    full = {name: column for name, column in cells.items() if any(column)}
    styles = [_style(column) for column in full.values()]
    head = "".join(f"<th{style}>{escape(name)}</th>" for name, style in zip(full, styles, strict=True))
    drawn = [_cells(column, style) for column, style in zip(full.values(), styles, strict=True)]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in zip(*drawn, strict=True))
    return f'<div class="{kind}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _style(column: Sequence[str]) -> str:
    if all(map(NUMBER.fullmatch, column)):
        return ' class="number"'
    return ' class="words"' if max(map(len, column)) > WORDS else ""


def _cells(column: Sequence[str], style: str) -> list[str]:
    """Write the cells of a column. Where numbers have signs, those without keep its place free."""
    signed = "number" in style and any(re.search(r"(^|\[|,\s)-", cell) for cell in column)
    shown = [UNSIGNED.sub(rf"\1{MINUS}", escape(cell)) if signed else escape(cell) for cell in column]
    return [f"<td{style}>{cell}</td>" for cell in shown]
