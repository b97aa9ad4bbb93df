"""The scripts of the observer's page lie in rooms, and only lower rooms are imported."""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.web.serving import mounted
from uplapp.web.observer.routes import STATIC, TYPES

ROOMS = {
    "base": {"base"},
    "trial": {"base", "trial"},
    "way": {"base", "trial", "way"},
    "volume": {"base", "trial", "volume"},
    "compare": {"base", "compare", "trial"},
}
SCRIPTS = sorted(STATIC.rglob("*.js"))
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())


def imported(path: Path) -> set[Path]:
    names = re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8"))
    return {(path.parent / name).resolve() for name in names}


def reached(path: Path) -> set[Path]:
    """Every script that a script needs, itself left out unless it needs itself."""
    waiting, reached = imported(path), set()
    while waiting:
        reached |= waiting
        waiting = {other for one in waiting for other in imported(one)} - reached
    return reached


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
class TestEachScript:
    def test_lies_in_a_room_and_imports_only_from_lower_ones(self, path):
        rooms = {other.parent.name for other in imported(path)}
        assert rooms <= ROOMS[path.parent.name]

    def test_imports_scripts_that_exist_and_never_itself(self, path):
        needed = reached(path)
        assert needed <= set(SCRIPTS)
        assert path not in needed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_is_served_under_its_own_path_with_its_own_type(path):
    with TestClient(mounted(None, {})) as client:
        reply = client.get(f"/study/static/{path.relative_to(STATIC).as_posix()}")
    assert reply.status_code == 200
    assert reply.content == path.read_bytes()
    assert reply.headers["content-type"].partition(";")[0] == TYPES[path.suffix]


def test_the_page_names_files_that_exist():
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:href|src)="static/([^"]+)"', page)
    assert len(named) == 3
    assert [name for name in named if not (STATIC / name).is_file()] == []
