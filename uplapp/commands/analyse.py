"""`python -m uplapp analyse`: votes or a published matrix -> scores."""

from pathlib import Path
from typing import Annotated

import typer

from uplapp.analysis.analyse import BOOTSTRAPS, MEAN
from uplapp.analysis.analyse import analyse as score
from uplapp.analysis.comparisons import count
from uplapp.analysis.export import ranking, to_json
from uplapp.analysis.matrices import read_matrix
from uplapp.analysis.votes import read_votes
from uplapp.errors import UplappError
from uplapp.values import Comparisons, Difference, Method, Scores


def analyse(
    votes: Annotated[
        Path | None,
        typer.Argument(help="CSV with observer, condition_A, condition_B, is_A_selected (1, 0 or 0.5)."),
    ] = None,
    counts: Annotated[
        Path | None, typer.Option(help="Instead of votes: a matrix, conditions in first row and column.")
    ] = None,
    winner: Annotated[str | None, typer.Option(help="Who won in the matrix: row or column.")] = None,
    votes_per_pair: Annotated[
        str | None, typer.Option(help="The cells are probabilities of so many votes (number or matrix file).")
    ] = None,
    prior: Annotated[str, typer.Option(help="distance or none.")] = "distance",
    interval: Annotated[str, typer.Option(help="t or percentile; both resample observers.")] = "t",
    bootstraps: Annotated[int, typer.Option(help="Replicates of the study.")] = BOOTSTRAPS,
    seed: Annotated[int, typer.Option(help="Seed of the replicates.")] = 0,
    anchor: Annotated[str, typer.Option(help="The condition at 0 JOD, or mean.")] = MEAN,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Score the simulated observers, not the people.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Turn votes into JOD scores with 95 % intervals.

    Example:  python -m uplapp analyse --counts uplapp/analysis/examples/denoising.csv --winner column
    --votes-per-pair 112 --json
    """
    comparisons = _read(votes, counts, winner, votes_per_pair, simulated)
    scores = score(comparisons, Method(prior, interval, bootstraps, seed, anchor))
    typer.echo(to_json(scores) if as_json else _text(scores))


def _read(
    votes: Path | None, counts: Path | None, winner: str | None, votes_per_pair: str | None, simulated: bool
) -> Comparisons:
    match votes, counts:
        case Path(), None:
            if winner is not None or votes_per_pair is not None:
                raise UplappError("--winner and --votes-per-pair belong to --counts, not to votes")
            return count(read_votes(votes, simulated or None))
        case None, Path():
            if simulated:
                raise UplappError("--simulated belongs to votes, not to --counts")
            if winner is None:
                raise UplappError("--counts needs --winner row or --winner column: who was chosen in a cell?")
            return read_matrix(counts, winner, votes_per_pair)
    raise UplappError("give one input: a VOTES.csv, or --counts MATRIX.csv")


def _text(scores: Scores) -> str:
    prior = scores.method.prior
    people = "a matrix" if scores.observers is None else f"{scores.observers} observers"
    significant = [_sentence(pair) for pair in scores.pairs if pair.significant]
    lines = [
        f"{scores.comparisons} comparisons, {people}, prior: {prior}, intervals: {scores.interval}",
        ranking(scores).to_string(index=False, float_format="%.3f", na_rep="-"),
        f"{len(significant)} of {len(scores.pairs)} differences are significant (Holm-adjusted p < .05)",
        *significant,
        *(f"warning: {warning}" for warning in scores.warnings),
    ]
    return "\n".join(lines)


def _sentence(pair: Difference) -> str:
    upper, lower = (pair.a, pair.b) if pair.difference > 0 else (pair.b, pair.a)
    return f"  {upper} above {lower} by {abs(pair.difference):.3f} JOD, p = {pair.p_adjusted:.2g}"
