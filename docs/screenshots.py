"""Draw the pictures of the app in README and docs from the running app: `python docs/screenshots.py`.

It needs Chromium, as the tests of the page do.
"""

import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HOUSE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOUSE))

from tests.browser.launching import FLAGS, wait_for_page  # noqa: E402
from tests.web.processes import free_port  # noqa: E402

COLOURS = 128
SETTLED_MS = 3000


def restore_tab(page: Page) -> bytes:
    """The Restore tab as it opens."""
    page.frame_locator("#compare iframe").locator("canvas").wait_for()
    page.wait_for_timeout(SETTLED_MS)
    return page.screenshot()


def analysis_tab(page: Page) -> bytes:
    """The differences of the published denoising study."""
    page.get_by_role("tab", name="Analysis").click()
    page.get_by_text("LPIPS+l2 looks best").wait_for()
    page.get_by_role("tab", name="Differences").click()
    page.locator(".marks").nth(1).wait_for()
    page.wait_for_timeout(SETTLED_MS)
    return page.screenshot()


PICTURES: dict[str, tuple[Callable[[Page], bytes], tuple[int, int]]] = {
    "restore.png": (restore_tab, (1280, 1180)),
    "analysis.png": (analysis_tab, (1280, 1000)),
}


@contextmanager
def running() -> Iterator[str]:
    """The address of the app on fresh data."""
    port = free_port()
    place = {"UPLAPP_DATA": tempfile.mkdtemp(), "GRADIO_SERVER_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=HOUSE, env={**os.environ, **place})
    try:
        yield wait_for_page(f"http://127.0.0.1:{port}", lambda: process.poll() is None)
    finally:
        process.terminate()


def main() -> None:
    """Draw all pictures."""
    with running() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=[*FLAGS])
        for name, (draw, (width, height)) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            page.locator("#restore").wait_for()
            shown = Image.open(io.BytesIO(draw(page))).convert("RGB").quantize(COLOURS)
            shown.save(HOUSE / "docs" / name, optimize=True)
            print(f"docs/{name}: {width}x{height}")


if __name__ == "__main__":
    main()
