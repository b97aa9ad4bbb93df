"""What the whole page says and does to somebody who has not entered."""

import asyncio

import gradio as gr
import pytest

from tests.study.tiny import CONDITIONS
from tests.web.desks import TOKEN
from uplapp.web import page
from uplapp.web.researcher.desk import REFUSED, Entry, guarded
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


def test_without_a_token_the_page_is_there_and_names_the_secret_that_is_missing(desk):
    async def build():
        return page.build(desk.shelf, Gate(None))

    assert MISSING in str(asyncio.run(build()).get_config_file())


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
