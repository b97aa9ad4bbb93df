import threading

import pytest

from tests.hub.lines import kept, write
from uplapp.errors import UplappError
from uplapp.hub import loop as loop_module
from uplapp.hub.loop import Loop, pause_s
from uplapp.hub.mirror import Mirror


@pytest.fixture
def mirror(tmp_path, endpoint):
    return Mirror(tmp_path / "journal", "lab/answers", endpoint)


def until(condition):
    patience = threading.Event()
    for _ in range(18_000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("waited too long")


def files(hub):
    return hub.repos.get(("dataset", "lab/answers"), {})


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(loop_module, "TICK_S", 0.01)
    monkeypatch.setattr(loop_module, "GAP_S", 0.02)
    return monkeypatch


def test_lines_go_every_minute(mirror, hub, quick):
    quick.setattr(loop_module, "EVERY_S", 0.05)
    loop = Loop(mirror, lambda: 0, lambda: 0.5)
    loop.start()
    write(mirror.folder, "a", 1)
    until(lambda: files(hub))
    loop.stop()
    assert kept(hub) == [1]


def test_a_session_that_ends_is_sent_without_waiting_for_the_minute(mirror, hub, quick):
    ended = [0]
    loop = Loop(mirror, lambda: ended[0], lambda: 0.5)
    loop.start()
    until(lambda: mirror.status.last_sync)
    write(mirror.folder, "a", 1)
    ended[0] = 1
    until(lambda: files(hub))
    loop.stop()


def test_the_last_lines_go_when_the_process_ends(mirror, hub, quick):
    loop = Loop(mirror, lambda: 0, lambda: 0.5)
    loop.start()
    until(lambda: mirror.status.last_sync)
    write(mirror.folder, "a", 1)
    loop.stop()
    assert kept(hub) == [1]


def test_the_loop_outlives_the_hub_and_tells_its_trouble_once(mirror, hub, quick, capsys):
    quick.setattr(loop_module, "EVERY_S", 0.01)
    hub.down = True
    loop = Loop(mirror, lambda: 0, lambda: 0.5)
    loop.start()
    write(mirror.folder, "a", 1)
    until(lambda: loop._failures > 2)
    hub.down = False
    until(lambda: files(hub))
    loop.stop()
    assert kept(hub) == [1]
    assert mirror.status.error == ""
    assert capsys.readouterr().err.count("answers are not copied") == 1


def test_the_loop_outlives_a_busy_database(mirror, hub, quick):
    quick.setattr(loop_module, "EVERY_S", 0.01)
    troubles = [UplappError("busy")] * 3

    def finished():
        if troubles:
            raise troubles.pop()
        return 0

    loop = Loop(mirror, finished, lambda: 0.5)
    loop.start()
    until(lambda: not troubles)
    write(mirror.folder, "a", 1)
    until(lambda: files(hub))
    loop.stop()
    assert kept(hub) == [1]


def test_a_journal_that_cannot_be_read_is_told_as_that(mirror, quick):
    quick.setattr(loop_module, "EVERY_S", 0.01)
    (mirror.folder / "a.jsonl").mkdir(parents=True)
    loop = Loop(mirror, lambda: 0, lambda: 0.5)
    with pytest.raises(UplappError, match="journals on this disk"):
        mirror.push()
    loop.start()
    until(lambda: loop._failures > 1)
    (mirror.folder / "a.jsonl").rmdir()
    until(lambda: mirror.status.last_sync)
    loop.stop()


@pytest.mark.parametrize(
    ("failures", "asked_s", "jitter", "expected_s"),
    [
        (1, 0, 0.5, 60),
        (2, 0, 0.5, 120),
        (9, 0, 0.5, 600),
        (1, 0, 0.0, 30),
        (1, 300, 0.0, 300),
        (9999, 0, 0, 300),
    ],
)
def test_waits_double_up_to_ten_minutes_and_are_never_shorter_than_asked(
    failures, asked_s, jitter, expected_s
):
    assert pause_s(failures, asked_s, jitter) == expected_s
