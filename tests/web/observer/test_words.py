import json

import pytest
from starlette.testclient import TestClient

from tests.study.tiny import NOW, open_tiny
from tests.web.serving import Observer, mounted
from uplapp.study.definition import (
    PLACES,
    Access,
    Completion,
    Consent,
    Criterion,
    Question,
    Rating,
    Translation,
    presets,
)
from uplapp.study.session import lifecycle, links
from uplapp.web.observer.routes import browser_and_system

WORDS = {
    "translations": (Translation("de", title="Was ändert sich weniger?", consent="Bitte zustimmen."),),
    "consent": Consent("2", "Please agree."),
    "questions": (Question("age", "How old?"), Question("age", "Wie alt?", language="de")),
    "completion": Completion(redirect="https://panel.example/{code}"),
}


pytestmark = pytest.mark.study(parts=WORDS, practice=0, catch=0, pairs="random:1")


def welcome(client, language=""):
    return client.get(f"/study/api/tiny/welcome?language={language}").json()


@pytest.mark.parametrize(
    ("language", "title", "consent", "question"),
    [
        ("en", "Which changes less?", "Please agree.", "How old?"),
        ("de", "Was ändert sich weniger?", "Bitte zustimmen.", "Wie alt?"),
        ("xx", "Which changes less?", "Please agree.", "How old?"),
    ],
)
def test_a_study_speaks_the_language_asked_for_or_its_own(client, language, title, consent, question):
    page = welcome(client, language)
    assert page["languages"] == ["en", "de"]
    assert (page["title"], page["consent"]["text"], page["questions"][0]["text"]) == (
        title,
        consent,
        question,
    )


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_consent_text_on_the_page_is_the_one_in_the_frozen_manifest(store, tmp_path, language):
    plain = open_tiny(store, tmp_path / "plain", parts={"translations": (Translation("de"),)})
    with TestClient(mounted(store, {"tiny": plain})) as client:
        text = welcome(client, language)["consent"]["text"]
    manifest = json.loads(store.row("SELECT manifest FROM studies")["manifest"])["definition"]
    frozen = {"en": manifest["consent"]["text"], "de": manifest["translations"][0]["consent"]}
    said = presets.placed({**dict.fromkeys(PLACES, ""), "internal_test": True}, language)
    assert text == frozen[language] == presets.consent(False, language) + said


def test_an_observers_language_is_stored(client, store):
    client.post("/study/api/tiny/join", json={"consent_version": "2", "language": "de"})
    client.post("/study/api/tiny/join", json={"consent_version": "2", "language": "zz"})
    assert [row["language"] for row in store.rows("SELECT language FROM observers", {})] == ["de", "en"]


@pytest.mark.parametrize(
    ("spoil", "body", "reason"),
    [
        (lambda store, study: lifecycle.change(store, study, "paused"), {}, "paused"),
        (lambda store, study: lifecycle.change(store, study, "closed"), {}, "closed"),
        (lambda store, study: store.update("studies", study, {"quota": 0}), {}, "full"),
        (lambda store, study: None, {"consent_version": "1"}, "consent_changed"),
        (lambda store, study: None, {"link": "0" * 32}, "link_unknown"),
    ],
)
def test_every_refusal_has_a_word_that_a_page_can_translate(client, store, study, spoil, body, reason):
    spoil(store, study.id)
    reply = client.post("/study/api/tiny/join", json={"consent_version": "2", **body})
    assert reply.status_code in (403, 409)
    assert reply.json()["reason"] == reason
    assert reply.json()["error"]


def test_the_welcome_says_whether_the_study_takes_observers(client, store, study):
    assert welcome(client)["state"] == "open"
    store.update("studies", study.id, {"quota": 0})
    assert welcome(client)["state"] == "full"
    lifecycle.change(store, study.id, "closed")
    assert welcome(client)["state"] == "closed"


def test_a_personal_link_lets_one_observer_in_over_http(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", parts={"access": Access(links_only=True)})
    [link] = links.make(store, study.id, ["P1"], NOW)
    with TestClient(mounted(store, {"tiny": study})) as client:
        refused = client.post("/study/api/tiny/join", json={"consent_version": "1"})
        assert (refused.status_code, refused.json()["reason"]) == (403, "link_needed")
        body = {"consent_version": "1", "link": link}
        first, again = (client.post("/study/api/tiny/join", json=body) for _ in range(2))
    assert first.json() == again.json()


def test_replies_bring_the_code_and_the_way_on(client):
    observer = Observer(client)
    last = observer.answer(observer.join()["trial"]).json()
    assert (last["ask"], last["code"]) == (True, None)
    done = observer.post("replies", {"replies": {}}).json()
    assert done["redirect"] == f"https://panel.example/{done['code']}"
    assert observer.get("state").json()["code"] == done["code"]


def test_an_observer_can_withdraw_also_after_the_study_was_closed(client, store, study):
    observer = Observer(client)
    observer.answer(observer.join()["trial"])
    lifecycle.change(store, study.id, "closed")
    assert observer.post("withdraw", {}).json() == {"withdrawn": True}
    assert store.rows("SELECT * FROM answers", {}) == []
    assert observer.get("state").status_code == 404
    assert observer.post("withdraw", {}).status_code == 404


def test_a_rating_study_names_its_scales_and_hides_what_it_should(store, tmp_path):
    rating = Rating(
        (Criterion("noise", "How clean?", scale="grade3"), Criterion("all", "How good?")), "hidden"
    )
    study = open_tiny(store, tmp_path / "tiny", parts={"rating": rating}, practice=0, catch=0)
    with TestClient(mounted(store, {"tiny": study})) as client:
        page = welcome(client)
        trial = Observer(client).join()["trial"]
    assert (page["task"], page["original"]) == ("rating", "hidden")
    assert [entry["values"] for entry in page["criteria"]] == [[0, 1, 2, 3], [1, 2, 3, 4, 5]]
    assert (trial["original"], trial["right"]) == ("", "")
    assert trial["left"]


@pytest.mark.parametrize("slot", ["original", "right"])
def test_a_hidden_reference_cannot_be_fetched(store, tmp_path, slot):
    rating = Rating((Criterion("all", "How good?"),), "hidden")
    study = open_tiny(store, tmp_path / "tiny", parts={"rating": rating}, practice=0, catch=0)
    with TestClient(mounted(store, {"tiny": study})) as client:
        observer = Observer(client)
        observer.join()
        row = store.row("SELECT * FROM trials ORDER BY position LIMIT 1")
        assert observer.get(f"picture/{row['left_token']}").status_code == 200
        assert observer.get(f"picture/{row[f'{slot}_token']}").status_code == 404


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.7444.1 Safari/537.36",
            "Chrome, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1", "Safari, iOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.1; rv:145.0) Gecko Firefox/145.0", "Firefox, macOS"),
        ("<script>alert(1)</script>", "other, other"),
        ("", "other, other"),
    ],
)
def test_a_browser_is_stored_as_two_words_of_ours(agent, name):
    assert browser_and_system(agent) == name
