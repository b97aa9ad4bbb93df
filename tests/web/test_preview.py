"""A study that is tried leaves nothing behind: not in the database, not on the disk."""

import re
import socket
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.calling import caller
from tests.study.tiny import write_study
from tests.web.desks import ENTRY, open_desk
from tests.web.serving import Observer
from uplapp.__main__ import app
from uplapp.errors import UplappError
from uplapp.study.definition import Access, Completion, Panel, Translation
from uplapp.study.store.store import reading
from uplapp.web import preview
from uplapp.web.preview import MARK, PATH, opened_to_all, previewing
from uplapp.web.researcher.watch import board


@pytest.fixture
def desk(tmp_path):
    with previewing() as previews:
        opened = replace(open_desk(tmp_path), previews=previews)
        yield opened
        opened.shelf.store.close()


def tried(desk):
    """An observer who tries the study of the desk."""
    study = desk.shelf.studies["tiny"]
    path = desk.previews.show(study.definition, study.stimuli)
    client = TestClient(Starlette(routes=[Mount(f"/{PATH}", app=desk.previews.app())]))
    visitor = Observer(client)
    visitor.api = f"/{PATH}/api/{path.split('/')[1]}"
    assert client.get(f"/{path}").status_code == 200
    return visitor


def answers(database):
    with reading(database) as reader:
        return reader.rows("SELECT count(*) AS n FROM answers", {})[0]["n"]


def test_a_preview_goes_as_the_study_does_and_stores_nothing_in_it(desk):
    visitor = tried(desk)
    state = visitor.join()
    assert all(png.startswith(b"\x89PNG") for png in visitor.pictures(state["trial"]))
    assert visitor.answer(state["trial"]).status_code == 200
    assert answers(desk.previews.store.path) == 1
    assert answers(desk.shelf.settings.answers) == 0


def test_what_was_tried_is_gone_at_the_end(tmp_path):
    with previewing() as previews:
        folder = previews.store.path.parent
        assert folder.is_dir()
    assert not folder.exists()


def test_a_preview_says_what_it_is_and_is_open_to_whoever_has_its_address(desk):
    study = replace(
        desk.shelf.studies["tiny"].definition,
        access=Access(links_only=True, quota=1),
        panel=Panel("prolific"),
        completion=Completion(redirect="https://example.org"),
        translations=(Translation("de", "Welches?"), Translation("fr")),
    )
    shown = opened_to_all(study, "a0")
    assert (shown.access, shown.panel, shown.completion.redirect) == (Access(), Panel(), "")
    assert shown.title == f"{MARK}: {study.title}"
    assert [one.title for one in shown.translations] == [f"{MARK}: Welches?", ""]


def test_the_same_study_keeps_its_address_and_the_oldest_of_many_goes(desk, monkeypatch):
    monkeypatch.setattr(preview, "MOST", 1)
    study = desk.shelf.studies["tiny"]
    first = desk.previews.show(study.definition, study.stimuli)
    assert desk.previews.show(study.definition, study.stimuli) == first
    second = desk.previews.show(replace(study.definition, title="Another"), study.stimuli)
    assert [f"{PATH}/{token}" for token in desk.previews.studies] == [second]


def test_the_board_of_a_study_leads_to_its_preview(desk):
    drawn = "".join(board.draw(desk, ENTRY, "tiny", board.HOUR))
    token = re.search(rf'href="{PATH}/([0-9a-f]+)" target="_blank">Try it: nothing is stored', drawn)[1]
    assert token in desk.previews.studies


def test_the_command_line_serves_a_study_to_try(tmp_path, monkeypatch):
    asked = []
    write_study(tmp_path / "studies" / "tiny")
    monkeypatch.setattr("uplapp.commands.shared.folder_of", lambda name, _: tmp_path / "studies" / name)

    def run(server, sockets):
        asked.append((TestClient(server.config.app), sockets[0].getsockname()[1]))

    monkeypatch.setattr("uvicorn.Server.run", run)
    said = caller(app)("study", "preview", "tiny", "--port", "0").stderr
    ((client, port),) = asked
    address = re.search(r"try it at http://127\.0\.0\.1:(\d+)(/preview/\w+);", said)
    assert int(address[1]) == port
    assert client.get(address[2]).status_code == 200
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UplappError, match=r"in use.*; give another --port"):
            caller(app)("study", "preview", "tiny", "--port", port)
