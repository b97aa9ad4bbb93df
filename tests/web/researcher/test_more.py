"""What study.toml can say beyond the form, from the box to the opened study."""

import pytest

from tests.web.desks import ENTRY, zip_of_pictures
from tests.web.researcher.drafting import drafted, tables
from uplapp.errors import BadStudy
from uplapp.study.stimuli import package
from uplapp.web.researcher.build import build_view, more
from uplapp.web.researcher.build.more import keys

OWN = """[protocol]
answer_timeout_ms = 45000
practice = 1

[consent]
version = "7b"

[completion]
redirect = "https://lab.example/done?c={code}"

[[questions]]
name = "age"
text = "How <old>?"
kind = "number"

[[translations]]
language = "de"
title = "Welches Bild?"
"""


def test_what_the_box_says_arrives_in_the_opened_study(desk, tmp_path):
    made = drafted(desk, str(zip_of_pictures(tmp_path)), more=OWN, phase="500 ms (1 Hz)")
    build_view.published(desk, ENTRY, made, forced=False)
    opened = desk.shelf.studies["faces"].definition
    assert (opened.protocol.answer_timeout_ms, opened.protocol.practice) == (45_000, 1)
    assert opened.protocol.phase_ms == 500  # of the form
    assert opened.consent.version == "7b"
    assert opened.completion.redirect.startswith("https://lab.example/done")
    assert [question.name for question in opened.questions] == ["age"]
    assert [(row.language, row.title) for row in opened.translations] == [("de", "Welches Bild?")]


def test_the_facts_list_what_is_not_as_by_default(desk, tmp_path):
    text = build_view.shown(drafted(desk, str(zip_of_pictures(tmp_path)), more=OWN))
    expected = ("protocol.answer_timeout_ms = 45000", "consent.version = 7b", "How &lt;old&gt;?")
    assert [words for words in expected if words not in text] == []
    assert "phase_ms" not in text


def test_the_example_in_the_box_is_a_study():
    assert tables(more=more.EXAMPLE)["consent"]["version"] == "2"


def test_an_empty_box_changes_nothing():
    assert tables(more=" \n") == tables(more="") == tables(more=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[protocol]\nseed = 1\nphase = 3", r"protocol: unknown key 'phase'; allowed: .* \(line 3\)"),
        ("[protocol]\n\nzoom = 9", r"zoom = 9 must lie between 1 and 2 \(line 3\)"),
        ("[consent]\nversion = 2", r"consent: version = 2 must be a text \(line 2\)"),
        ("[access]\n[[questions]]\ntext = 'x'", r"questions\[0\]: 'name' is missing \(line 2\)"),
        ("protocol = 3", "protocol must be a table"),
        ("[protocol]\nzoom = ", r"not valid TOML: .*\(at line 2\)"),
        ("[protocol]\nzoom 2\nseed = 1", "not valid TOML: .*line 2"),
        pytest.param("x = " + "[" * 20_000, "nested too deep", id="deep"),
        pytest.param("x = " + "9" * 5_000, "number is too long", id="long"),
        ("title = 'x'", r"'title' is not possible there; allowed: \[protocol\].* \(line 1\)"),
        ("[[conditions]]\nname = 'x'", "'conditions' is not possible there"),
        ("[[scenes]]\nname = 'x'", "'scenes' is not possible there"),
        ("[render]\nnetwork = 'x'", "'render' is not possible there"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_its_line_and_leaves_nothing(desk, tmp_path, text, words):
    with pytest.raises(BadStudy, match=words) as caught:
        drafted(desk, str(zip_of_pictures(tmp_path)), more=text)
    assert "\n" not in str(caught.value)
    assert not desk.drafts.exists()
    assert desk.shelf.names() == ["tiny"]


def test_a_packed_study_keeps_its_own_settings_and_the_box_says_so(desk, tmp_path):
    folder = desk.shelf.settings.studies / "tiny"
    package.pack(folder, folder, tmp_path / "tiny.zip")
    with pytest.raises(BadStudy, match="keeps its own settings; empty the box"):
        drafted(desk, str(tmp_path / "tiny.zip"), more=OWN)


@pytest.mark.parametrize("key", ["answer_timeout_ms = 0", 'version = "1"', "options", 'redirect = ""'])
def test_the_keys_that_exist_are_told_with_their_defaults(key):
    assert key in keys()
