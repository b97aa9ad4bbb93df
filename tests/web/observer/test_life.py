import pytest
from starlette.testclient import TestClient

from tests.web.serving import Observer, mounted
from uplapp.study.session import lifecycle

pytestmark = pytest.mark.study(practice=0, catch=0, pairs="random:2")


def fill(store, study):
    """The quota is reached before anybody came, as by a row of an older version."""
    store.update("studies", study, {"quota": 0})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda store, study: lifecycle.change(store, study, "paused"), "is paused"),
        (lambda store, study: lifecycle.change(store, study, "closed"), "has ended"),
        (lambda store, study: fill(store, study), "all the observers it needs"),
    ],
)
def test_a_newcomer_who_cannot_join_reads_why(client, store, study, spoil, message):
    spoil(store, study.id)
    reply = client.post("/study/api/tiny/join", json={"consent_version": "1"})
    assert reply.status_code == 403
    assert message in reply.json()["error"]
    assert store.rows("SELECT * FROM observers", {}) == []


def test_a_stranger_who_agrees_and_never_answers_fills_no_study(store, study):
    lifecycle.limit(store, study.id, 2)
    app = mounted(store, {"tiny": study})
    stranger, others = (TestClient(app, client=(address, 1)) for address in ("192.0.2.1", "192.0.2.2"))
    for _ in range(5):
        Observer(stranger).join()
    people = [Observer(others), Observer(others)]
    for person in people:
        trial = person.join()["trial"]
        assert person.answer(trial).status_code == 200
    assert others.post("/study/api/tiny/join", json={"consent_version": "1"}).status_code == 403


def test_a_pause_stores_the_answer_under_way_and_the_observer_goes_on_later(client, store, study):
    observer = Observer(client)
    state = observer.join()
    lifecycle.change(store, study.id, "paused")
    held = observer.answer(state["trial"])
    assert held.status_code == 403
    assert "Your answers so far are stored" in held.json()["error"]
    assert observer.get("state").status_code == 403
    assert observer.answer(state["trial"]).status_code == 403  # the outbox again: still one row
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1
    lifecycle.change(store, study.id, "open")
    assert observer.get("state").json()["trial"]["token"] == state["upcoming"]["token"]


def test_a_closed_study_keeps_what_it_has_and_takes_no_more(client, store, study):
    observer = Observer(client)
    second = observer.answer(observer.join()["trial"]).json()["trial"]
    lifecycle.change(store, study.id, "closed")
    assert observer.answer(second).status_code == 403
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 1


def test_who_withdrew_is_a_stranger(client, store, study):
    observer = Observer(client)
    observer.answer(observer.join()["trial"])
    lifecycle.withdraw(store, study.id, store.row("SELECT id FROM observers")["id"], 1.0)
    assert observer.get("state").status_code == 404
