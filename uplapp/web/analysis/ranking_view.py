"""Who leads, by how much, and how sure that is."""

from typing import Any

import gradio as gr

from uplapp.analysis.plots.scores import jod_chart
from uplapp.analysis.writing.export import headline, ranking
from uplapp.analysis.writing.report import Report
from uplapp.web.analysis.words import cautions, interval, number, plain, share, table

FLUID = "container"  # a chart as wide as the column it stands in


def build(first: tuple[Any, ...]) -> list[Any]:
    """Lay out the view with what it shows at first; returns its outputs."""
    title, warnings, jod, listed = first
    return [
        gr.Markdown(title),
        gr.Markdown(warnings),
        gr.Plot(jod["value"], show_label=False),
        gr.HTML(listed["value"]),
    ]


def show(report: Report) -> tuple[Any, ...]:
    """Headline, warnings, chart, table."""
    scores = report.scores
    finite = ranking(scores)["jod"].notna().any()
    chart = jod_chart(scores, "container") if finite else None
    return (
        f"### {plain(headline(scores))}",
        cautions(report.warnings),
        gr.update(value=chart, visible=bool(finite)),
        gr.update(value=_table(report), visible=True),
    )


def nothing(message: str) -> tuple[Any, ...]:
    """A sentence in place of a ranking."""
    hidden = gr.update(value=None, visible=False)
    return f"### {plain(message)}", "", hidden, hidden


def _table(report: Report) -> str:
    ranked = ranking(report.scores)
    letters = dict(zip(report.scores.conditions, report.letters, strict=True))
    others = dict(zip(report.scores.conditions, map(number, report.bradley_terry), strict=True))
    scored = ranked[["jod", "jod_low", "jod_high"]].itertuples(index=False)
    return table(
        {
            "#": [str(rank).replace("<NA>", "") for rank in ranked["rank"]],
            "Condition": ranked["condition"].tolist(),
            "JOD [95 % interval]": [interval(*row) for row in scored],
            "Tied": [letters[name] for name in ranked["condition"]],
            "Bradley-Terry": [others[name] for name in ranked["condition"]],
            "Chosen": [share(chosen) for chosen in ranked["chosen_share"]],
        }
    )
