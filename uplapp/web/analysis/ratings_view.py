"""Ratings of single images in the views of the Analysis tab: means in place of scores in JOD."""

from typing import Any

import gradio as gr
import pandas as pd

from uplapp.analysis.plots.ratings import rating_chart
from uplapp.analysis.ratings.norms import SCREENINGS
from uplapp.analysis.ratings.report import SCOPE, RatingReport, headline, methods, to_csv, to_json
from uplapp.analysis.writing.wording import one_line
from uplapp.web.analysis.words import cautions, chance, interval, number, plain, share, table
from uplapp.web.widgets import offer

MEANS = "These are mean ratings. Scenes, Metrics and Plan are for comparisons of two."


def ranking(report: RatingReport, *notes: str) -> tuple[Any, ...]:
    """Headline, notes, warnings, chart, table of means."""
    return (
        f"### {plain(headline(report))}\n\nIntervals and tests speak of {SCOPE}.",
        "\n\n".join(filter(None, [*notes, cautions(report.warnings)])),
        gr.update(value=rating_chart(report, "container"), visible=True),
        gr.update(value=_means(report), visible=True),
    )


def differences(report: RatingReport) -> tuple[Any, ...]:
    """Show all pairs of each criterion in a table, without pictures or goodness of fit."""
    hidden = gr.update(value=None, visible=False)
    said = "Paired t tests on observers' means, Holm-adjusted within a criterion."
    return hidden, hidden, said, gr.update(value=_pairs(report), visible=True), "", hidden


def observers(report: RatingReport) -> tuple[Any, ...]:
    """The screening of everyone, those left out too."""
    rows = report.observers.sort_values("looks", key=lambda looks: looks == "", kind="stable")
    suspects = int((rows["looks"] != "").sum())
    said = f"{suspects} of {len(rows)} observers to look at."
    listed = gr.update(value=_screened(rows.to_dict("records"), _raters(report)), visible=True)
    return said, gr.update(value=None, visible=False), listed


def paper(report: RatingReport) -> tuple[Any, ...]:
    """Show the methods paragraph and offer CSV and JSON.

    Figures of other votes go.
    """
    csv = offer("uplapp-ratings.csv", to_csv(report).encode())
    json = offer("uplapp-ratings.json", to_json(report).encode())
    files = (gr.update(value=path, visible=True) for path in (csv, json))
    return one_line(methods(report)), "", *files, gr.update(value=None, visible=False)


def _means(report: RatingReport) -> str:
    rows = report.means.to_dict("records")
    several = len(report.ratings.criteria) > 1
    return table(
        {
            "Criterion": [row["criterion"] if several else "" for row in rows],
            "Condition": [row["condition"] for row in rows],
            "Mean [95% interval]": [interval(row["mean"], row["low"], row["high"]) for row in rows],
            "SD between observers": [number(row["sd"]) for row in rows],
            "Score [95% interval]": [_score(row) for row in rows],
            "From reference": [_signed(row["reference_difference"]) for row in rows],
            "Observers": [row["observers"] for row in rows],
            "Ratings": [row["ratings"] for row in rows],
        }
    )


def _pairs(report: RatingReport) -> str:
    rows = report.differences.sort_values(["criterion", "p_adjusted", "p"], kind="stable").to_dict("records")
    ordered = [(row["a"], row["b"]) if row["difference"] >= 0 else (row["b"], row["a"]) for row in rows]
    return table(
        {
            "Criterion": [row["criterion"] for row in rows],
            "Higher": [upper for upper, _ in ordered],
            "Lower": [lower for _, lower in ordered],
            "Difference": [number(abs(row["difference"])) for row in rows],
            "p": [chance(row["p"]) for row in rows],
            "p (Holm)": [chance(row["p_adjusted"]) for row in rows],
            "": ["significant" if row["significant"] else "" for row in rows],
        }
    )


def _score(row: dict[Any, Any]) -> str:
    return "" if pd.isna(row["score"]) else interval(row["score"], row["score_low"], row["score_high"])


def _raters(report: RatingReport) -> dict[str, tuple[str, str]]:
    """Inconsistency of each observer, criteria in their order, and which recommendations leave him out."""
    found = {}
    for name, own in report.raters.groupby("observer"):
        out = [norm for norm in ("bt500", "p913") if own[f"{norm}_out"].any()]
        spread = [number(value) for value in own["inconsistency"] if not pd.isna(value)]
        found[str(name)] = (", ".join(spread), ", ".join(SCREENINGS[norm].partition(",")[0] for norm in out))
    return found


def _screened(rows: list[dict[Any, Any]], raters: dict[str, tuple[str, str]]) -> str:
    spread, norms = ([raters.get(row["observer"], ("", ""))[which] for row in rows] for which in (0, 1))
    return table(
        {
            "Observer": [f"{'★ ' if row['looks'] else ''}{row['observer']}" for row in rows],
            "Look because": [row["looks"] for row in rows],
            "Images": [row["images"] for row in rows],
            "Bias": [_signed(row["bias"]) for row in rows],
            "Inconsistency": spread,
            "Would be left out by": norms,
            "Agreement": [number(row["agreement"]) for row in rows],
            "Repeats the same": [share(row["repeats_same"]) for row in rows],
            "Rated above the reference": [share(row["reference_below"]) for row in rows],
            "Median, s": [number(row["median_s"]) for row in rows],
            "No human timing": [share(row["robotic_share"]) for row in rows],
        }
    )


def _signed(value: float) -> str:
    return "" if pd.isna(value) else f"{value:+.2f}"
