"""The tab translates between widgets and the analysis, and keeps its listeners to itself."""

import asyncio
import csv
import io
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.analysis import made
from tests.web.analysis.showing import (
    COLUMNS,
    FOLLOWED,
    MARKUP,
    METHOD,
    Shown,
    last,
    live,
    scene_scores,
    show,
    upload,
    visible,
)

gr = pytest.importorskip("gradio", reason="the page needs gradio")

from uplapp.analysis.asking.planning import read_scores  # noqa: E402
from uplapp.analysis.reading.published import EXAMPLE, PUBLISHED, published  # noqa: E402
from uplapp.web.analysis import (  # noqa: E402
    analysis_tab,
    covariate_view,
    metrics_view,
    paper_view,
    people_view,
    plan_view,
    ranking_view,
    scenes_view,
    source,
)
from uplapp.web.analysis.source import Source  # noqa: E402
from uplapp.web.analysis.state import NO_VOTES  # noqa: E402

FIRST_OF = {"denoising": r"LPIPS\+l2 looks best", "mri": r"MS\-SSIM leads"}
FIGURES = ("votes", "scores", "triangles", "ranks", "observers", "spread")


def test_the_example_fills_every_view():
    view = show(source=EXAMPLE)
    assert "SIMULATED observers" in view.warnings
    charts = (
        view.jod,
        view.ranking,
        view.triangle,
        view.wins,
        view.pairs,
        view.observers_chart,
        view.observers,
    )
    assert all(map(visible, charts))
    assert " JOD**" in view.asked
    said, *shown = ranking_view.show_ranks(view.state)
    assert "same best condition" in said.lower()
    assert all(map(visible, shown))
    _, *scenes = scene_scores(scenes_view.show(view.state, gr.Progress()))
    assert all(map(visible, scenes))
    _, metric, *agreement = last(metrics_view.show(None, None, view.state, gr.Progress()))
    assert all(map(visible, agreement))
    assert metric["choices"]
    assert plan_view.guess_of(view.state) != gr.skip()


def test_people_are_compared_by_a_column_of_their_votes(tmp_path):
    frame = made.table(tuple("opqrstuv")).assign(kind="main")
    frame["device"] = frame["observer"].map(lambda name: "phone" if name in "oprt" else "screen")
    view = show(source="upload", upload=str(made.write(tmp_path, frame.to_csv(index=False))))
    said, picture, spread, column, *_ = people_view.show(view.state)
    assert "Over all conditions" in said
    assert visible(picture)
    assert visible(spread)
    assert column["choices"] == ["device"]
    test, chart, scores, state = last(people_view.compare(view.state, "device", gr.Progress()))
    assert "likelihood ratio" in test
    assert visible(chart)
    assert "screen" in scores["value"]
    assert state.report.groups.column == "device"
    assert "device" in paper_view.show(state)[0]


def test_scores_are_drawn_against_numbers():
    state = show(source="denoising").state
    said, chart, found = covariate_view.show(state, "rate: l1=1, l2=2, FLIP=3", None, False)
    assert "JOD per unit of rate" in said
    assert visible(chart)
    assert found.report.covariate.left_out == ("MS-SSIM", "LPIPS+l2", "Adaptive")
    assert "is no condition" in covariate_view.show(state, "a=1", None, False)[0]


@pytest.mark.parametrize("name", PUBLISHED)
class TestEveryPublishedStudy:
    def test_fills_ranking_and_differences(self, name):
        view = show(source=name)
        assert view.headline.startswith(f"### {FIRST_OF[name]}")
        assert "MS-SSIM" in view.ranking["value"]
        assert all(map(visible, (view.jod, view.ranking, view.triangle, view.wins, view.pairs)))
        assert "G² = " in view.fit
        assert view.pairs["value"].count("<tr") == 1 + 15

    def test_says_why_it_has_no_observers_and_no_scenes(self, name):
        view = show(source=name)
        assert "needs the votes one by one" in view.screened
        assert not any(map(visible, (view.observers_chart, view.observers, view.both)))
        assert view.exclude["choices"] == []
        said, *charts = scene_scores(scenes_view.show(view.state, gr.Progress()))
        assert said == scenes_view.ONE
        assert [chart["visible"] for chart in charts] == [False, False]

    def test_is_compared_with_its_own_metrics(self, name):
        said, metric, chart, listed = last(
            metrics_view.show(None, None, show(source=name).state, gr.Progress())
        )
        assert "UplappError" not in said
        assert metric["value"] == metric["choices"][0]
        assert visible(chart)
        assert listed["value"].count("<tr") == 1 + len(metric["choices"])

    def test_says_which_pairs_to_ask_next(self, name):
        view = show(source=name)
        assert " JOD**" in view.asked
        assert visible(view.next_pairs)
        assert view.next_pairs["value"].count("<tr") == 1 + plan_view.MOST_PAIRS

    def test_gives_a_paper_its_text_and_files(self, name):
        view = show(source=name)
        assert "All 15 pairs were compared." in view.methods
        assert r"\begin{tabular}" in view.latex
        ranked = list(csv.DictReader(io.StringIO(Path(view.csv["value"]).read_text())))
        assert [row["rank"] for row in ranked] == list("123456")
        assert len(json.loads(Path(view.json["value"]).read_text())["jod"]) == 6
        assert visible(view.csv)
        assert visible(view.json)


