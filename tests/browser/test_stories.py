"""What three kinds of people come for, from a clone to what they take away, in Chromium.

The same ways on the command line are the blocks of the README, which tests/test_docs.py runs as printed."""

import csv
import io
import itertools
import json
import re
import zipfile

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import given
from tests.analysis import made
from tests.browser.launching import both_sizes
from tests.browser.moves import (
    answer_side_by_side,
    choose,
    consent,
    download,
    fits,
    open_view,
    restore_by,
    upload,
)
from tests.browser.researcher_process import go_in, tile
from tests.calling import caller
from tests.web.serving import Observer
from uplapp.__main__ import app as uplapp
from uplapp.imaging.files.samples import sample_path

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = 5  # who answer over HTTP, beside one in Chromium
SHORT = {"practice = 2": "practice = 0\nmin_view_ms = 500", "catch = 2": "catch = 0"}
NEXT = """(number) => document.querySelector("#thanks").checkVisibility()
    || document.querySelector("#count").textContent.startsWith(`Comparison ${number} `)"""
CONSENT = (
    "purpose=To see.",
    "contact=Ada, ada@lab.example",
    "retention=A year.",
    "questions=ethics@lab.example",
)


@pytest.fixture
def command(clone, monkeypatch):
    """A function that runs a command in the clone that the app runs in."""
    monkeypatch.setattr("uplapp.settings.__file__", str(clone / "package" / "settings.py"))
    monkeypatch.delenv("UPLAPP_DATA", raising=False)
    monkeypatch.chdir(clone)
    return caller(uplapp)


