"""A real server on a free port and a real Chromium; skipped with a reason where none is installed."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.web.serving import serving

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def serve() -> Iterator[Callable[[object], str]]:
    """`serve(app)` starts an application and returns its address; stopped after the test."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))


@pytest.fixture(scope="module")  # not longer: while Playwright runs, no other test can start an event loop
def chromium() -> Iterator[object]:
    """Headless Chromium; where it is missing the test is skipped, or fails under UPLAPP_REQUIRE_BROWSER."""
    path = shutil.which("chromium")
    if path is None:
        report = pytest.fail if os.environ.get("UPLAPP_REQUIRE_BROWSER") else pytest.skip
        report("Chromium is not installed (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium) -> Iterator[Callable[..., object]]:
    """`open_page(width, height)` opens a fresh page (own storage); an error of its scripts fails the test."""
    contexts, errors = [], []

    def opened(width=1280, height=800, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []
