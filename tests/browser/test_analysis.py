"""The Analysis tab as a person uses it: votes go in, ranking, tests, metrics, plan and paper come out."""

import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from playwright.sync_api import TimeoutError, expect

from tests.analysis import made, rated
from tests.browser.launching import both_sizes
from tests.browser.moves import choose, download, fit_windows, fits, open_view, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NARROWEST_PX = 200
PICTURES = {"Ranking": 1, "Differences": 2, "Scenes": 1, "Observers": 1, "Metrics": 1, "Plan": 0, "Paper": 0}
TABLES = {"Ranking": 1, "Differences": 1, "Scenes": 1, "Observers": 1, "Metrics": 1, "Plan": 1, "Paper": 0}
OF_ORDER_AND_PEOPLE = {"Ranks": 1, "People": 1}  # pictures, beside a table each
LONG_PLAN = "60, 120, 180, 240, 300, 360, 420, 480"


@pytest.fixture
def tab(page):
    """The Analysis tab with what it shows at first."""
    page.get_by_role("tab", name="Analysis").click()
    page.get_by_text("LPIPS+l2 looks best").wait_for()
    return page


@pytest.fixture(scope="module")
def votes() -> pd.DataFrame:
    """Five observers, three scenes, catch and repeat trials. One observer answers the catches wrong."""
    table = made.table(tuple("vwxyz"), ("bridge", "river", "tower")).assign(kind="main", response_ms="1500")
    repeats = table[table["scene"] == "river"].iloc[::6].assign(kind="repeat")
    wrong = (repeats["observer"] != "w").map(int).map(str)
    catches = repeats.assign(kind="catch", condition_A="reference", is_A_selected=wrong)
    return pd.concat([table, repeats, catches], ignore_index=True)


def give_votes(tab, folder, votes: pd.DataFrame) -> None:
    choose(tab, "My votes (CSV)")
    tab.get_by_text("Choose a votes file").wait_for()
    upload(tab, "Votes, CSV", folder, votes.to_csv(index=False), "votes.csv")


def give_metrics(tab, folder) -> None:
    rows = [f"{scene},{name},{ord(name)}" for scene in ("bridge", "river", "tower") for name in "abc"]
    text = "\n".join(["scene,condition,psnr", *rows])
    upload(tab, "Metrics, CSV", folder, text, "metrics.csv")


def pick(tab, label: str, *options: str) -> None:
    """Choose options of a menu that takes several."""
    field = tab.get_by_label(label, exact=True)
    for option in options:
        field.click()
        tab.get_by_role("option", name=option, exact=True).click()
    field.blur()
    tab.get_by_role("listbox").wait_for(state="hidden")


def pick_one(tab, label: str, option: str) -> None:
    """Choose the option of a menu that takes one."""
    tab.get_by_label(label, exact=True).click()
    tab.get_by_role("option", name=option, exact=True).click()


def say(box, text: str) -> None:
    """Click a box, then type: what is typed into it in its first frame is lost.

    When a panel opens for the first time, Gradio gives its boxes their first values twice, the second time a
    frame after they appear. Nobody types so soon; Playwright's `fill` does, but its `click` waits for two
    frames in which the box has not moved.
    """
    box.click()
    box.fill(text)


def wide(tab, count: int) -> None:
    """Wait until so many pictures are on screen, each wide enough to be read."""
    tab.wait_for_function(
        """([count, narrowest]) => {
            const shown = [...document.querySelectorAll(".marks")].filter(mark => mark.checkVisibility());
            return shown.length === count
                && shown.every(mark => mark.getBoundingClientRect().width > narrowest);
        }""",
        arg=[count, NARROWEST_PX],
        polling=200,
    )


def tables(tab, count: int) -> None:
    """Wait until so many tables with rows are on screen."""
    tab.wait_for_function(
        """count => [...document.querySelectorAll(".numbers")].filter(
            table => table.checkVisibility() && table.querySelectorAll("tbody tr").length > 1
        ).length === count""",
        arg=count,
        polling=200,
    )


@both_sizes
def test_every_view_of_uploaded_votes_shows_its_picture_and_its_table(tab, tmp_path, votes):
    give_votes(tab, tmp_path, votes)
    tab.get_by_text("180 comparisons of 5 observers").wait_for()
    for name in PICTURES:
        open_view(tab, name)
        if name == "Metrics":
            give_metrics(tab, tmp_path)
        wide(tab, PICTURES[name])
        tables(tab, TABLES[name])
        assert fits(tab)


