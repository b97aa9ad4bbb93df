"""A researcher and an observer in two browsers, before the app as it is started."""

import csv
import io
import re
from contextlib import ExitStack

import httpx
import pytest

from tests.browser.moves import (
    answer_side_by_side,
    consent,
    download,
    drop,
    fits,
    give_file,
    give_picture,
    tick,
)
from tests.browser.researcher_process import go_in, go_to_gate, offer, rows, started, tile
from tests.study.tiny import CONDITIONS, write_study
from tests.web.desks import TOKEN, settings, zip_of_pictures
from tests.web.processes import wait_for
from uplapp.web.researcher.gate import TRIES

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def host(tmp_path):
    """`host(*names)` starts the app on open studies of these names and gives its address.

    It is a process of its own, which never tells its token."""

    def hosted(*names):
        for name in names:
            write_study(settings(tmp_path).studies / name, protocol="practice = 0\ncatch = 0")
        return stack.enter_context(started(tmp_path, tmp_path / "log"))

    with ExitStack() as stack:
        yield hosted
    assert TOKEN not in (tmp_path / "log").read_text()


@pytest.fixture
def lab(host):
    """The address of the app without a study."""
    return host()


def upload(page, archive):
    give_file(page.locator("#pictures"), archive)


def build(page, archive, name):
    """Make an open study of a ZIP. Returns its address as the page shows it."""
    page.get_by_role("tab", name="Build a study").click()
    upload(page, archive)
    page.get_by_label("Name, in its address").fill(name)
    for label in ("Practice", "Catch trials"):
        page.get_by_label(label).fill("0")
    page.get_by_label("Languages").click()
    page.get_by_role("option", name="English", exact=True).click()
    page.get_by_label("Internal test").check()
    page.locator("#check").click()
    page.locator("#facts .sheet img").first.wait_for()
    page.locator("#freeze").click()
    page.locator("#opened a").wait_for()
    return page.locator("#opened a").inner_text()


def answered(folder):
    return rows(folder, "SELECT count(*) AS n FROM answers")[0]["n"]


def answer(observer, folder, times):
    for number in range(times):
        before = answered(folder)
        observer.wait_for_selector("#trial:visible")
        answer_side_by_side(observer, number)
        wait_for(lambda before=before: answered(folder) > before)


def test_a_study_from_a_zip_is_watched_paused_and_exported_and_loses_no_answer(lab, open_page, tmp_path):
    desk, observer = open_page(accept_downloads=True), open_page()
    go_in(desk, lab)
    address = build(desk, zip_of_pictures(tmp_path), "faces")
    assert address == f"{lab}/study/faces"
    desk.get_by_role("tab", name="Watch").click()
    tile(desk, "the study is").get_by_text("open").wait_for()

    consent(observer, address)
    answer(observer, tmp_path, 3)
    tile(desk, "answers").first.get_by_text("3", exact=True).wait_for()
    desk.locator("#people").get_by_text(re.compile(r"^3 of 1\d$")).wait_for()  # late frames add trials

    desk.get_by_role("button", name="Pause").click()
    tile(desk, "the study is").get_by_text("paused").wait_for()
    observer.wait_for_selector("#trial:visible")
    answer_side_by_side(observer, 0)
    observer.get_by_text("study is paused", exact=False).first.wait_for()
    assert answered(tmp_path) == 4  # a pause loses no answer
    desk.get_by_role("button", name="Open", exact=True).click()
    tile(desk, "the study is").get_by_text("open").wait_for()
    observer.reload()
    observer.wait_for_selector("#ready:enabled")
    observer.keyboard.press("Enter")
    answer(observer, tmp_path, 1)

    desk.get_by_role("tab", name="Data").click()
    desk.get_by_label("Also what is left out, with the reason").check()
    desk.get_by_role("button", name="Write the file").click()
    text = download(desk, desk.locator("#export a[download]").first).decode()
    votes = list(csv.DictReader(io.StringIO(text)))
    assert len(votes) == 5
    assert {row["condition_A"] for row in votes} <= set(CONDITIONS)
    assert fits(desk)


