from itertools import pairwise
from statistics import stdev

import pytest

from tests.study.tiny import NOW, open_tiny, paced
from uplapp.study.answers.response import COARSE_CLOCK
from uplapp.study.exports import dashboard
from uplapp.study.session import joining, lifecycle, links, session
from uplapp.study.simulation import observers
from uplapp.study.store.store import reading

pytestmark = pytest.mark.study(pairs="random:6", practice=1, catch=1)

LATE = {"gaps_ms": (80.0,)}


@pytest.fixture
def look(store, study, tmp_path):
    """`look(now)` is the overview at that time."""

    def looked(now=NOW + 100):
        with reading(tmp_path / "answers.db") as reader:
            return dashboard.overview(reader, study.id, study.definition, now)

    return looked


def take_part(store, study, number, answers, at=NOW, each_s=1, **changes):
    """Join, and answer every second or `each_s` from `at` on."""
    token = joining.join(store, study, study.definition.consent.version, at)
    for n in range(answers):
        trial = session.state(store, study, token).trial
        when = at + each_s * (n + 1)
        session.answer(store, study, token, trial.token, f"{number:016}{n:016}", paced(n, **changes), when)
    return token


def test_a_study_nobody_joined_is_open_and_empty(look):
    assert look() == dashboard.Overview("open", None, (), 0, 0, {}, {}, None)


def test_each_person_has_a_row_with_progress_minutes_and_what_was_shown(store, study, look):
    take_part(store, study, 1, 4)
    (person,) = look().people
    assert (person.done, person.total, person.answers, person.finished) == (3, 7, 4, False)
    assert person.minutes == pytest.approx(4 / 60)
    assert (person.layout, person.pixel_ratio, person.late_share) == ("side_by_side", 1.0, 0.0)


def test_whoever_answered_last_comes_first_and_who_has_not_yet_has_no_layout(store, study, look):
    take_part(store, study, 1, 2)
    take_part(store, study, 2, 1, at=NOW + 50)
    take_part(store, study, 3, 0, at=NOW + 10)
    assert [person.answers for person in look().people] == [1, 0, 2]
    assert (look().people[1].layout, look().people[1].swap_sd_ms) == ("", None)


def test_the_spread_of_swaps_is_the_median_over_answers(store, study, look):
    swaps = tuple(250.0 * n + (n % 2) for n in range(1, 9))
    take_part(store, study, 1, 3, swaps_ms=swaps)
    steps = [later - earlier for earlier, later in pairwise(swaps)]
    assert look().people[0].swap_sd_ms == pytest.approx(stdev(steps), abs=1e-6)


def test_late_frames_are_counted_by_flag_and_reason_and_lengthen_the_way(store, study, look):
    take_part(store, study, 1, 3, **LATE)
    overview = look()
    (person,) = overview.people
    assert (person.flagged, person.answers_excluded, person.late_share) == (3, 2, 1.0)
    assert person.total == 9
    assert overview.flags["late_frames"] == 3
    assert list(overview.excluded.values()) == [2]


def test_answers_fall_into_the_part_of_the_span_they_were_given_in(store, study, tmp_path):
    take_part(store, study, 1, 4)  # at 1, 2, 3 and 4 s
    with reading(tmp_path / "answers.db") as reader:
        assert dashboard.pace(reader, study.id, NOW + 6, 6, 3) == (1, 2, 1)
        assert dashboard.pace(reader, study.id, NOW + 4.5, 2, 2) == (1, 1)


def test_the_last_minute_is_the_last_minute(store, study, look):
    take_part(store, study, 1, 4)
    assert (look(NOW + 5).last_minute, look(NOW + 61.5).last_minute, look(NOW + 100).last_minute) == (4, 3, 0)


def test_simulated_observers_are_counted_apart(store, study, look):
    observers.simulate(store, study, observers.even_scores(study.definition), 3, 0, NOW)
    overview = look()
    assert (overview.people, overview.simulated, overview.last_minute) == ((), 3, 0)


def test_who_withdrew_is_listed_with_the_reason_and_without_an_answer(store, study, look):
    take_part(store, study, 1, 3)
    lifecycle.withdraw(store, study.id, look().people[0].id, NOW + 9)
    (person,) = look().people
    assert (person.excluded, person.answers, person.done) == ("withdrawn", 0, 0)


def test_the_label_of_a_personal_link_stands_with_its_observer(store, study, look):
    (link,) = links.make(store, study.id, ["P 01"], NOW)
    joining.join(store, study, study.definition.consent.version, NOW)
    links.use(store, link, look().people[0].id)
    assert look().people[0].label == "P 01"


def test_the_alarm_holds_the_last_fifty_against_those_before(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", practice=0)
    for number in range(5):
        take_part(store, study, number, 13, each_s=3)
    with reading(tmp_path / "answers.db") as reader:
        assert dashboard.watch(reader, study.id) is None
    for number in range(5, 9):
        take_part(store, study, number, 13, at=NOW + 1000, each_s=3, **LATE)
    with reading(tmp_path / "answers.db") as reader:
        alarm = dashboard.watch(reader, study.id)
    assert (alarm.recent, alarm.before) == (1.0, pytest.approx(2 / 67))


def test_a_browser_with_a_coarse_clock_is_no_reason_for_an_alarm(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", practice=0)
    for number in range(9):
        take_part(store, study, number, 13, each_s=3, clock_ms=100.0 * (number >= 5))
    with reading(tmp_path / "answers.db") as reader:
        assert dashboard.flags(reader, study.id) == {COARSE_CLOCK: 52}
        assert dashboard.watch(reader, study.id) is None


def test_reading_sees_what_was_there_when_it_began_and_keeps_no_writer_waiting(store, study, tmp_path):
    take_part(store, study, 1, 1)
    with reading(tmp_path / "answers.db") as reader:
        before = dashboard.people(reader, study.id, study.definition)
        take_part(store, study, 2, 1)
        assert dashboard.people(reader, study.id, study.definition) == before
