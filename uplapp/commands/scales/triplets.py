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
    parse_reasons,
    read_all,
)
from uplapp.errors import UnknownName, UplappError
from uplapp.values import REFERENCE, Method

PLAIN = typer.Argument(help="Triplets (as in JPEG AIC-3) or votes on plain views.")
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
    from uplapp.analysis.alternatives.triplet_report import to_csv, to_json, to_text
    from uplapp.analysis.alternatives.triplets import scale_triplets
    from uplapp.analysis.reading.votes import without

    if csv is not None and not csv.parent.is_dir():
        raise UplappError(f"there is no folder '{csv.parent}' for '{csv.name}'")
    both = [read_all(path, layout, simulated) for path in (plain, boosted)]
    people = [set(votes.table["observer"].unique()) for votes in both]
    for name, reason in parse_reasons(exclude or []).items():
        if name not in people[0] | people[1]:
            raise UnknownName("observer", name, people[0] | people[1])
        both = [
            without(votes, {name: reason}) if name in own else votes
            for votes, own in zip(both, people, strict=True)
        ]
    scales = scale_triplets(both[0], both[1], source, Method("none", interval, bootstraps, seed))
    if csv is not None:
        whole.write_text(csv, to_csv(scales))
    typer.echo(to_json(scales) if as_json else to_text(scales))
