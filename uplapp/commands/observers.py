"""`python -m uplapp observers`: votes -> which observers to look at, and what leaving some out changes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp import __version__
from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import EDITION, JSON, VOTES, parse_reasons, read_all
from uplapp.errors import UplappError
from uplapp.plain import to_json
from uplapp.values import Method, Votes

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 40  # observers, beyond which only those to look at are printed


@with_layout()
def observers(
    votes: Annotated[Path, VOTES],
    exclude: Annotated[
        list[str] | None, typer.Option(help="NAME=REASON: score also without this observer; repeatable.")
    ] = None,
    prior: Annotated[str, typer.Option(help="distance or none, for --exclude.")] = "distance",
    bootstraps: Annotated[int, typer.Option(help="Replicates, for --exclude.")] = Method.bootstraps,
    seed: Annotated[int, typer.Option(help="Seed of the replicates, for --exclude.")] = 0,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Screen the simulated observers, not the people.")
    ] = False,
    edition: Annotated[str, EDITION] = "",
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Say which observers to look at and why, and with --exclude rank with and without them.

    Nobody is left out automatically: that is your decision, with a reason.

    Example:  python -m uplapp observers uplapp/analysis/reading/examples/votes.csv
    --exclude "sim05=failed 4 of 4 catch trials"
    """
    reasons = parse_reasons(exclude or [])
    read = read_all(votes, layout, simulated, edition)
    if read.anonymous:
        raise UplappError(f"{votes.name} does not say who voted, so nobody can be screened")
    method = Method(prior=prior, bootstraps=bootstraps, seed=seed)
    result = _result(read, reasons, method)
    typer.echo(to_json(result) if as_json else _text(result))


def _result(votes: Votes, reasons: dict[str, str], method: Method) -> dict[str, Any]:
    from uplapp.analysis.observers.screening import compare_exclusion, notes, screen, side_by_side

    table = screen(votes)
    result: dict[str, Any] = {"observers": table, "notes": [*votes.notes, *notes(table)]}
    result |= {"simulated": votes.simulated, "version": __version__}
    result["excluded"] = [
        {"observer": name, "reason": reason} for name, reason in (*votes.excluded, *reasons.items())
    ]
    if reasons:
        everyone, kept = compare_exclusion(votes, reasons, method)
        result["side_by_side"] = side_by_side(everyone, kept)
        result["warnings"] = list(dict.fromkeys((*everyone.warnings, *kept.warnings)))
    return result


def _text(result: dict[str, Any]) -> str:
    from uplapp.analysis.writing.wording import one_line

    table = result["observers"]
    suspects = table[table["looks"] != ""]
    lines = [
        *_listed(table),
        f"{len(suspects)} of {len(table)} observers to look at; nobody is left out automatically",
        *(one_line(f"  {row.observer}: {row.looks}") for row in suspects.head(MOST_ROWS).itertuples()),
    ]
    if "side_by_side" in result:
        lines += ["", _rankings(result["side_by_side"]).to_string(index=False)]
    lines += [one_line(f"left out: {one['observer']} ({one['reason']})") for one in result["excluded"]]
    lines += [one_line(f"note: {note}") for note in result["notes"]]
    lines += [
        f"warning: {warning}" for warning in result.get("warnings", []) if warning not in result["notes"]
    ]
    return "\n".join(lines)


def _listed(table: "pd.DataFrame") -> list[str]:
    """Print all observers, or of very many those to look at."""
    looked = table[table["looks"] != ""]
    shown = table if len(table) <= MOST_ROWS else looked.head(MOST_ROWS)
    lines = _observers(shown).to_string(index=False).splitlines() if len(shown) else []
    left_out = len(table) - len(shown)
    return [*lines, *([f"{left_out} more observers are in --json"] if left_out else [])]


def _observers(table: "pd.DataFrame") -> "pd.DataFrame":
    """Print what fits on a line.

    Distances are in quartile ranges, looked at above 1.5.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "observer": table["observer"],
            "answers": table["answers"],
            "far by pair": _cells(table["dist_pairs"], "{:.2f}"),
            "by answer": _cells(table["dist_trials"], "{:.2f}"),
            "catch failed": _counts(table["catch_failed"], table["catch_shown"]),
            "repeats changed": _counts(table["repeats_inconsistent"], table["repeats_shown"]),
            "left/first": _cells(table["first_share"], "{:.0%}"),
            "expected": _cells(table["side_expected"], "{:.0%}"),
            "median s": _cells(table["median_s"], "{:.1f}"),
            "late frames": _cells(table["broken_share"], "{:.0%}"),
            "not human": _cells(table["robotic_share"], "{:.0%}"),
            "not sure": _cells(table["not_sure_share"], "{:.0%}"),
        }
    )


def _rankings(both: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame({"condition": both["condition"]}).assign(
        everyone=_scores(both, "all"),
        kept=_scores(both, "kept"),
        shift=_cells(both["shift"], "{:+.3f}"),
        ranks=_cells(both["rank_change"], "{:+d}"),
    )


def _scores(both: "pd.DataFrame", whose: str) -> list[str]:
    import pandas as pd

    from uplapp.analysis.writing.wording import fixed

    columns = (both[f"{name}_{whose}"] for name in ("jod", "low", "high"))
    return [
        "-" if pd.isna(jod) else f"{fixed(jod, 3)} [{fixed(low, 3)}, {fixed(high, 3)}]"
        for jod, low, high in zip(*columns, strict=True)
    ]


def _cells(column: "pd.Series[Any]", form: str) -> list[str]:
    import pandas as pd

    return ["-" if pd.isna(value) else form.format(value) for value in column]


def _counts(some: "pd.Series[Any]", all_: "pd.Series[Any]") -> list[str]:
    return [f"{part:.0f}/{whole}" if whole else "-" for part, whole in zip(some, all_, strict=True)]
