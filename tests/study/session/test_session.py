import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.study.tiny import NOW, open_tiny, paced, response, write_study
from uplapp.errors import Refused
from uplapp.study.answers.response import BadResponse
from uplapp.study.session import joining, session
from uplapp.study.session.session import Unknown
from uplapp.study.store.store import Store, new_token


@pytest.fixture
def observer(store, study):
    return joining.join(store, study, "1", NOW)


def count(store):
    return store.row("SELECT count(*) AS n FROM answers")["n"]


def answer(store, study, observer, given=None, key=None):
    trial, n = session.state(store, study, observer).trial, count(store)
    given = given or paced(n)
    return session.answer(store, study, observer, trial.token, key or new_token(), given, NOW + 3 * n)


def test_asking_again_changes_nothing(store, study, observer):
    assert session.state(store, study, observer) == session.state(store, study, observer)


def test_a_restart_resumes_at_the_same_trial_with_the_same_sides(store, study, observer, tmp_path):
    answer(store, study, observer)
    before = session.state(store, study, observer)
    store.close()
    again = Store(tmp_path / "answers.db")
    study = open_tiny(again, tmp_path / "tiny")
    assert session.state(again, study, observer) == before
    again.close()


def test_a_replayed_answer_is_acknowledged_and_stored_once(store, study, observer):
    trial = session.state(store, study, observer).trial
    send = lambda: session.answer(store, study, observer, trial.token, "k" * 32, response(), NOW)  # noqa: E731
    assert send() == send()
    assert count(store) == 1


def test_an_answer_cannot_be_changed(store, study, observer):
    trial = session.state(store, study, observer).trial
    session.answer(store, study, observer, trial.token, "first", response("left"), NOW)
    with pytest.raises(Refused, match="answered already"):
        session.answer(store, study, observer, trial.token, "second", response("right"), NOW)
    assert store.row("SELECT choice FROM answers")["choice"] == "left"


def test_answers_out_of_order_are_refused(store, study, observer):
    upcoming = session.state(store, study, observer).upcoming
    with pytest.raises(Refused, match="not the current trial"):
        session.answer(store, study, observer, upcoming.token, "key", response(), NOW)
    assert count(store) == 0


def test_a_foreign_trial_or_picture_does_not_exist(store, study, observer):
    other = joining.join(store, study, "1", NOW)
    trial = session.state(store, study, other).trial
    with pytest.raises(Unknown):
        session.answer(store, study, observer, trial.token, "key", response(), NOW)
    with pytest.raises(Unknown):
        session.picture(store, study, observer, trial.left)


def test_an_answered_trial_shows_its_pictures_no_more(store, study, observer):
    trial = session.state(store, study, observer).trial
    assert session.picture(store, study, observer, trial.left)
    answer(store, study, observer)
    with pytest.raises(Unknown):
        session.picture(store, study, observer, trial.left)


@pytest.mark.study(practice=0, catch=2, catch_kind="disguised")
def test_both_pictures_of_a_disguised_catch_trial_arrive_and_are_new(store, study, observer):
    while (trial := session.state(store, study, observer).trial) is not None:
        if session.reveal(store, trial.token).kind == "catch":
            slots = (trial.original, trial.left, trial.right)
            images = [Image.open(io.BytesIO(session.picture(store, study, observer, slot))) for slot in slots]
            assert len({np.asarray(image).tobytes() for image in images}) == 3
            return
        answer(store, study, observer)


def test_a_trial_with_late_frames_is_set_aside_and_shown_once_more_at_the_end(store, study, observer):
    answer(store, study, observer)  # practice
    total = session.state(store, study, observer).total
    token_of = session.state(store, study, observer).trial.token
    late = response(gaps_ms=(80.0,), missed_frames=4)
    state = answer(store, study, observer, late)
    assert state.total == total + 1
    row = store.row("SELECT flags, excluded FROM answers WHERE trial = :token", token=token_of)
    assert row == {"flags": "late_frames", "excluded": "late frames, shown again"}
    shown = []
    while state.trial:
        shown.append(state.trial.token)
        state = answer(store, study, observer, late if len(shown) == total else None)
    again, once = (session.reveal(store, name) for name in (shown[-1], token_of))
    assert replace(again, position=0) == replace(once, position=0)
    last = store.row("SELECT flags, excluded FROM answers WHERE trial = :token", token=shown[-1])
    assert last == {"flags": "late_frames", "excluded": ""}  # kept with its flag, not repeated for ever


