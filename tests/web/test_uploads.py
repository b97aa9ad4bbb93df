"""What visitors may upload: a share for each address, a room for all, the disk of the studies left alone."""

import asyncio

import gradio as gr
import pytest
from gradio import processing_utils
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from uplapp.web import uploads
from uplapp.web.observer.limits import Rate
from uplapp.web.uploads import MB, Quota, Uploads

QUOTA = Quota(address=Rate(4, 60), all_mb=10, free_mb=100)


@pytest.fixture
def room(monkeypatch):
    """What lies in the folder and what is free, in MB, for a test to change."""
    now = {"kept": 0, "free": 1000}
    monkeypatch.setattr(uploads, "_kept", lambda folder: now["kept"] * MB)
    monkeypatch.setattr(uploads, "_free", lambda folder: now["free"] * MB)
    return now


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def send(room, clock, tmp_path):
    """`send(mb, host)` uploads so many MB and returns the reply."""

    async def taken(request):
        return PlainTextResponse(str(len(await request.body())))

    app = Starlette(routes=[Route("/{path:path}", taken, methods=["POST"])])
    guarded = Uploads(app, lambda: str(tmp_path), QUOTA, clock=clock)

    def post(mb, host="203.0.113.9", path=uploads.PATHS[0]):
        return TestClient(guarded, client=(host, 1)).post(path, content=bytes(mb * MB))

    return post


def test_an_address_may_send_its_share_and_then_so_much_a_minute(send, clock):
    assert [send(2).status_code for _ in range(3)] == [200, 200, 429]
    assert send(2).headers["Retry-After"] == "2"
    assert send(1, host="203.0.113.10").status_code == 200, "another address has a share of its own"
    clock.now = 2.0
    assert send(2).status_code == 200


def test_all_uploads_together_take_no_more_than_their_room(send, room):
    room["kept"] = 9
    assert send(1).status_code == 200
    refused = send(2)
    assert (refused.status_code, "deleted after" in refused.text) == (507, True)


def test_what_has_come_counts_before_the_folder_is_gone_through_again(send, room, clock):
    room["kept"] = 7
    hosts = ("203.0.113.1", "203.0.113.2")
    assert [send(2, host).status_code for host in hosts] == [200, 507]
    room["kept"] = 0  # all are deleted
    assert send(2).status_code == 507
    clock.now = uploads.COUNT_EVERY_S
    assert send(2).status_code == 200


def test_the_disk_of_the_studies_is_left_alone(send, room):
    room["free"] = 101
    assert send(2).status_code == 507
    assert send(1).status_code == 200


def test_an_upload_without_its_size_is_refused(room, tmp_path):
    guarded = Uploads(PlainTextResponse("taken"), lambda: str(tmp_path), QUOTA)
    reply = TestClient(guarded).post(uploads.PATHS[0], content=iter([b"x"]))
    assert (reply.status_code, "Content-Length" in reply.text) == (411, True)


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/study/api/demo/answers"])
def test_nothing_but_uploads_is_counted(send, path):
    assert [send(3, path=path).status_code for _ in range(3)] == [200] * 3


def test_the_room_is_what_lies_in_the_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.bin").write_bytes(bytes(1000))
    assert uploads._kept(tmp_path) == 1000
    assert uploads._kept(tmp_path / "gone") == 0
    assert uploads._free(tmp_path / "gone") > 0


@pytest.mark.parametrize("fetch", ["async_ssrf_protected_get", "async_ssrf_protected_download"])
def test_a_file_that_is_named_by_an_address_is_not_fetched(fetch, monkeypatch, tmp_path):
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", None)  # put back after the test
    uploads.fetch_nothing()
    folder = (str(tmp_path),) if fetch.endswith("download") else ()
    with pytest.raises(gr.Error, match="is uploaded"):
        asyncio.run(getattr(processing_utils, fetch)("https://lab.example/scan.csv", *folder))