def test_the_live_study_never_mixes_people_and_simulated_observers():
    people, simulated = show(source="live"), show(source="live", simulated=True)
    assert "2 comparisons of 1 observer" in people.headline
    assert "SIMULATED" not in people.warnings
    assert "SIMULATED" in simulated.warnings
    assert simulated.methods.startswith("SIMULATED")


def test_a_study_without_answers_says_so_and_shows_nothing_else():
    view = show(source="live", votes=lambda simulated: pd.DataFrame(columns=COLUMNS))
    assert view.headline == "### Nobody has answered yet."
    shown = (view.jod, view.ranking, view.triangle, view.wins, view.pairs, view.observers_chart)
    assert not any(map(visible, (*shown, view.observers, view.both, view.next_pairs, view.csv, view.json)))
    assert (view.fit, view.methods, view.latex) == ("",) * 3
    assert (view.asked, view.screened) == (NO_VOTES, NO_VOTES)


def test_votes_one_by_one_fill_observers_and_scenes_too(tmp_path):
    view = show(source="upload", upload=upload(tmp_path))
    assert "180 comparisons of 5 observers" in view.headline
    assert visible(view.observers_chart)
    assert "0 of 2" in view.observers["value"], "nobody failed one of two catch trials"
    assert view.exclude["choices"] == list("vwxyz")
    said, chart, listed = scene_scores(scenes_view.show(view.state, gr.Progress()))
    assert said == scenes_view.ABOUT
    assert visible(chart)
    assert listed["value"].count("<tr") == 1 + 3 * 3


def test_trials_left_out_by_design_are_said_once_and_not_for_each_scene(tmp_path):
    table = made.table(tuple("vwxyz"), ("bridge", "river", "tower")).assign(kind="main")
    repeats = table.iloc[::4].assign(kind="repeat")
    path = str(made.write(tmp_path, pd.concat([table, repeats]).to_csv(index=False)))
    view = show(source="upload", upload=path)
    assert view.warnings.count("left out") == 1
    assert "left out" not in scene_scores(scenes_view.show(view.state, gr.Progress()))[0]


def test_scenes_are_resampled_where_votes_name_them(tmp_path):
    method = (*METHOD[:7], "observers,scenes", "tie")
    view = show(source="upload", upload=upload(tmp_path), method=method)
    assert "speak of other observers, other scenes" in view.headline
    assert view.state.report.scores.two_way.scenes == 3
    assert view.resample["interactive"]
    table = show(method=method)
    assert "these scenes" in table.headline
    assert not table.resample["interactive"]


def test_scenes_and_stimuli_are_those_of_the_observers_who_are_kept(tmp_path):
    path = upload(tmp_path)
    everyone, kept = show(source="upload", upload=path), show(source="upload", upload=path, exclude=["w"])
    assert set(everyone.state.kept.table["observer"]) == set("vwxyz")
    assert set(kept.state.kept.table["observer"]) == set("vxyz")
    shown = [scene_scores(scenes_view.show(view.state, gr.Progress())) for view in (everyone, kept)]
    assert shown[0][2]["value"] != shown[1][2]["value"]


HIDDEN = ("jod", "ranking", "triangle", "wins", "pairs", "observers_chart", "observers", "next_pairs")


@pytest.mark.parametrize("name", [*HIDDEN, "csv", "json"])
def test_what_a_bad_choice_hid_comes_back_with_the_next_votes(name, tmp_path):
    hidden, back = show(source="upload"), show(source="upload", upload=upload(tmp_path))
    assert getattr(hidden, name) == gr.update(value=None, visible=False)
    assert visible(getattr(back, name))


