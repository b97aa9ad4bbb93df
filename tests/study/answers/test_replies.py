import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import Refused
from uplapp.study.answers import replies
from uplapp.study.answers.response import BadResponse
from uplapp.study.definition import Completion, Question, Translation
from uplapp.study.session import joining, session
from uplapp.study.session.joining import Newcomer

ASKED = (
    Question("age", "How old are you?", kind="number"),
    Question("eyes", "Do you wear glasses?", kind="choice", options=("yes", "no"), required=True),
    Question("eyes", "Tragen Sie eine Brille?", kind="choice", options=("ja", "nein"), language="de"),
    Question("note", "Anything else?"),
)


PARTS = {
    "questions": ASKED,
    "translations": (Translation("de"),),
    "completion": Completion(redirect="https://panel.example/done?code={code}"),
}
pytestmark = pytest.mark.study(parts=PARTS, practice=0, catch=0, pairs="random:1")


def through(store, study, language="en"):
    """An observer whose only trial is answered."""
    who = joining.join(store, study, "1", NOW, Newcomer(language=language))
    token = session.state(store, study, who).trial.token
    return who, session.answer(store, study, who, token, "k" * 32, response(), NOW)


def test_questions_wait_before_the_code_and_the_way_on(store, study):
    who, last = through(store, study)
    assert (last.trial, last.ask, last.code, last.redirect) == (None, True, None, None)
    done = session.reply(store, study, who, {"replies": {"eyes": "no"}}, NOW)
    assert not done.ask
    assert done.redirect == f"https://panel.example/done?code={done.code}"


def test_an_observer_is_asked_in_their_language(store, study):
    texts = {entry.name: entry.text for entry in replies.questions(study.definition, "de")}
    assert texts == {"age": "How old are you?", "eyes": "Tragen Sie eine Brille?", "note": "Anything else?"}
    who, _ = through(store, study, "de")
    assert session.reply(store, study, who, {"replies": {"eyes": "ja"}}, NOW).code


def test_replies_are_kept_once_and_skipped_ones_are_empty(store, study):
    who, _ = through(store, study)
    for note in ("first", "second"):
        given = {"eyes": "yes", "age": 31, "note": note}
        session.reply(store, study, who, {"replies": given}, NOW)
    by_question = {row["question"]: row["reply"] for row in replies.listing(store, study.id)}
    assert by_question == {"age": "31", "eyes": "yes", "note": "first"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "'eyes' needs a reply"),
        ({"eyes": "maybe"}, "must be one of: yes, no"),
        ({"eyes": "yes", "age": "old"}, "'age' must be a number"),
        ({"eyes": "yes", "age": float("nan")}, "'age' must be a number"),
        ({"eyes": "yes", "age": True}, "'age' must be a number"),
        ({"eyes": "yes", "age": 10**400}, "'age' must be a number"),
        ({"eyes": "yes", "note": "x" * 2001}, "at most 2000 characters"),
        ({"eyes": "yes", "name": "me"}, "some of: age, eyes, note"),
        ("yes", "must be an object"),
    ],
)
def test_a_reply_that_does_not_fit_is_refused_and_nothing_is_kept(store, study, given, message):
    who, _ = through(store, study)
    with pytest.raises(BadResponse, match=message):
        session.reply(store, study, who, {"replies": given}, NOW)
    assert replies.listing(store, study.id) == []


def test_nobody_replies_before_the_last_trial(store, study):
    who = joining.join(store, study, "1", NOW)
    with pytest.raises(Refused, match="after the last trial"):
        session.reply(store, study, who, {"replies": {"eyes": "yes"}}, NOW)


def test_a_study_without_questions_asks_nothing(store, tmp_path):
    study = open_tiny(store, tmp_path / "plain", practice=0, catch=0, pairs="random:1")
    _, last = through(store, study)
    assert last.code
    assert not last.ask


def test_withdrawal_takes_replies_away(store, study):
    who, _ = through(store, study)
    session.reply(store, study, who, {"replies": {"eyes": "yes"}}, NOW)
    session.withdraw(store, study, who, NOW)
    assert store.rows("SELECT * FROM replies", {}) == []
