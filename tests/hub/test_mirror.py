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


def remote(hub, name, **pieces):
    """Lay pieces of a journal into the dataset as some process left them."""
    for offset, data in pieces.items():
        hub.repos["dataset", REPO][f"journal/{name}/{int(offset[1:]):012}.jsonl"] = data


def lines_in(folder):
    return sorted(line for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines())


@pytest.mark.parametrize("lost", [0, 2])
def test_a_piece_missing_on_the_hub_is_told_and_the_others_are_used(mirror, hub, tmp_path, endpoint, lost):
    for n in range(3):
        write(mirror.folder, "a", n)
        mirror.push()
    del hub.repos["dataset", REPO][f"journal/a/{lost:012}.jsonl"]
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    assert fresh.fetch() == 1
    (sentence,) = fresh.damage
    assert f"journal a lacks the bytes from {lost} to {lost + 2}" in sentence
    assert lines_in(fresh.folder) == sorted({b"0", b"1", b"2"} - {b"%d" % (lost // 2)})
    assert fresh.fetch() == 0


def test_a_gap_on_the_hub_is_filled_by_the_disk_that_has_the_bytes(mirror, hub, endpoint):
    for n in range(3):
        write(mirror.folder, "a", n)
        mirror.push()
    del hub.repos["dataset", REPO]["journal/a/000000000002.jsonl"]
    again = Mirror(mirror.folder, REPO, endpoint)
    assert again.fetch() == 0
    again.push()
    assert Mirror(mirror.folder, REPO, endpoint).damage == ()
    assert set(kept(hub)) == {0, 1, 2}


def test_pieces_that_overlap_and_agree_are_whole(mirror, hub, tmp_path, endpoint):
    mirror.push()
    remote(hub, "a", o0=b"1\n2\n", o2=b"2\n3\n", o4=b"3\n")
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    fresh.fetch()
    assert fresh.damage == ()
    assert lines_in(fresh.folder) == [b"1", b"2", b"3"]


def test_of_pieces_that_contradict_each_other_every_line_is_kept(mirror, hub, tmp_path, endpoint):
    mirror.push()
    remote(hub, "a", o0=b"1\n2\n", o2=b"9\n3\n")
    fresh = Mirror(tmp_path / "fresh", REPO, endpoint)
    fresh.fetch()
    assert set(lines_in(fresh.folder)) == {b"1", b"2", b"3", b"9"}


def test_what_the_hub_did_not_keep_is_told_and_sent_again(mirror, hub, monkeypatch):
    mirror.push()
    write(mirror.folder, "a", 1)
    with monkeypatch.context() as forgetful:
        forgetful.setattr(mirror_module.client, "listed", lambda *asked: {})
        with pytest.raises(HubError, match="does not hold journal/a"):
            mirror.push()
    mirror.push()
    assert kept(hub) == [1]


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
    commit = mirror._api.create_commit

    def slow(*arguments, **options):
        inside.set()
        leave.wait(180)
        return commit(*arguments, **options)

    monkeypatch.setattr(mirror._api, "create_commit", slow)
    sending = threading.Thread(target=mirror.push)
    sending.start()
    assert inside.wait(180)
    write(mirror.folder, "a", 2)
    assert mirror.status.unsynced == 2
    leave.set()
    sending.join()
