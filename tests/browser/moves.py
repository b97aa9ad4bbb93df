"""What tests do on the page, whatever it shows."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.analysis import made
from tests.browser.launching import PATIENCE_S, SIZES
from tests.study.tiny import open_tiny, write_study
from tests.web.serving import mounted
from uplapp.web.observer.routes import STATIC

# A trial that takes answers, or a screen without one.
READY = (
    "#trial:visible #choose-left:enabled:visible, #trial:visible #places:visible [aria-pressed=true], "
    "#rate:visible #rate-switch:enabled, #pause:visible, #questions:visible, #thanks:visible"
)


FITS = "document.documentElement.scrollWidth <= window.innerWidth + 1"


def fits(page) -> bool:
    return page.evaluate(FITS)


def fit_windows(page) -> None:
    """Wait until the page fits a desktop and a phone, the last of which it is left in."""
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)  # charts follow a window when they are drawn next
        page.wait_for_function(FITS)


def download(page, locator) -> bytes:
    with page.expect_download() as event:
        locator.click()
    return Path(event.value.path()).read_bytes()


def give_picture(page, folder, name="small") -> Image.Image:
    """Upload a photograph of 48x40 pixels, which a network restores in no time. Returns it."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8))
    picture.save(folder / f"{name}.png")
    page.locator("input[type=file][accept*=tiff]").set_input_files(folder / f"{name}.png")
    page.get_by_text(f"{name}.png, 48x40").wait_for()
    return picture


def give_file(field, path) -> None:
    """Choose a file, and wait until it is uploaded."""
    field.locator("input[type=file]").set_input_files(path)
    field.locator(".file-preview").get_by_text(path.stem, exact=True).wait_for()


def drop(page, place, *paths):
    """Drop files or folders as a hand does."""
    page.locator(place).scroll_into_view_if_needed()
    box = page.locator(place).bounding_box()
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **where})


def restored(page, rows: int) -> None:
    """Wait for results whose table has so many rows.

    The page opens with those of an example, which has no files."""
    page.locator("#archive").wait_for()
    page.wait_for_function(
        "(rows) => document.querySelectorAll('#metrics tbody tr').length === rows", arg=rows, polling=200
    )


def choose(tab, source: str) -> None:
    """Choose on the Analysis tab which votes it reads."""
    tab.locator("#source").get_by_text(source).click()


def upload(tab, label: str, folder, text: str, name: str) -> None:
    """Give the file field of this label a file."""
    field = tab.locator(f".block:has(> label:has-text('{label}'))").locator("input[type=file]")
    field.set_input_files(made.write(folder, text, name))


def open_view(tab, name: str) -> None:
    """Open an inner tab."""
    tab.locator("[role=tab]:visible", has_text=re.compile(f"^{name}$")).click()


def agree(page, address):
    """Welcome and consent by keyboard alone, until the checks are done."""
    page.goto(address)
    page.wait_for_selector("#welcome:visible")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ready:enabled")


def consent(page, address):
    """Welcome, consent and checks, by keyboard alone."""
    agree(page, address)
    page.keyboard.press("Enter")


def begin(page, address):
    """As `consent`, until the first trial is shown."""
    consent(page, address)
    page.wait_for_selector("#trial:visible")


def second_tab(page, address):
    """Another tab of the same browser, at the trial where the first is."""
    other = page.context.new_page()
    other.goto(address)
    other.click("#returning-go")
    other.wait_for_selector("#ready:enabled")
    other.keyboard.press("Enter")
    other.wait_for_selector("#trial:visible")
    return other


def reaches(page, number):
    page.wait_for_function(
        "(text) => document.querySelector('#count').textContent.startsWith(text)", arg=f"Comparison {number} "
    )


def outbox(page) -> list[dict]:
    """The answers that wait in the browser."""
    return json.loads(page.evaluate("() => localStorage.getItem('outbox:tiny')") or "[]")


def answers(store):
    return store.rows("SELECT * FROM answers JOIN trials ON token = trial ORDER BY answered_at", {})


