"""`python -m uplapp plan`: guessed scores -> how many observers."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.analysis.asking import BOOTSTRAPS, EXPERIMENTS, OBSERVERS, POWER
from uplapp.commands.shared import NO_TITLE, draw
from uplapp.errors import UplappError
from uplapp.plain import to_json
from uplapp.values import Method

if TYPE_CHECKING:
    from uplapp.analysis.asking.planning import Planned


def plan(
    scores: Annotated[str, typer.Option(help='Guessed mean scores in JOD: "name=score,name=score,...".')],
    observers: Annotated[str, typer.Option(help="Numbers of observers to try.")] = ",".join(
        map(str, OBSERVERS)
    ),
    votes_per_pair: Annotated[float, typer.Option(help="How often an observer judges each pair.")] = 8.0,
    spread: Annotated[
        float, typer.Option(help="How far observers' own scores differ: standard deviation in JOD.")
    ] = 0.3,
    experiments: Annotated[int, typer.Option(help="Simulated studies.")] = EXPERIMENTS,
    power: Annotated[float, typer.Option(help="Share of studies that should find a difference.")] = POWER,
    prior: Annotated[str, typer.Option(help="distance or none, as the study will be analysed.")] = "distance",
    bootstraps: Annotated[int, typer.Option(help="Replicates of each simulated study.")] = BOOTSTRAPS,
    seed: Annotated[int, typer.Option(help="Seed of the simulated studies.")] = 0,
    figure: Annotated[Path | None, typer.Option(help="Draw the power curve: .svg, .pdf or .png.")] = None,
    no_title: Annotated[bool, NO_TITLE] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Say how many observers a study needs, from simulated studies with guessed scores.

    Example:  python -m uplapp plan --scores "l1=0,l2=-.5,flip=.3" --observers 6,10,14 --votes-per-pair 8
    """
    from uplapp.analysis.asking.planning import Plan, read_scores
    from uplapp.analysis.asking.planning import plan as simulated
    from uplapp.analysis.plots.figures import kind_of
    from uplapp.analysis.plots.power import power_chart

    if not 0 < power < 1:
        raise UplappError(f"--power is {power:g}; it must be between 0 and 1")
    if figure is not None:
        kind_of(figure)
    guess = Plan(read_scores(scores), votes_per_pair, spread)
    method = Method(prior, bootstraps=bootstraps)
    planned = simulated(guess, _numbers(observers), experiments, method, seed, _tell)
    if figure is not None:
        draw(power_chart(planned.table), figure, not no_title, [name for name, _ in guess.scores])
    typer.echo(to_json(_result(planned, power, seed)) if as_json else _text(planned, power))


def _numbers(text: str) -> tuple[int, ...]:
    from uplapp.analysis.reading.numbers import whole_numbers

    try:
        return whole_numbers(text)
    except ValueError:
        raise UplappError(f"--observers is '{text}'; give whole numbers such as 6,10,14") from None


def _tell(done: int, total: int) -> None:
    if done == total or done % max(1, total // 20) == 0:
        print(f"{done} of {total} analyses", file=sys.stderr)


def _text(planned: "Planned", power: float) -> str:
    from uplapp.analysis.asking.planning import advice

    guess = planned.plan
    neighbours = planned.table[planned.table["neighbours"]].drop(columns="neighbours")
    shares = planned.overall[["observers", "all_neighbours", "best_first", "width_jod"]]
    lines = [
        f"{planned.experiments} simulated studies, {guess.votes_per_pair:g} votes per pair and observer, "
        f"observers {guess.spread_jod:g} JOD apart (sd), prior: {planned.method.prior}, "
        f"{planned.method.bootstraps} replicates each",
        "chance to find each difference between neighbours (Holm-adjusted p < .05)",
        neighbours.to_string(index=False, float_format="%.2f"),
        "chance to find all of them, and to rank the best first; width of the widest interval",
        shares.to_string(index=False, float_format="%.2f", na_rep="-"),
        advice(planned, power),
        *_each(planned, power),
    ]
    return "\n".join(lines)


def _each(planned: "Planned", power: float) -> list[str]:
    """One line for each pair of neighbours with a difference."""
    from uplapp.analysis.asking.planning import needed

    table = planned.table
    names = table.loc[table["neighbours"] & (table["difference_jod"] > 0), "comparison"].unique()
    most = table["observers"].max()
    return [f"  {name}: {needed(planned, power, name) or f'more than {most}'} observers" for name in names]


def _result(planned: "Planned", power: float, seed: int) -> dict[str, Any]:
    from uplapp.analysis.asking.planning import advice, needed

    return {
        "scores": dict(planned.plan.scores),
        "votes_per_pair": planned.plan.votes_per_pair,
        "spread_jod": planned.plan.spread_jod,
        "experiments": planned.experiments,
        "prior": planned.method.prior,
        "bootstraps": planned.method.bootstraps,
        "seed": seed,
        "power": power,
        "needed": needed(planned, power),
        "advice": advice(planned, power),
        "comparisons": planned.table,
        "overall": planned.overall,
    }
