"""A folder dropped on the Restore tab is restored as a whole; nothing starts while nothing is ticked."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.browser.moves import download, drop, tick

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_dropped_folder_is_restored_into_one_zip_with_one_table(page, tmp_path):
    folder = tmp_path / "leaves"
    (folder / "deep").mkdir(parents=True)
    for place, name in enumerate(("a.png", "deep/b.png")):
        grey = np.full((64, 72, 3), 90 + 40 * place, np.uint8)
        Image.fromarray(grey).save(folder / name)
    (folder / ".hidden").write_text("what a file manager leaves")
    page.get_by_role("button", name="Several files at once").click()
    page.locator("#files").scroll_into_view_if_needed()
    drop(page, "#files button[aria-label]", folder)
    page.locator("#files td[aria-label='b.png']").wait_for()

    tick(page, "denoise", ())
    for button in ("#restore", "#restore-all"):
        page.locator(f"{button}:disabled").wait_for()
    tick(page, "denoise", ("L2",))
    page.locator("#restore:enabled").wait_for()
    page.locator("#restore-all").click()
    page.get_by_text("2 files restored").wait_for()
    with zipfile.ZipFile(io.BytesIO(download(page, page.locator("#archive")))) as archive:
        names = archive.namelist()
    assert {"a/a-denoise-unet-l2.png", "b/b-denoise-unet-l2.png", "metrics.csv"} <= set(names)
