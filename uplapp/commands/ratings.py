"""`python -m uplapp ratings`: ratings of single images -> mean ratings, tests, screening, a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp import whole
from uplapp.commands.shared import (
    EXCLUDE,
    INTERVAL,
    JSON,
    NO_TITLE,
    REPLICATES,
    SEED,
    SIMULATED,
    draw,
    parse_reasons,
)
from uplapp.errors import UplappError
from uplapp.values import REFERENCE, Method

if TYPE_CHECKING:
    import pandas as pd

    from uplapp.analysis.ratings.report import RatingReport

FILE = typer.Argument(help="CSV with observer, condition, rating; perhaps criterion, scene, kind.")
COLUMNS = typer.Option(help="Other column names: condition=method+level,rating=score,observer=reader.")


def ratings(
    file: Annotated[Path, FILE],
    interval: Annotated[str, INTERVAL] = "t",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    simulated: Annotated[bool, SIMULATED] = False,
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    columns: Annotated[str, COLUMNS] = "",
    reference: Annotated[str, typer.Option(help="The condition that is the hidden reference.")] = REFERENCE,
    csv: Annotated[Path | None, typer.Option(help="Write the means to this file.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the means: .svg, .pdf or .png.")] = None,
    no_title: Annotated[bool, NO_TITLE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Mean ratings of each condition with 95 % intervals, and which differences are more than chance.

    Means within an observer come first, then those over observers; criteria are never averaged.

    Example:  python -m uplapp ratings uplapp/analysis/reading/examples/ratings.csv --json
    """
    from uplapp.analysis.plots.ratings import rating_panels
    from uplapp.analysis.plots.style import PAGE_PX
    from uplapp.analysis.ratings.report import rating_report, to_csv, to_json
    from uplapp.analysis.reading.ratings import read_ratings

    _check_output(csv, figure)
    read = read_ratings(file, simulated or None, columns, reference)
    method = Method(interval=interval, bootstraps=bootstraps, seed=seed)
    result = rating_report(read, method, parse_reasons(exclude or []))
    if csv is not None:
        whole.write_text(csv, to_csv(result))
    if figure is not None:
        draw(rating_panels(result, PAGE_PX), figure, not no_title, set(result.means["condition"]))
    typer.echo(to_json(result) if as_json else _text(result))


def _check_output(csv: Path | None, figure: Path | None) -> None:
    """Refuse before the work what could not be written after it."""
    from uplapp.analysis.plots.figures import kind_of

    if figure is not None:
        kind_of(figure)
    for path in (csv, figure):
        if path is not None and not path.parent.is_dir():
            raise UplappError(f"there is no folder '{path.parent}' for '{path.name}'")


def _text(result: "RatingReport") -> str:
    """Means, tests, observers to look at, exclusions, warnings."""
    from uplapp.analysis.ratings.report import headline
    from uplapp.analysis.writing.wording import one_line

    return "\n".join(
        [
            one_line(headline(result)),
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
    printed = printed.drop(columns=["reference_low", "reference_high"]).dropna(axis="columns", how="all")
    tests = result.differences[result.differences["criterion"] == criterion]
    clear = [row for row in tests.to_dict("records") if row["significant"]]
    return [
        one_line(f"{criterion}: mean rating, 95 % interval ({result.method.interval}), sd between observers"),
        printed.map(_cell).to_string(index=False),
        *([_significant(len(clear), len(tests))] if len(tests) else []),
        *(one_line(_sentence(row)) for row in clear),
        "",
    ]


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