class TestAfterABadChoice:
    """Nothing is shown or drawn of the votes before."""

    def test_scenes_and_metrics_are_those_of_no_votes(self):
        state = show(source="upload").state
        assert state is None
        scenes = scene_scores(scenes_view.show(state, gr.Progress()))
        metrics = last(metrics_view.show(None, None, state, gr.Progress()))
        assert (scenes[0], metrics[0]) == (NO_VOTES, NO_VOTES)
        assert not any(update["visible"] for update in (*scenes[1:], *metrics[1:]))

    def test_there_are_no_figures_and_no_guess(self):
        assert paper_view.figures(None, "svg") == gr.update(value=None, visible=False)
        assert plan_view.guess_of(None) == gr.skip()


def test_figures_of_other_votes_go(tmp_path):
    view = show(source="upload", upload=upload(tmp_path))
    assert view.figures == gr.update(value=None, visible=False)


@pytest.mark.parametrize("kind", paper_view.FORMATS)
def test_the_figures_of_the_votes_come_in_one_zip(kind, tmp_path):
    figure = paper_view.figures(show(source="upload", upload=upload(tmp_path)).state, kind)
    with zipfile.ZipFile(figure["value"]) as archive:
        assert set(archive.namelist()) == {f"{name}.{kind}" for name in FIGURES}
        assert min(len(archive.read(name)) for name in archive.namelist()) > 1000


def test_scores_that_votes_leave_open_are_no_guess(tmp_path):
    path = made.write(tmp_path, "observer,condition_A,condition_B,is_A_selected\no,x,y,1\n")
    with pytest.raises(gr.Error, match="do not fix the scores"):
        plan_view.guess_of(show(source="upload", upload=str(path), method=("none", *METHOD[1:])).state)


def test_a_comma_in_a_name_does_not_spoil_the_guess(tmp_path):
    path = made.write(
        tmp_path, 'observer,condition_A,condition_B,is_A_selected\no,"x, 2",y,1\no,"x, 2",y,0\n'
    )
    guess = plan_view.guess_of(show(source="upload", upload=str(path)).state)
    assert [name for name, _ in read_scores(guess)] == ["x  2", "y"]


def test_the_guess_of_a_plan_may_be_the_scores_of_the_votes():
    guess = plan_view.guess_of(show().state)
    assert guess.endswith("FLIP=0.08, Adaptive=-0.13")
    assert [name for name, _ in read_scores(guess)] == list(published("denoising").conditions)


def test_a_column_that_cannot_be_read_costs_the_screening_and_says_why(tmp_path):
    rows = "".join(f"O{k % 2},x,y,{k % 3 % 2},soon\n" for k in range(6))
    path = made.write(tmp_path, "observer,condition_A,condition_B,is_A_selected,response_ms\n" + rows)
    view = show(source="upload", upload=str(path))
    assert visible(view.ranking)
    assert view.screened.startswith("Observers were not screened, as votes.csv, line 2, column 'response")


def test_notes_on_observers_spell_their_names_as_they_are(tmp_path):
    header = "observer,condition_A,condition_B,is_A_selected,kind\n"
    path = made.write(tmp_path, header + "Ann,x,y,1,main\nAnn,y,x,0,main\nBob,x,y,1,practice\n")
    assert "No main trials of: Bob." in show(source="upload", upload=str(path)).screened


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"source": "upload"}, "Choose a votes file"),
        ({"source": "matrix"}, "Choose a matrix file"),
        ({"source": "matrix", "matrix": "m.csv"}, "Say whose votes a cell counts"),
        ({"source": "upload", "upload": "gone.csv"}, "there is no file 'gone.csv'"),
    ],
)
def test_what_is_missing_is_one_sentence(chosen, sentence):
    view = show(**chosen)
    assert sentence in view.headline
    assert "\n" not in view.headline
    assert view.warnings == source.ABOUT[chosen["source"]], "what such votes look like"
    assert not visible(view.ranking)


def test_a_bad_file_is_a_sentence(tmp_path):
    bad = made.write(tmp_path, "observer,condition_A,condition_B\no,x,y\n")
    assert "has no column 'is\\_A\\_selected'" in show(source="upload", upload=str(bad)).headline


LIGHT_FIELDS = {
    "observer": ["observer"],
    "condition_a": ["dist_type1", "dist_level1"],
    "condition_b": ["dist_type2", "dist_level2"],
    "choice": ["selected"],
    "scene": ["scene"],
    "value_b": "2",
    "value_tie": "",
}


def test_columns_and_answers_may_have_other_names(tmp_path):
    rows = "".join(f"{k},obs_{k % 3},S,Cobblestone,OPT,10,DQ,4,{1 + (k == 5)}\n" for k in range(6))
    header = "trial,observer,session,scene,dist_type1,dist_level1,dist_type2,dist_level2,selected\n"
    view = show(source="upload", upload=str(made.write(tmp_path, header + rows)), **LIGHT_FIELDS)
    scores = view.state.report.scores
    assert scores.conditions == ("DQ 4", "OPT 10")
    assert scores.wins.tolist() == [[0, 1], [5, 0]]
    assert "6 comparisons of 3 observers" in view.headline


