"""What the researcher's views say, without a browser."""

import csv
import io
import json
import sqlite3
from dataclasses import astuple, replace
from pathlib import Path

import pandas as pd
import pytest

from tests.study.tiny import NOW, response
from tests.web.analysis.showing import show
from tests.web.desks import ENTRY
from uplapp.errors import UplappError
from uplapp.hub.mirror import SyncStatus
from uplapp.study.definition import Panel, Retention
from uplapp.study.exports import streaming
from uplapp.study.session import joining, lifecycle, links, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.simulation import observers
from uplapp.study.store.store import reading
from uplapp.values import Method
from uplapp.web.researcher.desk import FORGETFUL
from uplapp.web.researcher.watch import (
    board,
    data_view,
    links_view,
    log_view,
    people_view,
    ranking_view,
    watch_view,
)


class Copy:
    """A mirror of which only the status is asked."""

    def __init__(self, *status) -> None:
        self.status = SyncStatus(*status)


@pytest.fixture
def observer(desk, study):
    """The id of somebody who gave three answers, the last with late frames."""
    store = desk.shelf.store
    token = joining.join(store, study, study.definition.consent.version, NOW)
    for n, gap_ms in enumerate((0.0, 0.0, 90.0)):
        trial = session.state(store, study, token).trial
        given = replace(response(), gaps_ms=(gap_ms,))
        session.answer(store, study, token, trial.token, f"{n:032}", given, NOW + 60 + n)
    return store.row("SELECT id FROM observers")["id"]


def board_html(desk, name="tiny", span=board.HOUR) -> str:
    return "".join(board.draw(desk, ENTRY, name, span))


def test_the_board_tells_state_people_answers_pace_and_flags(desk, observer):
    text = board_html(desk)
    assert 'class="tile open"' in text
    assert "<b>3</b><span>answers" in text
    assert "<b>3</b><span>in the last minute" in text
    assert "<b>33%</b><span>flagged: 1" in text
    assert ">late frames<" in text
    assert observer in text
    assert "3 answers, at most 3 a minute" in text


def test_the_address_for_observers_is_the_one_the_researchers_browser_sees(desk):
    assert "https://lab.example/study/tiny</a>" in board_html(desk)


def test_without_a_copy_the_board_names_the_setting(desk):
    assert "set UPLAPP_ANSWERS_REPO" in board_html(desk)
    on_a_server = replace(desk.shelf.settings, database="postgresql://host/name")
    assert "UPLAPP" not in " ".join(
        board.copied(replace(desk, shelf=replace(desk.shelf, settings=on_a_server)), NOW)
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ((NOW + 80, 4, ""), "<b>4</b><span>rows not copied yet; last copy 20 s ago"),
        ((None, 7, ""), "<b>7</b><span>rows wait for the first copy"),
        ((NOW - 500, 9, "the Hub is down"), "Answers are not copied: the Hub is down"),
    ],
)
def test_how_far_the_copy_is_stands_on_the_board(desk, status, words):
    assert words in board_html(replace(desk, mirror=Copy(*status)))


def test_a_space_without_a_copy_has_a_banner_and_others_do_not(desk, tmp_path):
    assert FORGETFUL not in board_html(desk)
    shelf = replace(desk.shelf, settings=replace(desk.shelf.settings, space=True))
    assert FORGETFUL in board_html(replace(desk, shelf=shelf))


def test_a_study_that_stays_closed_says_why(desk):
    (desk.shelf.settings.studies / "broken").mkdir()
    (desk.shelf.settings.studies / "broken" / "study.toml").write_text("title = 1")
    desk.shelf.open_all()
    assert desk.shelf.names() == ["tiny", "broken"]
    assert "&#x27;conditions&#x27; is missing" in board_html(desk, "broken")


def test_a_study_whose_folder_went_wrong_stays_as_it_was_and_says_so_until_it_is_right_again(desk, study):
    path = desk.shelf.settings.studies / "tiny" / "study.toml"
    text = path.read_text()
    path.write_text("title = 1")
    watch_view.reopen(desk, "tiny")
    assert desk.shelf.studies["tiny"] is study
    assert "not taken in" in board_html(desk)
    path.write_text(text)
    watch_view.reopen(desk, "tiny")
    assert "not taken in" not in board_html(desk)


@pytest.mark.parametrize("name", ["nowhere", "../tiny", "", None])
def test_what_is_no_study_is_a_sentence_on_the_board_and_is_not_opened(desk, name):
    assert "there is no such study" in board_html(desk, name)
    with pytest.raises(UplappError, match="there is no study"):
        watch_view.reopen(desk, name)


