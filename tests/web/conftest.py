"""What the tests of the web share: the researcher's desk, and a client of the observer's pages."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.web.desks import open_desk
from tests.web.serving import Observer, mounted
from uplapp.web.researcher.desk import Desk


@pytest.fixture
def desk(tmp_path) -> Iterator[Desk]:
    made = open_desk(tmp_path)
    yield made
    made.shelf.store.close()


@pytest.fixture
def client(store, study) -> Iterator[TestClient]:
    """A client of the test's `study`, mounted as `tiny`."""
    with TestClient(mounted(store, {"tiny": study})) as client:
        yield client


@pytest.fixture
def observer(client) -> Observer:
    """Somebody who is about to take part."""
    return Observer(client)
