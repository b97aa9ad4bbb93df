"""Who a study takes: within its dates, up to its quota, a pilot apart."""

import csv
from dataclasses import asdict

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import BadStudy
from uplapp.study.definition import Access, parse
from uplapp.study.exports import codes, dashboard, streaming, votes
from uplapp.study.exports.streaming import Wanted
from uplapp.study.plans import adaptive
from uplapp.study.session import admission, joining, lifecycle, session, status
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.store.store import reading

HELD_S = 3600.0
pytestmark = pytest.mark.study(practice=0, catch=0, pairs="random:2")


def join(store, study, now=NOW, **who):
    return joining.join(store, study, study.definition.consent.version, now, Newcomer(**who))


def go_on(store, study, who, answers=99, now=NOW):
    given = 0
    while given < answers and (trial := session.state(store, study, who).trial) is not None:
        session.answer(store, study, who, trial.token, trial.token, response(), now)
        given += 1


def counts(store, study, now):
    found = status.status(store, study.id, now)
    return found.finished, found.under_way, found.given_up


def test_a_place_is_held_for_a_time_after_the_last_answer_and_then_given_back(store, study):
    lifecycle.limit(store, study.id, 2)
    silent, slow = join(store, study), join(store, study)
    go_on(store, study, slow, answers=1, now=NOW + HELD_S)
    assert admission.entrance(store, study.id, NOW + HELD_S - 1) == "full"
    assert admission.entrance(store, study.id, NOW + HELD_S) == "open"
    assert counts(store, study, NOW + HELD_S) == (0, 1, 1)
    third = join(store, study, NOW + HELD_S)
    assert admission.entrance(store, study.id, NOW + HELD_S) == "full"
    for who in (silent, slow, third):  # whoever comes back late goes on all the same
        go_on(store, study, who, now=NOW + HELD_S)
    assert counts(store, study, NOW + 99 * HELD_S) == (3, 0, 0)
    assert admission.entrance(store, study.id, NOW + 99 * HELD_S) == "full"


def test_consents_of_people_who_never_answer_do_not_fill_a_study(store, study):
    lifecycle.limit(store, study.id, 3)
    for hour in range(5):
        for _ in range(3):
            join(store, study, NOW + hour * HELD_S)
        with pytest.raises(NotNow, match="all the observers it needs"):
            join(store, study, NOW + hour * HELD_S)
    assert counts(store, study, NOW + 4 * HELD_S) == (0, 3, 12)


def test_people_of_one_address_who_have_not_answered_hold_no_place(store, study):
    lifecycle.limit(store, study.id, 2)
    crowd = [join(store, study), join(store, study)]
    together = dict.fromkeys(crowd, 7)
    assert admission.entrance(store, study.id, NOW, together) == "open"
    assert admission.entrance(store, study.id, NOW, dict(zip(crowd, range(2), strict=True))) == "full"
    go_on(store, study, crowd[0], answers=1)  # the other is alone there now
    assert admission.entrance(store, study.id, NOW, together) == "full"


def test_outcomes_are_told_apart_in_every_export(store, study, tmp_path):
    go_on(store, study, join(store, study))
    join(store, study, NOW + HELD_S)
    go_on(store, study, join(store, study), answers=1)
    now, names = NOW + HELD_S, ["finished", "given up", "under way"]
    with reading(tmp_path / "answers.db") as reader:
        assert sorted(codes.listing(reader, "tiny", now)["outcome"]) == names
        people = dashboard.people(reader, study.id, study.definition, now)
        assert sorted(person.outcome for person in people) == names
        text = "".join(streaming.csv(reader, study.id, Wanted(now=now)))
    outcomes = [row["outcome"] for row in csv.DictReader(text.splitlines())]
    assert sorted(outcomes) == ["finished", "finished", "given up"]


