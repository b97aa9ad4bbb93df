import pytest

from tests.study.tiny import write_study
from uplapp.errors import BadStudy
from uplapp.settings import Settings
from uplapp.study.definition.definition import load, parse

GOOD = {
    "title": "A title",
    "conditions": [{"name": "l1", "label": "L1"}, {"name": "l2", "label": "L2"}],
    "scenes": [{"name": "face"}],
}
QUALITY = {"name": "quality", "question": "How good is it?"}
UNLIKE = [{**QUALITY, "labels": ["a", "b"]}, {**QUALITY, "labels": ["x", "y", "z"], "language": "de"}]
GERMAN = {"translations": [{"language": "de"}]}


def with_protocol(**entries):
    return {**GOOD, "protocol": entries}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**GOOD, "colour": 1}, "unknown key 'colour'; allowed: access, completion, conditions"),
        ({"title": "x", "scenes": GOOD["scenes"]}, "'conditions' is missing"),
        ({**GOOD, "name": "other"}, "unknown key 'name'"),
        ({**GOOD, "title": 3}, "title = 3 must be a text"),
        ({**GOOD, "conditions": GOOD["conditions"][:1]}, "at least 2 conditions"),
        ({**GOOD, "conditions": []}, "conditions must be one or more tables"),
        ({**GOOD, "conditions": [{"name": "l1", "label": "a"}, {"name": "L1", "label": "b"}]}, "clash"),
        ({**GOOD, "conditions": [{"name": "l1"}, {"name": "l2"}]}, "'label' is missing"),
        ({**GOOD, "scenes": [{"name": "../etc"}]}, "name '../etc' cannot be used"),
        ({**GOOD, "scenes": [{"name": "Reference"}]}, "not 'reference'"),
        ({**GOOD, "scenes": [{"name": "a", "crop": [1, 2, 3]}]}, "must be [top, left, height, width]"),
        ({**GOOD, "scenes": [{"name": "a", "crop": [1, 2, 3, 4.5]}]}, "list of whole numbers"),
        ({**GOOD, "protocol": 3}, "protocol must be a table"),
        (with_protocol(phase_ms=10), "phase_ms = 10 must lie between 50 and 2000"),
        (with_protocol(phase_ms="fast"), "phase_ms = 'fast' must be a number"),
        (with_protocol(catch=True), "catch = True must be a whole number"),
        (with_protocol(not_sure=1), "not_sure = 1 must be true or false"),
        (with_protocol(layout="diagonal"), "layout = 'diagonal' must be one of: auto, side_by_side"),
        (with_protocol(pairs="some"), 'write "all", "random:N" or "adaptive:N"'),
        (with_protocol(pairs="adaptive:0"), 'write "all", "random:N" or "adaptive:N"'),
        (with_protocol(pairs="adaptive:3", orders=2), "orders = 2 needs pairs that are planned"),
        (with_protocol(orders=3), "orders = 3 must lie between 1 and 2"),
        (with_protocol(speed=1), "unknown key 'speed'"),
        (with_protocol(zoom=3), "zoom = 3 must lie between 1 and 2"),
        (with_protocol(max_view_ms=900), "max_view_ms = 900 must be 0 (no limit) or at least 1000"),
        (with_protocol(min_view_ms=5000, answer_timeout_ms=4000), "must be 0 (no limit) or at least 5000"),
        (with_protocol(language="english"), "language 'english' must be two letters"),
        (
            {**GOOD, "translations": [{"language": "en"}]},
            "'en' must be two letters, each language once",
        ),
        ({**GOOD, "translations": {"language": "de"}}, "must be a list"),
        ({**GOOD, "completion": {"redirect": "http://x.example"}}, "must be an https:// address"),
        ({**GOOD, "completion": {"redirect": "javascript:alert(1)"}}, "must be an https:// address"),
        ({**GOOD, "access": {"quota": -1}}, "quota = -1 must lie between 0 and 100000"),
        ({**GOOD, "questions": [{"name": "a", "text": "?", "kind": "choice"}]}, "only a choice has options"),
        (
            {**GOOD, "questions": [{"name": "a", "text": "?", "options": ["x", "y"]}]},
            "only a choice has options",
        ),
        ({**GOOD, "questions": [{"name": "a", "text": "?", "options": "xy"}]}, "must be a list of texts"),
        (
            {**GOOD, "questions": [{"name": "a", "text": "?", "kind": "date"}]},
            "kind = 'date' must be one of: text, number, choice",
        ),
        (
            {**GOOD, "questions": [{"name": "a", "text": "?", "language": "de"}]},
            "language 'de' must be one of: en",
        ),
        ({**GOOD, "rating": {}}, "'criteria' is missing"),
        (
            {**GOOD, "rating": {"criteria": [QUALITY], "reference": "there"}},
            "reference = 'there' must be one of: shown, hidden",
        ),
        (
            {**GOOD, "rating": {"criteria": [{**QUALITY, "scale": "stars"}]}},
            "scale = 'stars' must be one of: mos5, mos4, grade3",
        ),
        ({**GOOD, "rating": {"criteria": [{**QUALITY, "labels": ["x"]}]}}, "a scale has 2 to 11 labels"),
        (
            {**GOOD, **GERMAN, "rating": {"criteria": UNLIKE}},
            "need the same number of labels",
        ),
        ({**with_protocol(not_sure=True), "rating": {"criteria": [QUALITY]}}, "for pairs, not for ratings"),
        ({**with_protocol(steps=2), "rating": {"criteria": [QUALITY]}}, "steps and catch_kind are for pairs"),
        (with_protocol(steps=4), "steps = 4 must lie between 1 and 3"),
        ({**with_protocol(pairs="adaptive:2"), "rating": {"criteria": [QUALITY]}}, "pairs that are planned"),
    ],
)
def test_a_wrong_entry_is_one_sentence_with_place_and_choices(raw, message):
    with pytest.raises(BadStudy) as caught:
        parse(raw, "mine", "mine/study.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine/study.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["api", "static", "a b", "", "..", "reference"])
def test_a_study_cannot_take_a_name_that_is_no_address(name):
    with pytest.raises(BadStudy):
        parse(GOOD, name, "here")


def test_a_folder_without_a_definition_says_so(tmp_path):
    with pytest.raises(BadStudy, match=r"no study\.toml"):
        load(tmp_path)


def test_broken_toml_is_reported_with_its_line(tmp_path):
    (tmp_path / "study.toml").write_text("title = \n")
    with pytest.raises(BadStudy, match="line 1"):
        load(tmp_path)


def test_a_definition_counts_its_trials(tmp_path):
    assert load(write_study(tmp_path / "tiny")).main_trials == 2 * 6
    assert parse(with_protocol(pairs="random:1"), "mine", "x").main_trials == 1
    assert parse(with_protocol(pairs="random:99"), "mine", "x").main_trials == 1
    assert parse(with_protocol(pairs="random:1", orders=2), "mine", "x").main_trials == 2


def test_the_demo_is_short_enough_for_a_visitor():
    demo = load(Settings.from_env({}).studies / "demo")
    protocol = demo.protocol
    assert demo.main_trials + protocol.practice + protocol.catch + protocol.repeats <= 24
    assert demo.render is not None
    assert {entry.name for entry in demo.conditions} == {"l1", "l2", "ms_ssim", "flip"}


def test_a_study_of_ratings_counts_images_and_one_image_may_be_rated_alone():
    raw = {**GOOD, "conditions": GOOD["conditions"][:1], "rating": {"criteria": [QUALITY]}}
    assert parse(raw, "mine", "here").main_trials == 1
    raw = {**GOOD, "scenes": [{"name": "a"}, {"name": "b"}], "rating": {"criteria": [QUALITY]}}
    assert parse(raw, "mine", "here").main_trials == 4


def test_a_name_may_come_once_in_each_language():
    rows = [{"name": "eyes", "text": "Glasses?"}, {"name": "eyes", "text": "Brille?", "language": "de"}]
    raw = {**GOOD, "questions": rows, "translations": [{"language": "de"}]}
    assert len(parse(raw, "mine", "here").questions) == 2
    with pytest.raises(BadStudy, match="clash"):
        parse({**raw, "questions": [rows[0], rows[0]]}, "mine", "here")
