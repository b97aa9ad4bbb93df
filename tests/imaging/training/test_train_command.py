"""`uplapp train` as a person calls it: one run, a table, a search, a stop."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import typer
from typer.testing import CliRunner

from tests.imaging import tiny
from uplapp.commands.train import train
from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import read_card
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.training.log import Progress
from uplapp.workflows.training import ProgressLine, draw_curves, stopping

TABLE = """
[photos]
task = "denoise"
network_options = { width = 6 }
source = "two photographs"
start = { loss = "l2", schedule = { steps = 4, batch = 1, crop_px = 32 } }
schedule = { steps = 4, batch = 1, crop_px = 32 }
[photos.losses]
l1 = {}
ssim = { options = { window = 3 } }
upl = { options = { depth = 3 } }
"""
SHORT = ["--steps", "4", "--width", "6", "--batch", "1", "--crop", "32"]


@pytest.fixture
def photos(tmp_path):
    return tiny.photograph_folder(tmp_path / "photos")


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.toml"
    path.write_text(TABLE)
    return path


@pytest.fixture
def call(tmp_path):
    app = typer.Typer()
    app.command()(train)

    def run(*words):
        places = ["--runs", tmp_path / "runs", "--out", tmp_path / "out"]
        return CliRunner().invoke(app, [str(word) for word in (*words, *places)])

    return run


def test_of_several_processes_the_first_one_prints(call, photos, tmp_path, monkeypatch):
    printed = {}
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        printed[rank] = call("--loss", "l2", "--data", photos, *SHORT).stdout
    assert printed["0"].startswith("denoise-unet-l2: 16,")
    assert printed["1"] == ""


def test_what_the_data_were_taken_for_is_said_once_for_files_alike(call, tmp_path):
    for name, top in (("a", 4000), ("b", 3900), ("c", 3800)):
        samples = np.linspace(0, top, 48 * 48 * 3).reshape(48, 48, 3).astype(np.uint16)
        tifffile.imwrite(tmp_path / f"{name}.tif", samples, photometric="rgb")
    words = ["--loss", "l2", "--data", tmp_path, *SHORT]
    said = [line for line in call(*words).stderr.splitlines() if "dark" in line]
    assert said == [
        "a.tif and 2 more, with other numbers: The largest sample is 4000 of 65535, so the picture is dark; "
        "if its samples have 12 bits, choose 4095 as the white level."
    ]
    assert "dark" not in call(*words, "--read", "white=4095", "--seed", "1").stderr


def test_the_optimiser_is_part_of_the_recipe(call, photos, tmp_path):
    assert call("--loss", "l2", "--data", photos, "--optimiser", "muon", *SHORT).exit_code == 0
    assert read_card(tmp_path / "out" / "denoise-unet-l2.json").recipe.last.schedule.optimiser == "muon"
    refused = call("--loss", "l2", "--data", photos, "--optimiser", "sgd", *SHORT)
    assert str(refused.exception) == "unknown optimiser 'sgd'; choose one of: adam, muon"


def test_a_table_of_runs_is_trained_and_what_failed_is_told_at_the_end(call, photos, table, tmp_path):
    result = call("--all", "--table", table, "--data", photos)
    assert result.exit_code == 1
    assert "1 of 3: trained: denoise-unet-l1: 16,047 parameters" in result.stdout
    assert "3 of 3: trained: denoise-unet-upl" in result.stdout
    assert result.stderr.splitlines()[-1].startswith(
        "error: denoise-unet-ssim: failed (loss 'ssim' has no option 'window'"
    )
    card = read_card(tmp_path / "out" / "denoise-unet-l1.json")
    assert (card.recipe.before.loss, card.data["source"]) == ("l2", "two photographs")


def test_one_run_of_a_table_is_trained_and_then_kept(call, photos, table):
    words = ["--all", "--table", table, "--only", "denoise-unet-upl", "--data", f"denoise={photos}"]
    assert "1 of 1: trained: denoise-unet-upl" in call(*words).stdout
    again = call(*words)
    assert (again.exit_code, "1 of 1: kept: denoise-unet-upl" in again.stdout) == (0, True)


def test_curves_are_drawn(call, photos, tmp_path):
    path = tmp_path / "curves.svg"
    words = ["--loss", "l1", "--data", photos, "--validate", photos, "--validate-every", "2"]
    result = call(*words, *SHORT, "--curves", path)
    assert result.exit_code == 0
    assert "psnr" in result.stdout
    assert "denoise-unet-l1" in path.read_text()
    assert ", validation " in result.stderr


def test_no_curves_are_drawn_of_a_run_that_has_no_log_yet(photos, tmp_path):
    draw_curves(tmp_path / "curves.png", {"run": tmp_path / "none.csv"})
    assert not (tmp_path / "curves.png").exists()


def test_a_search_prints_a_table_and_the_line_for_the_other_table(call, photos):
    words = ["--loss", "flip", "--data", photos, "--validate", photos, "--rates", "1e-3,1e-4,1e30"]
    result = call(*words, *SHORT, "--search-steps", "3")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "denoise-unet-flip"
    assert [line.split()[0] for line in lines[2:5]] == ["0.0001", "0.001", "1e+30"]
    assert lines[4].split()[1] == "diverged"
    [chosen] = [line.split()[0] for line in lines if line.endswith("<- chosen")]
    assert lines[-1] == f"flip = {{ schedule = {{ learning_rate = {chosen} }} }}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "x"], "give --loss NAME, or --all"),
        (["--data", "x", "--all", "--steps", "3"], "--steps does not go .*the table says that"),
        (["--data", "x", "--loss", "l1", "--only", "y"], "--only does not go .*belongs to --all"),
        (["--data", "x", "--all", "--rates", "1", "--dask", "y"], "--rates and --dask do not go together"),
        (["--data", "x", "--all"], "--data x is for which task"),
        (["--data", "mri=x", "--all"], "no data for denoise; give --data denoise=FOLDER"),
        (["--data", "x", "--loss", "l1", "--curves", "a.gif"], "unknown picture format 'gif'"),
        (["--data", "x", "--loss", "l1", "--rates", "fast"], "--rates fast cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_read(call, words, sentence):
    result = call(*words)
    assert isinstance(result.exception, UplappError)
    with pytest.raises(UplappError, match=sentence):
        raise result.exception


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_ends_a_run_after_its_step_and_the_next_one_at_once(number):
    line = ProgressLine()
    before = signal.getsignal(number)
    with stopping([line]):
        assert line(Progress("run", 1, 10, {"loss": 0.5}))
        os.kill(os.getpid(), number)
        assert not line(Progress("run", 2, 10, {"loss": 0.5}))
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before


@pytest.mark.slow
def test_a_stop_saves_the_state_and_says_how_to_go_on(photos, tmp_path, house):
    words = [
        "train",
        "--loss",
        "l2",
        "--data",
        photos,
        "--runs",
        tmp_path / "runs",
        "--out",
        tmp_path / "out",
    ]
    tiny_run = ["--steps", "100000", "--width", "6", "--batch", "1", "--crop", "32"]
    command = [sys.executable, "-m", "uplapp", *map(str, words), *tiny_run]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=house, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stderr.read(1)  # the first line of progress has begun
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (130, b"")
    assert b"the same command goes on from there" in err.splitlines()[-1]
    assert len(list((tmp_path / "runs").glob("denoise-unet-l2.*.state.pt"))) == 1


GREY = """
[grey]
task = "{task}"
network_options = {{ channels = {channels}, width = 6 }}
schedule = {{ steps = 2, batch = 1, crop_px = 32 }}
[grey.losses]
l1 = {{}}
"""


@pytest.mark.parametrize("task", ["denoise", "inpaint", "superresolution"])
def test_a_grey_network_learns_from_colour_and_is_scored_on_grey(call, photos, tmp_path, task):
    (tmp_path / "grey").mkdir()
    shutil.copy(sample_path("camera"), tmp_path / "grey" / "camera.png")
    (tmp_path / "grey.toml").write_text(GREY.format(task=task, channels=1))
    words = ["--all", "--table", tmp_path / "grey.toml", "--data", photos, "--validate"]
    coloured = call(*words, photos)
    assert "is in colour, and the network takes grey pictures" in coloured.output
    assert call(*words, tmp_path / "grey").exit_code == 0
    card = read_card(tmp_path / "out" / f"{task}-unet-l1.json")
    assert card.scores["images"] == "grey (1)"


def test_a_network_of_channels_that_the_task_has_not_is_one_sentence(call, photos, tmp_path):
    (tmp_path / "two.toml").write_text(GREY.format(task="denoise", channels=2))
    result = call("--all", "--table", tmp_path / "two.toml", "--data", photos)
    assert "the network has 2 channels, which the task has not" in result.output


def test_a_run_reads_its_files_as_it_is_told_and_the_card_says_how(call, tmp_path):
    shades = np.random.default_rng(0).integers(0, 4096, (48, 48)).astype(np.uint16)
    (tmp_path / "deep").mkdir()
    tifffile.imwrite(tmp_path / "deep" / "a.tif", shades)
    words = ["--loss", "l2", *SHORT, "--data", tmp_path / "deep"]
    dark, bright = call(*words), call(*words, "--read", "white=4095")
    assert dark.exit_code == bright.exit_code == 0
    cards = sorted((tmp_path / "out").glob("*.json"), key=lambda path: path.stat().st_mtime)
    assert [read_card(path).spec.reading for path in cards] == [{}, {"white": 4095}]
    assert "reading" not in read_card(cards[0]).spec.to_json()  # its digest is that of a recipe without
    wrong = call(*words, "--read", "window=dark")
    assert "window" in str(wrong.exception)
    useless = call(*words, "--read", "volume=1")
    assert "volume says nothing of a photograph" in str(useless.exception)
