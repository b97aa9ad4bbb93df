"""What the shelf does with folders that come and change while the process runs."""

import time

import pytest

from tests.study.tiny import NOW, write_study
from tests.web.desks import ENTRY
from tests.web.processes import wait_for
from uplapp.errors import UplappError
from uplapp.study.session import editions, joining, lifecycle
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import Store
from uplapp.web.researcher.watch import board, watch_view
from uplapp.web.shelf import following
from uplapp.workflows import opening


@pytest.fixture
def observer(desk, study):
    """The id of somebody who has begun."""
    joining.join(desk.shelf.store, study, study.definition.consent.version, NOW)
    return desk.shelf.store.row("SELECT id FROM observers")["id"]


def reseeded(desk):
    """Change the seed, which makes another study of it, and return the text before."""
    path = desk.shelf.settings.studies / "tiny" / "study.toml"
    text = path.read_text()
    path.write_text(text.replace("seed = ", "seed = 7 #", 1))
    return text


def test_a_study_made_while_the_app_runs_is_listed_and_opens_when_read(desk):
    write_study(desk.shelf.settings.studies / "later")
    assert desk.shelf.names() == ["tiny", "later"]
    with pytest.raises(UplappError, match="'later' is not open: not read yet: press Read it from the disk"):
        desk.shelf.get("later")
    assert "not read yet" in "".join(board.draw(desk, ENTRY, "later", board.HOUR))
    watch_view.reopen(desk, "later")
    assert desk.shelf.get("later").definition.name == "later"
    assert desk.shelf.names() == ["tiny", "later"]


def test_a_folder_that_is_being_made_is_not_listed(desk):
    write_study(desk.shelf.settings.studies / ".new-x")
    assert desk.shelf.names() == ["tiny"]


def test_a_changed_study_is_not_taken_in_while_people_are_under_way(desk, study, observer):
    text = reseeded(desk)
    watch_view.reopen(desk, "tiny")
    assert desk.shelf.studies["tiny"] is study
    assert desk.shelf.closed["tiny"].startswith("1 of its observers have begun")
    assert "close it first, or restore the files" in "".join(board.draw(desk, ENTRY, "tiny", board.HOUR))
    (desk.shelf.settings.studies / "tiny" / "study.toml").write_text(text)
    watch_view.reopen(desk, "tiny")
    assert "tiny" not in desk.shelf.closed


def test_a_study_with_another_title_is_taken_in_while_people_are_under_way(desk, study, observer):
    path = desk.shelf.settings.studies / "tiny" / "study.toml"
    path.write_text(path.read_text().replace("title = ", "title = 'New' #", 1))
    watch_view.reopen(desk, "tiny")
    assert desk.shelf.studies["tiny"].id == study.id
    assert desk.shelf.studies["tiny"].definition.title == "New"


def test_a_changed_study_is_taken_in_once_it_is_closed(desk, study, observer):
    reseeded(desk)
    lifecycle.change(desk.shelf.store, study.id, lifecycle.CLOSED)
    watch_view.reopen(desk, "tiny")
    assert desk.shelf.studies["tiny"].definition.protocol.seed == 7


def test_a_changed_study_is_taken_in_when_nobody_is_left_to_go_on(desk, study, observer):
    reseeded(desk)
    lifecycle.withdraw(desk.shelf.store, study.id, observer, NOW)
    watch_view.reopen(desk, "tiny")
    assert desk.shelf.studies["tiny"].id != study.id


def test_an_edit_waits_for_the_decision_and_then_both_editions_are_watched(desk, study, observer):
    reseeded(desk)
    watch_view.reopen(desk, "tiny")
    assert "tiny" in desk.shelf.edits
    desk.shelf.adopt("tiny")
    assert desk.shelf.studies["tiny"].number == 2
    assert desk.shelf.names() == ["tiny", "tiny (edition 1)"]
    assert desk.shelf.get("tiny (edition 1)") == study
    text = "".join(board.draw(desk, ENTRY, "tiny (edition 1)", board.HOUR))
    assert "whoever began edition 1 finishes it" in text
    assert observer in text
    assert observer not in "".join(board.draw(desk, ENTRY, "tiny", board.HOUR))
    with pytest.raises(UplappError, match="no edit of 'tiny' waits"):
        desk.shelf.adopt("tiny")


def test_what_the_command_line_adopts_is_served_without_anybody_on_the_page(desk, study, observer):
    folder = desk.shelf.settings.studies / "tiny"
    reseeded(desk)
    other = Store(desk.shelf.settings.answers)
    with following(desk.shelf, every_s=0.02):
        opening.serve(other, opening.read_disk(folder, desk.shelf.settings), time.time(), adopt=True)
        wait_for(lambda: desk.shelf.studies["tiny"].id != study.id)
    other.close()
    assert desk.shelf.studies["tiny"].number == 2
    assert [former.id for former in desk.shelf.former["tiny"]] == [study.id]


def test_following_leaves_a_study_that_nobody_adopted_as_it_is(desk, study):
    reseeded(desk)
    desk.shelf.follow()
    assert desk.shelf.studies["tiny"] is study


def test_a_pause_holds_every_edition_and_one_alone_where_it_is_chosen(desk, study, observer):
    reseeded(desk)
    watch_view.reopen(desk, "tiny")
    desk.shelf.adopt("tiny")
    watch_view.change_state(desk, "tiny (edition 1)", lifecycle.PAUSED)
    assert states(desk) == ["paused", "open"]
    watch_view.change_state(desk, "tiny", lifecycle.CLOSED)
    assert states(desk) == ["closed", "closed"]


def states(desk):
    return [row["state"] for row in editions.listing(desk.shelf.store, "tiny")]


def test_what_the_command_line_makes_mends_and_freezes_is_served_without_anybody_on_the_page(desk):
    folder = write_study(desk.shelf.settings.studies / "later")
    whole = (folder / "study.toml").read_text()
    (folder / "study.toml").write_text("title = 3")
    desk.shelf.follow()
    assert "later" in desk.shelf.closed
    (folder / "study.toml").write_text(whole)
    desk.shelf.follow()
    assert desk.shelf.get("later").number == 1
    text = whole.replace("title = ", "title = 'Frozen' #", 1)
    (folder / "study.toml").write_text(text)
    desk.shelf.follow()
    assert desk.shelf.get("later").definition.title != "Frozen", "an edit waits"
    stimuli.freeze(folder, NOW)
    desk.shelf.follow()
    assert desk.shelf.get("later").definition.title == "Frozen"


def test_a_study_that_stays_as_it_is_is_not_read_again(desk, monkeypatch):
    monkeypatch.setattr(type(desk.shelf), "open", lambda *_: pytest.fail("it was read"))
    desk.shelf.follow()
