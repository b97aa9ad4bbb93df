"""`python -m uplapp analyse`: votes or a published matrix -> scores, tables, pictures, methods."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp import whole
from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import (
    COUNTS,
    EDITION,
    EXCLUDE,
    INTERVAL,
    JSON,
    NO_TITLE,
    PRIOR,
    REPLICATES,
    SEED,
    SIMULATED,
    VOTES,
    VOTES_PER_PAIR,
    WINNER,
    check_folders,
    parse_reasons,
    read_all,
    read_counts,
    watcher,
)
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Comparisons, Method, Votes

if TYPE_CHECKING:
    from uplapp.analysis.writing.report import Report

ANCHOR = typer.Option(help="The condition at 0 JOD, or mean.")
TIES = typer.Option(
    help='"Not sure" counts half a vote each way (half), is an answer (threshold), or one of the steps from '
    "much to slightly better (ordered); auto: ordered where votes have steps, else half."
)
BOTH_BAD = typer.Option(help='"Both bad" counts as a tie (tie), or not at all (drop).')
SIDE_BIAS = typer.Option("--side-bias", help="Take the pull of the first place out of the scores.")
RESAMPLE = typer.Option(help="observers (holds for these scenes), or observers,scenes (for other scenes).")
GROUPS = typer.Option(help="A column of the votes, such as age or device: compare these groups of observers.")
COVARIATE = typer.Option(help="A number per condition, such as a bit rate: a table, or rate: a=1,b=2.")
LOG = typer.Option("--covariate-log", help="Take the logarithm of the covariate: a slope per doubling.")
PER_SCENE = typer.Option("--per-scene", help="Score each scene by itself too.")
CSV = typer.Option(help="Write the ranking to this file.")
LATEX = typer.Option(help="Write a LaTeX table to this file.")
FIGURES = typer.Option(help="Write the pictures to this folder.")
FORMAT = typer.Option("--format", help="Format of the pictures: svg, pdf or png.")
METHODS = typer.Option("--methods", help="Print the methods paragraph and nothing else.")


@dataclass(frozen=True)
class Files:
    """Where tables and pictures go, None for nowhere."""

    csv: Path | None
    latex: Path | None
    figures: Path | None
    format: str
    title: bool


@dataclass(frozen=True)
class More:
    """What is asked beside the scores: who is left out (name -> reason), scenes, groups, a covariate."""

    exclude: Mapping[str, str]
    per_scene: bool
    groups: str
    covariate: str
    covariate_log: bool


@with_layout()
def analyse(
    votes: Annotated[Path | None, VOTES] = None,
    counts: Annotated[Path | None, COUNTS] = None,
    winner: Annotated[str | None, WINNER] = None,
    votes_per_pair: Annotated[str | None, VOTES_PER_PAIR] = None,
    prior: Annotated[str, PRIOR] = "distance",
    interval: Annotated[str, INTERVAL] = "t",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    anchor: Annotated[str, ANCHOR] = Method.anchor,
    ties: Annotated[str, TIES] = "auto",
    both_bad: Annotated[str, BOTH_BAD] = Method.both_bad,
    side_bias: Annotated[bool, SIDE_BIAS] = False,
    resample: Annotated[str, RESAMPLE] = Method.resample,
    simulated: Annotated[bool, SIMULATED] = False,
    edition: Annotated[str, EDITION] = "",
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    per_scene: Annotated[bool, PER_SCENE] = False,
    groups: Annotated[str, GROUPS] = "",
    covariate: Annotated[str, COVARIATE] = "",
    covariate_log: Annotated[bool, LOG] = False,
    csv: Annotated[Path | None, CSV] = None,
    latex: Annotated[Path | None, LATEX] = None,
    figures: Annotated[Path | None, FIGURES] = None,
    picture_format: Annotated[str, FORMAT] = "svg",
    no_title: Annotated[bool, NO_TITLE] = False,
    methods: Annotated[bool, METHODS] = False,
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Turn votes into JOD scores with 95% intervals, and into tables, pictures and text for a paper.

    Example:  python -m uplapp analyse --counts uplapp/analysis/reading/examples/denoising.csv --winner column
    --votes-per-pair 112 --json
    """
    _check_output(files := Files(csv, latex, figures, picture_format, not no_title), methods, as_json)
    of_votes: dict[str, Any] = {"--simulated": simulated, "--exclude": exclude, "--per-scene": per_scene}
    of_votes |= {"--groups": groups, "--edition": edition} | dict.fromkeys(layout.given, True)
    of_matrix = {"--winner": winner, "--votes-per-pair": votes_per_pair}
    more = More(parse_reasons(exclude or []), per_scene, groups.strip(), covariate, covariate_log)
    method = Method(prior, interval, bootstraps, seed, anchor, ties, side_bias, resample, both_bad)
    result = _report(_read(votes, counts, of_votes | _for_votes(method), of_matrix, layout), method, more)
    _write(result, files)
    typer.echo(_text(result, methods, as_json))


