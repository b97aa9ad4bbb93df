"""The real app on folders of a test's own, forked from a process that has imported it once.

To import it takes seconds, to fork it takes none. What is imported has no state: `serve` does all the rest.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.launching import wait_for_page
from tests.web.desks import TOKEN, settings
from tests.web.processes import free_port
from uplapp.settings import DATABASE
from uplapp.study.store.store import reading

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["uplapp.web.page", "tests.web.desks"])


@contextmanager
def started(folder: Path, log: Path) -> Iterator[str]:
    """The address of the app, whose output goes to `log`."""
    port = free_port()
    process = FORKS.Process(target=_run, args=(folder, port, log))
    process.start()
    try:
        yield wait_for_page(f"http://127.0.0.1:{port}", process.is_alive)
    finally:
        process.terminate()
        process.join(timeout=180)
    assert process.exitcode is not None, "the app did not end"


def _run(folder: Path, port: int, log: Path) -> None:
    from uplapp.web.page import serve

    with log.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ["GRADIO_SERVER_PORT"] = str(port)
    serve(settings(folder))


def rows(folder, query):
    """What is in the database of the app."""
    with reading(settings(folder).data / DATABASE) as reader:
        return reader.rows(query, {})


def go_to_gate(page, address):
    page.goto(address)
    page.locator("#restore").wait_for()
    page.get_by_role("tab", name="Study").click()
    page.get_by_role("tab", name="Researcher").click()


def offer(page, token):
    page.locator("#token input").fill(token)
    page.locator("#enter").click()


def go_in(page, address):
    """Enter by the right token, to the watch over the first study."""
    go_to_gate(page, address)
    offer(page, TOKEN)
    page.get_by_role("tab", name="Watch").wait_for()


def tile(page, label):
    return page.locator("#board .tile", has_text=label).locator("b")