@pytest.mark.parametrize(("winner", "best"), [("row", "x"), ("column", "y")])
def test_who_wins_in_a_matrix_is_told_not_guessed(tmp_path, winner, best):
    path = made.write(tmp_path, ",x,y\nx,0,9\ny,1,0\n")
    view = show(source="matrix", matrix=str(path), winner=winner)
    scores = view.state.report.scores
    assert scores.conditions[scores.jod.argmax()] == best
    assert "needs the votes one by one" in view.screened


def test_probabilities_become_votes_by_their_number(tmp_path):
    path = made.write(tmp_path, ",x,y\nx,,0.75\ny,0.25,\n")
    view = show(source="matrix", matrix=str(path), winner="row", votes_per_pair=" 20 ")
    assert view.state.report.scores.wins.tolist() == [[0, 15], [5, 0]]


@pytest.mark.parametrize(("anchor", "used"), [("gone", "mean"), ("FLIP", "FLIP")])
def test_an_anchor_of_other_votes_falls_back_to_the_mean(anchor, used):
    view = show(method=(*METHOD[:4], anchor, *METHOD[5:]))
    assert view.anchor["value"] == used
    assert view.state.report.scores.method.anchor == used


class TestLeavingOut:
    def test_shows_both_rankings_and_tells_the_reason_in_the_paper(self, tmp_path):
        view = show(source="upload", upload=upload(tmp_path), exclude=["w"], reason=" failed both catches ")
        assert visible(view.both)
        assert "Everyone" in view.both["value"]
        assert "Those kept" in view.both["value"]
        assert "144 comparisons of 4 observers" in view.headline
        assert "w (failed both catches)" in view.methods
        kept = json.loads(Path(view.json["value"]).read_text())
        assert kept["excluded"] == [{"observer": "w", "reason": "failed both catches"}]
        assert kept["everyone"]["observers"] == 5
        assert "w: failed both catches" in Path(view.csv["value"]).read_text()

    def test_keeps_everybody_in_the_screening_and_in_the_menu(self, tmp_path):
        view = show(source="upload", upload=upload(tmp_path), exclude=["w"], reason="asleep")
        assert view.observers["value"].count("<tr") == 1 + 5
        assert (view.exclude["choices"], view.exclude["value"]) == (list("vwxyz"), ["w"])

    def test_without_a_reason_says_so(self, tmp_path):
        view = show(source="upload", upload=upload(tmp_path), exclude=["w"], reason="  ")
        assert analysis_tab.NO_REASON in view.methods

    def test_forgets_observers_of_other_votes(self, tmp_path):
        view = show(source="upload", upload=upload(tmp_path), exclude=["gone"], reason="asleep")
        assert view.state.report.scores.excluded == ()
        assert view.exclude["value"] == []
        assert show(exclude=["w"], reason="asleep").exclude["value"] == []

    def test_all_of_them_is_a_sentence(self, tmp_path):
        view = show(source="upload", upload=upload(tmp_path), exclude=list("vwxyz"), reason="asleep")
        assert view.headline.count("###") == 1
        assert not visible(view.ranking)


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Shown:
    """A condition, an observer, a scene and a reason that would run a script."""
    table = made.table(("v", "w", MARKUP), ("bridge", MARKUP)).replace({"a": MARKUP})
    path = made.write(tmp_path_factory.mktemp("markup"), table.to_csv(index=False))
    return show(source="upload", upload=str(path), exclude=[MARKUP], reason=MARKUP)