def unpacked(page, locator) -> dict[str, bytes]:
    """The files of a ZIP that a link or a button gives."""
    with zipfile.ZipFile(io.BytesIO(download(page, locator))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def take_the_paper(page) -> tuple[str, dict[str, bytes]]:
    """The methods paragraph and the figures as PDF, with the LaTeX table on screen."""
    open_view(page, "Paper")
    methods = page.locator("#methods textarea")
    expect(methods).to_have_value(re.compile("Thurstone"))
    page.get_by_text("\\begin{tabular}").first.wait_for()
    page.get_by_label("pdf", exact=True).check()
    page.get_by_role("button", name="Draw the figures").click()
    return methods.input_value(), unpacked(page, page.locator("a[download*=figures]"))


@both_sizes
def test_a_visitor_restores_the_shipped_picture_and_an_own_one_compares_and_takes_them_home(
    app, page, tmp_path
):
    page.get_by_text("An example that was made before").wait_for()
    page.locator("#samples-denoise button").nth(2).click()
    page.locator("#metrics").get_by_text("A cup on wood").wait_for()
    restore_by(page, "L1", "L2")
    rows = page.locator("#metrics tbody tr").all_inner_texts()
    assert [row.split("\t")[0].strip() for row in rows] == ["Noisy input", "L1", "L2"]
    noisy, l1, l2 = (float(row.split("\t")[1]) for row in rows)
    assert noisy == pytest.approx(20.17, abs=0.05)
    assert min(l1, l2) > 29
    assert fits(page)
    page.locator("#link").click()
    linked = page.locator("#linked a").get_attribute("href")
    assert linked.startswith(f"{app}/result/")
    assert "less change" in httpx.get(linked, timeout=60).text
    files = unpacked(page, page.locator("#archive"))
    reference = np.asarray(Image.open(io.BytesIO(files["coffee-reference.png"])))
    np.testing.assert_array_equal(reference, np.asarray(Image.open(sample_path("coffee"))))
    results = json.loads(files["coffee-provenance.json"])["results"]
    assert [result["checkpoint"] for result in results] == ["denoise-unet-l1", "denoise-unet-l2"]

    given.photograph(tmp_path / "mine.png")
    page.locator("input[type=file][accept*=tiff]").set_input_files(tmp_path / "mine.png")
    page.get_by_text("mine.png, 96x64").wait_for()
    restore_by(page, "L2")
    compared = page.frame_locator("#compare iframe")
    expect(compared.locator("#second option")).to_have_text(["Reference", "Noisy", "L2"])
    compared.locator("#flicker").click()
    compared.get_by_text("less change is closer").wait_for()
    assert {"mine-reference.png", "mine-denoise-unet-l2.png"} <= unpacked(
        page, page.locator("#archive")
    ).keys()


def test_a_researcher_goes_from_folders_to_a_paper(app, clone, command, page, open_page, tmp_path):
    for name in ("clean", "out/l1", "out/l2"):
        given.FILES[name](tmp_path / name)
    folders = [f"--condition={name}={tmp_path / 'out' / name}" for name in ("l1", "l2")]
    texts = [f"--consent={text}" for text in CONSENT]
    command("study", "new", "faces", "--reference", tmp_path / "clean", *folders, *texts)
    definition = clone / "studies" / "faces" / "study.toml"
    for line, shorter in SHORT.items():
        definition.write_text(definition.read_text().replace(line, shorter))
    command("study", "freeze", "faces")

    go_in(page, app)
    page.locator("#watched input").click()
    page.get_by_role("option", name="faces").click()
    tile(page, "the study is").get_by_text("open").wait_for()
    with httpx.Client(base_url=app, timeout=60) as client:
        codes = [Observer(client, "faces").go_through(number)["code"] for number in range(PEOPLE)]
    observer = open_page()
    consent(observer, f"{app}/study/faces")
    for number in itertools.count(1):
        observer.wait_for_function(NEXT, arg=number)
        if observer.is_visible("#thanks"):
            break
        answer_side_by_side(observer, number)
    codes.append(observer.text_content("#code"))

    tile(page, "finished").get_by_text(str(PEOPLE + 1), exact=True).wait_for()
    page.get_by_role("tab", name="Data").click()
    page.get_by_label("People with their codes, CSV").check()
    page.get_by_role("button", name="Write the file").click()
    people = download(page, page.locator("#export a[download]").first).decode()
    assert {row["code"] for row in csv.DictReader(io.StringIO(people))} == set(codes)

    page.get_by_role("tab", name="Analysis").click()
    choose(page, "My studies, live")
    page.locator("#own-study input").click()
    page.get_by_role("option", name="faces").click()
    page.get_by_text(
        re.compile(r"1[5-8] comparisons of 6 observers")
    ).wait_for()  # late frames take some away
    methods, figures = take_the_paper(page)
    assert {data[:5] for data in figures.values()} == {b"%PDF-"}
    command("study", "export", "faces", "-o", tmp_path / "votes.csv")
    assert command("analyse", tmp_path / "votes.csv", "--methods").stdout.strip() == methods.strip()


def test_votes_that_somebody_has_become_the_ranking_that_the_command_line_gives(page, command, tmp_path):
    votes = made.table(tuple("vwxyz"), ("bridge", "river", "tower")).to_csv(index=False)
    page.get_by_role("tab", name="Analysis").click()
    choose(page, "My votes (CSV)")
    upload(page, "Votes, CSV", tmp_path, votes, "votes.csv")
    page.get_by_text("180 comparisons of 5 observers").wait_for()
    methods, figures = take_the_paper(page)
    table = download(page, page.get_by_role("button", name="Download ranking (CSV)"))
    names = ("table.tex", "ranking.csv", "figures")
    latex, ranking, folder = (tmp_path / name for name in names)
    command(
        "analyse",
        tmp_path / "votes.csv",
        "--latex",
        latex,
        "--csv",
        ranking,
        "--figures",
        folder,
        "--format",
        "pdf",
    )
    assert table == ranking.read_bytes()
    assert figures.keys() == {path.name for path in folder.iterdir()}
    assert command("analyse", tmp_path / "votes.csv", "--methods").stdout.strip() == methods.strip()
