import asyncio
from pathlib import Path

import gradio as gr
import pandas as pd
import pytest

from tests.study.tiny import CONDITIONS, open_tiny
from uplapp.web import study_tab


@pytest.fixture
def study(store, tmp_path):
    return open_tiny(store, tmp_path / "tiny")


def test_simulated_observers_are_counted_apart_and_each_time_others(store, study):
    for _ in range(2):
        study_tab.add_simulated(store, study, 3)
    text = study_tab.progress_text(store, study)
    assert "**0** observers, 0 of them through, **0** answers" in text
    assert "6 simulated observers with 84 answers, kept apart" in text


def test_raw_votes_of_people_and_of_simulated_observers_are_two_files(store, study):
    study_tab.add_simulated(store, study, 2)
    people, simulated = map(pd.read_csv, study_tab.export(store, study))
    assert (len(people), len(simulated)) == (0, 28)
    assert simulated["simulated"].all()


def test_a_reset_empties_the_tab(store, study):
    study_tab.add_simulated(store, study, 2)
    study_tab.reset_study(store, study)
    assert "0 simulated" in study_tab.progress_text(store, study)


@pytest.mark.parametrize("action", [study_tab.export, study_tab.reset_study])
def test_before_the_study_is_open_the_tab_says_so(store, action):
    assert study_tab.progress_text(store, None) == study_tab.NOT_OPEN
    with pytest.raises(gr.Error, match="not open yet"):
        action(store, None)


def test_the_tabs_description_tells_no_condition_and_offers_no_call(store, study):
    async def build():  # inside a loop, or Gradio opens one and leaves it open
        with gr.Blocks() as page:
            study_tab.build(store, {"demo": study})
        return page

    page = asyncio.run(build())
    config = str(page.get_config_file())
    assert not any(f"'{name}'" in config for name in CONDITIONS)
    assert str(Path(study.stimuli.root)) not in config
    assert page.get_api_info() == {"named_endpoints": {}, "unnamed_endpoints": {}}
