"""What every test may use."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from typer.testing import CliRunner

from tests.study.tiny import open_tiny
from uplapp.__main__ import app
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store

# Examples come from the test itself, not from the clock: a busy machine fails none of them.
settings.register_profile(
    "seeded", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("seeded")


def pytest_configure() -> None:
    """Name a folder of weights that does not exist, so that no test fetches any from the network."""
    os.environ.setdefault("UPLAPP_WEIGHTS", str(Path(__file__).parent / "no-weights"))


@pytest.fixture(scope="session")
def house() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A database of today's schema without rows: to copy it is faster than every step of its history."""
    path = tmp_path_factory.mktemp("empty") / "answers.db"
    Store(path).close()
    return path


@pytest.fixture
def store(empty_database, tmp_path) -> Iterator[Store]:
    """A fresh database."""
    shutil.copyfile(empty_database, tmp_path / "answers.db")
    made = Store(tmp_path / "answers.db")
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[object]:
    """A PostgreSQL server of this process of the tests, `tests.postgres.Server`."""
    if not os.environ.get("UPLAPP_REQUIRE_POSTGRES"):
        pytest.importorskip("psycopg")
    from tests.postgres import serving

    with serving() as server:
        yield server


@pytest.fixture
def study(request, store, tmp_path) -> OpenStudy:
    """The tiny study, open. The mark `study` holds what is changed in it, as arguments of `open_tiny`."""
    mark = request.node.get_closest_marker("study")
    return open_tiny(store, tmp_path / "tiny", **(mark.kwargs if mark else {}))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Run a command line in this process, with a data folder of its own. Returns what it prints."""
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "data"))

    def run(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    return run


@pytest.fixture
def models(tmp_path) -> Path:
    """The folder of networks that were added to that data folder."""
    return tmp_path / "data" / "models"
