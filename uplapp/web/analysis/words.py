"""Texts and tables of the analysis as the page shows them."""

from collections.abc import Mapping, Sequence
from math import isnan, nan
from typing import Any

import pandas as pd

from uplapp.web.widgets import plain as plain

TABLES = [".csv", ".gz"]  # the files that a menu for a table offers; .gz stands for .csv.gz


def cautions(texts: Any) -> str:
    """Warnings or notes, one per paragraph."""
    return "\n\n".join(f"⚠ {plain(text)}." for text in texts)


def interval(jod: float, low: float, high: float, side: str = "", bound_jod: float = nan) -> str:
    """Write a score with its interval, beyond what it lies, or that the votes leave it undefined."""
    if side in ("above", "below") and not isnan(bound_jod):
        return together(f"{'>' if side == 'above' else '<'} {bound_jod:z.2f}")
    if isnan(jod):
        return "undefined"
    return f"{jod:z.2f} [no interval]" if isnan(low) else together(f"{jod:z.2f} [{low:z.2f}, {high:z.2f}]")


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
    """Write a table as HTML of a `kind` for its style, every cell escaped, without empty columns."""
    cells = {name: ["" if cell is None else str(cell) for cell in column] for name, column in columns.items()}
    full = pd.DataFrame({name: column for name, column in cells.items() if any(column)})
    with pd.option_context("display.max_colwidth", None):
        return f'<div class="{kind}">{full.to_html(index=False, border=0)}</div>'
