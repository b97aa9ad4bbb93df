"""The verb `sweep`: estimate, fits, figures and tables by one command."""

import numpy as np
import pytest
from PIL import Image

from tests.calling import caller
from tests.imaging.experiments.small import PICTURE, TINY
from uplapp.commands.sweep import sweep
from uplapp.errors import UplappError

GRID = [word for name, value in TINY.items() for word in (f"--{name}", value)]


@pytest.fixture
def picture(tmp_path):
    Image.fromarray((255 * PICTURE.pixels[0]).astype(np.uint8)).save(tmp_path / "head.png")
    return tmp_path / "head.png"


@pytest.fixture
def call(tmp_path):
    return lambda *words: caller(sweep)("deep-decoder", "--out", tmp_path / "out.csv", *words)


def test_a_dry_run_says_how_long_it_takes_and_does_nothing(call, picture, tmp_path):
    result = call(picture, *GRID, "--k", "4", "--targets", "whole", "--dry-run", "--workers", "2")
    assert "0 of 5 fits are done; the others take about" in result.stderr
    assert "2 at a time" in result.stderr
    assert not (tmp_path / "out.csv").exists()


def test_a_sweep_is_run_drawn_and_drawn_again(call, picture, tmp_path):
    words = [*GRID, "--k", "4", "--targets", "whole", "--starts", "2", "--workers", "1"]
    drawn = ["--figures", tmp_path / "figures", "--tables", tmp_path / "tables.md"]
    result = call(picture, *words)
    assert "2 of 2: k4-s4-l2-uniform-whole, start 2" in result.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 1 + 2 * 3
    assert "tables.md" in call(*drawn).stdout
    assert len(list((tmp_path / "figures").glob("*.svg"))) == 4
    assert "## Table 4.5" in (tmp_path / "tables.md").read_text()
    assert "2 of 2 fits are done" in call(picture, *words).stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--k", "8"], "to draw; give a slice to run the experiment on"),
        (["--published", "5", "--k", "8"], "--published and --k do not go together"),
        (["--k", "none"], "--k is 'none'"),
        (["nowhere.png"], "nowhere.png cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence(call, words, sentence):
    with pytest.raises(UplappError, match=sentence):
        call(*words)


def test_an_unknown_experiment_is_refused(tmp_path):
    with pytest.raises(UplappError, match="unknown experiment 'fly'; choose one of: deep-decoder"):
        caller(sweep)("fly", "--out", tmp_path / "out.csv")


def test_s_larger_than_a_patch_is_refused_before_any_fit(call, picture):
    with pytest.raises(UplappError, match=r"s is 32, and the image is .* px"):
        call(picture, "--s", "32", "--targets", "4x5")
