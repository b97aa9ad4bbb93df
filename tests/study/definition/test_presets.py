import pytest

from uplapp.errors import UnknownName
from uplapp.study.answers import rating
from uplapp.study.definition import presets
from uplapp.study.definition.definition import parse

STUDY = {
    "conditions": [{"name": "l1", "label": "L1"}, {"name": "l2", "label": "L2"}],
    "scenes": [{"name": "a"}],
}


def made(task, languages):
    translations = [{"language": other} for other in languages[1:]]
    head = {"title": presets.title(task, languages[0]), "protocol": {"language": languages[0]}}
    raw = {**STUDY, **head, "translations": translations, **presets.tables(task, languages)}
    return parse(raw, "mine", "here")


@pytest.mark.parametrize("languages", [("en",), ("de",), ("en", "de"), ("de", "en")])
@pytest.mark.parametrize("task", presets.TASKS)
def test_every_task_makes_a_study_in_every_choice_of_languages(task, languages):
    study = made(task, languages)
    assert (study.rating is None) == (task == "pairs")
    names = [[entry.name for entry in rating.criteria(study, language)] for language in languages]
    assert names == [names[0]] * len(languages)


def test_expert_grading_has_the_three_criteria_of_the_published_study_from_0_to_3():
    rows = rating.criteria(made("grade3", ("en",)), "en")
    assert [entry.name for entry in rows] == ["denoising", "structure", "details"]
    assert {(entry.lowest, len(entry.labels)) for entry in rows} == {(0, 4)}


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(UnknownName, match="grade3, mos4, mos5, pairs"):
        presets.tables("stars", ("en",))
