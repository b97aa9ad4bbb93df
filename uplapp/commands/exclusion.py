"""Observers to leave out, as the command line names them."""

from collections.abc import Sequence
from pathlib import Path

import typer

from uplapp.analysis.reading.columns import Columns
from uplapp.analysis.reading.votes import read_votes, without
from uplapp.errors import UplappError
from uplapp.values import Votes

EXCLUDE = typer.Option(help="NAME=REASON: leave out this observer; repeatable.")
SIMULATED = typer.Option("--simulated", help="Take the simulated observers, not the people.")


def parse_reasons(texts: Sequence[str]) -> dict[str, str]:
    """Read `NAME=REASON` texts."""
    reasons: dict[str, str] = {}
    for text in texts:
        name, _, reason = (part.strip() for part in text.partition("="))
        if not name or not reason:
            raise UplappError(f"--exclude '{text}' gives no reason; write it as NAME=REASON")
        if name in reasons:
            raise UplappError(f"--exclude names '{name}' twice")
        reasons[name] = reason
    return reasons


def read_kept(path: Path, columns: Columns, exclude: Sequence[str], simulated: bool) -> Votes:
    """Read votes, of simulated observers only where asked, without the observers in `NAME=REASON` texts."""
    reasons = parse_reasons(exclude)
    return without(read_votes(path, simulated or None, columns), reasons)