def _for_votes(method: Method) -> dict[str, bool]:
    """Say which options of a method that a matrix does not allow were given."""
    return {
        "--side-bias": method.side_bias,
        "--ties": method.ties not in ("auto", "half"),
        "--resample": method.resample != Method.resample,
        "--both-bad": method.both_bad != Method.both_bad,
    }


def _report(source: Votes | Comparisons, method: Method, more: More) -> "Report":
    """Analyse the input, with what was asked beside the scores."""
    from uplapp.analysis.model import suited_ties
    from uplapp.analysis.reading.covariate import read_covariate
    from uplapp.analysis.scoring.covariate import against
    from uplapp.analysis.writing.report import report

    name, numbers = read_covariate(more.covariate) if more.covariate else ("", {})
    method = replace(method, ties=suited_ties(method.ties, source))
    result = report(source, method, more.exclude, more.per_scene, watcher("replicates"), more.groups)
    if not numbers:
        return result
    return replace(result, covariate=against(result.scores, numbers, name, more.covariate_log))


def _text(result: "Report", methods: bool, as_json: bool) -> str:
    from uplapp.analysis.writing.methods import methods as paragraph
    from uplapp.analysis.writing.report import to_json
    from uplapp.analysis.writing.summary import summary

    if as_json:
        return to_json(result)
    return paragraph(result) if methods else summary(result)


def _check_output(files: Files, methods: bool, as_json: bool) -> None:
    """Refuse before hours of work what could not be written after them."""
    if methods and as_json:
        raise UplappError("--json and --methods both want the output; give one of them")
    if files.format != "svg":  # the library that draws takes a second to load
        from uplapp.analysis.plots.figures import FORMATS

        if files.format not in FORMATS:
            raise UnknownName("picture format", files.format, FORMATS)
    check_folders(files.csv, files.latex)
    if files.figures is not None and files.figures.is_file():
        raise UplappError(f"--figures needs a folder, and '{files.figures}' is a file")


def _read(
    votes: Path | None,
    counts: Path | None,
    of_votes: dict[str, Any],
    of_matrix: dict[str, Any],
    layout: Layout,
) -> Votes | Comparisons:
    """Read the one input that is given, with the options that belong to its kind.

    Refuse others.
    """
    match votes, counts:
        case Path(), None:
            _refuse(of_matrix, "--counts, not to votes")
            return read_all(votes, layout, of_votes["--simulated"], of_votes["--edition"])
        case None, Path():
            _refuse(of_votes, "votes, not to --counts")
            return read_counts(counts, of_matrix["--winner"], of_matrix["--votes-per-pair"])
    raise UplappError("give one input: a VOTES.csv, or --counts MATRIX.csv")


def _refuse(options: dict[str, Any], home: str) -> None:
    from uplapp.analysis.writing.wording import listed

    strangers = [name for name, value in options.items() if value]
    if strangers:
        raise UplappError(f"{listed(strangers)} belong{'s' * (len(strangers) == 1)} to {home}")


def _write(result: "Report", files: Files) -> None:
    from uplapp.analysis.writing.latex import to_latex
    from uplapp.analysis.writing.report import to_csv

    for path, text in ((files.csv, to_csv), (files.latex, to_latex)):
        if path is not None:
            whole.write_text(path, text(result))
    if files.figures is not None:
        from uplapp.analysis.plots.figures import figure_files, figure_notes

        for name, content in figure_files(result, files.format, files.title).items():
            whole.write_bytes(files.figures / name, content)
        for note in figure_notes(result, files.format):
            typer.echo(f"note: {note}", err=True)
