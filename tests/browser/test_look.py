"""How every view looks: faults that axe-core finds, what is missing, what jumps, in both themes and sizes."""

import importlib.resources
import re

import httpx
import pytest

from tests.browser.launching import SIZES
from tests.web.desks import TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# Serious and critical faults, each with the first element that has it.
FAULTS = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter(fault => ["serious", "critical"].includes(fault.impact))
  .map(fault => `${fault.id}: ${fault.nodes[0].html.slice(0, 120)} ${fault.nodes[0].failureSummary}`)"""
SHIFTS = """window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) window.shift += entry.value;
})).observe({ type: "layout-shift", buffered: true })"""
# Names for screen readers that are keys of a translation, such as "common.clear".
KEYS = """() => [...document.querySelectorAll("[aria-label], [title], [alt], [placeholder]")]
  .flatMap(one => ["aria-label", "title", "alt", "placeholder"].map(name => one.getAttribute(name)))
  .filter(text => /^[a-z_]+(\\.[a-z_]+)+$/.test(text))"""
# The names of the large tabs that were opened, by the script of the page or by hand.
COUNT_TABS = """window.opened = []; document.addEventListener("click", ({ target }) => {
  const tab = target.closest?.("[role=tab]");
  if (["Restore", "Study", "Analysis"].includes(tab?.textContent.trim())) opened.push(tab.textContent.trim());
}, true)"""
LARGEST_SHIFT = 0.1  # "good" by web.dev
# What Gradio brings warns of its own library of charts.
KNOWN = re.compile("The input spec uses Vega-Lite")


def open_tab(page, name):
    page.locator("[role=tab]:visible", has_text=re.compile(f"^{name}$")).click()


def restore(page):
    page.frame_locator("#compare iframe").locator("canvas").wait_for()
    samples = page.locator("#inputs .samples:visible")
    picture = samples.locator("img").first.bounding_box()["height"]
    assert samples.bounding_box()["height"] < 3 * picture  # two rows on a phone, and no empty room below


def scan(page):
    page.get_by_label("MR reconstruction").check()
    page.locator("#checkpoints-mri").wait_for()


def pictures(page):
    open_tab(page, "Pictures")
    page.locator("#results img").first.wait_for()


def ranking(page):
    open_tab(page, "Analysis")
    page.get_by_text("LPIPS+l2 looks best").wait_for()
    page.locator(".vega-embed .marks").first.wait_for()


def differences(page):
    open_tab(page, "Differences")
    page.get_by_text("p (Holm)").wait_for()


def plan(page):
    open_tab(page, "Plan")
    page.get_by_text("Expected information, bit").wait_for()


def paper(page):
    open_tab(page, "Paper")
    page.locator(".cm-line").first.wait_for()


def study(page):
    open_tab(page, "Study")
    page.frame_locator("iframe[title='The study']").get_by_role("checkbox").wait_for()


def watch(page):
    open_tab(page, "Researcher")
    page.locator("#token input").fill(TOKEN)
    page.locator("#enter").click()
    page.locator(".board .tile").first.wait_for()


def build(page):
    open_tab(page, "Build a study")
    page.locator("#check").wait_for()


VIEWS = (restore, scan, pictures, ranking, differences, plan, paper, study, watch, build)
WALKS = {
    "light, desktop": ("light", "desktop", VIEWS),
    "dark, phone": ("dark", "phone", (restore, ranking, differences, paper, study, watch)),
}


def faults_of(page) -> list[str]:
    """The faults of what is shown. A page that still loads has some for a moment, so it is asked again."""
    for _ in range(10):
        found = [*page.evaluate(FAULTS), *page.evaluate(KEYS)]
        if not found:
            break
        page.wait_for_timeout(500)
    return found


@pytest.mark.parametrize(("theme", "size", "views"), WALKS.values(), ids=WALKS)
def test_no_view_has_a_fault_that_axe_calls_serious(app, open_page, theme, size, views):
    page = open_page(*SIZES[size], color_scheme=theme)
    page.add_init_script(AXE)
    page.add_init_script(SHIFTS)
    said, asked, failed = [], [], []
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda reply: failed.append(reply.url) if reply.status >= 400 else None)
    page.goto(app)
    page.locator("#restore").wait_for()
    faults, jumped = {}, None
    for view in views:
        view(page)
        jumped = page.evaluate("window.shift") if jumped is None else jumped
        found = faults_of(page)
        faults |= {view.__name__: found} if found else {}
    assert faults == {}
    assert jumped < LARGEST_SHIFT
    assert [text for text in said if not KNOWN.search(text)] == []
    assert [url for url in asked if not url.startswith((app, "data:", "blob:"))] == []
    assert failed == []


def test_an_address_without_a_page_says_so_and_leads_back(app, open_page):
    asks = {"Accept": "text/html"}
    for path, words in (("no/such", "Nothing is at this address"), ("study/none", "no open study")):
        reply = httpx.get(f"{app}/{path}", headers=asks, timeout=60)
        assert (reply.status_code, words in reply.text) == (404, True)
        assert "frame-ancestors" in reply.headers["content-security-policy"]
    page = open_page()
    page.goto(f"{app}/study/none")
    page.get_by_role("link", name="To the start").click()
    page.locator("#restore").wait_for()


def test_an_address_opens_a_tab_a_task_and_a_study(app, open_page):
    page = open_page()
    page.add_init_script(COUNT_TABS)
    page.goto(f"{app}/?study=demo&task=mri")
    page.frame_locator("iframe[title='The study']").get_by_role("checkbox").wait_for()
    open_tab(page, "Restore")
    page.locator("#checkpoints-mri").wait_for()
    page.wait_for_timeout(1000)  # the script of the page looks again when the page has changed
    assert page.evaluate("window.opened") == ["Study", "Restore"]  # nothing draws a visitor back
    page.get_by_label("Photo denoising").check()
    page.wait_for_url(re.compile("tab=restore&?.*task=denoise|task=denoise&?.*tab=restore"))
