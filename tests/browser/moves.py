"""What tests do on the page, whatever it shows."""

from pathlib import Path


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def download(page, locator) -> bytes:
    with page.expect_download() as event:
        locator.click()
    return Path(event.value.path()).read_bytes()
