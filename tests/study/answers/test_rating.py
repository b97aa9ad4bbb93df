import pytest

from tests.study.rated import GRADING, QUALITY, body, definition
from uplapp.study.answers import rating, response
from uplapp.study.answers.response import BadResponse, flags
from uplapp.study.definition import SCALES, load

SHARP = {"name": "sharp", "question": "How sharp?", "labels": ["blurred", "soft", "crisp"], "lowest": -1}
GERMAN = {"name": "sharp", "question": "Wie scharf?", "language": "de"}
LABELLED = {**GERMAN, "labels": ["unscharf", "weich", "scharf"]}


def test_the_example_of_expert_grading_has_three_criteria_graded_0_to_3():
    study = load(GRADING)
    rows = rating.criteria(study, "en")
    assert [entry.name for entry in rows] == ["denoising", "structure", "details"]
    assert {entry.labels for entry in rows} == {SCALES["grade3"].labels}
    assert {rating.values(entry) for entry in rows} == {range(0, 4)}


@pytest.mark.parametrize(("scale", "values"), [("mos5", [1, 2, 3, 4, 5]), ("mos4", [1, 2, 3, 4])])
def test_a_scale_gives_its_values(scale, values):
    (criterion,) = rating.criteria(definition(criteria=[{**QUALITY, "scale": scale}]), "en")
    assert list(rating.values(criterion)) == values
    assert criterion.scale == scale


@pytest.mark.parametrize("spoken", [LABELLED, GERMAN])
def test_the_values_are_the_same_in_every_language(spoken):
    study = definition(criteria=[SHARP, spoken], translations=["de"])
    (english,), (german,) = (rating.criteria(study, language) for language in ("en", "de"))
    assert rating.values(english) == rating.values(german) == range(-1, 2)
    assert (english.question, german.question) == ("How sharp?", "Wie scharf?")
    assert german.labels == tuple(spoken.get("labels", SHARP["labels"]))
    assert (english.scale, german.scale) == ("", "")


def test_a_criterion_without_a_row_in_a_language_is_asked_as_written():
    study = definition(criteria=[QUALITY], translations=["de"])
    assert rating.criteria(study, "de") == rating.criteria(study, "en")


def test_ratings_come_in_the_order_of_the_study():
    study = definition(criteria=[QUALITY, SHARP])
    given = rating.read(body({"sharp": -1, "quality": 5}), study)
    assert given.ratings == (("quality", 5), ("sharp", -1))
    assert (given.choice, given.layout) == ("rated", "single")


def test_a_rating_has_no_flicker_that_could_be_late():
    given = rating.read(body(), definition())
    assert not response.is_broken(given)
    assert response.flags(given, definition().protocol) == ()


@pytest.mark.parametrize(("response_ms", "flags"), [(499.0, ("too_fast",)), (501.0, ())])
def test_a_rating_below_half_a_second_is_too_fast(response_ms, flags):
    study = definition(phase_ms=1000.0)
    given = rating.read(body(response_ms=response_ms, seen_ms=[response_ms, 0]), study)
    assert response.flags(given, study.protocol) == flags


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ratings": {}}, "lacks the criterion 'quality'"),
        ({"ratings": None}, "must be an object"),
        ({"ratings": [4]}, "must be an object"),
        ({"ratings": {"quality": 4, "other": 1}}, "unknown criterion; this study has: quality"),
        ({"ratings": {"quality": 6}}, "whole number from 1 to 5"),
        ({"ratings": {"quality": 0}}, "whole number from 1 to 5"),
        ({"ratings": {"quality": 3.5}}, "whole number from 1 to 5"),
        ({"ratings": {"quality": True}}, "whole number from 1 to 5"),
        ({"ratings": {"quality": "4"}}, "whole number from 1 to 5"),
        ({"choice": "left"}, "'choice' must be one of: rated, none"),
        ({"choice": "none"}, "choice 'none' is for"),
        ({"layout": "side_by_side"}, "'layout' must be one of: single"),
        ({"frames_per_phase": 15}, "'frames_per_phase' must be"),
        ({"swaps_ms": [250.0]}, "'swaps_ms' must be a list of at most 0"),
        ({"missed_frames": 3}, "'missed_frames' must be"),
        ({"response_ms": float("nan")}, "'response_ms' must be a number"),
    ],
)
def test_what_no_page_could_have_sent_is_refused(changes, sentence):
    with pytest.raises(BadResponse, match=sentence):
        rating.read({**body(), **changes}, definition())


def test_a_missing_field_is_named():
    given = body()
    del given["seen_ms"]
    with pytest.raises(BadResponse, match="'seen_ms' is missing"):
        rating.read(given, definition())


def test_a_shown_reference_may_be_seen():
    given = rating.read(body(seen_ms=[2100.0, 2000.0]), definition(reference="shown"))
    assert given.seen_ms == (2100.0, 2000.0)


@pytest.mark.parametrize("seen_ms", [[9000.0, 0.0], [0.0, 0.0]])
def test_times_that_contradict_each_other_are_kept_and_flagged(seen_ms):
    study = definition()
    assert "contradiction" in flags(rating.read(body(seen_ms=seen_ms), study), study.protocol)


def test_a_rating_before_the_least_time_is_flagged():
    study = definition(min_view_ms=3000.0)
    assert "too_early" in flags(rating.read(body(), study), study.protocol)


def test_a_trial_without_a_rating_in_time_holds_none():
    study = definition(answer_timeout_ms=2000.0)
    given = rating.read(body(choice="none", ratings={"quality": 3}), study)
    assert given.ratings == ()
