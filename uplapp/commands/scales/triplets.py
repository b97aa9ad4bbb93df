"""`python -m uplapp triplets`: plain and boosted comparisons of the same versions -> one scale in JND."""

from pathlib import Path
from typing import Annotated

import typer

from uplapp import whole
from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import (
    EXCLUDE,
    INTERVAL,
    JSON,
    REPLICATES,
    SEED,
    SIMULATED,
    check_folders,
    leave_out,
)
from uplapp.errors import UplappError
from uplapp.values import REFERENCE, Method, Votes

PLAIN = typer.Argument(help="Triplets (as in JPEG AIC-3) or votes on plain views.")
METHODS = typer.Option("--methods", help="Print the methods paragraph and nothing else.")
BOOSTED = typer.Argument(help="Triplets or votes on boosted views, of the same versions and scenes.")


@with_layout()
def triplets(
    plain: Annotated[Path, PLAIN],
    boosted: Annotated[Path, BOOSTED],
    source: Annotated[str, typer.Option(help="The condition at 0 JND.")] = REFERENCE,
    interval: Annotated[str, INTERVAL] = "t",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    simulated: Annotated[bool, SIMULATED] = False,
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the scales to this file.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Write a LaTeX table to this file.")] = None,
    written: Annotated[bool, METHODS] = False,
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Put plain and boosted comparisons on one scale in plain JND, scene by scene, with the mapping between.

    Each file holds triplets of two distorted versions with their source between them, or votes for the less
    distorted version. Observers of the two files count as different people.

    Example:  python -m uplapp triplets uplapp/analysis/reading/examples/plain_triplets.csv
    uplapp/analysis/reading/examples/boosted_triplets.csv --bootstraps 200
    """
    from uplapp.analysis.alternatives.triplet_report import methods, to_csv, to_json, to_latex, to_text
    from uplapp.analysis.alternatives.triplets import scale_triplets
    from uplapp.analysis.reading.votes import without

    if written and as_json:
        raise UplappError("--json and --methods both want the output; give one of them")
    check_folders(csv, latex)
    both = _read((plain, boosted), layout, simulated)
    groups = [(votes, set(votes.table["observer"].unique()), without) for votes in both]
    kept = leave_out(exclude or [], groups)
    scales = scale_triplets(kept[0], kept[1], source, Method("none", interval, bootstraps, seed))
    for path, text in ((csv, to_csv), (latex, to_latex)):
        if path is not None:
            whole.write_text(path, text(scales))
    write = to_json if as_json else methods if written else to_text
    typer.echo(write(scales))


def _read(paths: tuple[Path, Path], layout: Layout, simulated: bool) -> list[Votes]:
    """Read both files, each with the options of rows that concern it."""
    from uplapp.analysis.reading.layouts.rows import shared
    from uplapp.analysis.reading.tables import read_header
    from uplapp.analysis.reading.votes import read_votes

    columns, rows = layout.read
    apart = shared(rows, *(read_header(path, rows.header) for path in paths))
    return [
        read_votes(path, simulated or None, columns, rows=own) for path, own in zip(paths, apart, strict=True)
    ]