def test_a_withdrawal_is_asked_of_the_observer_it_names_and_deletes_every_answer(host, open_page, tmp_path):
    desk, observer, lab = open_page(), open_page(), host("faces")
    go_in(desk, lab)
    consent(observer, f"{lab}/study/faces")
    answer(observer, tmp_path, 2)
    desk.get_by_role("tab", name="Watch").click()
    desk.get_by_role("tab", name="People").click()
    who, ask = (
        desk.get_by_label("Withdraw an observer"),
        desk.get_by_role("button", name="Withdraw", exact=True),
    )
    delete = desk.get_by_role("button", name="Yes, delete these answers")
    name = rows(tmp_path, "SELECT id FROM observers")[0]["id"]
    who.fill(name)
    ask.click()
    desk.get_by_text("All 2 answers").wait_for()
    who.fill("another")  # the question is about the one it names
    delete.wait_for(state="hidden")
    assert answered(tmp_path) == 2
    who.fill(name)
    ask.click()
    delete.click()
    desk.get_by_text(f"2 answers of {name} are deleted").wait_for()
    assert answered(tmp_path) == 0
    desk.locator("#people").get_by_text("withdrawn").wait_for()
    assert fits(desk)


def test_a_ranking_never_stands_under_the_name_of_another_study(host, open_page):
    page = open_page(390, 844)
    go_in(page, host("first", "second"))
    page.get_by_role("tab", name="Watch").click()
    page.locator("#board").get_by_text("/study/first").wait_for()
    page.get_by_role("tab", name="Ranking").last.click()
    page.get_by_role("button", name="Rank the answers so far").click()
    page.locator("#standing").get_by_text("No answers yet").wait_for()
    page.locator("#watched input").click()
    page.get_by_role("option", name="second").click()
    page.locator("#standing").get_by_text("No answers yet").wait_for(state="detached")
    page.locator("#board").get_by_text("/study/second").wait_for()
    assert fits(page)


def test_the_quota_on_screen_is_the_stored_one_and_a_study_made_meanwhile_opens(host, open_page, tmp_path):
    page = open_page()
    go_in(page, host("first"))
    page.get_by_role("tab", name="Watch").click()
    page.locator("#board").get_by_text("/study/first").wait_for()
    quota, take = page.locator("#quota input"), page.get_by_role("button", name="Set", exact=True)
    assert quota.input_value() == ""
    take.click()
    page.get_by_text("There is no limit.").wait_for()
    assert rows(tmp_path, "SELECT quota FROM studies") == [{"quota": None}]
    quota.fill("30")
    take.click()
    page.get_by_text("The study takes 30 people.").wait_for()

    write_study(settings(tmp_path).studies / "later")
    page.locator("#watched input").click()
    page.get_by_role("option", name="later").wait_for()
    page.get_by_role("option", name="later").click()
    page.locator("#board").get_by_text("/study/later").wait_for()  # by itself, within seconds
    assert quota.input_value() == ""
    page.locator("#watched input").click()
    page.get_by_role("option", name="first").click()
    page.wait_for_function("() => document.querySelector('#quota input').value === '30'")


def test_what_the_form_lacks_is_written_as_in_study_toml(lab, open_page, tmp_path):
    page = open_page(390, 844)
    go_in(page, lab)
    page.get_by_role("tab", name="Build a study").click()
    upload(page, zip_of_pictures(tmp_path))
    page.get_by_label("Name, in its address").fill("asked")
    page.get_by_role("button", name="More, as in study.toml").click()
    page.get_by_label("TOML").fill("[protocol]\nzoom = 7")
    assert fits(page)
    page.locator("#check").click()
    page.get_by_text("zoom = 7 must lie between 1 and 2 (line 2)").wait_for()
    page.get_by_label("TOML").fill('[consent]\nversion = "7b"\ninternal_test = true')
    page.locator("#check").click()
    page.locator("#facts").get_by_text("consent.version = 7b").wait_for()
    page.locator("#freeze").click()
    page.locator("#opened a").wait_for()
    assert httpx.get(f"{lab}/study/api/asked/welcome", timeout=60).json()["consent"]["version"] == "7b"


def test_ten_wrong_tokens_do_not_shut_out_the_right_one_which_stays_in_until_it_leaves(lab, open_page):
    page = open_page()
    urls = []
    page.on("request", lambda event: urls.append(event.url))
    go_to_gate(page, lab)
    for number in range(1, TRIES.burst + 1):
        offer(page, f"wrong {number}")
        page.locator("#door").get_by_text("not the researcher's token").wait_for()
        page.wait_for_function("() => document.querySelector('#token input').value === ''")
    offer(page, TOKEN)
    page.get_by_role("tab", name="Watch").wait_for()
    go_to_gate(page, lab)
    page.get_by_role("tab", name="Watch").wait_for()
    page.get_by_role("button", name="Leave", exact=True).click()
    page.wait_for_function("() => !sessionStorage.getItem('uplapp-token')")
    page.locator("#restore:visible, iframe[title='The study']:visible").first.wait_for()
    go_to_gate(page, lab)
    page.locator("#door").get_by_text("Behind this door").wait_for()
    assert page.locator("#token input").input_value() == ""
    assert [url for url in urls if TOKEN.split()[0] in url] == []


