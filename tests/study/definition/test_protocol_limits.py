import pytest

from tests.study.tiny import NOW, body, open_tiny, response
from uplapp.study.answers.response import BadResponse, flags, read
from uplapp.study.definition.protocol import Protocol
from uplapp.study.exports import votes
from uplapp.study.session import joining, session

LIMITED = Protocol(min_view_ms=2000, max_view_ms=3000, answer_timeout_ms=5000)
SWAPS_IN_3_S = [250.0 * n for n in range(1, 12)]


def given(**changes):
    return body("t", **changes)


def marks(protocol, **changes):
    return set(flags(read(given(**changes), protocol), protocol))


def test_an_answer_before_the_least_viewing_time_is_flagged():
    early = {"response_ms": 1500.0, "seen_ms": [1500.0, 1500.0], "swaps_ms": SWAPS_IN_3_S[:5]}
    assert marks(LIMITED) == set()
    assert marks(LIMITED, **early) == {"too_early"}
    assert marks(Protocol(), **early) == set()


def test_a_pause_is_no_viewing_time():
    assert "too_early" in marks(LIMITED, response_ms=2500.0, paused_ms=600.0)


def test_pictures_that_went_grey_explain_missing_swaps():
    late = {"response_ms": 4800.0, "seen_ms": [3000.0, 3000.0], "swaps_ms": SWAPS_IN_3_S}
    assert marks(LIMITED, **late) == set()
    assert marks(Protocol(), **late) == {"contradiction"}


SILENT = {"choice": "none", "response_ms": 4900.0, "seen_ms": [3000.0, 3000.0], "swaps_ms": SWAPS_IN_3_S}


def test_a_trial_that_ends_without_an_answer_before_its_time_is_flagged():
    assert "too_early" in marks(LIMITED, **SILENT)


def test_a_study_without_a_time_limit_has_no_trial_without_an_answer():
    with pytest.raises(BadResponse, match="without an answer"):
        read(given(**SILENT), Protocol())


def silence():
    swaps = tuple(250.0 * n for n in range(1, 21))
    return response("none", response_ms=5001.0, seen_ms=(5001.0, 5001.0), swaps_ms=swaps)


def test_a_trial_without_an_answer_comes_once_more_at_the_end_and_is_never_a_vote(store, tmp_path):
    study = open_tiny(
        store, tmp_path / "tiny", practice=0, catch=0, pairs="random:2", answer_timeout_ms=5000.0
    )
    who = joining.join(store, study, "1", NOW)
    first = session.state(store, study, who).trial
    now = session.answer(store, study, who, first.token, "a" * 32, silence(), NOW)
    assert (now.done, now.total) == (1, 3)
    now = session.answer(store, study, who, now.trial.token, "b" * 32, response(), NOW)
    again = session.reveal(store, now.trial.token)
    once = session.reveal(store, first.token)
    assert (again.scene, again.left, again.right) == (once.scene, once.left, once.right)
    last = session.answer(store, study, who, now.trial.token, "c" * 32, silence(), NOW)
    assert last.code
    assert len(votes.votes(store, study.id)) == 1
    reasons = list(votes.votes(store, study.id, everything=True)["excluded"])
    assert sorted(reasons) == ["", "no answer in time", "no answer in time, shown again"]


def test_practice_without_an_answer_is_not_right_and_not_shown_again(store, tmp_path):
    study = open_tiny(
        store, tmp_path / "tiny", practice=1, catch=0, pairs="random:1", answer_timeout_ms=5000.0
    )
    who = joining.join(store, study, "1", NOW)
    shown = session.state(store, study, who)
    assert (shown.practice_done, shown.practice_total) == (0, 1)
    now = session.answer(store, study, who, shown.trial.token, "a" * 32, silence(), NOW)
    assert (now.correct, now.total, now.practice_done) == (False, 1, 1)
