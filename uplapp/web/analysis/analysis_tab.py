"""The Analysis tab: from votes to ranking, tests, observers, metrics, plan and paper.

Every number comes from uplapp.analysis; this file says what follows what.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from uplapp.analysis.ratings.report import rating_report
from uplapp.analysis.reading.published import SOURCE
from uplapp.analysis.reading.ratings import Ratings
from uplapp.analysis.writing.report import report
from uplapp.errors import UplappError
from uplapp.values import Method, Watch
from uplapp.web.analysis import (
    covariate_view,
    joint_view,
    metrics_view,
    observers_view,
    paper_view,
    people_view,
    plan_view,
    ranking_view,
    ratings_view,
    scenes_view,
    source,
)
from uplapp.web.analysis.source import LiveVotes, Names, Source
from uplapp.web.analysis.state import (
    ANCHOR,
    INTERVAL,
    RESAMPLED,
    Analysed,
    Found,
    Rated,
    anchors,
    build_method,
    has_scenes,
    method_changes,
    read_method,
)
from uplapp.web.widgets import sentence, working

NO_REASON = "no reason given"
HOW_SURE = "How sure? Prior, intervals, replicates, ties"
ABOUT = """75% of answers choose a condition that lies **1 JOD** above another. Scores follow Thurstone's
model, Case V. Where votes name their observers, intervals resample whole observers, and scenes if you ask."""
# A chart that changes while it is hidden has no width until the window seems to change its own.
REDRAW = "() => setTimeout(() => window.dispatchEvent(new Event('resize')), 60)"
# Each view has a button that nobody sees. After a choice the one in the open view is pressed.
REDRAW_OPEN = """() => [...document.querySelectorAll(".draw-again")]
    .filter(button => button.parentElement.checkVisibility()).forEach(button => button.click())"""
NAMES = ("Ranking", "Differences", "Scenes", "Observers", "Metrics", "Plan", "Paper")
RANKING, DIFFERENCES, SCENES, OBSERVERS, METRICS, PLAN, PAPER = NAMES
RANKS, PEOPLE, COVARIATE = ranking_view.RANKS, people_view.NAME, covariate_view.NAME
JOINT = joint_view.NAME


PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
# What the views of a report show of it.
DRAWN: dict[str, Callable[[Found], tuple[Any, ...]]] = {
    DIFFERENCES: ranking_view.show_differences,
    RANKS: ranking_view.show_ranks,
    OBSERVERS: observers_view.show,
    PEOPLE: people_view.show,
    PLAN: plan_view.follow,
    PAPER: paper_view.show,
}


@dataclass(frozen=True)
class Views:
    """The inner tabs and what each shows, by name, and the widgets in them that a person sets."""

    tabs: dict[str, gr.Tab]
    shown: dict[str, list[Any]]
    exclusion: tuple[gr.Dropdown, gr.Textbox]
    column: gr.Dropdown
    covariate: list[Any]
    joint: joint_view.Asked
    metric_fields: list[Any]
    guess: tuple[gr.Button, gr.Textbox]
    plan_fields: plan_view.Fields
    planned: list[Any]
    figures: tuple[gr.Button, gr.Radio, gr.Checkbox]


def build(live_votes: LiveVotes, tab: gr.Tab, entry: gr.State, names: Names) -> None:
    """Lay out `tab`, the current gradio context.

    `live_votes` exports a study of this app, by default the demo. `names` lists the studies that are open to
    whoever entered as the value of `entry` says.
    """
    first = analyse_published()
    menu, rows = source.build(entry, names)
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            views = _lay_out_views(first)
        with gr.Column(scale=3, min_width=280):
            with gr.Accordion(HOW_SURE, open=False, elem_id="how-sure"):
                methods = build_method()
            with gr.Row():
                refresh = gr.Button("Read the votes again", size="sm")
                stop = gr.Button("Cancel", size="sm", variant="stop", min_width=80)
            gr.Markdown(f"{ABOUT}\n\nPublished tables: {SOURCE}.")
    changed = [*source.changes(menu), *method_changes(methods), tab.select, refresh.click]
    _connect(live_votes, (menu, rows), methods, views, gr.State(first), changed, stop)


def _lay_out_views(first: Analysed) -> Views:
    """Lay out the inner tabs.

    All but the first are filled when they are opened.
    """
    tabs, shown = {}, {}
    with gr.Tabs() as bar:
        with gr.Tab(RANKING) as tabs[RANKING]:
            shown[RANKING] = ranking_view.build(ranking_view.show(first.report))
        with gr.Tab(DIFFERENCES) as tabs[DIFFERENCES]:
            shown[DIFFERENCES] = ranking_view.build_differences()
        with gr.Tab(RANKS) as tabs[RANKS]:
            shown[RANKS] = ranking_view.build_ranks()
        with gr.Tab(SCENES) as tabs[SCENES]:
            shown[SCENES] = scenes_view.build()
        with gr.Tab(OBSERVERS) as tabs[OBSERVERS]:
            shown[OBSERVERS], exclusion = observers_view.build()
        with gr.Tab(PEOPLE) as tabs[PEOPLE]:
            column, shown[PEOPLE] = people_view.build()
        with gr.Tab(COVARIATE) as tabs[COVARIATE]:
            covariate = covariate_view.build()
        with gr.Tab(JOINT) as tabs[JOINT]:
            joint, shown[JOINT] = joint_view.build()
        with gr.Tab(METRICS) as tabs[METRICS]:
            metric_fields, shown[METRICS] = metrics_view.build()
        with gr.Tab(PLAN) as tabs[PLAN]:
            (*shown[PLAN], guess), take_guess, plan_fields, planned = plan_view.build()
        with gr.Tab(PAPER) as tabs[PAPER]:
            shown[PAPER], figures = paper_view.build()
    bar.select(None, js=REDRAW)
    return Views(
        tabs=tabs,
        shown=shown,
        exclusion=exclusion,
        column=column,
        covariate=covariate,
        joint=joint,
        metric_fields=metric_fields,
        guess=(take_guess, guess),
        plan_fields=plan_fields,
        planned=planned,
        figures=figures,
    )


def _connect(
    live_votes: LiveVotes,
    asked: tuple[Source, gr.HTML],
    methods: list[Any],
    views: Views,
    state: gr.State,
    changed: list[Any],
    stop: gr.Button,
) -> None:
    (menu, rows), (exclude, reason) = asked, views.exclusion
    follow = [methods[place] for place in (ANCHOR, INTERVAL, RESAMPLED)]
    outputs = [state, *views.shown[RANKING], *follow, exclude]
    main = gr.on(
        [*changed, exclude.input, reason.submit],
        analyser(live_votes),
        [*menu, *methods, exclude, reason],
        [*outputs, rows],
        trigger_mode="always_last",  # the last choice wins, however long the one before takes
        **PRIVATE,
    )
    lazy = _connect_lazily(views, state, menu)
    take_guess, guess = views.guess
    take_guess.click(plan_view.guess_of, state, guess, **PRIVATE)
    covariate_view.connect(state, views.covariate)
    draw, *drawn = views.figures
    draw.click(paper_view.figures, [state, *drawn], views.shown[PAPER][-1], **PRIVATE)
    plan_view.connect(views.plan_fields, state, views.planned)
    stopped = stop.click(lambda: _nothing("Cancelled."), None, outputs, cancels=[main, *lazy], **PRIVATE)
    for event in (main, stopped):
        event.then(None, js=REDRAW_OPEN)


def _connect_lazily(views: Views, state: gr.State, menu: Source) -> list[Any]:
    """Draw each view when it is opened and, while it is open, after each choice. Returns the events."""
    upload, metric = views.metric_fields
    events = [people_view.connect(state, views.column, views.shown[PEOPLE])]
    for name, inner in views.tabs.items():
        if name not in (RANKING, COVARIATE):  # one is drawn after each choice, one when its fields change
            with inner:
                again = gr.Button(visible="hidden", elem_classes="draw-again")
            events.append(_draw([inner.select, again.click], name, views, state, menu))
    events.append(_draw([upload.change, metric.input], METRICS, views, state, menu))
    return [*events, _draw(joint_view.changes(views.joint), JOINT, views, state, menu)]


def _draw(triggers: list[Any], name: str, views: Views, state: gr.State, menu: Source) -> Any:
    shown = views.shown[name]
    if name == SCENES:
        return gr.on(triggers, _show_scenes, state, [*shown, state], **PRIVATE)
    if name == JOINT:
        return gr.on(triggers, joint_view.show, [state, *views.joint, *menu], shown, **PRIVATE)
    if name == METRICS:
        return gr.on(triggers, _show_metrics, [state, *views.metric_fields], shown, **PRIVATE)
    return gr.on(triggers, DRAWN[name], state, shown, **PRIVATE)


def analyse_published() -> Analysed:
    """What the tab shows at first."""
    data = source.first()
    return Analysed(source.FIRST, data, report(data))


def analyser(live_votes: LiveVotes) -> Callable[..., Generator[Any, None, None]]:
    """Bind the live study to the listener that follows every choice."""

    def analyse(*chosen: Any, progress: gr.Progress = gr.Progress()) -> Generator[Any, None, None]:  # noqa: B008
        """Yield what all views show, and at its end the table of the first rows of an uploaded file."""
        rows = source.show_first(*chosen[: len(Source._fields)])
        for outputs in found(*chosen, progress=progress):
            yield (*outputs, rows) if isinstance(outputs, tuple) else outputs  # else nothing changes

    def found(*chosen: Any, progress: gr.Progress) -> Generator[Any, None, None]:
        """Yield that it is under way, then what was found or a sentence why not."""
        size = len(Source._fields)
        menu, (*methods, exclude, reason) = Source(*chosen[:size]), chosen[size:]
        try:
            data = source.read(menu, live_votes)
            kept = {name: reason.strip() or NO_REASON for name in observers_view.voters(data, exclude)}
            method = read_method(methods, data)
            if isinstance(data, Ratings):
                yield _rated(Rated(data, rating_report(data, method, kept)))
                return
            analysed = yield from working(
                lambda watch: _analysed(menu.source, data, method, kept, watch),
                progress,
                "replicates",
                _nothing("Analysing ..."),
            )
        except UplappError as error:
            yield _nothing(sentence(error), source.ABOUT.get(menu.source, ""))
        else:
            yield _everything(analysed)

    return analyse


def _analysed(name: str, data: Any, method: Method, exclude: dict[str, str], watch: Watch) -> Analysed:
    return Analysed(name, data, report(data, method, exclude, watch=watch), exclude)


def _everything(analysed: Analysed) -> tuple[Any, ...]:
    """The outputs of the main listener."""
    scores = analysed.report.scores
    return (
        analysed,
        *ranking_view.show(analysed.report),
        anchors(scores),
        gr.update(interactive=(scores.observers or 0) > 1),  # else intervals can only be parametric
        gr.update(interactive=has_scenes(analysed.kept), value=scores.method.resample),
        observers_view.choices(analysed.data, [name for name, _ in scores.excluded]),
    )


def _rated(rated: Rated) -> tuple[Any, ...]:
    """The same outputs for ratings of single images."""
    return (
        rated,
        *ratings_view.ranking(rated.report, ratings_view.MEANS),
        gr.skip(),
        gr.update(interactive=True),
        gr.update(interactive=False),
        observers_view.choices(rated.data, [name for name, _ in rated.report.ratings.excluded]),
    )


def _nothing(message: str, about: str = "") -> tuple[Any, ...]:
    """Show a sentence in place of the ranking, and what is `about` it."""
    return None, *ranking_view.nothing(message, about), *[gr.skip()] * 4


def _show_scenes(
    found: Found,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    """Show the scores of each scene.

    From then on they are in the exports too.
    """
    shown = yield from scenes_view.show(found, progress)
    if isinstance(found, Analysed) and shown.scenes:
        yield *shown.outputs, replace(found, report=replace(found.report, scenes=shown.scenes))
    else:
        yield *shown.outputs, gr.skip()


def _show_metrics(
    found: Found,
    upload: str | None,
    metric: str | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    yield from metrics_view.show(upload, metric, found, progress)
