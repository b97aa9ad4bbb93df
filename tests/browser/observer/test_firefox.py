"""Studies by keyboard in Firefox at four densities of pixels, and in one that hides its clock and its pixels.

The same in Chromium: test_page.py (1.5, 3), test_ways.py (2) and wherever nobody sets another (1).
"""

import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from tests.browser import firefox
from tests.browser.launching import SIZES
from tests.study.tiny import open_tiny, write_study
from tests.web.serving import mounted, serving
from uplapp.study.answers.response import COARSE_CLOCK
from uplapp.study.store.store import Store

pytestmark = pytest.mark.browser
HIDING = {
    "privacy.resistFingerprinting": True,
    "privacy.resistFingerprinting.exemptedDomains": "127.0.0.1",
    "privacy.resistFingerprinting.testGranularityMask": 4,  # or the exemption is ignored
}
EXACT = "The pictures are shown at their exact size, dot for dot."
# What somebody who looks at the screen presses next, if anything. In place both must be seen for a while.
NEXT = """(() => {
  const at = (id) => document.getElementById(id);
  if (!at('thanks').hidden) return 'end';
  if (at('trial').hidden) return '';
  if (at('places').hidden) return at('choose-left').disabled ? '' : 'ArrowLeft';
  const seen = (side) => at(`show-${side}`).style.getPropertyValue('--seen') === '100%';
  const unseen = ['right', 'left'].find((side) => !seen(side));
  if (!unseen) return at('choose-shown').disabled ? '' : 'Enter';
  if (at(`show-${unseen}`).ariaPressed === 'true') return '';
  return unseen === 'left' ? 'ArrowLeft' : 'ArrowRight';
})()"""


@pytest.fixture(scope="module")
def sittings(tmp_path_factory):
    """A study that many people take one after the other, each for a few seconds."""
    folder = tmp_path_factory.mktemp("sittings")
    with closing(Store(folder / "answers.db")) as store:
        short = {"practice": 0, "catch": 0, "pairs": "random:1", "blank_ms": 100.0, "phase_ms": 100.0}
        study = open_tiny(store, write_study(folder / "tiny"), **short)
        with serving(mounted(store, {"tiny": study})) as address:
            yield SimpleNamespace(store=store, address=f"{address}/study/tiny")


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    """`tab(width, height, ratio)`: a tab of a Firefox that hides clock and pixels, but not from 127.0.0.1."""
    with firefox.started(tmp_path_factory.mktemp("firefox"), HIDING) as browser:
        yield browser.tab


def take_part(tab, address) -> str:
    """From the consent to the code. Returns what the page said about the display's pixels."""
    tab.goto(address)
    tab.wait("!document.getElementById('welcome').hidden")
    for key in ("Tab", "Space", "Tab", "Enter"):
        tab.press(key)
    tab.wait("!document.getElementById('ready').disabled")
    said = tab.evaluate("document.getElementById('check-ratio').textContent")
    tab.press("Enter")
    while (key := tab.evaluate(NEXT)) != "end":
        if key:
            tab.press(key)
        time.sleep(0.03)
    assert len(tab.evaluate("document.getElementById('code').textContent")) == 10
    return said


def last_answer(store):
    """What is stored of the person who came last, late frames aside: they are shown once more."""
    (row,) = store.rows(
        """SELECT layout, pixel_ratio, flags FROM answers JOIN trials ON token = trial WHERE excluded = ''
        AND observer = (SELECT id FROM observers ORDER BY joined_at DESC LIMIT 1)""",
        {},
    )
    return row


@pytest.mark.parametrize(
    ("size", "ratio", "layout"),
    [
        ("desktop", 1, "side_by_side"),
        ("desktop", 1.5, "side_by_side"),
        ("phone", 2, "in_place"),
        ("phone", 3, "in_place"),
    ],
)
def test_a_study_by_keyboard_from_consent_to_code(tab, sittings, size, ratio, layout):
    with tab(*SIZES[size], ratio) as opened:
        assert take_part(opened, sittings.address) == EXACT
    row = last_answer(sittings.store)
    assert (row["layout"], row["pixel_ratio"]) == (layout, ratio)
    assert not {"no_input", COARSE_CLOCK} & set(row["flags"].split())


def test_who_hides_the_clock_and_the_pixels_is_taken_and_flagged_and_not_told_dot_for_dot(tab, sittings):
    with tab(*SIZES["desktop"], 1.5) as opened:
        said = take_part(opened, sittings.address.replace("127.0.0.1", "localhost"))
    assert said.startswith("Your browser hides its clock and the size of its pixels")
    row = last_answer(sittings.store)
    assert row["pixel_ratio"] == 2  # as Firefox fakes it
    assert COARSE_CLOCK in row["flags"].split()
