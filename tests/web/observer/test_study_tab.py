import gradio as gr
import pandas as pd
import pytest

from uplapp.web.study import study_tab


def test_simulated_observers_are_counted_apart_and_each_time_others(store, study):
    for _ in range(2):
        study_tab.add_simulated(store, study, 3)
    text = study_tab.progress_text(store, study)
    assert "**0** observers, 0 of them through, **0** answers" in text
    assert "6 simulated observers with 84 answers, kept apart" in text


def test_there_are_no_more_simulated_observers_than_a_study_takes(store, study, monkeypatch):
    monkeypatch.setattr(study_tab, "MOST_SIMULATED", 4)
    study_tab.add_simulated(store, study, 3)
    with pytest.raises(gr.Error, match="takes 4 simulated observers and has 3"):
        study_tab.add_simulated(store, study, 2)
    assert "3 simulated observers" in study_tab.progress_text(store, study)


def test_raw_votes_of_people_and_of_simulated_observers_are_two_files(store, study):
    study_tab.add_simulated(store, study, 2)
    people, simulated = map(pd.read_csv, study_tab.export(store, study))
    assert (len(people), len(simulated)) == (0, 28)
    assert simulated["simulated"].all()


def test_before_the_study_is_open_the_tab_says_so(store):
    assert study_tab.progress_text(store, None) == study_tab.NOT_OPEN
    with pytest.raises(gr.Error, match="not open yet"):
        study_tab.export(store, None)
