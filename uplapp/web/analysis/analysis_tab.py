"""The Analysis tab: from votes to ranking, tests, observers, metrics, plan and paper.

Every number comes from uplapp.analysis; this file says what follows what.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from uplapp.analysis.ratings.report import RatingReport, rating_report
from uplapp.analysis.reading.ratings import Ratings
from uplapp.analysis.writing.report import report
from uplapp.errors import UplappError
from uplapp.values import Method, Watch
from uplapp.web.analysis import (
    covariate_view,
    metrics_view,
    observers_view,
    paper_view,
    people_view,
    plan_view,
    ranking_view,
    ranks_view,
    ratings_view,
    scenes_view,
    source,
)
from uplapp.web.analysis.source import LiveVotes, Source
from uplapp.web.analysis.state import (
    ANCHOR,
    INTERVAL,
    RESAMPLED,
    Analysed,
    anchors,
    build_method,
    has_scenes,
    method_changes,
    read_method,
)
from uplapp.web.widgets import working

NO_REASON = "no reason given"
ABOUT = """75 % of answers choose a condition that lies **1 JOD** above another. Scores follow Thurstone's
model, Case V. Where votes name their observers, intervals resample whole observers, and scenes if you ask."""
# Without it a fluid chart is as wide as its menu.
STYLE = "<style>.altair > .vega-embed.vega-embed { width: calc(100% - 16px); padding: 0; }</style>"
# A chart that changes while it is hidden has no width until the window seems to change its own.
REDRAW = "() => setTimeout(() => window.dispatchEvent(new Event('resize')), 60)"
NAMES = ("Ranking", "Differences", "Scenes", "Observers", "Metrics", "Plan", "Paper")
RANKING, DIFFERENCES, SCENES, OBSERVERS, METRICS, PLAN, PAPER = NAMES
RANKS, PEOPLE, COVARIATE = ranks_view.NAME, people_view.NAME, covariate_view.NAME


@dataclass(frozen=True)
class Views:
    """The inner tabs by name, what each shows, and the widgets in them that a person sets."""

    tabs: dict[str, gr.Tab]
    ranking: list[Any]
    differences: list[Any]
    ranks: list[Any]
    scenes: list[Any]
    observers: list[Any]
    exclusion: list[Any]
    column: gr.Dropdown
    covariate: list[Any]
    people: list[Any]
    metric_fields: list[Any]
    metrics: list[Any]
    plan: list[Any]
    take_guess: gr.Button
    plan_fields: plan_view.Fields
    planned: list[Any]
    paper: list[Any]
    figures: tuple[gr.Button, gr.Radio, gr.Checkbox]


def build(live_votes: LiveVotes, tab: gr.Tab) -> None:
    """Lay out `tab`, the current gradio context.

    `live_votes` exports the live demo study.
    """
    first = analyse_published()
    menu = source.build()
    with gr.Row():
        with gr.Column(scale=5, min_width=320):
            views = _lay_out_views(first)
        with gr.Column(scale=3, min_width=280):
            methods = build_method()
            with gr.Row():
                refresh = gr.Button("Read the votes again", size="sm")
                stop = gr.Button("Cancel", size="sm", variant="stop", min_width=80)
            gr.Markdown(f"{ABOUT} {source.ABOUT}")
    gr.HTML(STYLE, padding=False)
    changed = [*source.changes(menu), *method_changes(methods), tab.select, refresh.click]
    _connect(live_votes, menu, methods, views, gr.State(first), changed, stop)


def _lay_out_views(first: Analysed) -> Views:
    """Lay out the inner tabs.

    All but the first are filled when the Analysis tab opens.
    """
    tabs = {}
    with gr.Tabs():
        with gr.Tab(RANKING) as tabs[RANKING]:
            ranking = ranking_view.build(ranking_view.show(first.report))
        with gr.Tab(DIFFERENCES) as tabs[DIFFERENCES]:
            differences = ranking_view.build_differences()
        with gr.Tab(RANKS) as tabs[RANKS]:
            ranks = ranks_view.build()
        with gr.Tab(SCENES) as tabs[SCENES]:
            scenes = scenes_view.build()
        with gr.Tab(OBSERVERS) as tabs[OBSERVERS]:
            observers, exclusion = observers_view.build()
        column, people, covariate = _lay_out_people(tabs)
        with gr.Tab(METRICS) as tabs[METRICS]:
            metric_fields, metrics = metrics_view.build()
        with gr.Tab(PLAN) as tabs[PLAN]:
            plan, take_guess, plan_fields, planned = plan_view.build()
        with gr.Tab(PAPER) as tabs[PAPER]:
            paper, figures = paper_view.build()
    return Views(
        tabs=tabs,
        ranking=ranking,
        differences=differences,
        ranks=ranks,
        scenes=scenes,
        observers=observers,
        exclusion=exclusion,
        column=column,
        covariate=covariate,
        people=people,
        metric_fields=metric_fields,
        metrics=metrics,
        plan=plan,
        take_guess=take_guess,
        plan_fields=plan_fields,
        planned=planned,
        paper=paper,
        figures=figures,
    )


def _lay_out_people(tabs: dict[str, gr.Tab]) -> tuple[gr.Dropdown, list[Any], list[Any]]:
    """Lay out what is asked of people, and of a number of each condition."""
    with gr.Tab(PEOPLE) as tabs[PEOPLE]:
        column, people = people_view.build()
    with gr.Tab(COVARIATE) as tabs[COVARIATE]:
        covariate = covariate_view.build()
    return column, people, covariate


def _connect(
    live_votes: LiveVotes,
    menu: Source,
    methods: list[Any],
    views: Views,
    state: gr.State,
    changed: list[Any],
    stop: gr.Button,
) -> None:
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    exclude, reason, both = views.exclusion
    followed = [*views.ranking, *views.differences, *views.observers, both, *views.plan[:2], *views.paper]
    follow = [methods[place] for place in (ANCHOR, INTERVAL, RESAMPLED)]
    outputs = [state, *followed, *follow, exclude]
    main = gr.on(
        [*changed, exclude.input, reason.submit],
        analyser(live_votes),
        [*menu, *methods, exclude, reason],
        outputs,
        trigger_mode="always_last",  # the last choice wins, however long the one before takes
        **private,
    )
    opened = gr.State(RANKING)
    for name, inner in views.tabs.items():
        inner.select(lambda name=name: name, None, opened, js=REDRAW, **private)
    lazy = _connect_lazily(main, views, state, opened)
    views.take_guess.click(plan_view.guess_of, state, views.plan[2], **private)
    covariate_view.connect(state, views.covariate, views.paper)
    draw, *drawn = views.figures
    draw.click(paper_view.figures, [state, *drawn], views.paper[-1], **private)
    plan_view.connect(views.plan_fields, state, views.planned)
    stop.click(lambda: _nothing("Cancelled."), None, outputs, cancels=[main, *lazy], **private)


def _connect_lazily(main: Any, views: Views, state: gr.State, opened: gr.State) -> list[Any]:
    """Fill the views that take time while they are open, and return the events."""
    return [
        *ranks_view.connect(main, views.tabs[RANKS], state, opened, views.ranks),
        *people_view.connect(
            main, views.tabs[PEOPLE], (state, opened), views.column, views.people, views.paper
        ),
        _follow(main.then, [state, opened], views, SCENES),
        _follow(views.tabs[SCENES].select, [state, gr.State(SCENES)], views, SCENES),
        _follow(main.then, [state, opened], views, METRICS),
        *(
            _follow(event, [state, gr.State(METRICS)], views, METRICS)
            for event in (
                views.tabs[METRICS].select,
                views.metric_fields[0].change,
                views.metric_fields[1].input,
            )
        ),
    ]


def _follow(event: Callable[..., Any], inputs: list[Any], views: Views, name: str) -> Any:
    """Show scenes or metrics after `event`, if the inner tab that is open goes by `name`."""
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
    if name == SCENES:
        return event(_show_scenes, inputs, [*views.scenes, inputs[0], *views.paper], **private)
    return event(_show_metrics, [*inputs, *views.metric_fields], views.metrics, **private)


def analyse_published() -> Analysed:
    """What the tab shows at first."""
    data = source.first()
    return Analysed(source.FIRST, data, report(data))


def analyser(live_votes: LiveVotes) -> Callable[..., Generator[Any, None, None]]:
    """Bind the live study to the listener that follows every choice."""

    def analyse(*chosen: Any, progress: gr.Progress = gr.Progress()) -> Generator[Any, None, None]:  # noqa: B008
        """Yield all outputs: first that it is under way, then what was found or a sentence why not."""
        size = len(Source._fields)
        menu, (*methods, exclude, reason) = Source(*chosen[:size]), chosen[size:]
        try:
            data = source.read(menu, live_votes)
            kept = {name: reason.strip() or NO_REASON for name in observers_view.voters(data, exclude)}
            method = read_method(methods, data)
            if isinstance(data, Ratings):
                yield _rated(rating_report(data, method, kept), data)
                return
            analysed = yield from working(
                lambda watch: _analysed(menu.source, data, method, kept, watch),
                progress,
                "replicates",
                _nothing("Analysing ..."),
            )
        except UplappError as error:
            yield _nothing(str(error))
        else:
            yield _everything(analysed)

    return analyse


def _analysed(name: str, data: Any, method: Method, exclude: dict[str, str], watch: Watch) -> Analysed:
    return Analysed(name, data, report(data, method, exclude, watch=watch), exclude)


def _everything(analysed: Analysed) -> tuple[Any, ...]:
    """The outputs of the main listener."""
    result = analysed.report
    scores = result.scores
    return (
        analysed,
        *ranking_view.show(result),
        *ranking_view.show_differences(result),
        *observers_view.show(result),
        observers_view.compared(result),
        *plan_view.follow(scores),
        *paper_view.show(result),
        anchors(scores),
        gr.update(interactive=(scores.observers or 0) > 1),  # else intervals can only be parametric
        gr.update(interactive=has_scenes(analysed.kept), value=scores.method.resample),
        observers_view.choices(analysed.data, [name for name, _ in scores.excluded]),
    )


def _rated(result: RatingReport, data: Ratings) -> tuple[Any, ...]:
    """The same outputs for ratings of single images."""
    hidden = gr.update(value=None, visible=False)
    return (
        None,
        *ratings_view.ranking(result, ratings_view.MEANS),
        *ratings_view.differences(result),
        *ratings_view.observers(result),
        hidden,
        *("", hidden),
        *ratings_view.paper(result),
        gr.skip(),
        gr.update(interactive=True),
        gr.update(interactive=False),
        observers_view.choices(data, [name for name, _ in result.ratings.excluded]),
    )


def _nothing(message: str) -> tuple[Any, ...]:
    """Show a sentence in place of everything.

    Nothing of the votes before stays.
    """
    hidden = gr.update(value=None, visible=False)
    return (
        None,
        *ranking_view.nothing(message),
        *ranking_view.no_differences(),
        *observers_view.nothing(),
        hidden,
        *("", hidden),
        *paper_view.nothing(),
        gr.skip(),
        gr.skip(),
        gr.skip(),
        gr.skip(),
    )


def _show_scenes(
    analysed: Analysed | None,
    opened: str,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    """Show the scores of each scene.

    From then on they are in the exports too.
    """
    if opened != SCENES:
        yield gr.skip()  # a generator that yields nothing would empty its outputs
        return
    shown = yield from scenes_view.show(analysed, progress)
    if analysed is None or not shown.scenes:
        yield *shown.outputs, *[gr.skip()] * (1 + len(paper_view.nothing()))
        return
    with_scenes = replace(analysed, report=replace(analysed.report, scenes=shown.scenes))
    yield *shown.outputs, with_scenes, *paper_view.show(with_scenes.report)


def _show_metrics(
    analysed: Analysed | None,
    opened: str,
    upload: str | None,
    metric: str | None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    if opened != METRICS:
        yield gr.skip()
    else:
        yield from metrics_view.show(upload, metric, analysed, progress)