@pytest.mark.study(parts={"access": Access(opens="1970-01-12 13:00", closes="1970-01-12T15:00:00+01:00")})
def test_a_study_takes_new_people_between_its_dates_alone(store, study):
    begin, end = (Access.moment(date) for date in ("1970-01-12 13:00", "1970-01-12 14:00"))
    with pytest.raises(NotNow, match="begins on 1970-01-12 13:00 UTC") as early:
        join(store, study, begin - 1)
    assert early.value.reason == "early"
    who = join(store, study, begin)
    join(store, study, end - 1)
    with pytest.raises(NotNow, match="took new people until 1970-01-12 14:00 UTC") as over:
        join(store, study, end)
    assert over.value.reason == "over"
    go_on(store, study, who, now=end + 1)  # who has begun goes on
    assert counts(store, study, end)[0] == 1


@pytest.mark.parametrize(
    ("access", "message"),
    [
        ({"opens": "tomorrow"}, "opens = 'tomorrow' is no date"),
        ({"opens": "2026-12-02", "closes": "2026-12-01"}, "must be later than opens"),
        ({"hold_minutes": 0}, "hold_minutes = 0 must"),
    ],
)
def test_dates_that_cannot_be_are_said(access, message):
    with pytest.raises(BadStudy, match=message):
        parse(tables(access), "tiny", "study.toml")


def tables(access):
    rows = [{"name": name, "label": name} for name in ("l1", "l2")]
    return {"title": "?", "access": access, "conditions": rows, "scenes": [{"name": "a"}]}


def test_young_keys_of_access_leave_the_hash_of_older_studies_alone(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", parts={"access": Access(quota=3)})
    held = store.row("SELECT manifest FROM studies")["manifest"]
    assert '"access": {"links_only": false, "quota": 3}' in held
    changed = open_tiny(store, tmp_path / "tiny", parts={"access": Access(quota=3, hold_minutes=5)})
    assert changed.id == study.id
    assert '"hold_minutes": 5' in store.row("SELECT manifest FROM studies")["manifest"]


def test_a_clock_that_was_set_back_is_marked_in_the_export(store, study):
    who = join(store, study)
    go_on(store, study, who, answers=1, now=NOW + 100)
    go_on(store, study, who, now=NOW + 50)
    late = join(store, study, NOW + 200)
    go_on(store, study, late, answers=1, now=NOW)
    assert list(votes.votes(store, study.id)["flags"]) == ["", "clock_back", "clock_back"]


class TestPilot:
    @pytest.fixture
    def piloted(self, store, study):
        """A study with one who finished in the pilot, and one who finished after it."""
        lifecycle.pilot(store, study.id, on=True)
        go_on(store, study, join(store, study))
        join(store, study, simulated=True)
        lifecycle.pilot(store, study.id, on=False)
        go_on(store, study, join(store, study))
        return study

    def test_its_answers_are_apart_in_counts_and_exports(self, store, piloted, tmp_path):
        assert counts(store, piloted, NOW) == (1, 0, 0)
        assert status.status(store, piloted.id, NOW).pilot_observers == 1
        table = votes.votes(store, piloted.id)
        assert len(table) == 2
        assert not table["pilot"].any()
        assert votes.progress(store, piloted.id).answers == 2
        with reading(tmp_path / "answers.db") as reader:
            text = "".join(streaming.csv(reader, piloted.id, Wanted(pilot=True)))
            files = streaming.everything(reader, piloted)
            assert sum(dashboard.pace(reader, piloted.id, NOW, 60.0, 1)) == 2
        rows = list(csv.DictReader(text.splitlines()))
        assert [(row["pilot"], row["outcome"]) for row in rows] == 2 * [("True", "finished")]
        assert {"votes.csv", "pilot-votes.csv"} < set(files)

    def test_it_takes_no_place_and_waits_for_no_date(self, store, piloted):
        lifecycle.limit(store, piloted.id, 1)
        with pytest.raises(NotNow):
            join(store, piloted)
        lifecycle.pilot(store, piloted.id, on=True)
        assert join(store, piloted)

    def test_an_adaptive_study_does_not_learn_from_it(self, store, piloted):
        tally = adaptive.Tally()
        adaptive.count(store, piloted.id, simulated=False, tally=tally)
        assert sum(tally.answers.values()) == 2

    def test_simulated_observers_are_none_of_it(self, store, piloted):
        rows = store.rows("SELECT pilot FROM observers WHERE simulated = 1", {})
        assert [row["pilot"] for row in rows] == [0]
        assert asdict(status.status(store, piloted.id, NOW))["observers"] == 1
