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


@pytest.mark.parametrize(
    "languages", [("en",), ("de", "en"), ("en", *sorted(presets.LANGUAGES.keys() - {"en"}))]
)
@pytest.mark.parametrize("task", presets.TASKS)
def test_every_task_makes_a_study_in_every_choice_of_languages(task, languages):
    study = made(task, languages)
    assert (study.rating is None) == (task == "pairs")
    names = [[entry.name for entry in rating.criteria(study, language)] for language in languages]
    assert names == [names[0]] * len(languages)


@pytest.mark.parametrize("language", presets.LANGUAGES)
@pytest.mark.parametrize("rating", [False, True])
def test_every_language_has_a_consent_of_its_own(language, rating):
    others = {presets.consent(rating, other) for other in presets.LANGUAGES if other != language}
    assert presets.consent(rating, language) not in others


def test_expert_grading_has_the_three_criteria_of_the_published_study_from_0_to_3():
    rows = rating.criteria(made("grade3", ("en",)), "en")
    assert [entry.name for entry in rows] == ["denoising", "structure", "details"]
    assert {(entry.lowest, len(entry.labels)) for entry in rows} == {(0, 4)}


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(UnknownName, match="grade3, mos4, mos5, pairs"):
        presets.tables("stars", ("en",))


def asked(**changes):
    raw = {
        "title": "Which?",
        "consent": {
            "purpose": "To see",
            "contact": "lab@example",
            "retention": "10 years",
            "questions": "Ada",
        },
        "conditions": [{"name": "a", "label": "a"}, {"name": "b", "label": "b"}],
        "scenes": [{"name": "s"}],
        "translations": [{"language": "de", "purpose": "Um zu sehen"}],
    }
    return parse({**raw, **changes}, "asked", "study.toml")


def test_what_a_study_says_of_itself_follows_the_standard_text_in_each_language():
    english, german = (asked().consent_in(language) for language in ("en", "de"))
    assert english.startswith(presets.consent(False, "en"))
    assert "Purpose: To see" in english
    for words in ("lab@example", "10 years", "Ada"):
        assert words in english
        assert words in german
    assert "Zweck: Um zu sehen" in german


def test_an_internal_test_says_that_it_is_one():
    assert "an internal test" in asked(consent={"internal_test": True}).consent_in("en")
    assert asked(consent={}).consent_in("en") == presets.consent(False, "en")


def test_consents_that_are_written_out_hold_each_place_once():
    written = asked().with_consents()
    assert written.consent_in("de").count("Zweck") == 1
    assert written.with_consents() == written
