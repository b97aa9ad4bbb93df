"""`python -m uplapp score`: folders of pictures against their references, as a table of metrics."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from uplapp.commands.shared import conditions_of, watcher
from uplapp.plain import to_json

REFERENCE = typer.Option(help="Folder of the clean pictures.")
CONDITION = typer.Option(help="NAME=FOLDER of pictures with the names of the references; once per condition.")
CSV = typer.Option(help="Write METRICS.csv for `agree`: a row per picture and condition.")


def score(
    reference: Annotated[Path, REFERENCE],
    condition: Annotated[list[str], CONDITION],
    csv: Annotated[Path | None, CSV] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all scores as JSON.")] = False,
) -> None:
    """Measure pictures that any program restored, whatever network or method it used.

    Example: python -m uplapp score --reference clean --condition bm3d=out/bm3d --csv METRICS.csv
    """
    from uplapp.imaging.evaluation.folders import measure_folders
    from uplapp.imaging.evaluation.text import format_means, scores_csv
    from uplapp.whole import write_text

    result = measure_folders(reference, conditions_of(condition), watch=watcher("pictures"))
    if csv is not None:
        write_text(csv, scores_csv(result.scenes))
    print(
        to_json({"scenes": result.scenes, "means": result.means}) if as_json else format_means(result.means)
    )
    for sentence in result.missing:
        print(sentence, file=sys.stderr)
