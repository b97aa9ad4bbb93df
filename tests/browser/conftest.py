"""A real server on a free port and a real Chromium, without which tests are skipped with a reason."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.launching import FLAGS, PATIENCE_MS, SIZES, wait_for_page
from tests.browser.moves import short_study
from tests.web.processes import free_port
from tests.web.serving import serving
from uplapp.hub.deploy import tracked

LARGE = (".safetensors", ".png")


@pytest.fixture
def serve() -> Iterator[Callable[[object], str]]:
    """`serve(app)` starts an application until the end of the test and returns its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


@pytest.fixture
def start(store, serve, tmp_path):
    """`start(parts, **protocol)` serves a short study and returns it with its address."""
    return lambda *args, **protocol: short_study(store, serve, tmp_path / "tiny", *args, **protocol)


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can start an event loop
def chromium() -> Iterator[object]:
    """Headless Chromium. Where it is missing the test is skipped, or fails under UPLAPP_REQUIRE_BROWSER."""
    path = shutil.which("chromium")
    if path is None:
        report = pytest.fail if os.environ.get("UPLAPP_REQUIRE_BROWSER") else pytest.skip
        report("Chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium) -> Iterator[Callable[..., object]]:
    """`open_page(width, height)` opens a page with own storage. An error of its scripts fails the test."""
    contexts, errors = [], []

    def opened(width=1280, height=800, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="session")
def clone(house, tmp_path_factory) -> Path:
    """A folder of what a clone and a Space have: the app's files that git tracks, as they lie here."""
    folder = tmp_path_factory.mktemp("clone")
    for name, content in tracked(house).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(LARGE):
            (folder / name).symlink_to(house / name)
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def app(clone) -> Iterator[str]:
    """The address of the real app in a process of its own, run in a clone."""
    from tests.web.desks import TOKEN  # brings torch and gradio, which this process may never need

    port = free_port()
    settings = {"UPLAPP_DATA": "data", "UPLAPP_ADMIN_TOKEN": TOKEN, "GRADIO_SERVER_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=clone, env={**os.environ, **settings})
    try:
        yield wait_for_page(f"http://127.0.0.1:{port}", lambda: process.poll() is None)
    finally:
        process.terminate()
        process.wait(timeout=180)


@pytest.fixture(scope="module")
def visits(chromium) -> Iterator[object]:
    """A browser that keeps what the front page is made of from one visit to the next.

    Each visit is a tab: what the page remembers it keeps in the tab's own storage.
    """
    context = chromium.new_context(accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture(params=[SIZES["desktop"]], ids=["desktop"])
def page(request, app, visits):
    """The front page, loaded on a desktop, or in `both_sizes`.

    An error of its scripts or a request to another host fails the test.
    """
    width, height = request.param
    opened, errors, urls = visits.new_page(), [], []
    opened.set_viewport_size({"width": width, "height": height})
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("request", lambda event: urls.append(event.url))
    opened.goto(app)
    opened.locator("#restore").wait_for()
    yield opened
    opened.close()
    assert errors == []
    assert [url for url in urls if not url.startswith((app, "data:", "blob:"))] == []
