import pytest

from uplapp.study.session.opening import OpenStudy


@pytest.fixture
def study(desk) -> OpenStudy:
    """The study that is open on the desk."""
    return desk.shelf.studies["tiny"]
