"""From pictures to an open study, without a browser."""

from dataclasses import replace

import pytest

from tests.study.tiny import SCENES
from tests.web.desks import ENTRY, TOKEN, zip_of_pictures
from tests.web.researcher.drafting import FIELDS, drafted, results, tables
from uplapp.errors import BadStudy, UplappError
from uplapp.study.definition import Rating, presets
from uplapp.study.stimuli import stimuli
from uplapp.typed import read
from uplapp.web.researcher.build import build_view, collecting, form
from uplapp.web.researcher.build.collecting import Collected


@pytest.fixture
def pictures(tmp_path):
    zip_of_pictures(tmp_path)
    return tmp_path / "pictures"


def test_a_zip_becomes_a_frozen_study_that_is_open_at_once_under_its_address(desk, tmp_path):
    made = drafted(desk, str(zip_of_pictures(tmp_path)), pairs="A random part for each", number=5, quota=30)
    address = build_view.published(desk, ENTRY, made, forced=False)
    assert "https://lab.example/study/faces" in address
    opened = desk.shelf.studies["faces"].definition
    assert (opened.protocol.pairs, opened.access.quota, opened.languages) == ("random:5", 30, ("en", "de"))
    assert stimuli.read(desk.shelf.settings.studies / "faces")["edition"] == 1
    assert TOKEN not in address


def test_the_facts_tell_size_length_and_the_pictures(desk, tmp_path):
    text = build_view.shown(drafted(desk, str(zip_of_pictures(tmp_path))))
    assert "<b>2</b><span>scenes" in text
    assert "<b>16</b><span>trials per observer" in text
    assert text.count("<img") == 2 * 5
    assert "role=" not in text  # nothing to warn of


@pytest.mark.parametrize("task", sorted(set(form.TASKS) - {form.COMPARE}))
def test_a_rating_study_asks_each_criterion_in_every_language(desk, tmp_path, task):
    made = drafted(desk, str(zip_of_pictures(tmp_path)), task=task, hidden=True)
    same = presets.tables(form.TASKS[task], ("en", "de"), "hidden")["rating"]  # as from the command line
    assert made.definition.rating == read(Rating, same, "here", BadStudy)


def test_what_does_not_go_with_ratings_is_a_sentence(desk, tmp_path):
    archive = str(zip_of_pictures(tmp_path))
    with pytest.raises(BadStudy, match="not for ratings"):
        drafted(desk, archive, task="Rate one: quality, 1 to 5", not_sure=True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"repeats": 200, "catch": 100, "practice": 20}, "minutes are long"),
        ({"phase": "100 ms (5 Hz)"}, "More than three flashes a second"),
    ],
)
def test_what_to_think_about_first_is_a_warning(desk, tmp_path, changes, words):
    assert words in build_view.shown(drafted(desk, str(zip_of_pictures(tmp_path)), **changes))


def test_conditions_nobody_can_tell_apart_are_a_warning(desk, tmp_path, pictures):
    twin = pictures / "l2" / f"{SCENES[0]}.png"
    twin.write_bytes((pictures / "l1" / f"{SCENES[0]}.png").read_bytes())
    collected = collecting.added(Collected(), results(pictures))
    made = build_view.drafted(
        desk, build_view.RESULTS, None, collected, "same", "Which?", *(FIELDS | {}).values()
    )
    assert "l1 and l2 are pixel-identical" in build_view.shown(made)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phase": "3 ms"}, "time of a picture '3 ms' is not possible"),
        ({"pairs": None}, "comparisons 'None' is not possible"),
        ({"practice": None}, "practice must be a whole number"),
        ({"quota": 1.5}, "people wanted must be a whole number"),
    ],
)
def test_a_field_that_does_not_fit_is_a_sentence(changes, words):
    with pytest.raises(BadStudy, match=words):
        tables(**changes)


def test_a_missing_upload_is_a_sentence(desk):
    with pytest.raises(BadStudy, match="no folders and no ZIP are chosen yet"):
        drafted(desk, None, title="Which?")


@pytest.mark.parametrize(
    ("task", "language", "title"),
    [
        (form.COMPARE, "English, German", "Which picture changes less?"),
        ("Rate one: quality, 1 to 5", "English", "How good are these images?"),
        ("Rate one: quality, 1 to 5", "French, English", "Que valent ces images"),
    ],
)
def test_an_empty_title_becomes_the_question_of_the_task(task, language, title):
    assert form.title_of(task, False, "", "", language).startswith(title)