def test_names_that_are_script_are_shown_as_text(desk, study):
    link = links.make(desk.shelf.store, study.id, ["<script>alert(1)</script>"], NOW)[0]
    joining.join(desk.shelf.store, study, study.definition.consent.version, NOW)
    person = desk.shelf.store.row("SELECT id FROM observers")["id"]
    links.use(desk.shelf.store, link, person)
    rows = links.listing(desk.shelf.store, study.id)
    assert "<script" not in board_html(desk) + links_view.as_table(ENTRY, "tiny", rows)
    assert "&lt;script&gt;" in board_html(desk)


def test_an_observer_is_withdrawn_by_id_after_a_look_at_the_number_of_answers(desk, study, observer):
    withdrawal = people_view.withdrawal_of(desk, "tiny", f" {observer} ")
    assert withdrawal == people_view.Withdrawal("tiny", observer, 3)
    assert people_view.carry_out(desk, withdrawal, ENTRY) == f"3 answers of {observer} are deleted."
    assert people_view.withdrawal_of(desk, "tiny", observer).answers == 0
    assert "withdrawn" in board_html(desk)


def test_an_unknown_observer_is_a_sentence(desk, study):
    with pytest.raises(UplappError, match="no observer 'nobody'"):
        people_view.withdrawal_of(desk, "tiny", "nobody")


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_id_is_a_sentence_that_says_where_ids_are(desk, text):
    with pytest.raises(UplappError, match="first column of the table of people"):
        people_view.withdrawal_of(desk, "tiny", text)


def test_a_yes_without_a_question_deletes_nothing(desk, observer):
    with pytest.raises(UplappError, match="press Withdraw first"):
        people_view.carry_out(desk, None, ENTRY)
    assert people_view.withdrawal_of(desk, "tiny", observer).answers == 3


@pytest.mark.parametrize(("quota", "shown"), [(None, None), (0, None), (30, 30)])
def test_the_stored_quota_is_shown_and_none_where_there_is_no_limit(desk, study, quota, shown):
    lifecycle.limit(desk.shelf.store, study.id, quota)
    assert people_view.wanted(desk, "tiny") == shown


def test_links_are_numbered_on_and_tell_their_state(desk, study):
    store = desk.shelf.store
    made = links.make(store, study.id, links_view.labels("P", 3, 0), NOW)
    links.revoke(store, study.id, made[1], NOW + 1)
    rows = links.listing(store, study.id)
    assert [row["label"] for row in rows] == ["P 001", "P 002", "P 003"]
    assert sorted(map(links.state, rows)) == ["revoked", "unused", "unused"]
    assert links_view.labels("P", 1, 3) == ["P 004"]
    assert f"https://lab.example/study/tiny#l={made[0]}" in links_view.as_table(ENTRY, "tiny", rows)


def test_a_withdrawn_observers_link_says_so_in_the_table_and_the_file(desk, study):
    store = desk.shelf.store
    (link,) = links.make(store, study.id, ["P07"], NOW)
    joining.join(store, study, study.definition.consent.version, NOW, Newcomer(link=link))
    taken = links.listing(store, study.id)
    assert "taken" in links_view.as_table(ENTRY, "tiny", taken)
    lifecycle.withdraw(store, study.id, taken[0]["observer"], NOW)
    rows = links.listing(store, study.id)
    assert "withdrawn" in links_view.as_table(ENTRY, "tiny", rows)
    assert "withdrawn" in links_view.to_csv(ENTRY, "tiny", rows)


def test_the_links_file_has_an_address_a_line_and_no_formula(desk, study):
    links.make(desk.shelf.store, study.id, ["=1+1"], NOW)
    text = links_view.to_csv(ENTRY, "tiny", links.listing(desk.shelf.store, study.id))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["label"] == "'=1+1"
    assert row["address"].startswith("https://lab.example/study/tiny#l=")


@pytest.mark.parametrize("number", [0, None, 501, -3])
def test_an_impossible_number_of_links_is_a_sentence(number):
    with pytest.raises(UplappError, match="make 1 to 500"):
        links_view.labels("P", number, 0)


def test_exports_of_each_kind_hold_the_same_answers(desk, observer):
    paths = {kind: data_view.written(desk, "tiny", kind, True, False) for kind in data_view.SUFFIXES}
    table = pd.read_csv(paths[data_view.CSV])
    lines = [json.loads(line) for line in Path(paths[data_view.LINES]).read_text().splitlines()]
    assert table["observer"].tolist() == [line["observer"] for line in lines] == [observer] * 3
    assert Path(paths[data_view.REPLIES]).read_text() == "observer,question,reply,replied_at,excluded\n"
    copy = sqlite3.connect(data_view.written(desk, "tiny", data_view.DATABASE, True, False))
    try:
        assert copy.execute("SELECT count(*) FROM answers").fetchone() == (3,)
    finally:
        copy.close()


