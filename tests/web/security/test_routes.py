"""Every address of the observers' page, read off the application itself, against names, bodies and sites."""

import json
import re
import shutil
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from starlette.testclient import TestClient

from tests.study.tiny import body, open_tiny
from tests.web.serving import Observer, mounted
from uplapp.study.store.store import Store
from uplapp.web.observer.guards import MAX_BODY
from uplapp.web.observer.routes import build

pytestmark = pytest.mark.study(practice=0)

TRAVERSALS = (
    *(
        "..",
        "%2e%2e",
        "..%2f..%2fstudy.toml",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cstudy.toml",
        "..\\..",
    ),
    *("%00", "tiny%00", "tiny%00.png", "／etc／passwd", "．．／", "%ef%bc%8e%ef%bc%8e", "%c0%ae%c0%ae%c0%af"),
    *(
        "....//....//etc/passwd",
        "%252e%252e%252f",
        "reference",
        "l1",
        "study.toml",
        "astronaut.png",
        "tiny%0d%0aX: y",
    ),
    *(
        "%7Etiny",
        "TINY",
        "tiny.",
        "tiny%20",
        "tin%D1%83",
        "CON",
        "tiny:stream",
        "{study}",
        "%F0%9F%92%A9",
        "a" * 5000,
    ),
)
FILES = ("reference", "l1/", "[protocol]", "root:", "from uplapp", "[[conditions]]")


def send(client, path: str, sent: object, headers: Mapping[str, str] = MappingProxyType({})):
    """A write whose JSON is pure ASCII, as half a surrogate pair cannot travel otherwise."""
    kind = {"Content-Type": "application/json"}
    return client.post(f"/study/api/tiny/{path}", content=json.dumps(sent), headers={**headers, **kind})


def routes(method: str) -> list[str]:
    return [route.path for route in build(None, {}).routes if method in route.methods]


READS = [path for path in routes("GET") if "{" in path]
WRITES = routes("POST")


@pytest.fixture
def client(store, study):
    with TestClient(mounted(store, {"tiny": study}), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def reader(empty_database, tmp_path_factory):
    """The headers of an observer who only reads, with a client for all that is asked in vain."""
    folder = tmp_path_factory.mktemp("reader")
    store = Store(shutil.copyfile(empty_database, folder / "answers.db"))
    study = open_tiny(store, folder / "tiny", practice=0)
    with TestClient(mounted(store, {"tiny": study}), raise_server_exceptions=False) as client:
        observer = Observer(client)
        observer.join()
        yield client, observer.headers
    store.close()


def filled(path: str, part: str, value: str) -> str:
    """The address with one of its parts replaced and the others real."""
    own = {"study": "tiny", "name": "page.html", "token": "0" * 32}
    return "/study" + re.sub(r"\{(\w+)\}", lambda match: value if match[1] == part else own[match[1]], path)


def placeholders(paths: list[str]) -> list[tuple[str, str]]:
    return [(path, part) for path in paths for part in re.findall(r"\{(\w+)\}", path)]


def test_every_address_is_looked_at():
    assert len(READS) >= 5
    assert {path.rpartition("/")[2] for path in WRITES} >= {"join", "answer", "events"}


@pytest.mark.parametrize("value", TRAVERSALS)
@pytest.mark.parametrize(("path", "part"), placeholders(READS))
def test_no_part_of_an_address_leads_out_of_the_study(reader, path, part, value):
    client, headers = reader
    reply = client.get(filled(path, part, value), headers=headers)
    assert reply.status_code in (404, 405), reply.text
    assert [text for text in FILES if text in reply.text] == []


@pytest.mark.parametrize("value", TRAVERSALS)
@pytest.mark.parametrize(("path", "part"), placeholders(WRITES))
def test_no_study_that_is_not_open_can_be_written_to(client, store, path, part, value):
    reply = client.post(filled(path, part, value), json={"consent_version": "1"})
    assert reply.status_code in (404, 405, 422), reply.text
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 0


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver:81", "http://testserver.x"]
)
def test_no_other_site_can_write(client, store, path, origin):
    reply = client.post(filled(path, "", ""), json={"consent_version": "1"}, headers={"Origin": origin})
    assert reply.status_code == 403
    assert store.row("SELECT count(*) AS n FROM observers")["n"] == 0


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_no_form_of_another_site_can_write(client, path, kind):
    reply = client.post(
        filled(path, "", ""), content=b'{"consent_version": "1"}', headers={"Content-Type": kind}
    )
    assert reply.status_code == 415


