"""What every test may use."""

from pathlib import Path

import pytest


@pytest.fixture
def house() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent
