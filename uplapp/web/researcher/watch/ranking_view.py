"""The ranking of a running study, by the analysis' own scores and picture."""

from typing import Any

import gradio as gr

from uplapp.analysis.ratings.report import RatingReport, rating_report
from uplapp.analysis.reading.ratings import from_table as ratings_from_table
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.writing.report import Report, report
from uplapp.study.session.opening import OpenStudy
from uplapp.web.analysis import ranking_view, ratings_view
from uplapp.web.researcher.desk import Desk, Entry

ABOUT = """A look in between. Do not stop a study because of it: decide beforehand how many people you need.
All views of these answers are on the Analysis tab, at *My studies, live*."""
NO_VOTES = "No answers yet."


def build(desk: Desk, chosen: gr.Dropdown) -> None:
    """Lay out the view of the study `chosen`. It is computed when asked for."""
    gr.Markdown(ABOUT)
    with gr.Row(elem_classes="act"):
        ask = gr.Button("Rank the answers so far", variant="primary")
        simulated = gr.Checkbox(label="Simulated observers instead of people")
    title, cautions = gr.Markdown(elem_id="standing"), gr.Markdown()
    chart, listed = gr.Plot(show_label=False, visible=False), gr.HTML(visible=False)

    def show(entry: Entry, name: str, simulated: bool) -> Any:
        study = desk.shelf.get(name)
        if study.definition.rating:
            rated = mean_ratings(desk, study, simulated)
            return ranking_view.nothing(NO_VOTES) if rated is None else ratings_view.ranking(rated)
        ranking = standing(desk, study, simulated)
        return ranking_view.nothing(NO_VOTES) if ranking is None else ranking_view.show(ranking)

    shown, hidden = [title, cautions, chart, listed], gr.update(value=None, visible=False)
    desk.on(ask.click, show, [chosen, simulated], shown)
    for event in (chosen.change, simulated.change):  # or a ranking would stand under another study's name
        desk.on(event, lambda entry: ("", "", hidden, hidden), [], shown)


def standing(desk: Desk, study: OpenStudy, simulated: bool) -> Report | None:
    """The report on the answers so far, with the conditions' labels, or None without a main trial."""
    table = desk.shelf.answers(study, simulated)
    if not (table["kind"] == "main").any():
        return None
    return report(from_table(table, study.definition.name, simulated))  # as the Analysis tab does


def mean_ratings(desk: Desk, study: OpenStudy, simulated: bool) -> RatingReport | None:
    """The same of a rating study."""
    table = desk.shelf.answers(study, simulated)
    if not (table["kind"] == "main").any():
        return None
    return rating_report(ratings_from_table(table, study.definition.name, simulated))
