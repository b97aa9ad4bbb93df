"""How much people differ, and whether groups of them do."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from uplapp.analysis.observers.groups import Groups, compare_groups, differs, group_columns
from uplapp.analysis.observers.spread import Spread
from uplapp.analysis.plots.observers import spread_chart
from uplapp.analysis.plots.scenes import scene_chart
from uplapp.analysis.scoring import ranking
from uplapp.analysis.writing.people import difference_words, group_words, side_by_side, significant, sizes
from uplapp.errors import UplappError
from uplapp.values import Scores, Votes
from uplapp.web.analysis.state import NO_VOTES, Analysed, Found
from uplapp.web.analysis.words import interval, plain, table, together
from uplapp.web.widgets import sentence, working

NAME = "People"
NO_SPREAD = "How much people differ is not known: three or more must have judged the same pairs."
ABOUT = (
    "The standard deviation of scores over people, in JOD, beyond what single answers vary by chance: how "
    "far the taste of one person lies from the common score."
)
NO_COLUMN = "No further column of these votes holds one value per observer, such as age, device or expertise."


def build() -> tuple[gr.Dropdown, list[Any]]:
    """Lay out the view. Returns the menu of columns, and what is filled after a choice."""
    said = gr.Markdown(NO_SPREAD)
    spread = gr.Plot(show_label=False, visible=False)
    numbers = gr.HTML(visible=False)
    column = gr.Dropdown([], label="Compare groups of observers by", interactive=True)
    test = gr.Markdown()
    chart = gr.Plot(show_label=False, visible=False)
    return column, [said, spread, numbers, column, test, chart, gr.HTML(visible=False)]


def connect(state: gr.State, column: gr.Dropdown, outputs: list[Any]) -> Any:
    """Compare the groups of a column that is chosen, and return the event."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    return column.input(compare, [state, column], [*outputs[4:], state], **private)


def show(found: Found) -> tuple[Any, ...]:
    """Show the spread of each condition, and offer the columns that make groups."""
    hidden = gr.update(value=None, visible=False)
    if not isinstance(found, Analysed):
        return NO_VOTES, hidden, hidden, gr.update(choices=[], value=None), "", hidden, hidden
    spread, groups = found.report.spread, found.report.groups
    columns = group_columns(found.kept) if isinstance(found.kept, Votes) else ()
    drawn = numbers = hidden
    if spread is not None:
        drawn = gr.update(value=spread_chart(spread, found.report.scores, "container"), visible=True)
        numbers = gr.update(value=_spread_table(spread, found.report.scores), visible=True)
    return (
        NO_SPREAD if spread is None else f"{ABOUT}\n\n{_overall(spread)}",
        drawn,
        numbers,
        gr.update(choices=list(columns), value=None if groups is None else groups.column),
        *(_groups(groups, found.report.scores) if groups else ("" if columns else NO_COLUMN, hidden, hidden)),
    )


def compare(
    found: Found,
    column: str | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    """Compare the groups of a column.

    From then on they are in the exports too.
    """
    data = found.kept if isinstance(found, Analysed) else None
    if not isinstance(found, Analysed) or not column or not isinstance(data, Votes):
        yield gr.skip()
        return
    scores = found.report.scores
    try:
        groups = yield from working(
            lambda watch: compare_groups(data, column, scores.method, watch), progress, "replicates"
        )
    except UplappError as error:
        hidden = gr.update(value=None, visible=False)
        yield plain(sentence(error)), hidden, hidden, gr.skip()
        return
    yield *_groups(groups, scores), replace(found, report=replace(found.report, groups=groups))


def _groups(groups: Groups, scores: Scores) -> tuple[Any, ...]:
    """The outputs below the choice of a column."""
    verdict = "Groups differ" if differs(groups.test) else "Groups were not found to differ"
    said = [f"**{verdict}** ({plain(group_words(groups.test))}). Observers: {plain(sizes(groups))}."]
    said += [f"{plain(difference_words(each))}." for each in significant(groups)]
    said += [f"{plain(note[:1].upper())}{plain(note[1:])}." for note in groups.notes]
    heads, *rows = side_by_side(groups, scores)
    cells = {head: [together(row[place]) for row in rows] for place, head in enumerate(heads)}
    return (
        "\n\n".join(said),
        gr.update(value=scene_chart(groups.scores, scores, "container", "group"), visible=True),
        gr.update(value=table(cells), visible=True),
    )


def _overall(spread: Spread) -> str:
    words = interval(spread.overall, spread.overall_low, spread.overall_high)
    return f"Over all conditions: **{words}** ({spread.observers} observers)."


def _spread_table(spread: Spread, scores: Scores) -> str:
    place = {name: at for at, name in enumerate(spread.conditions)}
    order = [place[name] for name in ranking(scores)["condition"]]
    cells = [
        "" if np.isnan(spread.sd[at]) else interval(spread.sd[at], spread.low[at], spread.high[at])
        for at in order
    ]
    return table({"Condition": [spread.conditions[at] for at in order], "Spread, JOD [95% interval]": cells})