def test_practice_tells_right_from_wrong_and_nothing_else_does(store, study, observer):
    state = session.state(store, study, observer)
    right = "left" if session.reveal(store, state.trial.token).left == "reference" else "right"
    after = answer(store, study, observer, response(right))
    assert after.correct is True
    while after.trial:
        after = answer(store, study, observer)
        assert after.correct is None


def test_the_completion_code_comes_after_the_last_answer_and_is_the_observers_own(store, study, observer):
    codes = []
    for person in (observer, joining.join(store, study, "1", NOW)):
        state = session.state(store, study, person)
        while state.trial:
            assert state.code is None
            state = answer(store, study, person)
        codes.append(state.code)
    assert len(set(codes)) == 2
    assert store.row("SELECT count(*) AS n FROM observers WHERE finished_at IS NOT NULL")["n"] == 2


def test_breaks_come_every_n_comparisons(store, study):
    study = replace(
        study,
        definition=replace(study.definition, protocol=replace(study.definition.protocol, break_every=5)),
    )
    person = joining.join(store, study, "1", NOW)
    rests, state = [], session.state(store, study, person)
    while state.trial:
        state = answer(store, study, person)
        rests += [state.done] if state.rest else []
    assert rests == [5, 10]


def test_consent_to_another_text_is_not_consent(store, study):
    with pytest.raises(Refused, match="consent text has changed"):
        joining.join(store, study, "0", NOW)


def test_the_consent_and_its_time_are_stored(store, study, observer):
    row = store.row("SELECT consent_version, joined_at FROM observers")
    assert row == {"consent_version": "1", "joined_at": NOW}


def test_a_changed_study_is_a_new_study_and_its_answers_stay_apart(store, study, observer, tmp_path):
    assert open_tiny(store, tmp_path / "tiny").id == study.id
    changed = open_tiny(store, tmp_path / "tiny", phase_ms=500.0)
    assert changed.id != study.id
    with pytest.raises(Unknown):
        session.state(store, changed, observer)


def test_the_manifest_holds_the_seed_and_a_hash_of_every_stimulus(store, tmp_path):
    study = open_tiny(store, write_study(tmp_path / "tiny"))
    manifest = json.loads(store.row("SELECT manifest FROM studies WHERE id = :id", id=study.id)["manifest"])
    assert manifest["definition"]["protocol"]["seed"] == study.definition.protocol.seed
    assert len(manifest["stimuli"]) == 2 * 5


def test_one_observer_cannot_fill_the_disk_with_events(store, study, observer, monkeypatch):
    monkeypatch.setattr(session, "EVENTS_KEPT", 5)
    for _ in range(4):
        session.note(store, study, observer, [{"kind": "focus", "at_ms": 1.0}] * 2, NOW)
    assert len(store.rows("SELECT id FROM events", {})) == 5


def test_who_never_answers_has_room_for_few_events_and_each_answer_makes_more(store, study, observer):
    focus = [{"kind": "focus", "at_ms": 1.0, "detail": {"text": 900 * "x"}}]
    session.note(store, study, observer, 2 * session.EVENTS_AT_FIRST * focus, NOW)
    trial = session.state(store, study, observer).trial
    session.answer(store, study, observer, trial.token, "k" * 32, response(), NOW)
    session.note(store, study, observer, 2 * session.EVENTS_PER_ANSWER * focus, NOW)
    kept = [row["detail"] for row in store.rows("SELECT detail FROM events", {})]
    assert len(kept) == session.EVENTS_AT_FIRST + session.EVENTS_PER_ANSWER
    assert {len(text) for text in kept} == {session.DETAIL_KEPT}


def test_events_of_unknown_kind_are_refused(store, study, observer):
    session.note(store, study, observer, [{"kind": "blur", "at_ms": 3.5}], NOW)
    with pytest.raises(BadResponse):
        session.note(store, study, observer, [{"kind": "script", "at_ms": 1}], NOW)
    assert store.row("SELECT count(*) AS n FROM events")["n"] == 1
