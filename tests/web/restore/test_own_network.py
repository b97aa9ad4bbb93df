"""A network of one's own in the page: who may add it, what is told, and that the menus have it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the page needs gradio")

import gradio as gr

from tests.imaging.checkpoints.made import FITTING, card, make
from tests.web.desks import ENTRY, settings
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.web.researcher.desk import Desk
from uplapp.web.researcher.gate import Gate
from uplapp.web.restore import own_network
from uplapp.web.shelf import Shelf

HERE = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={"host": "127.0.0.1:7860"})
ELSEWHERE = SimpleNamespace(client=SimpleNamespace(host="10.0.0.7"), headers={})
PROXIED = SimpleNamespace(client=SimpleNamespace(host="127.0.0.1"), headers={"x-forwarded-for": "10.0.0.7"})
NOBODY = SimpleNamespace(client=None, headers={})


def desk(folder, **changes) -> Desk:
    """A desk with the settings of a laptop, changed as given. One checkpoint, trained on L2, ships."""
    make(folder / "ships", "l2")
    chosen = replace(settings(folder, checkpoints=folder / "ships"), **{"admin_token": None, **changes})
    return Desk(Shelf(chosen, None), Gate(None), None, None)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "card.json").write_bytes(card())
    (tmp_path / "net.safetensors").write_bytes(FITTING)
    return [str(tmp_path / "card.json"), str(tmp_path / "net.safetensors")]


def take(at, files=None, repo="", name="", entry=None, request=HERE, added=()):
    """The last of what the listener yields: names so far, sentence, and the fields."""
    steps = own_network.take(at, request, entry, added, files, repo, "", name, lambda *_, **__: None)
    return list(steps)[-1]


def checkpoints(at) -> Checkpoints:
    return Checkpoints(at.shelf.settings.models)


def test_two_files_become_a_network_in_the_menu_ticked(tmp_path, files):
    at = desk(tmp_path)
    names, sentence, *fields = take(at, files)
    assert names == ("theirs",)
    assert "Charbonnier (theirs) is in the menus of Photo denoising" in sentence
    assert fields == [None, "", "", ""]
    menu, nothing = own_network.menu(checkpoints(at), "denoise", [], names)
    assert not nothing["visible"]
    assert menu["choices"] == [("L2", "denoise-unet-l2"), ("Charbonnier (theirs)", "theirs")]
    assert menu["value"] == ["theirs"]


def test_a_menu_keeps_what_was_ticked_and_forgets_what_is_gone(tmp_path):
    menu, _ = own_network.menu(checkpoints(desk(tmp_path)), "denoise", ["denoise-unet-l2", "gone"], ())
    assert menu["value"] == ["denoise-unet-l2"]


def test_a_menu_that_is_read_again_leaves_alone_what_a_visitor_ticks_meanwhile(tmp_path):
    menu, _ = own_network.menu(checkpoints(desk(tmp_path)), "denoise", ["denoise-unet-l2"], ())
    assert "value" not in menu


def test_a_task_without_networks_has_no_menu_but_a_word(tmp_path):
    menu, nothing = own_network.menu(checkpoints(desk(tmp_path)), "mri", [], ())
    assert not menu["visible"]
    assert nothing["visible"]


def test_each_network_added_changes_the_names_even_if_it_has_the_name_of_a_removed_one(tmp_path, files):
    assert take(desk(tmp_path), files, added=("theirs",))[0] == ("theirs", "theirs")


@pytest.mark.parametrize(
    ("changes", "entry", "request_", "allowed"),
    [
        ({}, None, HERE, True),
        ({}, None, ELSEWHERE, False),
        ({}, None, PROXIED, False),
        ({}, None, NOBODY, False),
        ({}, ENTRY, ELSEWHERE, True),
        ({"admin_token": "t"}, None, HERE, False),
        ({"admin_token": "t"}, ENTRY, HERE, True),
        ({"space": True}, None, HERE, False),
        ({"space": True}, ENTRY, ELSEWHERE, True),
        ({"space": True, "admin_token": "t"}, None, HERE, False),
        ({"space": True}, {"address": "forged"}, HERE, False),
    ],
)
def test_a_researcher_may_add_and_whoever_sits_at_their_own_machine(
    tmp_path, files, changes, entry, request_, allowed
):
    at = desk(tmp_path, **changes)
    if allowed:
        assert take(at, files, entry=entry, request=request_)[0] == ("theirs",)
        return
    with pytest.raises(gr.Error, match="Only a researcher"):
        take(at, files, entry=entry, request=request_)
    assert checkpoints(at).cards()[-1].name == "denoise-unet-l2"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "give either the two files or a model"),
        ({"files": ["a.safetensors"], "repo": "lab/net"}, "give either the two files or a model"),
        ({"files": ["a.safetensors"]}, "choose two files"),
        ({"files": ["a.safetensors", "b.safetensors"]}, "choose two files"),
        ({"files": ["a.safetensors", "b.json", "c.json"]}, "choose two files"),
        ({"files": ["/none/a.safetensors", "/none/b.json"]}, "b.json cannot be read"),
        ({"repo": "no repository"}, "write OWNER/NAME"),
        ({"repo": "<img src=x>"}, "&lt;img src=x&gt;"),
    ],
)
def test_what_cannot_be_added_is_told_in_a_sentence_and_the_fields_stay(tmp_path, given, sentence):
    names, said, *fields = take(desk(tmp_path), **given)
    assert sentence in said
    assert "Not added" in said
    assert "/none/" not in said
    assert [names, *fields] == [gr.skip()] * 5


def layout(at: Desk) -> dict:
    """What the browser would get, built inside of a running loop as a component of Gradio needs."""

    async def build() -> dict:
        with gr.Blocks() as page:
            own_network.build(replace(at, entry=gr.State(None)))
        return page.get_config_file()

    return asyncio.run(build())


@pytest.mark.parametrize(
    ("changes", "visible"), [({}, True), ({"space": True}, False), ({"admin_token": "t"}, False)]
)
def test_only_a_machine_of_ones_own_shows_it_before_the_token(tmp_path, changes, visible):
    config = layout(desk(tmp_path, **changes))
    parts = [part["props"] for part in config["components"]]
    assert [part["visible"] for part in parts if part.get("elem_id") == "own-model"] == [visible]
    assert {event["api_visibility"] for event in config["dependencies"]} == {"private"}
