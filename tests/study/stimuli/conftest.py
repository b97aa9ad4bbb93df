from pathlib import Path

import pytest

from tests.study.tiny import write_study


@pytest.fixture
def folder(tmp_path) -> Path:
    """The tiny study's folder, not yet opened."""
    return write_study(tmp_path / "tiny")
