"""What every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.study.tiny import open_tiny
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store

# Examples come from the test itself, not from the clock: a busy machine fails none of them.
settings.register_profile(
    "seeded", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("seeded")


def pytest_configure() -> None:
    """No test fetches weights from the network: without a folder of them there are none."""
    os.environ.setdefault("UPLAPP_WEIGHTS", str(Path(__file__).parent / "no-weights"))


@pytest.fixture(scope="session")
def house() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    """A fresh database."""
    made = Store(tmp_path / "answers.db")
    yield made
    made.close()


@pytest.fixture
def study(request, store, tmp_path) -> OpenStudy:
    """The tiny study, open; the mark `study` holds what is changed in it, as arguments of `open_tiny`."""
    mark = request.node.get_closest_marker("study")
    return open_tiny(store, tmp_path / "tiny", **(mark.kwargs if mark else {}))
