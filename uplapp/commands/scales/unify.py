"""`python -m uplapp unify`: votes and ratings of the same stimuli -> one scale in JOD."""

from pathlib import Path
from typing import Annotated

import typer

from uplapp import whole
from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import (
    EDITION,
    EXCLUDE,
    INTERVAL,
    JSON,
    REPLICATES,
    SEED,
    SIMULATED,
    VOTES,
    check_folders,
    leave_out,
)
from uplapp.values import REFERENCE, Method

RATINGS = typer.Argument(help="CSV with observer, condition, rating; perhaps criterion, scene, kind.")
RATING_EDITION = typer.Option(help="Take one edition of the study of ratings, by its number.")
RATING_COLUMNS = typer.Option(help="Other column names of the ratings: condition=method,rating=score.")
CRITERION = typer.Option(help="Which criterion of the ratings, where there are several.")


@with_layout()
def unify(
    votes: Annotated[Path, VOTES],
    ratings: Annotated[Path, RATINGS],
    criterion: Annotated[str, CRITERION] = "",
    interval: Annotated[str, INTERVAL] = "t",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    simulated: Annotated[bool, SIMULATED] = False,
    edition: Annotated[str, EDITION] = "",
    rating_edition: Annotated[str, RATING_EDITION] = "",
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    rating_columns: Annotated[str, RATING_COLUMNS] = "",
    reference: Annotated[str, typer.Option(help="The hidden reference of the ratings.")] = REFERENCE,
    csv: Annotated[Path | None, typer.Option(help="Write the scale to this file.")] = None,
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Put votes and ratings of the same conditions on one JOD scale, by their common likelihood.

    Conditions go by their names, scenes are summed up (Perez-Ortiz et al. 2020). Options of rows count for
    both files, --where and --ignore for those that have the column.

    Example:  python -m uplapp unify uplapp/analysis/reading/examples/votes.csv
    uplapp/analysis/reading/examples/ratings.csv --bootstraps 200
    """
    from uplapp.analysis.alternatives.scale import unify as put_together
    from uplapp.analysis.alternatives.scale_report import to_csv, to_json, to_text
    from uplapp.analysis.reading.layouts.rows import shared
    from uplapp.analysis.reading.ratings import read_ratings
    from uplapp.analysis.reading.ratings import without as without_raters
    from uplapp.analysis.reading.tables import read_header
    from uplapp.analysis.reading.votes import count, read_votes, without

    check_folders(csv)
    columns, rows = layout.read
    first, second = shared(rows, *(read_header(path, rows.header) for path in (votes, ratings)))
    answers = read_votes(votes, simulated or None, columns, edition, first)
    rated = read_ratings(ratings, simulated or None, rating_columns, reference, rating_edition, second)
    voters, raters = (set(one.table["observer"].unique()) for one in (answers, rated))
    answers, rated = leave_out(exclude or [], [(answers, voters, without), (rated, raters, without_raters)])
    scale = put_together(count(answers), rated, criterion, Method("none", interval, bootstraps, seed))
    if csv is not None:
        whole.write_text(csv, to_csv(scale))
    typer.echo(to_json(scale) if as_json else to_text(scale))
