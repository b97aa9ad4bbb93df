from contextlib import closing

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import UplappError
from uplapp.study.session import joining, lifecycle, session, status
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.simulation import observers
from uplapp.study.store import replay
from uplapp.study.store.store import Store

pytestmark = pytest.mark.study(practice=0, catch=0, pairs="random:3")


def join(store, study, **who):
    return joining.join(store, study, "1", NOW, Newcomer(**who))


def answer(store, study, who, **changes):
    token = session.state(store, study, who).trial.token
    return session.answer(store, study, who, token, "k" * 32, response(**changes), NOW)


def observer_of(store, who):
    return store.row("SELECT id FROM observers WHERE session = :who", who=who)["id"]


def stored(store):
    return store.row("SELECT count(*) AS n FROM answers")["n"]


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_is_not_open_turns_people_away_but_not_simulated_observers(store, study, state):
    lifecycle.change(store, study.id, state)
    with pytest.raises(NotNow, match="This study"):
        join(store, study)
    assert session.state(store, study, join(store, study, simulated=True)).trial
    lifecycle.change(store, study.id, "open")
    assert join(store, study)


def test_a_pause_keeps_the_answer_under_way_and_goes_on_where_it_stopped(store, study):
    who = join(store, study)
    first, second = (getattr(session.state(store, study, who), name).token for name in ("trial", "upcoming"))
    lifecycle.change(store, study.id, "paused")
    with pytest.raises(NotNow, match="you go on where you stopped"):
        session.answer(store, study, who, first, "k" * 32, response(), NOW)
    assert stored(store) == 1
    with pytest.raises(NotNow):
        session.state(store, study, who)
    lifecycle.change(store, study.id, "open")
    assert session.state(store, study, who).trial.token == second


def test_a_closed_study_stores_no_further_answer(store, study):
    who = join(store, study)
    token = session.state(store, study, who).trial.token
    lifecycle.change(store, study.id, "closed")
    with pytest.raises(NotNow, match="has ended"):
        session.answer(store, study, who, token, "k" * 32, response(), NOW)
    assert stored(store) == 0


def test_the_last_answer_in_a_pause_gets_its_code_and_keeps_it_after_the_end(store, study):
    who = join(store, study)
    answer(store, study, who)
    answer(store, study, who)
    last = session.state(store, study, who).trial.token
    lifecycle.change(store, study.id, "paused")
    code = session.answer(store, study, who, last, "k" * 32, response(), NOW).code
    assert code
    lifecycle.change(store, study.id, "closed")
    assert session.state(store, study, who).code == code


def test_a_quota_counts_people_that_are_not_excluded(store, study):
    lifecycle.limit(store, study.id, 2)
    first, _ = join(store, study), join(store, study)
    join(store, study, simulated=True)
    with pytest.raises(NotNow, match="all the observers it needs"):
        join(store, study)
    lifecycle.withdraw(store, study.id, observer_of(store, first), NOW)
    join(store, study)
    lifecycle.limit(store, study.id, None)
    join(store, study)


def test_a_withdrawal_deletes_answers_and_events_and_leaves_a_time(store, study):
    who, other = join(store, study), join(store, study)
    answer(store, study, who)
    answer(store, study, other)
    session.note(store, study, who, [{"kind": "blur", "at_ms": 1.0}], NOW)
    observer = observer_of(store, who)
    assert lifecycle.withdraw(store, study.id, observer, NOW + 5) == 1
    assert lifecycle.withdraw(store, study.id, observer, NOW + 9) == 0
    assert stored(store) == 1
    assert store.rows("SELECT * FROM events", {}) == []
    tombstone = {"observer": observer, "study": study.id, "withdrawn_at": NOW + 5}
    assert store.rows("SELECT * FROM withdrawals", {}) == [tombstone]
    with pytest.raises(session.Unknown):
        session.state(store, study, who)


def test_a_withdrawal_and_a_pause_survive_a_rebuild_from_the_journal(tmp_path):
    store = Store(tmp_path / "a" / "uplapp.db")
    study = open_tiny(store, tmp_path / "tiny", practice=0, catch=0)
    who = join(store, study)
    answer(store, study, who)
    lifecycle.change(store, study.id, "paused")
    lifecycle.limit(store, study.id, 7)
    lifecycle.withdraw(store, study.id, observer_of(store, who), NOW)
    store.close()
    replay.replay(tmp_path / "b" / "uplapp.db", tmp_path / "a" / "journal")
    with closing(Store(tmp_path / "b" / "uplapp.db")) as again:
        report = status.status(again, study.id, NOW)
    assert (report.state, report.quota, report.answers, report.withdrawn) == ("paused", 7, 0, 1)


