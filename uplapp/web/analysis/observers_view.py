"""Which observers to look at, and what leaving some out changes."""

from typing import Any

import gradio as gr
import pandas as pd

from uplapp.analysis.observers.screening import notes, side_by_side
from uplapp.analysis.plots.observers import observer_chart
from uplapp.analysis.reading.ratings import Ratings
from uplapp.analysis.writing.report import Report
from uplapp.values import Votes
from uplapp.web.analysis import ratings_view
from uplapp.web.analysis.state import NO_VOTES, Found, Rated
from uplapp.web.analysis.words import interval, number, plain, share, table

ONE_BY_ONE = "Screening needs the votes one by one; a matrix does not say who voted. The example above does."
ABOUT = """Nobody is left out by a rule. Look at the observers with a star, and if you leave one out, say why:
the reason is printed in the methods paragraph and in every export, and both rankings stand side by side."""


def build() -> tuple[list[Any], tuple[gr.Dropdown, gr.Textbox]]:
    """Lay out the view and return its outputs, and the widgets that choose whom to leave out."""
    chart = gr.Plot(show_label=False, visible=False)
    listed = gr.HTML(visible=False)
    said = gr.Markdown(ONE_BY_ONE)
    gr.Markdown(ABOUT)
    with gr.Row():
        exclude = gr.Dropdown([], multiselect=True, label="Leave out", elem_id="exclude")
        reason = gr.Textbox(label="Because", placeholder="such as: failed both catch trials", max_lines=1)
    both = gr.HTML(visible=False)
    return [said, chart, listed, both], (exclude, reason)


def show(found: Found) -> tuple[Any, ...]:
    """The screening of everyone, those left out too, and the ranking with and without them."""
    if isinstance(found, Rated):
        return *ratings_view.observers(found.report), gr.update(value=None, visible=False)
    report = None if found is None else found.report
    screening = None if report is None else report.screening
    if report is None or screening is None:
        return nothing(report)
    chart = observer_chart(screening, "container", report.scores.simulated)
    shown = (gr.update(value=value, visible=True) for value in (chart, _table(screening)))
    return " ".join(map(_sentence, notes(screening))), *shown, _compared(report)


def nothing(report: Report | None = None) -> tuple[Any, ...]:
    """What stands there without single votes, or where a column beside them could not be read."""
    hidden = gr.update(value=None, visible=False)
    if report is None:
        return NO_VOTES, hidden, hidden, hidden
    votes = report.observers_triads is not None
    said = " ".join(map(_sentence, report.tally.notes)) if votes else ONE_BY_ONE
    return said, hidden, hidden, hidden


def _sentence(note: str) -> str:
    return f"{plain(note[:1].upper() + note[1:])}."


def voters(data: Any, names: list[str] | None) -> list[str]:
    """Keep the `names` who voted, nobody where the votes are not one by one."""
    people = set(data.table["observer"]) if isinstance(data, Votes | Ratings) else set()
    return [name for name in names or [] if name in people]


def choices(data: Any, exclude: list[str]) -> Any:
    """Who may be left out."""
    people = sorted(set(data.table["observer"])) if isinstance(data, Votes | Ratings) else []
    return gr.update(choices=people, value=voters(data, exclude))


def _compared(report: Report) -> Any:
    """Show both rankings side by side, nothing where nobody is left out."""
    if report.everyone is None:
        return gr.update(value=None, visible=False)
    rows = side_by_side(report.everyone, report.scores).to_dict("records")
    columns = {
        "Condition": [row["condition"] for row in rows],
        "Everyone": [interval(row["jod_all"], row["low_all"], row["high_all"]) for row in rows],
        "Those kept": [interval(row["jod_kept"], row["low_kept"], row["high_kept"]) for row in rows],
        "Shift, JOD": [f"{row['shift']:+.2f}" for row in rows],
    }
    return gr.update(value=table(columns), visible=True)


def _table(screening: pd.DataFrame) -> str:
    """Write the table of `screen` in the words of a reader, with a star for each observer to look at."""
    ordered = screening.sort_values("looks", key=lambda looks: looks == "", kind="stable")
    rows = ordered.to_dict("records")
    columns = {
        "Observer": [f"{'★ ' if row['looks'] else ''}{row['observer']}" for row in rows],
        "Look because": [row["looks"] for row in rows],
        "Answers": [row["answers"] for row in rows],
        "Distance by answer": [number(row["dist_trials"]) for row in rows],
        "by pair": [number(row["dist_pairs"]) for row in rows],
        "Catch failed": [_of(row["catch_failed"], row["catch_shown"]) for row in rows],
        "Repeats changed": [_of(row["repeats_inconsistent"], row["repeats_shown"]) for row in rows],
        "Left or first": [share(row["first_share"]) for row in rows],
        "Expected there": [share(row["side_expected"]) for row in rows],
        "Median, s": [number(row["median_s"]) for row in rows],
        "Late frames": [share(row["broken_share"]) for row in rows],
        "No human timing": [share(row["robotic_share"]) for row in rows],
    }
    return table(columns)


def _of(some: float, all_shown: float) -> str:
    return f"{some:.0f} of {all_shown:.0f}" if all_shown else ""
