"""The tab translates between widgets and the analysis, and keeps its listeners to itself."""

import asyncio
import json
from pathlib import Path

import pandas as pd
import pytest

from tests.analysis.made import write

gr = pytest.importorskip("gradio", reason="the page needs gradio")

from uplapp.analysis.published import PUBLISHED  # noqa: E402
from uplapp.web import analysis_tab  # noqa: E402

METHOD = ("distance", "t", 50, 0, "mean")
COLUMNS = ["observer", "condition_A", "condition_B", "is_A_selected", "kind", "simulated"]
PEOPLE = [("p", "x", "y", 1.0, "main", False), ("p", "y", "x", 1.0, "main", False)]
SIMULATED = [("s", "x", "y", 0.0, "main", True), ("s", "x", "y", 1.0, "main", True)]


def live(include_simulated):
    return pd.DataFrame(PEOPLE + SIMULATED * include_simulated, columns=COLUMNS)


def show(source, upload=None, simulated=False, method=METHOD, votes=live):
    return analysis_tab.shower(votes)(source, upload, simulated, *method)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_study_is_shown_with_both_charts_and_files(name):
    view = show(name)
    assert "MS-SSIM" in view.table["Condition"].tolist()
    assert view.jod is not None
    assert view.wins is not None
    assert Path(view.csv).read_text().startswith("rank,condition,jod")
    assert len(json.loads(Path(view.json).read_text())["jod"]) == 6


def test_the_live_study_never_mixes_people_and_simulated_observers():
    people, simulated = show("live"), show("live", simulated=True)
    assert "2 comparisons of 1 observer)" in people.headline
    assert "SIMULATED" not in people.warnings
    assert "SIMULATED" in simulated.warnings


def test_a_study_without_answers_says_so():
    view = show("live", votes=lambda simulated: pd.DataFrame(columns=COLUMNS))
    assert view.headline == "### the live study holds no votes of main trials"
    assert view.table is None


def test_an_uploaded_file_is_read_and_a_bad_one_is_a_sentence(tmp_path):
    good = write(tmp_path, "observer,condition_A,condition_B,is_A_selected\no,x,y,1\no,y,x,1\n")
    assert show("upload", str(good)).table["Condition"].tolist() == ["x", "y"]
    bad = write(tmp_path, "observer,condition_A,condition_B\no,x,y\n")
    assert "has no column 'is\\_A\\_selected'" in show("upload", str(bad)).headline
    assert "Choose a votes file" in show("upload").headline


def test_an_anchor_of_another_study_falls_back_to_the_mean():
    assert show("denoising", method=("distance", "t", 50, 0, "gone")).anchor["value"] == "mean"
    assert show("denoising", method=("distance", "t", 50, 0, "FLIP")).anchor["value"] == "FLIP"


def test_names_from_a_file_are_no_markup(tmp_path):
    rows = "o,<img src=x>,y,1\no,y,<img src=x>,0\n"
    good = write(tmp_path, "observer,condition_A,condition_B,is_A_selected\n" + rows)
    view = show("upload", str(good))
    assert "<img" not in view.headline.replace("\\<img", "") + view.warnings.replace("\\<img", "")


async def public_interface():
    """Built inside a running loop: where gradio finds none it opens one, and leaves it open."""
    with gr.Blocks() as page, gr.Tab("Analysis") as tab:
        analysis_tab.build(live, tab)
    return page.get_api_info()["named_endpoints"]


def test_no_listener_of_the_tab_is_part_of_the_public_interface():
    assert not asyncio.run(public_interface())