def test_status_counts_people_only(store, study):
    observers.simulate(store, study, observers.even_scores(study.definition), 2, 0, NOW)
    who, gone = join(store, study), join(store, study)
    answer(store, study, who)
    answer(store, study, who, response_ms=1.0)
    answer(store, study, gone)
    store.update("observers", observer_of(store, gone), {"excluded": "test"})
    report = status.status(store, study.id, NOW + 30)
    assert (report.observers, report.finished, report.observers_excluded, report.withdrawn) == (2, 0, 1, 0)
    assert (report.answers, report.answers_a_minute, report.flagged, report.answers_excluded) == (3, 3, 1, 1)
    assert status.status(store, study.id, NOW + 90).answers_a_minute == 0


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda store, study: lifecycle.change(store, study, "shut"), "cannot be 'shut'"),
        (lambda store, study: lifecycle.limit(store, study, -1), "quota of -1"),
        (lambda store, study: lifecycle.withdraw(store, study, "o0", NOW), "no observer 'o0'"),
    ],
)
def test_what_cannot_be_is_said(store, study, act, message):
    with pytest.raises(UplappError, match=message):
        act(store, study.id)


@pytest.mark.parametrize("quota", [0, None])
def test_a_quota_of_nothing_is_no_limit(store, study, quota):
    lifecycle.limit(store, study.id, 1)
    lifecycle.limit(store, study.id, quota)
    join(store, study)
    assert join(store, study)


def test_the_same_join_sent_twice_is_one_observer(store, study):
    key = "a" * 32
    assert join(store, study, key=key) == join(store, study, key=key)
    assert join(store, study, key="b" * 32) != join(store, study, key=key)
    assert [row["number"] for row in store.rows("SELECT number FROM observers ORDER BY number", {})] == [0, 1]


def test_a_gap_in_the_numbers_keeps_nobody_out(store, study):
    first = observer_of(store, join(store, study))
    join(store, study)
    store.rows("DELETE FROM trials WHERE observer = :first RETURNING 1", {"first": first})
    store.rows("DELETE FROM observers WHERE id = :first RETURNING 1", {"first": first})
    join(store, study)
    assert [row["number"] for row in store.rows("SELECT number FROM observers ORDER BY number", {})] == [1, 2]


def test_answers_to_an_earlier_state_of_an_unfrozen_study_are_not_passed_over(store, study, tmp_path):
    who = join(store, study)
    token = session.state(store, study, who).trial.token
    session.answer(store, study, who, token, "k" * 32, response(), NOW)
    changed = open_tiny(store, tmp_path / "tiny", blank_ms=500.0)
    report = status.status(store, changed.id, NOW)
    assert (report.answers, report.answers_to_others) == (0, 1)
    assert status.status(store, study.id, NOW).answers_to_others == 0


class TestLeavingOut:
    @pytest.fixture
    def somebody(self, store, study):
        """An observer with one answer, as id and session."""
        who = joining.join(store, study, study.definition.consent.version, NOW)
        token = session.state(store, study, who).trial.token
        session.answer(store, study, who, token, "k" * 32, response(), NOW)
        return store.row("SELECT id FROM observers WHERE session = :who", who=who)["id"], who

    def test_answers_stay_and_count_no_more_until_they_are_taken_back(self, store, study, somebody):
        lifecycle.leave_out(store, study.id, somebody[0], " wore  no glasses ")
        row = store.row("SELECT excluded FROM observers")
        assert row["excluded"] == "left out: wore no glasses"
        assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1
        assert status.status(store, study.id, NOW).answers_excluded == 1
        lifecycle.take_back(store, study.id, somebody[0])
        assert status.status(store, study.id, NOW).answers_excluded == 0

    def test_who_is_under_way_goes_on(self, store, study, somebody):
        lifecycle.leave_out(store, study.id, somebody[0], "slept")
        token = session.state(store, study, somebody[1]).trial.token
        session.answer(store, study, somebody[1], token, "l" * 32, response(), NOW)
        assert store.row("SELECT count(*) AS n FROM answers")["n"] == 2

    def test_it_needs_a_reason_and_somebody_who_is_in(self, store, study, somebody):
        with pytest.raises(UplappError, match="give a reason"):
            lifecycle.leave_out(store, study.id, somebody[0], "  ")
        with pytest.raises(UplappError, match="is not left out"):
            lifecycle.take_back(store, study.id, somebody[0])
        with pytest.raises(UplappError, match="has no observer 'nobody'"):
            lifecycle.leave_out(store, study.id, "nobody", "why")
        lifecycle.withdraw(store, study.id, somebody[0], NOW)
        with pytest.raises(UplappError, match="is withdrawn"):
            lifecycle.leave_out(store, study.id, somebody[0], "why")