def go_through(page, store, act):
    """Press Enter on pauses and `act` on trials up to the questions or the last page. Returns its code."""
    while True:
        page.wait_for_selector(READY, state="attached")
        if page.is_visible("#thanks") or page.is_visible("#questions"):
            return page.text_content("#code")
        if page.is_visible("#pause"):
            page.keyboard.press("Enter")
            page.wait_for_timeout(100)  # another pause may come, which looks alike
            continue
        before = len(answers(store))
        act(page, before)
        wait_for_answer(page, store, before)


def wait_until(page, true: Callable[[], bool]) -> None:
    """Until something that the page alone cannot see is true."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "waited too long"
        page.wait_for_timeout(50)


def wait_for_answer(page, store, before):
    """Until one more answer is stored."""
    wait_until(page, lambda: len(answers(store)) > before)


def answer_side_by_side(page, number):
    page.wait_for_selector("#choose-left:enabled")  # after the blank and one cycle
    page.keyboard.press(("ArrowLeft", "ArrowRight", "1", "2")[number % 4])


def look_at(page, side, key):
    """Switch to a flicker once the trial listens, and watch it for its two cycles."""
    button = page.locator(f"#show-{side}")
    while button.get_attribute("aria-pressed") != "true":
        page.keyboard.press(key)
        page.wait_for_timeout(50)
    page.wait_for_function(
        "(id) => document.getElementById(id).style.getPropertyValue('--seen') === '100%'", arg=f"show-{side}"
    )


def answer_in_place(page, number):
    look_at(page, "right", "ArrowRight" if number % 2 else "2")
    look_at(page, "left", "ArrowLeft" if number % 2 else "1")
    page.wait_for_selector("#choose-shown:enabled")
    page.keyboard.press("Enter")


def short_study(store, serve, folder, parts=None, size=(64, 48), **protocol):
    """Serve a tiny study of two trials, and return it with its address."""
    short = {"practice": 0, "catch": 0, "pairs": "random:2", "blank_ms": 100.0}
    study = open_tiny(store, write_study(folder, size=size), parts=parts, **(short | protocol))
    return study, f"{serve(mounted(store, {'tiny': study}))}/study/tiny"


def texts(language):
    return json.loads((STATIC / "base" / f"text.{language}.json").read_text(encoding="utf-8"))


def by_pointer(page, address):
    """Consent and checks, whatever else is on the welcome page."""
    page.goto(address)
    page.check("#agree")
    page.click("#consent button")
    page.wait_for_selector("#ready:enabled")
    page.click("#ready")


def session_of(page):
    return page.evaluate("() => localStorage.getItem('session:tiny')")


def in_any_layout(page, number):
    if page.is_visible("#choose-left"):
        return answer_side_by_side(page, number)
    while not page.is_enabled("#choose-shown"):  # time adds up, however often one turns to and fro
        page.click("#places [aria-pressed=false]")
        page.wait_for_timeout(700)
    return page.click("#choose-shown")


def contrasts(page) -> list[tuple[float, str]]:
    """The WCAG ratio of every visible text with its background, lowest first, from the styles as computed."""
    return sorted((ratio, text) for ratio, text in page.evaluate(CONTRASTS))


CONTRASTS = """() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => Object.fromEntries(
    ['r', 'g', 'b'].map((part) => [part, top[part] * top.a + below[part] * (1 - top.a)]));
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      layers.push(parse(getComputedStyle(one).backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), { r: 255, g: 255, b: 255 });
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    const visible = element.checkVisibility({ visibilityProperty: true });
    if (!text || !visible || element.closest('.unseen')) continue;
    const ground = behind(element);
    const [one, two] = [light(over(parse(getComputedStyle(element).color), ground)), light(ground)];
    found.push([(Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05), text]);
  }
  return found;
}"""


def tick(page, task, labels) -> None:
    """Tick the networks of a task that have these labels, and untick the others.

    The menu adds a dagger to some labels, which is not part of them.
    """
    for box in page.locator(f"#checkpoints-{task} label").all():
        box.locator("input").set_checked(box.inner_text().strip(" †\n") in labels)


def restore_by(page, *losses: str) -> None:
    """Restore the photograph on the page by exactly these networks, and wait for their results."""
    tick(page, "denoise", losses)
    page.locator("#restore").click()
    restored(page, 1 + len(losses))
