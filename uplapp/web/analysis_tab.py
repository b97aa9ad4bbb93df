"""The Analysis tab: choose votes, read the ranking; every number comes from uplapp.analysis."""

import re
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any, Literal, NamedTuple

import gradio as gr
import pandas as pd

from uplapp.analysis.analyse import BOOTSTRAPS, MEAN, MOST_BOOTSTRAPS, analyse
from uplapp.analysis.bootstrap import INTERVALS
from uplapp.analysis.comparisons import count
from uplapp.analysis.export import headline, ranking, to_csv, to_json
from uplapp.analysis.objective import PRIORS
from uplapp.analysis.plots import jod_chart, win_chart
from uplapp.analysis.published import PUBLISHED, SOURCE, published
from uplapp.analysis.votes import from_table, read_votes
from uplapp.errors import BadVotes, UplappError
from uplapp.values import Comparisons, Method, Scores
from uplapp.web.downloads import offer

LiveVotes = Callable[[bool], pd.DataFrame]  # include_simulated -> the study's export

LIVE, UPLOAD = "live", "upload"
FIRST = "denoising"
# Without it a fluid chart is as wide as its menu.
STYLE = "<style>.altair > .vega-embed.vega-embed { width: calc(100% - 16px); padding: 0; }</style>"
FLUID: Literal["container"] = "container"  # a chart as wide as the column it stands in
SOURCES = [
    ("Demo study, live", LIVE),
    ("My votes (CSV)", UPLOAD),
    *((study.label, name) for name, study in PUBLISHED.items()),
]
ABOUT = f"""**1 JOD** above: 75 % of observers choose it. Scores are Thurstone Case V; intervals resample
whole observers. A votes file has the columns `observer`, `condition_A`, `condition_B` and `is_A_selected`
(1, 0 or 0.5). Published tables: {SOURCE}."""


class View(NamedTuple):
    """What the right side shows."""

    headline: str
    warnings: str
    jod: Any
    table: Any
    wins: Any
    csv: Any
    json: Any
    anchor: Any


def build(live_votes: LiveVotes, tab: gr.Tab) -> None:
    """Lay out `tab`, the current gradio context; `live_votes` exports the live demo study."""
    show = shower(live_votes)
    source, upload, simulated, refresh = _sources()
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            outputs = _results(show(FIRST, None, False, "distance", "t", BOOTSTRAPS, 0, MEAN))
        with gr.Column(scale=3, min_width=280):
            method = _method()
    changed = [tab.select, upload.upload, upload.clear, simulated.input, refresh.click]
    changed += [widget.release if isinstance(widget, gr.Slider) else widget.input for widget in method]
    inputs, outputs = [source, upload, simulated, *method], [*outputs, method[-1]]
    listener: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}

    def shown(*chosen: Any) -> View:
        return _visible(show(*chosen))

    gr.on(changed, shown, inputs, outputs, **listener)
    fields = source.input(_fields_of, source, [upload, simulated, refresh], api_visibility="private")
    fields.then(shown, inputs, outputs, **listener)


def _sources() -> tuple[gr.Radio, gr.File, gr.Checkbox, gr.Button]:
    """Widgets that choose the votes, and the button that reads the live study again."""
    source = gr.Radio(SOURCES, value=FIRST, label="Votes")
    upload = gr.File(label="Votes CSV", file_types=[".csv"], type="filepath", height=120, visible=False)
    with gr.Row():
        simulated = gr.Checkbox(label="Simulated observers instead of people", visible=False)
        refresh = gr.Button("Read the latest votes", visible=False)
    return source, upload, simulated, refresh


def _method() -> list[Any]:
    """Widgets in the order of `analyse`'s parameters."""
    prior = gr.Radio(_menu(PRIORS), value="distance", label="Prior")
    interval = gr.Radio(_menu(INTERVALS), value="t", label="95 % interval")
    anchor = gr.Dropdown([MEAN], value=MEAN, label="Lies at 0 JOD")
    with gr.Accordion("Replicates", open=False):
        bootstraps = gr.Slider(100, MOST_BOOTSTRAPS, BOOTSTRAPS, step=100, label="Bootstrap replicates")
        seed = gr.Number(0, label="Seed", precision=0, minimum=0)
    gr.Markdown(ABOUT)
    return [prior, interval, bootstraps, seed, anchor]


