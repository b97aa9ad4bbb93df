"""A study that is edited under its observers, with real processes: everybody finishes, nothing is lost."""

import sqlite3
from collections import Counter

import httpx
import pytest
from starlette.testclient import TestClient

from tests.study.tiny import NOW, on_disk, write_study
from tests.web.processes import free_port, server
from tests.web.serving import Observer, mounted
from uplapp.study.session import editions


def answers(tmp_path) -> Counter:
    """How many answers each edition has."""
    query = """SELECT observers.study FROM answers JOIN trials ON trials.token = answers.trial
        JOIN observers ON observers.id = trials.observer"""
    with sqlite3.connect(tmp_path / "answers.db") as connection:
        return Counter(row[0] for row in connection.execute(query))


def go_on(observer: Observer, state: dict, most: int = 99) -> dict:
    while state["trial"] and most:
        assert all(observer.pictures(state["trial"]))
        reply = observer.answer(state["trial"])
        assert reply.status_code == 200, reply.text
        state, most = reply.json(), most - 1
    return state


@pytest.mark.slow
def test_observers_under_way_finish_the_edition_they_began_over_edits_and_restarts(tmp_path):
    folder = write_study(tmp_path / "tiny", conditions=("l1", "l2"))
    text, port = (folder / "study.toml").read_text(), free_port()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        early, late = Observer(client), Observer(client)
        with server(tmp_path, port):
            go_on(early, early.join(), most=2)
        (folder / "study.toml").write_text(text.replace("practice = 1", "practice = 2"))
        (folder / "l2" / "chelsea.png").unlink()
        with server(tmp_path, port):
            assert early.get("welcome").status_code == 200
            codes = {
                go_on(one, state)["code"]
                for one, state in ((early, early.get("state").json()), (late, late.join()))
            }
    assert len(codes) == 2
    assert list(answers(tmp_path).values()) == [2 * (1 + 2 + 1)]


def test_two_editions_are_served_side_by_side(store, tmp_path):
    folder = write_study(tmp_path / "tiny", conditions=("l1", "l2"))
    before = editions.serve(store, on_disk(folder), NOW).present
    with TestClient(mounted(store, {"tiny": before})) as client:
        early = Observer(client)
        early.join()
    path = folder / "study.toml"
    path.write_text(path.read_text().replace("[protocol]", '[protocol]\nphase_ms = 500\nlanguage = "de"'))
    after = editions.serve(store, on_disk(folder), NOW, adopt=True)
    with TestClient(mounted(store, {"tiny": after.present}, {"tiny": after.former})) as client:
        late = Observer(client)
        assert late.join()["trial"]
        early.client = client
        phases = [one.get("welcome").json()["phase_ms"] for one in (early, late)]
        assert phases == [250, 500]
        assert go_on(early, early.get("state").json())["code"]
        assert early.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]}).status_code == 204
        assert early.post("withdraw", {}).status_code == 200
        assert early.get("welcome").json()["phase_ms"] == 500  # now a stranger
