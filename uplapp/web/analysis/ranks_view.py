"""How sure each rank is."""

from typing import Any

import gradio as gr
import numpy as np

from uplapp.analysis.plots.ranks import rank_chart
from uplapp.analysis.scoring import Ranks, scope
from uplapp.analysis.writing.ranks import rank_rows, stability_words
from uplapp.values import Scores
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import plain, table, together

NAME = "Ranks"
NONE = "There are no replicates with an order, so nothing is known of how sure the ranks are."


def build() -> list[Any]:
    """Lay out the view and return its outputs."""
    said = gr.Markdown(NONE)
    chart = gr.Plot(show_label=False, visible=False)
    return [said, chart, gr.HTML(visible=False)]


def show(found: Found) -> tuple[Any, ...]:
    """Show the probability of each rank."""
    hidden = gr.update(value=None, visible=False)
    if not isinstance(found, Analysed):
        return NO_VOTES, hidden, hidden
    ranks, scores = found.report.ranks, found.report.scores
    if ranks is None or np.isnan(ranks.best).all():
        return NONE, hidden, hidden
    return (
        _said(ranks, scores),
        gr.update(value=rank_chart(ranks, scores, "container"), visible=True),
        gr.update(value=_table(ranks, scores), visible=True),
    )


def _said(ranks: Ranks, scores: Scores) -> str:
    words = stability_words(ranks)
    return (
        f"{words[:1].upper()}{words[1:]}. The replicates speak of {scope(scores)}.\n\n"
        "Of few observers and close scores, the highest P(best) is too sure of itself; the ranks that the "
        f"tests leave possible hold for all conditions together in 95 % of studies.{_open(ranks)}"
    )


def _open(ranks: Ranks) -> str:
    names = [name for name, chance in zip(ranks.conditions, ranks.best, strict=True) if np.isnan(chance)]
    return f" The votes leave open the ranks of {plain(', '.join(names))}." if names else ""


def _table(ranks: Ranks, scores: Scores) -> str:
    names, spans, tested, best = zip(*rank_rows(ranks, scores), strict=True)
    return table(
        {
            "Condition": names,
            "P(best)": [together(chance) for chance in best],
            "95 % of ranks": spans,
            "Possible by the tests": tested,
        }
    )
