"""`python -m uplapp ratings`: ratings of single images -> mean ratings, tests, screening, a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp import whole
from uplapp.commands.data.layout import OF_ROWS, Layout, with_layout
from uplapp.commands.shared import (
    EDITION,
    EXCLUDE,
    INTERVAL,
    JSON,
    NO_TITLE,
    REPLICATES,
    SEED,
    SIMULATED,
    check_folders,
    draw,
    parse_reasons,
)
from uplapp.values import REFERENCE, Method

if TYPE_CHECKING:
    import pandas as pd

    from uplapp.analysis.ratings.report import RatingReport

FILE = typer.Argument(help="CSV with observer, condition, rating; perhaps criterion, scene, kind.")
REFERENCE_HELP = typer.Option(help="The condition that is the hidden reference, or a form such as *_raw.png.")
HIGHEST = typer.Option(help="Last step of the scale, where the DMOS puts the reference.")
LIKELIHOOD = typer.Option(help="reml or ml (as sureal): how bias and inconsistency of raters are fitted.")
SCREENING = typer.Option(help="Leave out whom bt500 or p913 would, or none.")
COLUMNS = typer.Option(help="Other column names: condition=method+level,rating=score,observer=reader.")


@with_layout(*OF_ROWS)
def ratings(
    file: Annotated[Path, FILE],
    interval: Annotated[str, INTERVAL] = "t",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    simulated: Annotated[bool, SIMULATED] = False,
    edition: Annotated[str, EDITION] = "",
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    columns: Annotated[str, COLUMNS] = "",
    reference: Annotated[str, REFERENCE_HELP] = REFERENCE,
    highest: Annotated[float | None, HIGHEST] = None,
    likelihood: Annotated[str, LIKELIHOOD] = "reml",
    screening: Annotated[str, SCREENING] = "none",
    csv: Annotated[Path | None, typer.Option(help="Write the means to this file.")] = None,
    images: Annotated[Path | None, typer.Option(help="Write a table of the images to this file.")] = None,
    raters: Annotated[Path | None, typer.Option(help="Write a table of the raters to this file.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the means: .svg, .pdf or .png.")] = None,
    no_title: Annotated[bool, NO_TITLE] = False,
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Mean ratings of each condition with 95% intervals, and which differences are more than chance.

    Means within an observer come first, then those over observers; criteria are never averaged. Beside
    them stand scores without the raters' bias; the more consistent a rater, the more weight (Li et al. 2020).

    Example:  python -m uplapp ratings uplapp/analysis/reading/examples/ratings.csv --json
    """
    from uplapp.analysis.plots.ratings import rating_panels
    from uplapp.analysis.plots.style import PAGE_PX
    from uplapp.analysis.ratings.report import Treatment, rating_report, to_csv, to_json
    from uplapp.analysis.reading.ratings import read_ratings

    _check_output((csv, images, raters), figure)
    read = read_ratings(file, simulated or None, columns, reference, edition, layout.rows)
    method = Method(interval=interval, bootstraps=bootstraps, seed=seed)
    treatment = Treatment(likelihood, highest, screening)
    result = rating_report(read, method, parse_reasons(exclude or []), treatment)
    for path, table in ((csv, result.means), (images, result.images), (raters, result.raters)):
        if path is not None:
            whole.write_text(path, to_csv(result, table))
    if figure is not None:
        draw(rating_panels(result, PAGE_PX), figure, not no_title, set(result.means["condition"]))
    typer.echo(to_json(result) if as_json else _text(result))


def _check_output(tables: tuple[Path | None, ...], figure: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    from uplapp.analysis.plots.figures import kind_of

    if figure is not None:
        kind_of(figure)
    check_folders(*tables, figure)


def _text(result: "RatingReport") -> str:
    """Means, tests, observers to look at, exclusions, warnings."""
    from uplapp.analysis.ratings.report import SCOPE, headline
    from uplapp.analysis.writing.wording import one_line

    return "\n".join(
        [
            one_line(headline(result)),
            f"Intervals and tests speak of {SCOPE}.",
            "",
            *(line for criterion in result.ratings.criteria for line in _criterion(result, criterion)),
            *_observers(result.observers),
            *(one_line(f"left out: {name} ({reason})") for name, reason in result.ratings.excluded),
            *(one_line(f"warning: {warning}") for warning in result.warnings),
        ]
    )


def _criterion(result: "RatingReport", criterion: str) -> list[str]:
    from uplapp.analysis.writing.wording import one_line

    table = result.means[result.means["criterion"] == criterion].drop(columns="criterion")
    printed = table.rename(columns={"reference_difference": "from reference"})
    unprinted = ["reference_low", "reference_high", "score_low", "score_high"]
    printed = printed.drop(columns=unprinted).dropna(axis="columns", how="all")
    tests = result.differences[result.differences["criterion"] == criterion]
    clear = [row for row in tests.to_dict("records") if row["significant"]]
    return [
        one_line(f"{criterion}: mean rating, 95% interval ({result.method.interval}), sd between observers"),
        printed.map(_cell).to_string(index=False),
        *([_significant(len(clear), len(tests))] if len(tests) else []),
        *(one_line(_sentence(row)) for row in clear),
        *_model(result, criterion),
        "",
    ]


def _model(result: "RatingReport", criterion: str) -> list[str]:
    """Say how the model of the raters fits beside the means, and whom the recommendations would leave out."""
    from uplapp.analysis.ratings.norms import SCREENINGS
    from uplapp.analysis.writing.wording import one_line, some_names

    (row,) = result.models[result.models["criterion"] == criterion].to_dict("records")
    raters = result.raters[result.raters["criterion"] == criterion]
    said = []
    if raters["inconsistency"].notna().any():
        spread = f"{raters['inconsistency'].min():.2f} to {raters['inconsistency'].max():.2f}"
        said.append(f"score: without the raters' bias; inconsistency of raters {spread} steps")
    if row["raters_aic"] == row["raters_aic"]:
        said.append(
            f"AIC per rating: {row['raters_aic']:.3f} with raters, {row['mos_aic']:.3f} of mean ratings"
        )
    for name in ("bt500", "p913"):
        out = raters.loc[raters[f"{name}_out"], "observer"].to_list()
        said += [f"{SCREENINGS[name]}, would leave out: {some_names(out)}"] if out else []
    return [one_line(line) for line in said]


def _significant(clear: int, tests: int) -> str:
    from uplapp.analysis.writing.wording import plural

    return f"{clear} of {plural(tests, 'difference')} significant (paired t, Holm-adjusted)"


def _sentence(row: dict[Any, Any]) -> str:
    from uplapp.analysis.writing.wording import chance, fixed

    upper, lower = (row["a"], row["b"]) if row["difference"] > 0 else (row["b"], row["a"])
    return f"  {upper} above {lower} by {fixed(abs(row['difference']))}, {chance(row['p_adjusted'])}"


def _observers(table: "pd.DataFrame") -> list[str]:
    from uplapp.analysis.writing.wording import one_line, plural

    suspects = table[table["looks"] != ""]
    return [
        f"{len(suspects)} of {plural(len(table), 'observer')} to look at; nobody is left out automatically",
        *(one_line(f"  {row.observer}: {row.looks}") for row in suspects.itertuples()),
    ]


def _cell(value: object) -> str:
    import pandas as pd

    from uplapp.analysis.writing.wording import fixed, one_line

    if isinstance(value, float):
        return "-" if pd.isna(value) else fixed(value, 3)
    return one_line(str(value))
