"""What a session gives away and when: codes, tokens, replies, and nothing of who somebody is."""

import hashlib
import hmac
import json
import re

import pytest
from starlette.testclient import TestClient

from tests.study.tiny import NOW, body, open_tiny
from tests.web.serving import Observer, mounted
from uplapp.plain import to_csv
from uplapp.study.answers.codes import CODE_LENGTH
from uplapp.study.exports import votes
from uplapp.study.session import joining

pytestmark = pytest.mark.study(practice=1, catch=1, pairs="random:2")

ALLOCATIONS = 10_000


def test_the_code_is_in_no_reply_before_the_last_answer(client):
    observer = Observer(client)
    code = observer.go_through()["code"]
    assert re.fullmatch(rf"[0-9A-F]{{{CODE_LENGTH}}}", code)
    *before, last = observer.seen
    assert code in last.text
    assert [reply for reply in before if code in reply.text or reply.json().get("code")] == []


def test_the_code_stays_the_same_whenever_it_is_asked_for(client):
    observer = Observer(client)
    code = observer.go_through()["code"]
    assert [observer.get("state").json()["code"] for _ in range(2)] == [code, code]


def test_the_code_is_made_with_a_secret_of_the_study_that_no_reply_holds(client, store):
    observer = Observer(client)
    code = observer.go_through()["code"]
    row = store.row("SELECT observers.id, secret FROM observers JOIN studies ON studies.id = study")
    digest = hmac.new(bytes.fromhex(row["secret"]), row["id"].encode(), hashlib.sha256).hexdigest()
    assert code == digest[:CODE_LENGTH].upper()
    assert len(row["secret"]) == 64
    assert [reply for reply in observer.seen if row["secret"] in reply.text or row["id"] in reply.text] == []


def test_no_two_observers_share_a_code(client):
    codes = [Observer(client).go_through()["code"] for _ in range(20)]
    assert len(set(codes)) == 20