class TestNamesFromAFile:
    """They are shown as they are spelled, and never run."""

    def test_are_in_what_is_shown(self, marked):
        assert MARKUP in marked.state.report.scores.conditions
        assert marked.state.report.scores.excluded == ((MARKUP, MARKUP),)

    @pytest.mark.parametrize("name", ["ranking", "pairs", "observers", "both", "next_pairs"])
    def test_are_no_markup_in_tables(self, marked, name):
        html = getattr(marked, name)["value"]
        assert "<img" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html

    def test_are_no_markup_in_the_table_of_scenes(self, marked):
        html = scene_scores(scenes_view.show(marked.state, gr.Progress()))[2]["value"]
        assert "<img" not in html
        assert html.count("&lt;img src=x") == 3 + 2, "three conditions of one scene, one of two"

    @pytest.mark.parametrize("name", ["headline", "warnings", "fit", "screened", "asked"])
    def test_are_no_markup_in_texts(self, marked, name):
        assert "<img" not in getattr(marked, name).replace("\\<img", "")

    def test_are_no_markup_in_what_goes_wrong(self, tmp_path):
        rows = f"observer,condition_A,condition_B,is_A_selected\n{MARKUP},x,y,{MARKUP}\n"
        view = show(source="upload", upload=str(made.write(tmp_path, rows)))
        assert "\\<img" in view.headline
        assert "<img" not in view.headline.replace("\\<img", "")

    def test_are_no_markup_in_metrics(self, marked, tmp_path):
        text = f"condition,{MARKUP}\n{MARKUP},1\nb,2\nc,3\n"
        path = made.write(tmp_path, text, "metrics.csv")
        said, _, _, listed = last(metrics_view.show(str(path), None, marked.state, gr.Progress()))
        assert "<img" not in said.replace("\\<img", "") + listed["value"]
        assert "&lt;img" in listed["value"]


class TestMetrics:
    def test_of_other_conditions_are_a_sentence(self, tmp_path):
        path = made.write(tmp_path, "condition,psnr\nx,1\ny,2\n", "metrics.csv")
        said, *others = last(metrics_view.show(str(path), None, show().state, gr.Progress()))
        assert "metrics.csv has no row for the condition" in said
        assert not any(update["visible"] for update in others)

    def test_are_asked_for_where_none_were_published(self, tmp_path):
        state = show(source="upload", upload=upload(tmp_path)).state
        assert last(metrics_view.show(None, None, state, gr.Progress()))[0] == metrics_view.ASK

    def test_with_scenes_compare_the_stimuli_too(self, tmp_path):
        rows = [f"{scene},{name},{ord(name)}" for scene in ("bridge", "river", "tower") for name in "abc"]
        path = made.write(tmp_path, "\n".join(["scene,condition,psnr", *rows]), "metrics.csv")
        state = show(source="upload", upload=upload(tmp_path)).state
        _, metric, chart, listed = last(metrics_view.show(str(path), None, state, gr.Progress()))
        assert metric["value"] == "psnr"
        assert visible(chart)
        assert "9 stimuli" in listed["value"]


async def outputs_of_the_page():
    """Names of the public endpoints, and how many outputs the main listener has."""
    with (
        gr.Blocks() as page,
        gr.Tab("Analysis") as tab,
    ):  # inside a loop: without one gradio leaves its own open
        analysis_tab.build(live, tab, gr.State(None), lambda entry: [])
    main = max(page.fns.values(), key=lambda listener: len(listener.inputs))
    return page.get_api_info()["named_endpoints"], len(main.outputs), len(main.inputs)


def test_no_listener_of_the_tab_is_part_of_the_public_interface():
    endpoints, _, _ = asyncio.run(outputs_of_the_page())
    assert not endpoints


def test_the_main_listener_has_a_widget_for_all_that_it_reads_and_shows():
    _, outputs, inputs = asyncio.run(outputs_of_the_page())
    assert (outputs, inputs) == (len(FOLLOWED), len(Source._fields) + len(METHOD) + 2)


def test_votes_in_steps_are_fitted_with_them_and_both_bad_has_a_table(tmp_path):
    rows = made.table(("p", "q", "r"), names="abc")
    rows["preference_strength"] = [str(1 + place % 2) for place in range(len(rows))]
    rows.loc[:2, "is_A_selected"] = "both_bad"
    shown = show(source="upload", upload=str(made.write(tmp_path, rows.to_csv(index=False))))
    assert shown.state.report.scores.method.ties == "ordered"
    assert "step 2 begins at" in shown.fit
    assert "3 of 36 answers called both bad" in shown.both_bad
    assert visible(shown.bad_pairs)
    plain = show(
        method=(*METHOD[:5], "half", *METHOD[6:]), source="upload", upload=str(tmp_path / "votes.csv")
    )
    assert "take no account of steps" in plain.fit


def test_steps_and_both_bad_may_be_other_cells(tmp_path):
    rows = made.table(("p", "q"), names="ab")
    rows["is_A_selected"] = ["much a", "a", "b", "much b", "neither", "same", *["a", "b"] * 5][: len(rows)]
    values = {"value_a": "much a|a", "value_b": "much b|b", "value_tie": "same", "value_bad": "neither"}
    path = str(made.write(tmp_path, rows.to_csv(index=False)))
    shown = show(source="upload", upload=path, **values)
    assert len(shown.state.report.tally.steps) == 2
    assert shown.state.report.both_bad.total[0] == 1