def test_ranks_people_a_covariate_and_a_second_file_are_shown_where_votes_have_them(tab, tmp_path, votes):
    ages = dict(zip("vwxyz", ("young", "young", "old", "old", "old"), strict=True))
    give_votes(tab, tmp_path, votes.assign(age=votes["observer"].map(ages)))
    tab.get_by_text("180 comparisons of 5 observers").wait_for()
    for name, pictures in OF_ORDER_AND_PEOPLE.items():
        open_view(tab, name)
        wide(tab, pictures)
        tables(tab, 1)
        fit_windows(tab)
    pick_one(tab, "Compare groups of observers by", "age")
    tab.get_by_text("old (3) and young (2)").wait_for()
    wide(tab, 2)
    tables(tab, 2)
    open_view(tab, "Covariate")
    numbers = tab.get_by_label("Numbers", exact=True)
    say(numbers, "bitrate: a=0.5, b=1, c=2")
    numbers.blur()
    wide(tab, 1)
    tab.get_by_text("JOD per unit of bitrate").locator("visible=true").first.wait_for()
    fit_windows(tab)
    open_view(tab, "Two files")
    tab.get_by_role("button", name="Example: plain and boosted triplets").click()
    tab.get_by_text("were not found to disagree on one scale").locator("visible=true").first.wait_for()
    tables(tab, 1)
    fit_windows(tab)


def test_pictures_that_changed_while_they_were_hidden_are_wide(tab):
    open_view(tab, "Plan")
    choose(tab, "Published: MR reconstruction, six losses")
    tab.get_by_text("The widest 95% interval between neighbours in rank is 0.6").wait_for()
    for name in ("Observers", "Metrics", "Differences", "Ranking"):
        open_view(tab, name)
        wide(tab, PICTURES[name] * (name != "Observers"))
    tab.get_by_text("MS-SSIM leads, clearly above 3 of 5 others").wait_for()
    fit_windows(tab)


def test_columns_and_answers_of_other_names_are_named_in_the_menus(tab, tmp_path):
    rows = "".join(f"o{k % 3},OPT,10,DQ,4,{'left' if k % 4 else 'right'}\n" for k in range(12))
    choose(tab, "My votes (CSV)")
    upload(tab, "Votes, CSV", tmp_path, "who,type1,level1,type2,level2,selected\n" + rows, "fields.csv")
    tab.get_by_text("fields.csv has no column 'observer'").wait_for()
    tab.get_by_role("button", name="My columns have other names").click()
    say(tab.get_by_label("A was chosen:"), "left")
    say(tab.get_by_label("B was chosen:"), "right")
    say(tab.get_by_label("not sure:"), "")
    pick(tab, "Observer", "who")
    pick(tab, "Condition A", "type1", "level1")
    pick(tab, "Condition B", "type2", "level2")
    pick(tab, "The choice", "selected")
    tab.get_by_text("OPT 10").first.wait_for()
    tab.get_by_text("12 comparisons of 3 observers").wait_for()
    tables(tab, 1)
    fit_windows(tab)


def test_the_winner_of_a_matrix_is_chosen_not_guessed(tab, tmp_path):
    choose(tab, "My matrix (CSV)")
    upload(tab, "Matrix, CSV", tmp_path, ",x,y\nx,0,30\ny,5,0\n", "matrix.csv")
    tab.get_by_text("Say whose votes a cell counts").wait_for()
    x_is_first, y_is_first = (tab.get_by_text(re.compile(f"^{name} (looks best|leads)")) for name in "xy")
    tab.get_by_label("the column's").check()
    y_is_first.wait_for()
    assert x_is_first.count() == 0
    tab.get_by_label("the row's").check()
    x_is_first.wait_for()
    assert y_is_first.count() == 0
    wide(tab, 1)


