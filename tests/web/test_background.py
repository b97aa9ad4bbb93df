"""Long work runs in a thread of its own: it can be followed, and stopped."""

import os
import sys
import threading

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")

from uplapp.errors import Cancelled, UplappError
from uplapp.web.widgets import aside, working

PATIENCE_S = 60  # only a broken test waits so long
IDLE = {"__type__": "update"}  # what Gradio takes for no change


class Heard(list):
    """In place of Gradio's progress bar: what it was told."""

    def __call__(self, share, desc):
        self.append((share, desc))


def finish(generator):
    """Exhaust a generator. Returns what it yielded and what it returned."""
    yielded = []
    try:
        while True:
            yielded.append(next(generator))
    except StopIteration as end:
        return yielded, end.value


def test_updates_that_change_nothing_come_while_the_work_runs_and_its_result_at_the_end():
    go = threading.Event()
    job = working(lambda watch: go.wait(PATIENCE_S), Heard(), "replicates")
    assert [next(job), next(job)] == [IDLE, IDLE]
    assert not go.is_set()
    go.set()
    yielded, result = finish(job)
    assert all(update == IDLE for update in yielded)
    assert result is True


def test_the_page_hears_how_far_the_work_is():
    ready, go, heard = threading.Event(), threading.Event(), Heard()

    def work(watch):
        watch(2, 5)
        ready.set()
        go.wait(PATIENCE_S)

    job = working(work, heard, "replicates")
    next(job)
    assert ready.wait(PATIENCE_S)
    next(job)
    assert set(heard) == {((2, 5), "replicates")}
    go.set()
    finish(job)


def test_whoever_waits_long_is_told_once():
    go = threading.Event()
    job = working(lambda watch: go.wait(PATIENCE_S), Heard(), "replicates", "please wait")
    assert [next(job), next(job)] == ["please wait", IDLE]
    go.set()
    finish(job)


def test_an_exception_of_the_work_is_passed_on():
    def work(watch):
        raise UplappError("no votes")

    with pytest.raises(UplappError, match="no votes"):
        finish(working(work, Heard(), "replicates"))


def test_work_that_nobody_waits_for_any_more_is_stopped_the_next_time_it_tells_how_far_it_is():
    before, ends, pause = set(threading.enumerate()), [], threading.Event()

    def work(watch):
        try:
            for done in range(6000):  # a minute, if nothing stops it
                watch(done, 6000)
                pause.wait(0.01)
        except Cancelled as error:
            ends.append(str(error))
            raise

    job = working(work, Heard(), "replicates")
    next(job)
    job.close()
    assert ends == ["replicates: stopped"]
    assert set(threading.enumerate()) <= before


def test_work_that_nobody_ever_waited_for_does_not_begin():
    begun = []
    working(begun.append, Heard(), "replicates").close()
    assert begun == []


@pytest.mark.skipif(sys.platform != "linux", reason="a priority is a thread's own on Linux alone")
def test_work_aside_and_threads_it_starts_leave_the_processor_to_others():
    def niceness():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def of_a_thread_of_its_own():
        found = []
        thread = threading.Thread(target=lambda: found.append(niceness()))
        thread.start()
        thread.join()
        return [niceness(), *found]

    own = niceness()
    with aside() as pool:
        assert min(pool.submit(of_a_thread_of_its_own).result()) > own
    assert niceness() == own
