import io
import re

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.study.stimuli.chunks import chunks
from tests.study.tiny import open_tiny
from tests.web.blinding_words import leaks, secrets
from tests.web.serving import Observer, mounted
from uplapp.imaging.losses import LOSSES
from uplapp.web.observer.routes import STATIC


@pytest.fixture
def session(store, tmp_path):
    """Everything that a browser gets from consent to completion code, with both choices."""
    study = open_tiny(store, tmp_path / "tiny")
    with TestClient(mounted(store, {"tiny": study})) as client:
        observer = Observer(client)
        page = client.get("/study/tiny")
        observer.seen.append(page)
        names = [path.relative_to(STATIC).as_posix() for path in sorted(STATIC.rglob("*.*"))]
        observer.seen += [client.get(f"/study/static/{name}") for name in names]
        state, stimuli = observer.join(), {}
        while state["trial"]:
            stimuli[state["trial"]["token"]] = observer.pictures(state["trial"])
            choice = ("left", "right")[state["done"] % 2]
            state = observer.answer(state["trial"], choice=choice).json()
        observer.post("events", {"events": [{"kind": "blur", "at_ms": 1.0}]})
        observer.get("state")
        observer.get("picture/none")
    assert state["code"]
    return observer.seen, stimuli


def text_of(response: httpx.Response) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    picture = response.headers.get("content-type") == "image/png"
    return f"{response.url}\n{headers}\n{'' if picture else response.text}"


def test_no_word_of_a_whole_session_reveals_a_condition(store, session):
    seen, _ = session
    assert len(seen) > 60
    leaked = {str(response.url): leaks(text_of(response), secrets(store)) for response in seen}
    assert {url: words for url, words in leaked.items() if words} == {}


def test_the_search_for_leaks_knows_every_loss(store):
    assert set(LOSSES) <= secrets(store)


def test_the_search_for_leaks_finds_what_it_should(store):
    assert leaks('{"left": "MS_SSIM"}', secrets(store)) == ["MS_SSIM"]
    assert leaks("x-file: /astronaut.png", secrets(store)) == ["astronaut.png"]
    assert leaks("flipped reseed", secrets(store)) == []


def test_stimuli_have_one_length_no_metadata_and_no_common_bytes(session):
    _, stimuli = session
    pictures = [picture for three in stimuli.values() for picture in three]
    assert len({len(picture) for picture in pictures}) == 1
    assert len(set(pictures)) == len(pictures) == 3 * 14
    assert {name for picture in pictures for name in chunks(picture)} == {b"IHDR", b"IDAT", b"IEND"}
    assert all(Image.open(io.BytesIO(picture)).info == {} for picture in pictures)


def test_tokens_never_repeat(session):
    seen, _ = session
    tokens = [
        match for response in seen for match in re.findall(r"picture/([0-9a-f]{32})", str(response.url))
    ]
    assert len(tokens) == len(set(tokens)) == 3 * 14


def test_an_answer_gets_the_same_reply_whichever_side_was_chosen(store, tmp_path):
    replies = []
    for choice in ("left", "right"):
        with TestClient(mounted(store, {"tiny": open_tiny(store, tmp_path / "tiny", practice=0)})) as client:
            observer = Observer(client)
            state = observer.join()
            reply = observer.answer(state["trial"], choice=choice)
            hidden = re.sub(r"[0-9a-f]{32}", "token", reply.text)
            replies.append((reply.status_code, re.sub('"first":"(left|right)"', "", hidden)))
    assert replies[0] == replies[1]


def test_catch_trials_look_like_the_others(store, tmp_path):
    study = open_tiny(store, tmp_path / "tiny", practice=0, catch=5)
    with TestClient(mounted(store, {"tiny": study})) as client:
        observer = Observer(client)
        state, shapes = observer.join(), set()
        while state["trial"]:
            shapes.add(tuple((key, type(value)) for key, value in state["trial"].items()))
            state = observer.answer(state["trial"]).json()
    assert len(shapes) == 1