def test_no_token_is_dealt_twice_in_ten_thousand_allocations(store, tmp_path):
    study = open_tiny(store, tmp_path / "many", practice=0, catch=0, pairs="all")
    per_observer = study.definition.main_trials
    with store.transaction():
        for _ in range(ALLOCATIONS // per_observer + 1):
            joining.join(store, study, study.definition.consent.version, NOW)
    rows = store.rows("SELECT token, original_token, left_token, right_token FROM trials", {})
    sessions = store.rows("SELECT session FROM observers", {})
    dealt = [value for row in (*rows, *sessions) for value in row.values()]
    assert len(rows) >= ALLOCATIONS
    assert len(dealt) == len(set(dealt))
    assert all(re.fullmatch(r"[0-9a-f]{32}", token) for token in dealt)


def test_a_token_says_nothing_of_its_trial(store, tmp_path):
    """One bit of a token, whichever, is as often 1 for one condition as for another."""
    study = open_tiny(store, tmp_path / "many", practice=0, catch=0, pairs="all")
    with store.transaction():
        for _ in range(300):
            joining.join(store, study, study.definition.consent.version, NOW)
    rows = store.rows('SELECT "left" AS name, left_token AS token FROM trials', {})
    own = [int(row["token"], 16) for row in rows if row["name"] == "l1"]
    shares = [sum(number >> bit & 1 for number in own) / len(own) for bit in range(128)]
    assert len(own) > 800
    assert max(abs(share - 0.5) for share in shares) < 5 * 0.5 / len(own) ** 0.5


def test_an_answer_sent_again_and_again_is_one_row(client, store):
    observer = Observer(client)
    trial = observer.join()["trial"]
    replies = {observer.answer(trial).text for _ in range(5)}
    assert len(replies) == 1
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1


def test_an_old_answer_sent_at_the_end_changes_nothing(client, store):
    observer = Observer(client)
    first = observer.join()["trial"]
    observer.answer(first, choice="left")
    state = observer.get("state").json()
    while state["trial"]:
        state = observer.answer(state["trial"]).json()
    before = store.rows("SELECT * FROM answers", {})
    late = observer.answer(first, choice="right")  # with the key of the first
    other = observer.post("answer", body(first["token"], key="another", choice="right"))
    assert (late.status_code, other.status_code) == (200, 409)
    assert store.rows("SELECT * FROM answers", {}) == before


def test_answers_out_of_order_are_refused_and_the_order_is_kept(client, store):
    observer = Observer(client)
    state = observer.join()
    assert observer.answer(state["upcoming"]).status_code == 409
    assert observer.answer(state["trial"]).status_code == 200
    rows = store.rows("SELECT position FROM answers JOIN trials ON token = trial", {})
    assert [row["position"] for row in rows] == [0]


@pytest.mark.parametrize(
    "forged",
    [
        {"response_ms": 0.0},
        {"response_ms": 1e9},
        {"swaps_ms": [-250.0]},
        {"swaps_ms": [250.0] * 3000},
        {"gaps_ms": [-1.0]},
        {"missed_frames": -1},
        {"paused_ms": -1.0},
        {"frame_ms": 1.0},
        {"pixel_ratio": 0.0},
        {"choice": "none"},
        {"choice": "rated", "ratings": {"structure": 5}},
        {"choice": "reference"},
        {"choice": "l1"},
    ],
    ids=lambda forged: str(forged)[:40],
)
def test_forged_answers_are_refused_and_the_trial_stays(client, store, forged):
    observer = Observer(client)
    trial = observer.join()["trial"]
    assert observer.post("answer", {**body(trial["token"]), **forged}).status_code == 422
    assert observer.get("state").json()["trial"] == trial
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 0


def test_an_answer_that_is_too_fast_is_flagged_and_shown_never_dropped(client, store, study):
    observer = Observer(client)
    trial = observer.join()["trial"]
    fast = {"response_ms": 120.0, "swaps_ms": [], "seen_ms": [120.0, 120.0]}
    assert observer.answer(trial, **fast).status_code == 200
    (row,) = votes.votes(store, study.id).to_dict("records")
    assert row["flags"] == "too_fast"
    assert row["excluded"] == ""


def test_the_export_holds_the_version_of_the_consent_and_the_manifest_its_text(client, store, study):
    Observer(client).go_through()
    table = votes.votes(store, study.id)
    assert set(table["consent_version"]) == {study.definition.consent.version}
    (manifest,) = table["manifest"].unique()
    row = store.row("SELECT hash, manifest FROM studies")
    assert row["hash"].startswith(manifest)
    consent = {"version": study.definition.consent.version, "text": study.definition.consent_in("en")}
    assert json.loads(row["manifest"])["definition"]["consent"] == consent


def test_the_export_names_nobody(client, store, study):
    observer = Observer(client)
    observer.go_through()
    text = to_csv(votes.votes(store, study.id)) + votes.to_json_lines(votes.votes(store, study.id))
    row = store.row("SELECT session, secret FROM observers JOIN studies ON studies.id = study")
    tokens = store.rows("SELECT token FROM trials", {})
    hidden = [row["session"], row["secret"], *(entry["token"] for entry in tokens)]
    assert [word for word in hidden if word in text] == []


def test_of_a_browser_only_its_kind_is_kept(store, study):
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/141.0.7390.54 Safari/537.36"}
    with TestClient(mounted(store, {"tiny": study}), headers=agent) as client:
        Observer(client).join()
    assert store.row("SELECT agent FROM observers")["agent"] == "Chrome, Linux"


def test_who_withdraws_on_the_page_leaves_no_answer_and_is_a_stranger(client, store):
    observer = Observer(client)
    state = observer.join()
    observer.answer(state["trial"])
    observer.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]})
    assert observer.post("withdraw", {}).json() == {"withdrawn": True}
    assert observer.get("state").status_code == 404
    assert observer.answer(state["upcoming"]).status_code == 404
    assert observer.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]}).status_code == 404
    left = {
        name: store.row(f"SELECT count(*) AS n FROM {name}")["n"]  # noqa: S608
        for name in ("answers", "events", "replies", "withdrawals")
    }
    assert left == {"answers": 0, "events": 0, "replies": 0, "withdrawals": 1}
