"""What every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from uplapp.study.store import Store


@pytest.fixture
def house() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    """A fresh database."""
    made = Store(tmp_path / "answers.db")
    yield made
    made.close()
