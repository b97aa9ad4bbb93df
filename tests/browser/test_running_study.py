"""A study under way on the researcher's page: to leave out, take back, serve an edit, read the log."""

import httpx
import pytest

from tests.browser.researcher_process import go_in, rows, started, tile
from tests.study.tiny import write_study
from tests.web.desks import settings
from tests.web.serving import Observer

pytestmark = [pytest.mark.browser, pytest.mark.slow]
EDITIONS = "SELECT count(*) AS n FROM studies"


def test_leaving_out_taking_back_and_serving_an_edit_stand_in_the_log(open_page, tmp_path):
    folder = write_study(settings(tmp_path).studies / "faces", protocol="practice = 0\ncatch = 0")
    with (
        started(tmp_path, tmp_path / "log") as address,
        httpx.Client(base_url=address, timeout=180) as client,
    ):
        person = Observer(client, "faces")
        person.answer(person.join()["trial"])
        (named,) = (row["id"] for row in rows(tmp_path, "SELECT id FROM observers"))
        page = open_page()
        go_in(page, address)
        tile(page, "answers").first.get_by_text("1", exact=True).wait_for()
        said = page.locator("#judgement")

        page.locator("#judged input").fill(named)
        page.locator("#reason input").fill("fell asleep")
        page.get_by_role("button", name="Leave out", exact=True).click()
        said.get_by_text("is left out of scores").wait_for()
        assert rows(tmp_path, "SELECT excluded FROM observers") == [{"excluded": "left out: fell asleep"}]
        page.locator("#people").get_by_text("fell asleep").wait_for()
        page.locator("#judged input").fill(named)
        page.get_by_role("button", name="Take back").click()
        said.get_by_text("counts again").wait_for()
        assert rows(tmp_path, "SELECT excluded FROM observers") == [{"excluded": ""}]

        definition = folder / "study.toml"
        definition.write_text(definition.read_text().replace("practice = 0", "practice = 0\nphase_ms = 500"))
        page.get_by_role("button", name="Read it from the disk again").click()
        serve = page.get_by_role("button", name="Serve the edit to new people")
        serve.wait_for()
        assert rows(tmp_path, EDITIONS) == [{"n": 1}]  # it waits for somebody who is under way
        serve.click()
        serve.wait_for(state="hidden")
        assert client.get("/study/api/faces/welcome").json()["phase_ms"] == 500

        page.get_by_role("tab", name="Log").click()
        for what in ("exclude", "include", "adopt"):
            page.locator("#log").get_by_text(what, exact=True).wait_for()
