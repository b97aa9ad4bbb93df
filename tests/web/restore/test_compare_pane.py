"""What the comparison of pictures is given, and the example that the page opens with."""

import html
import json
import re

import numpy as np
import pytest

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.job import run_job
from uplapp.imaging.files.pictures import read_image, tensor_to_array
from uplapp.web.restore import example
from uplapp.web.restore.compare_pane import CLEAN, INPUT, RESULT, WORDS, Picture, comparison, role_of

TOLERANCE = 1  # a level of 8 bits, for another processor rounds otherwise


@pytest.fixture(scope="module")
def shown(house):
    return example.job(Checkpoints((house / "checkpoints",)))


def given(frame: str) -> dict:
    """What the script of a frame reads."""
    inner = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    return json.loads(re.search(r'<script id="pictures"[^>]*>(.*?)</script>', inner, re.DOTALL)[1])


def test_names_are_no_markup_in_the_frame():
    name = '</script><b> "x"'
    frame = comparison([Picture(name, "/tmp/a b.png")])
    assert given(frame)["pictures"] == [[name, "gradio_api/file=/tmp/a%20b.png", RESULT]]


def test_change_is_called_good_or_bad_by_what_a_picture_is_held_against():
    assert "less change is closer" in WORDS["flicker"][CLEAN]
    assert "was not restored" in WORDS["flicker"][INPUT]
    assert "less change" not in WORDS["flicker"][INPUT] + WORDS["flicker"][RESULT]
    assert [role_of(kind, "noisy") for kind in ("reference", "noisy", "l1")] == [CLEAN, INPUT, RESULT]


def test_every_way_to_compare_has_a_letter_of_its_own():
    assert list(WORDS["letters"]) == list(WORDS["ways"])
    assert len(set(WORDS["letters"].values())) == len(WORDS["ways"])


def test_the_page_opens_with_all_networks_of_the_first_task(shown):
    pictures = given(example.frame(shown))["pictures"]
    assert [name for name, _, _ in pictures] == [*shown.labels.values()]
    assert [role for _, _, role in pictures] == [CLEAN, INPUT, *[RESULT] * 7]
    assert all(path.is_file() for path, _ in example.pictures(shown))
    assert example.table(shown).count("\n| ") == 2 + 8
    assert "example" in example.table(shown)


def test_the_example_is_what_its_network_gives_today(shown):
    result = shown.results[0]
    (again,) = run_job(shown.case, [result.candidate]).results
    np.testing.assert_allclose(again.samples, result.samples, atol=TOLERANCE)
    assert again.scores["psnr"] == pytest.approx(result.scores["psnr"], abs=0.01)
    stored = read_image(example.file_of("reference"))
    np.testing.assert_array_equal(tensor_to_array(stored.pixels), tensor_to_array(shown.case.reference))


def test_the_example_leaves_out_what_networks_made_that_are_not_here(shown, house, tmp_path):
    kept = shown.results[-1].candidate.name
    for file in (house / "checkpoints").glob(f"{kept}.*"):
        (tmp_path / file.name).symlink_to(file)
    fewer = example.job(Checkpoints((tmp_path,)))
    assert [result.name for result in fewer.results] == [kept]
    np.testing.assert_array_equal(fewer.results[0].samples, shown.results[-1].samples)
    files = [path for _, path, _ in given(example.frame(fewer))["pictures"]]
    every = [path for _, path, _ in given(example.frame(shown))["pictures"]]
    assert files == [*every[:2], every[-1]]