def test_freezing_before_checking_is_a_sentence(desk):
    with pytest.raises(BadStudy, match="press Check first"):
        build_view.published(desk, ENTRY, None, forced=False)


def test_where_answers_would_be_lost_a_study_opens_only_when_forced(desk, tmp_path):
    shelf = replace(desk.shelf, settings=replace(desk.shelf.settings, space=True))
    space = replace(desk, shelf=shelf)
    made = drafted(space, str(zip_of_pictures(tmp_path)))
    with pytest.raises(BadStudy, match="tick the box"):
        build_view.published(space, ENTRY, made, forced=False)
    assert "faces" not in space.shelf.studies
    build_view.published(space, ENTRY, made, forced=True)
    assert "faces" in space.shelf.studies


def test_a_name_that_is_taken_leaves_the_study_that_has_it(desk, tmp_path):
    before = desk.shelf.studies["tiny"]
    made = drafted(desk, str(zip_of_pictures(tmp_path)), name="tiny")
    with pytest.raises(BadStudy, match="'tiny' exists already"):
        build_view.published(desk, ENTRY, made, forced=False)
    assert desk.shelf.studies["tiny"] is before


def test_restorations_are_collected_under_plain_names_that_differ(pictures):
    names = ["a photo.v2", "a photo.v2", "reference", "A-PHOTO-V2", "***"]
    collected = Collected()
    for name in names:
        collected = collecting.added(collected, results(pictures, name))
    names = [scene.scene for scene in collected.scenes]
    assert names == ["a-photo-v2", "a-photo-v2-2", "scene-reference", "A-PHOTO-V2-3", "picture"]
    assert "**5** collected" in collecting.summary(collected)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"reference": None}, "no clean reference"), ({"restored": {}}, "press Restore first")],
)
def test_a_result_that_can_be_no_scene_is_a_sentence(pictures, changes, words):
    with pytest.raises(UplappError, match=words):
        collecting.added(Collected(), results(pictures, **changes))


def test_nothing_restored_is_a_sentence():
    with pytest.raises(UplappError, match="press Restore first"):
        collecting.added(Collected(), None)


def test_known_answers_can_be_such_that_pixels_do_not_tell_them(desk, tmp_path):
    made = drafted(desk, str(zip_of_pictures(tmp_path)), disguised=True)
    assert made.definition.protocol.catch_kind == "disguised"
    assert "protocol.catch_kind = disguised" in build_view.shown(made)
    archive = str(zip_of_pictures(tmp_path))
    with pytest.raises(BadStudy, match="catch_kind are for pairs"):
        drafted(desk, archive, name="rated", task="Rate one: quality, 1 to 5", disguised=True)


def test_a_consent_with_empty_places_is_a_warning_and_is_not_frozen(desk, tmp_path):
    made = drafted(desk, str(zip_of_pictures(tmp_path)), internal=False, purpose="To see", contact=" ")
    assert "The consent does not say contact, retention, questions" in build_view.shown(made)
    with pytest.raises(BadStudy, match="contact, retention, questions; fill in"):
        build_view.published(desk, ENTRY, made, forced=False)


def test_the_places_of_the_consent_are_fields_and_the_box_goes_over_them():
    places = {"purpose": "To see", "contact": "Ada", "retention": "A year", "questions": "Ben"}
    told = tables(**places, internal=False, more='[consent]\ncontact = "Cleo"')["consent"]
    assert told == {**places, "contact": "Cleo"}
    assert tables(internal=False)["consent"] is None


@pytest.mark.parametrize("panel", [label for label, name in form.PANEL_MENU.items() if name])
def test_where_people_come_from_is_a_choice_of_the_form(panel):
    assert tables(recruited=panel)["panel"] == {"name": form.PANEL_MENU[panel]}
    assert tables()["panel"] is None


@pytest.mark.parametrize("answer", ["not_sure", "both_bad"])
def test_a_study_offers_the_answers_that_are_ticked(answer):
    assert tables(**{answer: True})["protocol"][answer] is True
    assert tables()["protocol"][answer] is False


def test_a_study_asks_by_how_much_where_the_form_says_so():
    assert tables(steps="Which, slightly or much")["protocol"]["steps"] == 2
    with pytest.raises(BadStudy, match="what they say"):
        tables(steps="Which, hugely")