def test_results_of_the_restore_tab_become_a_study(lab, open_page, tmp_path):
    page = open_page()
    go_in(page, lab)
    page.get_by_role("tab", name="Restore").click()
    tick(page, "denoise", ("L1", "L2"))
    for number, name in enumerate(("one", "two"), 1):
        give_picture(page, tmp_path, name)
        page.locator("#metrics table").wait_for(state="detached")
        page.locator("#restore").click()
        page.locator("#metrics table").wait_for()
        page.locator("#collect").click()
        page.get_by_text(f"{number} collected").first.wait_for()
    page.get_by_role("tab", name="Study").click()
    page.get_by_role("tab", name="Build a study").click()
    page.get_by_label("Results of the Restore tab").check()
    page.get_by_label("Name, in its address").fill("losses")
    page.get_by_label("Internal test").check()
    page.locator("#check").click()
    page.locator("#facts .sheet img").first.wait_for()
    page.locator("#freeze").click()
    page.locator("#opened a").wait_for()
    assert httpx.get(f"{lab}/study/api/losses/welcome", timeout=60).json()["trials"] > 2
    folders = [path.name for path in settings(tmp_path).studies.glob("losses/*/")]
    assert {"reference", "denoise-unet-l1", "denoise-unet-l2"} <= set(folders)


def test_dropped_folders_are_taken_and_what_cannot_be_built_is_one_sentence(lab, open_page, tmp_path):
    page = open_page()
    go_in(page, lab)
    page.get_by_role("tab", name="Build a study").click()
    page.get_by_label("Name, in its address").fill("faces")
    page.locator("#check").click()
    page.get_by_text("no folders and no ZIP are chosen yet").wait_for()
    drop(page, "#pictures button[aria-label]", *write_study(tmp_path / "pictures").glob("*/"))
    page.locator("#pictures .file-preview").get_by_text("folders", exact=True).wait_for()
    page.get_by_label("Name, in its address").fill("../x")
    page.locator("#check").click()
    page.get_by_text("cannot be used as a study's name").wait_for()
    page.get_by_label("Name, in its address").fill("faces")
    page.locator("#check").click()
    page.locator("#facts .sheet img").first.wait_for()
    assert not settings(tmp_path).studies.exists()


def called(address: str, number: int, data: list) -> str:
    """What the queue says to a call from outside, with data of the caller's own."""
    sent = {"data": data, "fn_index": number, "session_hash": "stranger"}
    joined = httpx.post(f"{address}/gradio_api/queue/join", json=sent)
    if joined.status_code != 200:
        return joined.text
    with httpx.stream("GET", f"{address}/gradio_api/queue/data?session_hash=stranger", timeout=180) as stream:
        return next((line for line in stream.iter_lines() if "process_completed" in line), "")


def test_to_a_stranger_the_app_tells_nothing_and_does_nothing(host, open_page, tmp_path):
    desk, lab = open_page(), host("faces")
    go_in(desk, lab)
    texts = [httpx.get(f"{lab}/{path}", timeout=60).text for path in ("config", "gradio_api/info", "")]
    secret = re.compile(rf"{TOKEN}|\bfaces\b|ms_ssim\.png")  # a sample may be of surfaces
    assert not any(secret.search(text) for text in texts)
    config = httpx.get(f"{lab}/config", timeout=60).json()
    open_ = {entry["api_name"] for entry in config["dependencies"] if entry["api_visibility"] != "private"}
    assert open_ == {"list_networks", "restore", "analyse"}
    entry = _state_of_entry(config)
    of_entry = [listener for listener in config["dependencies"] if listener["inputs"][:1] == [entry]]
    guarded = [listener["id"] for listener in of_entry if listener["targets"] != [[entry, "change"]]]
    assert len(guarded) > 20
    forged = {"address": "http://x"}
    replies = [called(lab, number, [forged, "faces", "last hour", "", "", ""]) for number in guarded[:12]]
    assert [reply for reply in replies if '"success": true' in reply or '"success":true' in reply] == []
    assert rows(tmp_path, "SELECT state FROM studies") == [{"state": "open"}]
    assert not any(re.search(r"faces|astronaut", reply) for reply in replies)


def _state_of_entry(config) -> int:
    """The state that most listeners take first."""
    firsts = [listener["inputs"][0] for listener in config["dependencies"] if listener["inputs"]]
    return max(firsts, key=firsts.count)
