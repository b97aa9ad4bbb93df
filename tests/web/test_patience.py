"""Connections that never finish a request, or come in crowds, keep nobody else out."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.config import HTTP_PROTOCOLS

from tests.web.serving import serving
from uplapp.web.patience import MOST_HEAD, PatientProtocol, be_patient

HALF = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def fine(request):
    return PlainTextResponse("fine")


async def read(request):
    return PlainTextResponse(f"{len(await request.body())}")


@pytest.fixture
def address(monkeypatch):
    """An app that waits a quarter of a second for a request, and takes five connections from an address."""
    monkeypatch.setitem(HTTP_PROTOCOLS, "auto", HTTP_PROTOCOLS["auto"])
    monkeypatch.setattr(PatientProtocol, "request_s", 0.25)
    be_patient(5)
    with serving(Starlette(routes=[Route("/", fine), Route("/read", read, methods=["POST"])])) as served:
        yield served
    monkeypatch.setattr(PatientProtocol, "most", None)


@contextmanager
def begun(address: str, sent: bytes = HALF) -> Iterator[socket.socket]:
    """A connection on which so much of a request was sent."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(sent)
        yield connection


def ends(connection: socket.socket) -> bool:
    """Whether the server closes it, sooner or later."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def wait_until_nobody_is_held() -> None:
    end = time.monotonic() + 5
    while PatientProtocol.held and time.monotonic() < end:
        time.sleep(0.02)


def test_half_a_request_is_not_waited_for(address):
    with begun(address) as half, begun(address, b"") as nothing:
        assert ends(half)
        assert ends(nothing)
    assert httpx.get(address).text == "fine"


def test_a_second_request_that_stays_half_is_not_waited_for_either(address):
    with begun(address, HALF + b"\r\n") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(HALF)
        while connection.recv(4096):
            pass
        assert ends(connection)


@pytest.mark.parametrize("sent", [b"X-More: 1\r\n", b"x"], ids=["headers", "one header"])
def test_a_head_without_end_is_not_kept(address, sent):
    with begun(address, HALF + (b"" if sent.endswith(b"\n") else b"X-More: ")) as endless:
        with suppress(OSError):
            endless.sendall(sent * (4 * MOST_HEAD // len(sent)))
        assert ends(endless)
    assert httpx.get(address).text == "fine"


def test_a_body_in_many_small_pieces_is_taken(address):
    pieces = (b"x" * 8 for _ in range(MOST_HEAD // 4))
    assert httpx.post(f"{address}/read", content=pieces).text == f"{8 * (MOST_HEAD // 4)}"


TRICKLE = b"POST /read HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n"


def test_a_body_that_trickles_is_not_waited_for(address):
    with begun(address, TRICKLE) as slow:
        slow.settimeout(0.02)
        end, closed = time.monotonic() + 5, False
        while not closed and time.monotonic() < end:
            try:
                slow.sendall(b"x")
                closed = slow.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
    assert closed
    assert httpx.get(address).text == "fine"


def test_a_body_that_comes_at_the_least_pace_may_take_as_long_as_it_needs(address, monkeypatch):
    monkeypatch.setattr(PatientProtocol, "body_bytes_s", 100.0)

    def pieces():
        for _ in range(8):
            time.sleep(0.1)
            yield b"x" * 100

    assert httpx.post(f"{address}/read", content=pieces(), timeout=10).text == "800"


def test_a_crowd_from_one_address_is_turned_away_and_there_is_room_again_once_it_is_gone(address):
    with ExitStack() as crowd:
        for _ in range(5):
            crowd.enter_context(begun(address))
        with begun(address) as one_more:
            assert ends(one_more)
    wait_until_nobody_is_held()
    assert httpx.get(address).text == "fine"


@pytest.mark.usefixtures("address")
def test_an_answer_may_take_longer_than_a_request():
    async def slow(request):
        await asyncio.sleep(0.6)
        return PlainTextResponse("late")

    with serving(Starlette(routes=[Route("/", slow)])) as served:
        assert httpx.get(served).text == "late"
