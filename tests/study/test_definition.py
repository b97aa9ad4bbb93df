import pytest

from tests.study.tiny import write_study
from uplapp.errors import BadStudy
from uplapp.settings import Settings
from uplapp.study.definition import load, parse

GOOD = {
    "title": "A title",
    "conditions": [{"name": "l1", "label": "L1"}, {"name": "l2", "label": "L2"}],
    "scenes": [{"name": "face"}],
}


def with_protocol(**entries):
    return {**GOOD, "protocol": entries}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({**GOOD, "colour": 1}, "unknown key 'colour'; allowed: access, completion, conditions"),
        ({"title": "x", "scenes": GOOD["scenes"]}, "'conditions' is missing"),
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
        (with_protocol(layout="diagonal"), "layout 'diagonal' is unknown; choose one of: auto"),
        (with_protocol(pairs="some"), 'write "all", "random:N" or "adaptive:N"'),
        (with_protocol(pairs="adaptive:0"), 'write "all", "random:N" or "adaptive:N"'),
        (with_protocol(pairs="adaptive:3", orders=2), "orders = 2 needs pairs that are planned"),
        (with_protocol(orders=3), "orders = 3 must lie between 1 and 2"),
        (with_protocol(speed=1), "unknown key 'speed'"),
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


def test_broken_toml_is_told_with_its_line(tmp_path):
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