def test_leaving_out_an_observer_shows_both_rankings_and_prints_the_reason(tab, tmp_path, votes):
    give_votes(tab, tmp_path, votes)
    tab.get_by_text("180 comparisons of 5 observers").wait_for()
    open_view(tab, "Observers")
    tab.get_by_text("★ w").wait_for()
    say(tab.get_by_label("Because"), "failed both catch trials")
    pick(tab, "Leave out", "w")
    tab.get_by_text("Those kept").wait_for()
    tables(tab, 2)
    fit_windows(tab)
    open_view(tab, "Paper")
    reason = re.compile(re.escape("w (failed both catch trials)"))
    expect(tab.locator("#methods textarea")).to_have_value(reason)
    scores = json.loads(download(tab, tab.get_by_role("button", name="Download everything (JSON)")))
    assert scores["excluded"] == [{"observer": "w", "reason": "failed both catch trials"}]
    assert (scores["observers"], scores["everyone"]["observers"]) == (4, 5)


def test_a_plan_is_simulated_and_a_long_one_can_be_stopped(tab):
    open_view(tab, "Plan")
    sizes = tab.get_by_label("Numbers of observers")
    say(sizes, LONG_PLAN)
    say(tab.get_by_label("Simulated studies").first, "1000")
    tab.locator("#simulate").click()
    tab.get_by_text(re.compile(r"simulated studies - \d")).first.wait_for()
    tab.get_by_role("button", name="Cancel").locator("visible=true").first.click()
    tab.get_by_text("Cancelled.").wait_for()
    tab.get_by_role("button", name="Take the scores of these votes").click()
    sizes.fill("4, 8")
    tab.get_by_label("Simulated studies").first.fill("50")
    tab.locator("#simulate").click()
    tab.locator("#advice strong").wait_for()
    wide(tab, 1)
    fit_windows(tab)


def drawn(tab, figures) -> bytes:
    """Draw and download the figures, once more if an analysis that ended meanwhile took them off the page."""
    draw = tab.get_by_role("button", name="Draw the figures")
    draw.click()
    try:
        with tab.expect_download(timeout=20_000) as event:
            figures.click(timeout=20_000)
        return Path(event.value.path()).read_bytes()
    except TimeoutError:
        draw.click()
        return download(tab, figures)


def test_figures_come_as_a_zip_of_pictures_that_can_be_read(tab):
    open_view(tab, "Paper")
    filled = re.compile("All 15 pairs were compared")
    expect(tab.locator("#methods textarea")).to_have_value(filled)
    figures = tab.get_by_role("link", name=re.compile("KB|MB"))
    with zipfile.ZipFile(io.BytesIO(drawn(tab, figures))) as archive:
        roots = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    assert set(roots) == {"votes.svg", "scores.svg", "triangles.svg", "ranks.svg"}
    assert {root.tag for root in roots.values()} == {"{http://www.w3.org/2000/svg}svg"}
    choose(tab, "Published: MR reconstruction, six losses")
    figures.wait_for(state="hidden")


def test_the_last_choice_wins_however_fast_it_follows(tab):
    choose(tab, "Published: MR reconstruction, six losses")
    choose(tab, "Published: denoising, six losses")
    choose(tab, "Published: MR reconstruction, six losses")
    choose(tab, "Published: denoising, six losses")
    tab.wait_for_timeout(1500)
    tab.get_by_text("LPIPS+l2 looks best").wait_for()
    assert tab.get_by_text("MS-SSIM leads").count() == 0


@both_sizes
def test_a_file_of_ratings_shows_means_instead_of_scores(tab, tmp_path):
    both = [rated.table(rated.draw(8, 4, seed), name) for seed, name in enumerate(("quality", "sharp"))]
    choose(tab, "My votes (CSV)")
    upload(tab, "Votes, CSV", tmp_path, pd.concat(both).to_csv(index=False), "ratings.csv")
    tab.get_by_text("quality: c is rated highest").wait_for()
    for name, pictures in {"Ranking": 1, "Differences": 0, "Observers": 0}.items():
        open_view(tab, name)
        wide(tab, pictures)
        tables(tab, 1)
        assert fits(tab)
    open_view(tab, "Scenes")
    tab.get_by_text("No votes are read").wait_for()
    open_view(tab, "Paper")
    pattern = re.compile("8 observers rated 12 images one at a time on 2 scales")
    expect(tab.locator("#methods textarea")).to_have_value(pattern)
    output = json.loads(download(tab, tab.get_by_role("button", name="Download everything (JSON)")))
    assert len(output["means"]) == 6
