"""What the whole page says and does to somebody who has not entered, and where parts of it are missing."""

import asyncio
from dataclasses import replace

import gradio as gr
import pytest

from tests.study.tiny import CONDITIONS
from tests.web.desks import TOKEN
from uplapp.web import page
from uplapp.web.researcher.desk import FORGETFUL, REFUSED, Entry, guarded
from uplapp.web.researcher.gate import MISSING, Gate


@pytest.fixture
def blocks(desk):
    async def build():  # inside a loop, or Gradio opens one and leaves it open
        return page.build(desk.shelf, desk.gate)

    return asyncio.run(build())


@pytest.fixture
def researchers(blocks):
    """The listeners that take the session's entry first, by their number."""
    listeners = {
        number: listener
        for number, listener in blocks.fns.items()
        if getattr(listener.fn, "__qualname__", "").startswith(guarded.__qualname__)
    }
    assert len(listeners) > 20
    return listeners


def test_the_page_describes_no_condition_no_token_and_offers_three_calls_alone(blocks, desk):
    config = str(blocks.get_config_file())
    words = [f"{name.upper()} loss" for name in CONDITIONS]
    assert not any(word in config for word in (TOKEN, str(desk.shelf.settings.data), "tiny", *words))
    offered, calls = blocks.get_api_info(), {"/list_networks", "/restore", "/analyse"}
    assert (set(offered["named_endpoints"]), offered["unnamed_endpoints"]) == (calls, {})
    open_ = [listener.api_name for listener in blocks.fns.values() if listener.api_visibility != "private"]
    assert sorted(open_) == sorted(name[1:] for name in calls)


@pytest.mark.parametrize("space", [False, True])
def test_without_secrets_the_page_is_there_and_names_those_that_are_missing(desk, space):
    shelf = replace(desk.shelf, settings=replace(desk.shelf.settings, space=space))

    async def build():
        return page.build(shelf, Gate(None))

    config = str(asyncio.run(build()).get_config_file())
    assert (MISSING in config, FORGETFUL in config) == (True, space)


@pytest.mark.parametrize("there", [True, False])
def test_without_weights_the_page_is_there_and_starts_nothing_until_a_method_is_ticked(
    desk, house, tmp_path, there
):
    checkpoints = house / "checkpoints" if there else tmp_path / "none"
    shelf = replace(desk.shelf, settings=replace(desk.shelf.settings, checkpoints=checkpoints))

    async def build():
        return page.build(shelf, desk.gate)

    widgets = asyncio.run(build()).blocks.values()
    starts = {
        each.elem_id: each.interactive for each in widgets if each.elem_id in ("restore", "restore-all")
    }
    assert starts == {"restore": there, "restore-all": there}


def test_every_listener_of_a_researcher_begins_with_the_check(researchers):
    refusals = []
    for listener in researchers.values():
        with pytest.raises(gr.Error) as caught:
            listener.fn(None, *[None] * (len(listener.inputs) - 1))
        refusals.append(str(caught.value))
    assert set(refusals) == {repr(REFUSED)}


@pytest.mark.parametrize("forged", [True, {"address": "x"}, "Entry", 1])
def test_nothing_but_the_servers_own_entry_passes(forged):
    with pytest.raises(gr.Error):
        guarded(lambda entry: "done")(forged)
    assert guarded(lambda entry: "done")(Entry("")) == "done"
