"""After a withdrawal no byte of the answers is left in the copy and its history, whatever failed between."""

import shutil

import pytest

from tests.hub.lines import REPO
from tests.study.leavers import ANSWERS, answers_of, bytes_of, marks_in, take_part
from tests.study.tiny import NOW, open_tiny
from uplapp.hub.client import HubError
from uplapp.settings import DATABASE
from uplapp.study.session import lifecycle
from uplapp.study.store import erasure
from uplapp.web import safekeeping
from uplapp.web.upkeep import REST_S, TICK_S, Upkeep


@pytest.fixture
def lived(settings, hub, endpoint, tmp_path):
    """Two took part and are in the copy, then one withdrew and was erased on the disk: store, loop, both."""
    store, loop = safekeeping.open_store(settings, endpoint)
    study = open_tiny(store, tmp_path / "tiny")
    left, stayed = take_part(store, study, 7_654_321), take_part(store, study, 1_234_567)
    loop.mirror.push()
    assert marks_in(copied(hub), left)
    lifecycle.withdraw(store, study.id, left.id, NOW + 9)
    assert Upkeep(store).once() == REST_S
    yield store, loop, left, stayed
    safekeeping.close(store, loop)


def copied(hub) -> list[bytes]:
    """All that the copy holds, its history too."""
    commits = [files for _, files in hub.history]
    return [data for files in (hub.repos["dataset", REPO], *commits) for data in files.values()]


def restart(settings, endpoint):
    """Start an app and stop it. Its last copying is over then."""
    safekeeping.close(*safekeeping.open_store(settings, endpoint))


def assert_only_one_left(settings, hub, endpoint, left, stayed):
    assert marks_in(copied(hub), left) == []
    assert marks_in(bytes_of(settings.data), left) == []
    assert answers_of(settings.data / DATABASE, stayed) == ANSWERS
    shutil.rmtree(settings.data)
    restart(settings, endpoint)
    assert answers_of(settings.data / DATABASE, stayed) == ANSWERS
    assert answers_of(settings.data / DATABASE, left) == 0


def test_the_copy_follows_with_its_history(lived, settings, hub, endpoint):
    store, loop, left, stayed = lived
    safekeeping.close(store, loop)
    assert [title for title, _ in hub.history] == ["journals"]
    assert_only_one_left(settings, hub, endpoint, left, stayed)


@pytest.mark.parametrize(("path", "fault"), [("super-squash", 500), ("commits", 403), ("tree", 403),
                                         ("resolve", 500), ("commit/", "lost")])  # fmt: skip
def test_what_the_hub_refuses_is_done_at_the_next_start(lived, settings, hub, endpoint, path, fault):
    store, loop, left, stayed = lived
    loop.mirror.push()
    hub.faults = [(path, fault)]
    with pytest.raises(HubError):
        loop.mirror.erase(lambda texts: erasure.wiped(texts, erasure.scope(store)))
    assert marks_in(copied(hub), left)
    hub.faults = []
    restart(settings, endpoint)
    assert_only_one_left(settings, hub, endpoint, left, stayed)


def test_a_hub_that_was_down_is_erased_when_it_is_back(lived, settings, hub, endpoint):
    store, loop, left, stayed = lived
    hub.down = True
    safekeeping.close(store, loop)
    hub.down = False
    restart(settings, endpoint)
    assert_only_one_left(settings, hub, endpoint, left, stayed)


def test_an_empty_machine_finishes_what_another_began(lived, settings, hub, endpoint):
    _, loop, left, stayed = lived
    loop.mirror.push()  # the tombstone; then this machine is gone
    shutil.rmtree(settings.data)
    restart(settings, endpoint)
    assert_only_one_left(settings, hub, endpoint, left, stayed)


def test_nothing_is_sent_again_and_no_history_is_squashed_where_nobody_withdrew(
    settings, hub, endpoint, tmp_path
):
    store, loop = safekeeping.open_store(settings, endpoint)
    take_part(store, open_tiny(store, tmp_path / "tiny"), 7_654_321)
    safekeeping.close(store, loop)
    commits = hub.commits
    restart(settings, endpoint)
    assert hub.commits == commits
    assert not [path for _, path in hub.requests if "squash" in path]


def test_a_download_that_was_cut_short_is_swept_away(settings, hub, endpoint):
    partial = settings.data / "journal" / "abc.jsonl.0123abcd.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"what somebody said")
    restart(settings, endpoint)
    assert not partial.exists()


def test_upkeep_says_once_what_keeps_it_from_erasing(lived, capsys, monkeypatch):
    store, *_ = lived
    upkeep = Upkeep(store)
    assert upkeep.once() == TICK_S

    def busy(_):
        raise HubError("the disk is full")

    monkeypatch.setattr(erasure, "erase", busy)
    assert upkeep.once() == upkeep.once() == REST_S
    assert capsys.readouterr().err.count("not erased yet") == 1