@pytest.mark.parametrize("path", WRITES)
def test_no_other_site_gets_permission_to_ask(client, path):
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    reply = client.options(filled(path, "", ""), headers=preflight)
    assert reply.status_code >= 400
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * MAX_BODY])
def test_every_body_is_capped(client, path, size):
    observer = Observer(client)
    observer.join()
    headers = {**observer.headers, "Content-Type": "application/json"}
    sent = b'{"consent_version": "1"' + b" " * size + b"}"
    assert client.post(filled(path, "", ""), content=sent, headers=headers).status_code == 413


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 60_000, '{"a": NaN', '{"x": "\\ud800"'])
def test_a_body_that_is_no_object_is_refused_everywhere(client, path, text):
    observer = Observer(client)
    observer.join()
    headers = {**observer.headers, "Content-Type": "application/json"}
    reply = client.post(filled(path, "", ""), content=text.encode(), headers=headers)
    assert reply.status_code == 422


ODD = [None, True, 0, -1, 1e308, "", "x" * 70, "\x00", "\ud800", [], {}, ["a"], {"a": 1}, [[[]]]]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("key", ["consent_version", "link", "language"])
def test_an_odd_value_in_a_consent_is_no_fault_of_the_server(client, store, key, value):
    reply = send(client, "join", {"consent_version": "1", key: value})
    assert reply.status_code in (201, 409, 422, 403, 404), reply.text
    kept = store.rows("SELECT consent_version, language FROM observers", {})
    assert {tuple(row.values()) for row in kept} <= {("1", "en")}


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("key", sorted(body("t")))
def test_an_odd_value_in_an_answer_is_no_fault_of_the_server(client, store, key, value):
    observer = Observer(client)
    sent = {**body(observer.join()["trial"]["token"]), key: value}
    reply = send(client, "answer", sent, observer.headers)
    assert reply.status_code in (200, 404, 409, 422), reply.text
    assert (reply.status_code == 200) == (store.row("SELECT count(*) AS n FROM answers")["n"] == 1)


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("key", ["kind", "at_ms", "detail"])
def test_an_odd_value_in_an_event_is_no_fault_of_the_server(client, key, value):
    observer = Observer(client)
    observer.join()
    event = {"kind": "blur", "at_ms": 1.0, "detail": {}, key: value}
    reply = send(client, "events", {"events": [event]}, observer.headers)
    assert reply.status_code in (204, 422), reply.text


def test_a_session_counts_in_its_own_study_alone(store, tmp_path):
    one, other = (open_tiny(store, tmp_path / name, practice=0) for name in ("one", "other"))
    with TestClient(mounted(store, {"one": one, "other": other})) as client:
        first = Observer(client, "one")
        trial = first.join()["trial"]
        stranger = Observer(client, "other")
        stranger.headers = first.headers
        assert stranger.get("state").status_code == 404
        assert stranger.get(f"picture/{trial['left']}").status_code == 404
        assert stranger.answer(trial).status_code == 404
    assert store.row("SELECT count(*) AS n FROM answers")["n"] == 0


def test_no_address_carries_the_session(client):
    observer = Observer(client)
    state = observer.join()
    observer.pictures(state["trial"])
    observer.answer(state["trial"])
    session = observer.headers["Authorization"].removeprefix("Bearer ")
    assert [str(reply.url) for reply in observer.seen if session in str(reply.url)] == []
