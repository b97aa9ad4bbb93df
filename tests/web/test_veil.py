"""No folder of the server's disk leaves it, and the alias for it is understood."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from uplapp.web.veil import Veil, alias


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path.resolve())


@pytest.fixture
def client(folder):
    async def echo(request: Request) -> Response:
        return JSONResponse({"got": await request.json(), "is": [f"{folder}/a.png"]})

    async def pieces(request: Request) -> Response:
        text = f"data: {folder}/b.png {folder[:5]} end"
        return StreamingResponse(
            (text[i : i + 3] for i in range(0, len(text), 3)), media_type="text/event-stream"
        )

    async def file(request: Request) -> Response:
        return Response(request.path_params["path"], media_type="image/png")

    routes = [
        Route("/echo", echo, methods=["POST"]),
        Route("/pieces", pieces),
        Route("/file={path:path}", file),
    ]
    with TestClient(Veil(Starlette(routes=routes), lambda: folder)) as client:
        yield client


def test_an_alias_is_as_long_as_the_folder_and_says_nothing_of_it(folder):
    assert len(alias(folder)) == len(folder)
    assert alias("/tmp/gradio") == "/uploads---"


def test_a_reply_names_the_alias_and_a_request_may_give_it_back(client, folder):
    reply = client.post("/echo", json={"path": f"{alias(folder)}/x.csv"})
    assert reply.json() == {"got": {"path": f"{alias(folder)}/x.csv"}, "is": [f"{alias(folder)}/a.png"]}
    assert folder not in reply.text


def test_the_app_reads_the_folder_where_the_alias_stands(client, folder):
    assert client.get(f"/file={alias(folder)}/x.png").text == f"{folder}/x.png"


def test_a_stream_in_pieces_that_cut_the_folder_arrives_whole(client, folder):
    assert client.get("/pieces").text == f"data: {alias(folder)}/b.png {folder[:5]} end"
