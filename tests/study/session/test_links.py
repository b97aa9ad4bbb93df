import re
import shutil

import pytest

from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import UplappError
from uplapp.study.definition import Access
from uplapp.study.session import joining, lifecycle, links, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.store.replay import replay
from uplapp.study.store.store import Store

pytestmark = pytest.mark.study(parts={"access": Access(links_only=True)}, practice=0, catch=0)


def join(store, study, link):
    return joining.join(store, study, "1", NOW, Newcomer(link=link))


def test_a_link_is_128_random_bits_and_no_two_are_the_same(store, study):
    made = links.make(store, study.id, [f"P{n}" for n in range(500)], NOW)
    assert len(set(made)) == 500
    assert all(re.fullmatch("[0-9a-f]{32}", link) for link in made)


def test_without_a_link_nobody_comes_in_and_no_row_is_left(store, study):
    for link in ("", "0" * 32):
        with pytest.raises(NotNow, match="personal link"):
            join(store, study, link)
    assert store.rows("SELECT id FROM observers", {}) == []


def test_a_link_opened_twice_is_one_observer_who_goes_on(store, study):
    [link] = links.make(store, study.id, ["P1"], NOW)
    first = join(store, study, link)
    shown = session.state(store, study, first).trial.token
    session.answer(store, study, first, shown, "k" * 32, response(), NOW)
    again = join(store, study, link)
    assert again == first
    assert session.state(store, study, again).done == 1
    assert len(store.rows("SELECT id FROM observers", {})) == 1


def test_a_used_link_goes_on_when_the_study_is_full_or_takes_nobody_new(store, study):
    used, fresh = links.make(store, study.id, ["P1", "P2"], NOW)
    first = join(store, study, used)
    lifecycle.limit(store, study.id, 1)
    assert join(store, study, used) == first
    with pytest.raises(NotNow, match="all the observers it needs"):
        join(store, study, fresh)


def test_a_link_of_another_study_lets_nobody_in(store, study, tmp_path):
    other = open_tiny(store, tmp_path / "other", practice=0)
    [link] = links.make(store, other.id, ["P1"], NOW)
    with pytest.raises(NotNow, match="not valid"):
        join(store, study, link)


def test_a_revoked_link_lets_nobody_in_and_who_came_by_it_goes_on(store, study):
    used, fresh = links.make(store, study.id, ["P1", "P2"], NOW)
    first = join(store, study, used)
    for link in (used, fresh):
        links.revoke(store, study.id, link, NOW)
        with pytest.raises(NotNow, match="not valid"):
            join(store, study, link)
    assert session.state(store, study, first).trial
    with pytest.raises(UplappError, match="no such link"):
        links.revoke(store, study.id, "0" * 32, NOW)


def test_the_link_of_an_observer_who_withdrew_does_not_bring_the_answers_back(store, study):
    [link] = links.make(store, study.id, ["P1"], NOW)
    session.withdraw(store, study, join(store, study, link), NOW)
    with pytest.raises(NotNow, match="not valid"):
        join(store, study, link)


def test_the_list_tells_what_became_of_each_link(store, study):
    labels = ["a", "b", "c"]
    made = links.make(store, study.id, labels, NOW)
    links.revoke(store, study.id, made[1], NOW)
    who = join(store, study, made[2])
    states = {row["label"]: links.state(row) for row in links.listing(store, study.id)}
    assert states == {"a": "unused", "b": "revoked", "c": "taken"}
    while (now := session.state(store, study, who)).trial:
        session.answer(store, study, who, now.trial.token, "k" * 32, response(), NOW)
    assert links.state(links.listing(store, study.id)[2]) == "through"


@pytest.mark.parametrize("label", ["", " ", "x" * 81, "a\nb", "a\x00"])
def test_a_label_that_no_table_can_show_is_refused_and_no_link_is_made(store, study, label):
    with pytest.raises(UplappError, match="printable"):
        links.make(store, study.id, ["fine", label], NOW)
    assert links.listing(store, study.id) == []


def test_a_label_belongs_to_one_link(store, study):
    links.make(store, study.id, ["P1"], NOW)
    for labels in (["P1"], ["P2", "P2"]):
        with pytest.raises(UplappError, match="is taken"):
            links.make(store, study.id, labels, NOW)
    assert len(links.listing(store, study.id)) == 1


def test_a_link_tells_that_its_observer_withdrew(store, study):
    [link] = links.make(store, study.id, ["P1"], NOW)
    session.withdraw(store, study, join(store, study, link), NOW)
    assert links.state(links.listing(store, study.id)[0]) == "withdrawn"


def test_a_link_whose_observers_line_is_lost_is_free_again(tmp_path):
    store = Store(tmp_path / "lived" / "answers.db")
    study = open_tiny(store, tmp_path / "tiny")
    [link] = links.make(store, study.id, ["P1"], NOW)
    join(store, study, link)
    store.close()
    (journal,) = (tmp_path / "lived" / "journal").glob("*.jsonl")
    kept = [line for line in journal.read_text().splitlines(True) if '"table": "observers"' not in line]
    (tmp_path / "new" / "journal").mkdir(parents=True)
    (tmp_path / "new" / "journal" / journal.name).write_text("".join(kept))
    replay(tmp_path / "new" / "answers.db", tmp_path / "new" / "journal")
    again = Store(tmp_path / "new" / "answers.db")
    assert links.claim(again, study.id, link) is None
    again.close()


def test_links_come_back_from_the_journal_with_their_observers(tmp_path):
    store = Store(tmp_path / "lived" / "answers.db")
    study = open_tiny(store, tmp_path / "tiny")
    used, _ = links.make(store, study.id, ["P1", "P2"], NOW)
    who = join(store, study, used)
    before = links.listing(store, study.id)
    store.close()
    shutil.copytree(tmp_path / "lived" / "journal", tmp_path / "new" / "journal")
    replay(tmp_path / "new" / "answers.db", tmp_path / "new" / "journal")
    again = Store(tmp_path / "new" / "answers.db")
    assert links.listing(again, study.id) == before
    assert links.claim(again, study.id, used) == who
    again.close()