def _results(first: View) -> list[Any]:
    """Outputs in the order of `View`, without the anchor's menu."""
    title = gr.Markdown(first.headline)
    warnings = gr.Markdown(first.warnings)
    jod = gr.Plot(first.jod, show_label=False)
    table = gr.Dataframe(first.table, show_label=False, interactive=False, wrap=True)
    wins = gr.Plot(first.wins, show_label=False)
    with gr.Row():
        csv = gr.DownloadButton("Download ranking (CSV)", value=first.csv, size="sm")
        json = gr.DownloadButton("Download everything (JSON)", value=first.json, size="sm")
    gr.HTML(STYLE, padding=False)
    return [title, warnings, jod, table, wins, csv, json]


def _menu(table: Any) -> list[tuple[str, str]]:
    return [(entry.label, name) for name, entry in table.items()]


def _fields_of(source: str) -> tuple[Any, Any, Any]:
    mine, live = source == UPLOAD, source == LIVE
    simulated = gr.update(visible=mine or live, value=False)
    return gr.update(visible=mine), simulated, gr.update(visible=live)


def _visible(view: View) -> View:
    """Hide pictures, table and downloads that have nothing to show."""
    names = ("jod", "table", "wins", "csv", "json")
    found: dict[str, Any] = {name: getattr(view, name) for name in names}
    shown = {name: gr.update(value=value, visible=value is not None) for name, value in found.items()}
    return View(**{**view._asdict(), **shown})


def shower(live_votes: LiveVotes) -> Callable[..., View]:
    """Bind the live study to the one listener of the tab."""

    def show(
        source: str, upload: str | None, simulated: bool, prior: str, interval: str, *others: Any
    ) -> View:
        bootstraps, seed, anchor = others
        try:
            comparisons = _read(source, upload, simulated, live_votes)
            known = anchor if anchor in comparisons.conditions else MEAN
            return _view(
                analyse(comparisons, Method(prior, interval, int(bootstraps), int(seed or 0), known))
            )
        except UplappError as error:
            return _nothing(str(error))

    return show


def _read(source: str, upload: str | None, simulated: bool, live_votes: LiveVotes) -> Comparisons:
    if source == LIVE:
        return count(from_table(live_votes(simulated), "the live study", simulated))
    if source != UPLOAD:
        return published(source)
    if upload is None:
        raise BadVotes("Choose a votes file (CSV).")
    return count(read_votes(Path(upload), simulated or None))


def _view(scores: Scores) -> View:
    csv = offer("uplapp-ranking.csv", to_csv(scores).encode())
    json = offer("uplapp-scores.json", to_json(scores).encode())
    jod = jod_chart(scores, FLUID) if ranking(scores)["jod"].notna().any() else None
    shown = jod, _table(scores), win_chart(scores, FLUID)
    warnings = "\n\n".join(f"⚠ {_plain(warning)}." for warning in scores.warnings)
    anchor = gr.update(choices=[MEAN, *scores.conditions], value=scores.method.anchor)
    return View(f"### {_plain(headline(scores))}", warnings, *shown, csv, json, anchor)


def _table(scores: Scores) -> pd.DataFrame:
    table = ranking(scores)
    numbers = [_jod(*row) for row in table[["jod", "jod_low", "jod_high"]].itertuples(index=False)]
    return pd.DataFrame(
        {"#": table["rank"], "Condition": table["condition"], "JOD [95 % interval]": numbers}, dtype=str
    ).replace("<NA>", "")


def _jod(jod: float, low: float, high: float) -> str:
    if isnan(jod):
        return "undefined"
    return f"{jod:z.2f} [no interval]" if isnan(low) else f"{jod:z.2f} [{low:z.2f}, {high:z.2f}]"


def _plain(text: str) -> str:
    """Keep names from a file from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#+!|$~-])", r"\\\1", text)


def _nothing(message: str) -> View:
    return View(f"### {_plain(message)}", "", None, None, None, None, None, gr.skip())
