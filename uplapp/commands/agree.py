"""`python -m uplapp agree`: votes and metrics -> which metric agrees with people."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uplapp.commands.data.layout import Layout, with_layout
from uplapp.commands.shared import (
    COUNTS,
    EDITION,
    EXCLUDE,
    JSON,
    NO_TITLE,
    PRIOR,
    REPLICATES,
    SEED,
    SIMULATED,
    VOTES_PER_PAIR,
    WINNER,
    draw,
    read_counts,
    read_kept,
)
from uplapp.errors import UplappError
from uplapp.plain import to_json
from uplapp.values import Comparisons, Method, Scores, Votes

if TYPE_CHECKING:
    import pandas as pd

    from uplapp.analysis.agreement.agreement import Agreement
    from uplapp.analysis.reading.metric_table import Metrics

LEGEND = "correlations: +1 full agreement, 0 none, -1 the opposite; shares of pairs: 50% is chance"

PUBLISHED = typer.Option(help="Instead of files: a published study, denoising or mri.")


@dataclass(frozen=True, eq=False)
class Question:
    """The votes, one by one or as a matrix, and the metrics."""

    votes: Votes | Comparisons
    metrics: "Metrics"


@dataclass(frozen=True)
class OfVotes:
    """Options that only votes have, all empty unless given."""

    layout: tuple[str, ...]
    exclude: tuple[str, ...]
    simulated: bool
    edition: str


@with_layout()
def agree(
    tables: Annotated[
        list[Path] | None, typer.Argument(help="VOTES.csv METRICS.csv; with --counts only METRICS.csv.")
    ] = None,
    counts: Annotated[Path | None, COUNTS] = None,
    winner: Annotated[str | None, WINNER] = None,
    votes_per_pair: Annotated[str | None, VOTES_PER_PAIR] = None,
    published: Annotated[str | None, PUBLISHED] = None,
    prior: Annotated[str, PRIOR] = "distance",
    bootstraps: Annotated[int, REPLICATES] = Method.bootstraps,
    seed: Annotated[int, SEED] = 0,
    figure: Annotated[
        Path | None, typer.Option(help="Draw one panel per metric: .svg, .pdf or .png.")
    ] = None,
    no_title: Annotated[bool, NO_TITLE] = False,
    exclude: Annotated[list[str] | None, EXCLUDE] = None,
    simulated: Annotated[bool, SIMULATED] = False,
    edition: Annotated[str, EDITION] = "",
    as_json: Annotated[bool, JSON] = False,
    *,
    layout: Layout,
) -> None:
    """Correlate metrics with the scores that people gave, with 95% intervals.

    METRICS.csv has the columns condition, perhaps scene, and one per metric; its name may end on :lower or
    :higher, whichever is better.

    Example:  python -m uplapp agree --published denoising
    """
    from uplapp.analysis.plots.figures import kind_of

    if figure is not None:
        kind_of(figure)
    files, of_votes = tables or [], OfVotes(layout.given, tuple(exclude or ()), simulated, edition)
    if published is not None:
        others = [*files, counts, winner, votes_per_pair, *vars(of_votes).values()]
        question = _of_published(published, others)
    elif counts is not None:
        question = _of_matrix(files, counts, winner, votes_per_pair, of_votes)
    else:
        question = _of_votes(files, winner or votes_per_pair, of_votes, layout)
    scores, answer, points = _answer(question, Method(prior=prior, bootstraps=bootstraps, seed=seed))
    if figure is not None:
        _draw(question, scores, answer, points, figure, not no_title)
    typer.echo(to_json(_facts(answer, scores)) if as_json else _text(answer, scores))


def _of_published(name: str, others: list[object]) -> Question:
    from uplapp.analysis.reading.published import published, published_metrics

    if any(others):
        raise UplappError("--published brings its own votes and metrics; leave files and their options out")
    return Question(published(name), published_metrics(name))


def _of_matrix(
    files: list[Path], counts: Path, winner: str | None, votes_per_pair: str | None, of_votes: OfVotes
) -> Question:
    from uplapp.analysis.reading.metric_table import read_metrics

    if len(files) != 1:
        raise UplappError(f"--counts needs one file beside it, METRICS.csv, not {len(files)}")
    if any(vars(of_votes).values()):
        raise UplappError(
            "--columns, --where and the like, --edition, --exclude and --simulated belong to votes, "
            "not to --counts"
        )
    return Question(read_counts(counts, winner, votes_per_pair), read_metrics(files[0]))


def _of_votes(files: list[Path], of_matrix: str | None, options: OfVotes, layout: Layout) -> Question:
    from uplapp.analysis.reading.metric_table import read_metrics

    if len(files) != 2:
        raise UplappError("give VOTES.csv and METRICS.csv, or --counts MATRIX.csv and METRICS.csv")
    if of_matrix is not None:
        raise UplappError("--winner and --votes-per-pair belong to --counts, not to votes")
    kept = read_kept(files[0], layout, options.exclude, options.simulated, options.edition)
    return Question(kept, read_metrics(files[1]))


def _answer(question: Question, method: Method) -> "tuple[Scores, Agreement, pd.DataFrame]":
    from uplapp.analysis.agreement.agreement import TOO_NARROW, Agreement, agreement, scatter_table
    from uplapp.analysis.reading.metric_table import check_study
    from uplapp.analysis.reading.votes import count
    from uplapp.analysis.scoring import analyse

    votes, metrics = question.votes, question.metrics
    comparisons = votes if isinstance(votes, Comparisons) else count(votes)
    check_study(metrics, comparisons.conditions)
    scores = analyse(comparisons, method)
    per_scene = _per_scene(votes, metrics, method)
    result = agreement(scores, metrics, per_scene, method.seed)
    points = scatter_table(scores, metrics, per_scene)
    said_twice = any("intervals are parametric" in warning for warning in scores.warnings)
    notes = [note for note in result.notes if note != TOO_NARROW or not said_twice]
    said = Agreement(result.table, tuple(dict.fromkeys((*notes, *scores.warnings))))
    return scores, said, points[points["scene"] == ""]


def _draw(
    question: Question,
    scores: Scores,
    result: "Agreement",
    points: "pd.DataFrame",
    path: Path,
    title: bool,
) -> None:
    from uplapp.analysis.plots.agreement import agreement_panels
    from uplapp.analysis.plots.style import PAGE_PX

    chart = agreement_panels(points, PAGE_PX, scores.simulated, result.table)
    draw(chart, path, title, (*scores.conditions, *question.metrics.names))


def _per_scene(votes: Votes | Comparisons, metrics: "Metrics", method: Method) -> dict[str, Scores]:
    from uplapp.analysis.scoring import analyse_scenes

    if isinstance(votes, Comparisons) or metrics.scenes == ("",):
        return {}
    return analyse_scenes(votes, method)


def _facts(result: "Agreement", scores: Scores) -> dict[str, object]:
    from uplapp.analysis.writing.report import provenance

    left_out = [{"observer": name, "reason": reason} for name, reason in scores.excluded]
    return {"metrics": result.table, "notes": result.notes, "excluded": left_out, **provenance(scores)}


def _text(result: "Agreement", scores: Scores) -> str:
    from uplapp.analysis.writing.wording import one_line

    lines = [LEGEND]
    for level, rows in result.table.groupby("level", sort=False):
        best_first = rows.sort_values("spearman", ascending=False, na_position="last", kind="stable")
        one = best_first.iloc[0]
        lines += [
            f"{one['n']} {level}; 95% intervals over {one['resampled']}",
            _shown(best_first).to_string(index=False),
        ]
    lines += [one_line(f"left out: {observer} ({reason})") for observer, reason in scores.excluded]
    lines += [one_line(f"note: {note}") for note in result.notes]
    return "\n".join(lines)


def _shown(rows: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    from uplapp.analysis.agreement.agreement import KINDS
    from uplapp.analysis.writing.wording import fixed

    table = pd.DataFrame({"metric": rows["metric"], "better": rows["better"]})
    for kind in KINDS:
        columns = (rows[name] for name in (kind, f"{kind}_low", f"{kind}_high"))
        table[kind] = [
            "-" if pd.isna(estimate) else f"{fixed(estimate)} [{fixed(low)}, {fixed(high)}]"
            for estimate, low, high in zip(*columns, strict=True)
        ]
    table["pairs as people"] = [_percent(share) for share in rows["pairs_share"]]
    clear = int(rows["clear_pairs"].iloc[0])
    table[f"of {clear} clear pairs"] = [_percent(share) for share in rows["clear_pairs_share"]]
    return table


def _percent(share: float) -> str:
    import pandas as pd

    return "-" if pd.isna(share) else f"{share:.0%}"
