"""Which metric agrees with the people who voted."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from uplapp.analysis.agreement.agreement import agreement, scatter_table
from uplapp.analysis.plots.agreement import agreement_chart
from uplapp.analysis.reading.metric_table import Metrics, read_metrics
from uplapp.analysis.reading.published import EXAMPLE, PUBLISHED, example_metrics, published_metrics
from uplapp.analysis.scoring import analyse_scenes
from uplapp.errors import UplappError
from uplapp.values import Votes, Watch
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import TABLES, cautions, number, plain, share, table, together
from uplapp.web.widgets import sentence, working

ASK = "Choose a table of metrics: a CSV with `condition`, perhaps `scene`, and one column per metric."
ABOUT = """+1 is full agreement, whichever way a metric points. An unknown metric counts as higher is better;
call its column `name:lower` where it is not. With a column `scene`, stimuli are compared too."""


def build() -> tuple[list[Any], list[Any]]:
    """Lay out the view and return the widgets it reads, and its outputs."""
    upload = gr.File(label="Metrics, CSV", file_types=TABLES, type="filepath", height=110)
    said = gr.Markdown(ASK)
    metric = gr.Radio([], label="Metric", visible=False)
    chart = gr.Plot(show_label=False, visible=False)
    listed = gr.HTML(visible=False)
    gr.Markdown(ABOUT)
    return [upload, metric], [said, metric, chart, listed]


def show(
    upload: str | None, metric: str | None, found: Found, progress: gr.Progress
) -> Generator[Any, None, None]:
    """Compare the metrics of `upload`, or the ones published with the source, with the scores."""
    hidden = gr.update(visible=False)
    if not isinstance(found, Analysed):
        yield NO_VOTES, hidden, hidden, hidden
        return
    try:
        metrics = _metrics(upload, found.source)
        if metrics is None:
            yield ASK, hidden, hidden, hidden
            return
        yield (yield from working(lambda watch: _shown(metrics, metric, found, watch), progress, "scenes"))
    except UplappError as error:
        yield plain(sentence(error)), hidden, hidden, hidden


def _metrics(upload: str | None, source: str) -> Metrics | None:
    if upload is not None:
        return read_metrics(Path(upload))
    if source == EXAMPLE:
        return example_metrics()
    return published_metrics(source) if source in PUBLISHED else None


def _shown(metrics: Metrics, metric: str | None, analysed: Analysed, watch: Watch) -> tuple[Any, ...]:
    data, scores = analysed.kept, analysed.report.scores
    scenes = None
    if isinstance(data, Votes) and metrics.scenes != ("",):
        scenes = analyse_scenes(data, scores.method, watch)
    result = agreement(scores, metrics, scenes)
    name = metric if metric in metrics.names else metrics.names[0]
    points = scatter_table(scores, metrics, scenes)
    chart = agreement_chart(points, name, "container", scores.simulated, result.table)
    return (
        cautions(result.notes),
        gr.update(choices=list(metrics.names), value=name, visible=True),
        gr.update(value=chart, visible=True),
        gr.update(value=_table(result.table), visible=True),
    )


def _table(rows_of_metrics: pd.DataFrame) -> str:
    rows = rows_of_metrics.to_dict("records")
    alike = [f"{share(row['clear_pairs_share'])} of {row['clear_pairs']}" for row in rows]
    return table(
        {
            "Metric": [row["metric"] for row in rows],
            "Over": [f"{row['n']} {row['level']}" for row in rows],
            "Spearman": [_with_interval(row, "spearman") for row in rows],
            "Kendall": [number(row["kendall"]) for row in rows],
            "Pearson": [number(row["pearson"]) for row in rows],
            "Pairs alike": [share(row["pairs_share"]) for row in rows],
            "Clear pairs alike": [
                text if row["clear_pairs"] else "" for row, text in zip(rows, alike, strict=True)
            ],
        }
    )


def _with_interval(row: dict[Any, Any], kind: str) -> str:
    low, high = (number(row[f"{kind}_{end}"]) for end in ("low", "high"))
    return together(f"{number(row[kind])} [{low}, {high}]") if low else number(row[kind])
