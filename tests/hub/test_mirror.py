import os
import threading
from contextlib import suppress

import pytest

from tests.hub.lines import REPO, kept, write
from uplapp.hub import mirror as mirror_module
from uplapp.hub.client import HubError
from uplapp.hub.mirror import Mirror


@pytest.fixture
def mirror(tmp_path, endpoint):
    return Mirror(tmp_path / "journal", REPO, endpoint, clock=lambda: 42.0)


def test_new_lines_arrive_once_and_old_ones_are_not_sent_again(mirror, hub):
    write(mirror.folder, "a", 1, 2)
    assert mirror.push() == 2
    write(mirror.folder, "a", 3)
    write(mirror.folder, "b", 4)
    assert mirror.push() == 2
    assert sorted(kept(hub)) == [1, 2, 3, 4]
    assert len(hub.repos["dataset", REPO]) == 3
    assert mirror.status == mirror_module.SyncStatus(42.0, 0, "")


def test_nothing_new_makes_no_commit(mirror, hub):
    write(mirror.folder, "a", 1)
    mirror.push()
    assert mirror.push() == 0
    assert hub.commits == 1


def test_a_line_being_written_waits_for_its_end(mirror, hub):
    write(mirror.folder, "a", 1)
    write(mirror.folder, "a", 2, end="")
    mirror.push()
    assert kept(hub) == [1]
    assert mirror.status.unsynced == 0
    write(mirror.folder, "a", end="")
    with (mirror.folder / "a.jsonl").open("a") as file:
        file.write("\n")
    mirror.push()
    assert kept(hub) == [1, 2]


@pytest.mark.parametrize("fault", [429, 500, 503, "lost"])
@pytest.mark.parametrize("where", ["create", "tree", "preupload", "commit"])
def test_a_fault_anywhere_loses_and_doubles_nothing(mirror, hub, fault, where):
    write(mirror.folder, "a", 1, 2)
    hub.faults = [(where, fault)] * 6
    for n in range(3, 9):
        write(mirror.folder, "a", n)
        with suppress(HubError):
            mirror.push()
    hub.faults.clear()
    mirror.push()
    assert kept(hub) == list(range(1, 9))
    assert mirror.status.error == ""


def test_a_hub_that_is_down_for_the_whole_study_gets_everything_once_afterwards(mirror, hub):
    hub.down = True
    for n in range(20):
        write(mirror.folder, "ab"[n % 2], n)
        with pytest.raises(HubError, match="error"):
            mirror.push()
    assert mirror.status.unsynced == 20
    assert mirror.status.last_sync is None
    hub.down = False
    assert mirror.push() == 20
    assert sorted(kept(hub)) == list(range(20))


def test_large_journals_travel_in_pieces_of_whole_lines(mirror, hub, monkeypatch):
    monkeypatch.setattr(mirror_module, "PIECE_BYTES", 50)
    monkeypatch.setattr(mirror_module, "PIECES", 2)
    lines = ["x" * (n % 70) for n in range(60)]
    write(mirror.folder, "a", *lines)
    mirror.push()
    assert kept(hub) == lines
    assert all(data.endswith(b"\n") for data in hub.repos["dataset", REPO].values())


def test_an_empty_disk_gets_every_byte_back(mirror, hub, tmp_path, endpoint):
    write(mirror.folder, "a", 1, 2)
    mirror.push()
    write(mirror.folder, "a", "äöü")
    write(mirror.folder, "b", 4)
    mirror.push()
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    assert fresh.fetch() == 2
    for name in ("a.jsonl", "b.jsonl"):
        assert (fresh.folder / name).read_bytes() == (mirror.folder / name).read_bytes()
    assert fresh.fetch() == 0
    assert fresh.push() == 0


def test_a_journal_cut_by_a_power_failure_is_made_whole_and_a_longer_one_is_kept(mirror, tmp_path, endpoint):
    write(mirror.folder, "a", 1, 2)
    mirror.push()
    write(mirror.folder, "a", 3)
    longer = (mirror.folder / "a.jsonl").read_bytes()
    again = Mirror(mirror.folder, REPO, endpoint)
    assert again.fetch() == 0
    assert (mirror.folder / "a.jsonl").read_bytes() == longer
    assert again.status.unsynced == 1
    os.truncate(mirror.folder / "a.jsonl", 1)
    assert again.fetch() == 1
    assert (mirror.folder / "a.jsonl").read_bytes() == b"1\n2\n"


def test_a_truncated_download_is_noticed_and_tried_again(mirror, hub, tmp_path, endpoint):
    write(mirror.folder, "a", 1, 2)
    mirror.push()
    hub.faults = [("resolve", "truncated")]
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    assert fresh.fetch() == 1
    assert (fresh.folder / "a.jsonl").read_bytes() == b"1\n2\n"


def test_a_download_that_stays_truncated_is_refused_and_writes_nothing(mirror, hub, tmp_path, endpoint):
    write(mirror.folder, "a", 1, 2)
    write(mirror.folder, "b", 3)
    mirror.push()
    hub.faults = [("resolve/main/journal/b", "truncated")] * 9
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    with pytest.raises(HubError, match="other bytes"):
        fresh.fetch()
    assert not fresh.folder.exists()


def test_a_piece_missing_on_the_hub_is_noticed(mirror, hub, tmp_path, endpoint):
    for n in range(3):
        write(mirror.folder, "a", n)
        mirror.push()
    del hub.repos["dataset", REPO]["journal/a/000000000002.jsonl"]
    with pytest.raises(HubError, match="lacks the bytes from 2 to 4"):
        Mirror(tmp_path / "fresh", REPO, endpoint).fetch()


def test_the_dataset_is_made_private_and_a_public_one_is_refused(mirror, hub):
    mirror.push()
    assert hub.private["dataset", REPO]
    hub.private["dataset", REPO] = False
    with pytest.raises(HubError, match="public"):
        mirror.fetch()


@pytest.mark.parametrize(("status", "words"), [(401, "HF_TOKEN"), (403, "may not write"), (429, "wait")])
def test_an_error_is_told_in_words(mirror, hub, status, words):
    write(mirror.folder, "a", 1)
    hub.faults = [("commit", status)] * 20
    with pytest.raises(HubError, match=words) as caught:
        mirror.push()
    assert caught.value.wait_s == (7 if status == 429 else 0)


def test_writing_and_asking_for_the_status_never_wait_for_the_hub(mirror, hub, monkeypatch):
    write(mirror.folder, "a", 1)
    inside, leave = threading.Event(), threading.Event()

    def slow(*_, **__):
        inside.set()
        leave.wait(180)

    monkeypatch.setattr(mirror._api, "create_commit", slow)
    sending = threading.Thread(target=mirror.push)
    sending.start()
    assert inside.wait(180)
    write(mirror.folder, "a", 2)
    assert mirror.status.unsynced == 2
    leave.set()
    sending.join()