def test_two_exports_never_share_an_address(desk, observer):
    assert data_view.written(desk, "tiny", "CSV", False, False) != data_view.written(
        desk, "tiny", "CSV", False, False
    )


def test_the_ranking_is_the_analysis_own_with_labels_for_names(desk, study):
    scores = observers.even_scores(study.definition)
    observers.simulate(desk.shelf.store, study, scores, 12, 3, NOW)
    result = ranking_view.standing(desk, study, simulated=True).scores
    assert set(result.conditions) == {condition.label for condition in study.definition.conditions}
    assert result.observers == 12
    assert result.conditions[int(result.jod.argmax())] == study.definition.conditions[0].label


def test_the_ranking_and_the_analysis_tab_give_one_verdict_on_the_same_votes(desk, study):
    observers.simulate(desk.shelf.store, study, observers.even_scores(study.definition), 8, 3, NOW)

    def live_votes(simulated):
        with reading(desk.shelf.settings.answers) as reader:
            return streaming.table(reader, study, simulated)

    untouched = astuple(Method())  # the fields of the tab are in its order
    tab = show(live_votes, untouched, source="live", simulated=True).state.report.scores
    ours = ranking_view.standing(desk, study, simulated=True).scores
    labels = {condition.name: condition.label for condition in study.definition.conditions}
    verdicts = {
        frozenset((labels.get(pair.a, pair.a), labels.get(pair.b, pair.b))): (pair.p, pair.significant)
        for pair in tab.pairs
    }
    assert len(verdicts) == len(ours.pairs)
    for pair in ours.pairs:
        p, significant = verdicts[frozenset((pair.a, pair.b))]
        assert pair.p == pytest.approx(p, abs=1e-9)
        assert pair.significant == significant


def test_the_analysis_tab_reads_every_study_to_a_researcher_and_none_to_a_stranger(desk, study):
    observers.simulate(desk.shelf.store, study, observers.even_scores(study.definition), 8, 3, NOW)
    chosen = {"source": "live", "simulated": True, "study": "tiny"}
    shown = show(desk.votes, astuple(Method()), **chosen, entry=ENTRY)
    ours = ranking_view.standing(desk, study, simulated=True).scores
    assert shown.state.report.scores.jod == pytest.approx(ours.jod)
    assert desk.names(ENTRY) == ["tiny"]
    refused = show(desk.votes, astuple(Method()), **chosen, entry="pretended")
    assert "Only a researcher may do this" in refused.headline
    assert desk.names("pretended") == []


def test_before_the_first_answer_there_is_no_ranking(desk, study):
    assert ranking_view.standing(desk, study, simulated=False) is None


def test_the_board_has_the_address_to_enter_at_a_panel_and_the_day_of_retention(desk, study):
    said = replace(study.definition, panel=Panel("sona"), retention=Retention("2031-06-30"))
    desk.shelf.studies["tiny"] = replace(study, definition=said)
    text = board_html(desk)
    assert "<code>https://lab.example/study/tiny?survey_code=%SURVEY_CODE%</code>" in text
    assert "deleted on 2031-06-30" in text


def test_people_with_codes_are_written_with_ids_only_where_asked(desk, observer):
    row = {"id": "p1", "observer": observer, "name": "survey_code", "value": "51423"}
    desk.shelf.store.insert("panel", row)
    texts = [Path(data_view.written(desk, "tiny", kind, False, False)).read_text() for kind in
             (data_view.CODES, data_view.IDS)]  # fmt: skip
    assert all(observer in text for text in texts)
    assert ["51423" in text for text in texts] == [False, True]


def test_the_log_says_which_researcher_did_what(desk, observer):
    anna = replace(ENTRY, who="<anna>")
    with desk.acting(anna, "tiny", "exclude", observer) as study:
        lifecycle.leave_out(desk.shelf.store, study.id, observer, "no glasses")
    with pytest.raises(UplappError), desk.acting(anna, "tiny", "exclude", "again") as study:
        lifecycle.leave_out(desk.shelf.store, study.id, observer, "again")
    text = log_view.drawn(desk, "tiny")
    assert "&lt;anna&gt;" in text
    assert observer in text
    assert "again" not in text
    assert "Nobody did anything" in log_view.drawn(desk, "nothing")


def test_people_of_a_pilot_have_a_tile_of_their_own(desk, study, observer):
    lifecycle.pilot(desk.shelf.store, study.id, on=True)
    joining.join(desk.shelf.store, study, study.definition.consent.version, NOW)
    text = board_html(desk)
    assert "<b>1</b><span>in the pilot, kept apart; who joins now is one of it" in text
    assert "<b>1</b><span>under way; 0 gave up" in text
