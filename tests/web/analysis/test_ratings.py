"""Ratings in the Analysis tab: means instead of scores in JOD."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.analysis import made, rated
from tests.web.analysis.showing import MARKUP, METHOD, scene_scores, show, visible

gr = pytest.importorskip("gradio", reason="the page needs gradio")

from uplapp.web.analysis import plan_view, ratings_view, scenes_view  # noqa: E402
from uplapp.web.analysis.state import NO_VOTES  # noqa: E402


def upload(folder, **changes) -> str:
    """Eight observers, two criteria."""
    both = [rated.table(rated.draw(8, 4, seed), name) for seed, name in enumerate(("quality", "sharp"))]
    table = pd.concat(both, ignore_index=True).assign(**changes)
    return str(made.write(folder, table.to_csv(index=False), "ratings.csv"))


@pytest.fixture
def view(tmp_path):
    return show(source="upload", upload=upload(tmp_path))


def test_a_file_of_ratings_shows_means_with_a_chart_and_a_table(view):
    assert view.headline.startswith("### quality: c is rated highest, ")
    assert view.warnings == ratings_view.MEANS
    assert visible(view.jod)
    assert view.ranking["value"].count("<tr") == 1 + 6
    assert "JOD" not in view.ranking["value"]
    assert "other observers, these stimuli" in view.headline
    assert "Score" in view.ranking["value"]


def test_differences_and_observers_of_ratings_have_their_tables(view):
    assert view.pairs["value"].count("<tr") == 1 + 2 * 3
    assert "Holm" in view.fit
    assert view.screened == "0 of 8 observers to look at."
    assert view.observers["value"].count("<tr") == 1 + 8
    assert "Inconsistency" in view.observers["value"]
    assert not any(map(visible, (view.triangle, view.wins, view.observers_chart, view.next_pairs)))


def test_views_for_comparisons_show_nothing_of_votes_before(view):
    assert scene_scores(scenes_view.show(view.state, gr.Progress()))[0] == NO_VOTES
    assert (view.latex, view.asked) == ("", plan_view.RATED)


def test_a_paper_gets_its_text_and_files(view):
    assert view.methods.startswith(
        "8 observers rated 12 images one at a time on 2 scales (quality and sharp)."
    )
    means = list(csv.DictReader(io.StringIO(Path(view.csv["value"]).read_text())))
    assert len(means) == 6
    assert json.loads(Path(view.json["value"]).read_text())["criteria"] == ["quality", "sharp"]


def test_an_observer_can_be_left_out_with_a_reason(tmp_path):
    view = show(source="upload", upload=upload(tmp_path), exclude=["o03"], reason="asleep")
    assert "(7 observers)" in view.headline.replace("\\", "")
    assert "Left out: o03 (asleep)." in view.methods
    assert view.exclude["value"] == ["o03"]
    assert view.observers["value"].count("<tr") == 1 + 8


def test_the_interval_is_the_one_that_was_chosen(tmp_path):
    path = upload(tmp_path)
    percentile = show(source="upload", upload=path, method=("distance", "percentile", *METHOD[2:]))
    assert "percentile intervals" in percentile.methods
    assert percentile.ranking["value"] != show(source="upload", upload=path).ranking["value"]


def test_simulated_observers_are_called_so(tmp_path):
    view = show(source="upload", upload=upload(tmp_path, simulated="True"))
    assert "SIMULATED" in view.warnings
    assert view.methods.startswith("8 SIMULATED observers")


def test_a_bad_file_of_ratings_is_a_sentence(tmp_path):
    path = made.write(tmp_path, "observer,condition,rating\nanna,x,nice\n", "ratings.csv")
    view = show(source="upload", upload=str(path))
    assert "'nice' is not a number" in view.headline
    assert not visible(view.ranking)


def test_names_are_no_markup(tmp_path):
    view = show(source="upload", upload=upload(tmp_path, condition=MARKUP, observer=MARKUP))
    assert "<img" not in view.headline.replace("\\<img", "")
    assert "<img" not in view.ranking["value"] + view.observers["value"]
