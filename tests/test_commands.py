"""The command line as a person calls it: exit codes, one line on stderr, JSON alone on stdout."""

import json
import shutil
import subprocess
import sys

import nibabel
import numpy as np
import pytest

from tests.calling import printer
from tests.imaging.checkpoints.made import make
from uplapp.__main__ import app, main
from uplapp.imaging.files.samples import sample_path

TABLE = "uplapp/analysis/reading/examples/denoising.csv"


@pytest.fixture
def process(house, tmp_path):
    """Run a verb in the house in a process of its own, with answers kept in a temporary folder."""

    def run(*words):
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "UPLAPP_DATA": str(tmp_path / "data"),
            "UPLAPP_WEIGHTS": str(tmp_path / "no-weights"),
        }
        command = [sys.executable, "-m", "uplapp", *words]
        return subprocess.run(
            command, cwd=house, env=environment, capture_output=True, text=True, timeout=300
        )

    return run


@pytest.fixture
def uplapp(house, tmp_path, monkeypatch, capfd):
    """Run a verb as `process` does, in this process: to import PyTorch anew takes seconds."""
    monkeypatch.chdir(house)
    monkeypatch.setenv("UPLAPP_DATA", str(tmp_path / "data"))

    def call(*words):
        words = ["uplapp", *map(str, words)]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            main()
        return subprocess.CompletedProcess(words, end.value.code, *capfd.readouterr())

    return call


def test_the_smallest_run_of_the_readme_gives_its_numbers(process):
    result = process("analyse", "--counts", TABLE, "--winner", "column", "--votes-per-pair", "112", "--json")
    scores = json.loads(result.stdout)
    jod = dict(zip(scores["conditions"], scores["jod"], strict=True))
    assert jod["LPIPS+l2"] == pytest.approx(0.7015, abs=1e-3)
    assert jod["l2"] == pytest.approx(-0.6275, abs=1e-3)


@pytest.mark.parametrize(
    "verb",
    [
        *("serve", "restore", "train", "evaluate", "score", "analyse", "observers", "agree", "next", "plan"),
        *("deploy", "ratings", "sweep", "study new", "study export", "model add", "model list"),
        "model remove",
    ],
)
def test_every_verb_has_help_with_an_example(verb):
    assert "Example:" in printer(app)(*verb.split(), "--help")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["restore", "none.png", "-c", "x", "-o", "out"],
            "unknown checkpoint 'x'; choose one of: denoise-unet",
        ),
        (["restore", "none.png", "-c", "denoise-unet-l2", "-o", "out"], "none.png cannot be read"),
        (
            ["restore", "a/x.png", "b/x.png", "-c", "denoise-unet-l2", "-o", "out"],
            "two inputs are called 'x'",
        ),
        (
            ["restore", "none.png", "-c", "denoise-unet-l2", "-o", "out", "--acceleration", "8"],
            "--acceleration is not for the task 'denoise'; its options are: --sigma, --seed",
        ),
        (
            ["restore", "x.png", "-c", "denoise-unet-l2", "-o", "out", "--sigma", "5", "--acceleration", "8"],
            "--acceleration is not for the task 'denoise'",
        ),
        (
            ["restore", "none.png", "--task", "mri", "--method", "tv", "-o", "out", "--mask", "equispaced"],
            "--mask says how, not how much; give --acceleration as well",
        ),
        (["restore", "none.png", "--method", "tv", "-o", "out"], "methods need a task; give --task"),
        (["train", "--loss", "l2", "--data", "studies"], "studies holds no image"),
        (["train", "--loss", "l2", "--data", "nowhere"], "nowhere is not a folder"),
        (["evaluate", "--data", "nowhere", "--task", "fly"], "unknown task 'fly'; choose one of: denoise"),
        (["evaluate", "--data", "studies", "--seeds", "a"], "--seeds a cannot be read"),
        (
            ["evaluate", "--task", "mri", "--data", "studies", "-c", "denoise-unet-l2"],
            "is for --task denoise",
        ),
        (["analyse", "nowhere.csv"], "nowhere.csv"),
        (["ratings", "nowhere.csv"], "there is no file 'nowhere.csv'"),
        (["study", "check", "nowhere"], "no study.toml"),
    ],
)
def test_bad_input_ends_with_two_and_one_line(uplapp, words, sentence):
    result = uplapp(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_process_ends_with_two_as_the_command_does(process):
    result = process("analyse", "nowhere.csv")
    assert (result.returncode, result.stdout) == (2, "")
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_restore_and_evaluate_a_photograph(uplapp, tmp_path):
    shutil.copy(sample_path("coffee"), tmp_path / "coffee.png")
    words = [
        "restore",
        tmp_path / "coffee.png",
        "-c",
        "denoise-unet-l2",
        "-o",
        tmp_path / "out",
        "--sigma",
        "25",
    ]
    assert uplapp(*words).returncode == 0
    provenance = json.loads((tmp_path / "out" / "coffee-provenance.json").read_text())
    [scores] = [result["scores"] for result in provenance["results"]]
    assert provenance["noisy_scores"]["psnr"] == pytest.approx(20.17, abs=0.05)
    assert scores["psnr"] > 30
    result = uplapp("evaluate", "--data", tmp_path, "-c", "denoise-unet-l2", "--seeds", "0", "--json")
    [row] = json.loads(result.stdout)["rows"]
    assert row["psnr"] == pytest.approx(scores["psnr"], abs=1e-3)


def test_restore_takes_a_slice_of_a_scan_for_checkpoints_of_mr(uplapp, tmp_path):
    make(tmp_path / "data" / "models", "l1", task="mri")
    volume = np.random.default_rng(0).random((40, 32, 3)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "head.nii.gz")
    words = ["restore", tmp_path / "head.nii.gz", "-c", "mri-unet-l1", "-o", tmp_path / "out"]
    result = uplapp(*words, "--acceleration", "4", "--mask", "equispaced", "--slice", "2")
    assert result.returncode == 0, result.stderr
    provenance = json.loads((tmp_path / "out" / "head-slice2-provenance.json").read_text())
    assert provenance["degradation"]["mask"] == "equispaced"
    kinds = ("reference", "zero-filled", "mri-unet-l1", "mri-unet-l1-error")
    assert all((tmp_path / "out" / f"head-slice2-{kind}.png").is_file() for kind in kinds)
    refused = uplapp(*words, "--sigma", "5")
    assert (refused.returncode, "--sigma is not for the task 'mri'" in refused.stderr) == (2, True)
    mixed = uplapp(*words, "-c", "denoise-unet-l2")
    assert "these checkpoints are for the tasks denoise and mri" in mixed.stderr


@pytest.mark.slow
def test_train_writes_a_checkpoint_that_evaluates(uplapp, tmp_path):
    (tmp_path / "photos").mkdir()
    shutil.copy(sample_path("coffee"), tmp_path / "photos" / "coffee.png")
    folders = ["--data", tmp_path / "photos", "--runs", tmp_path / "runs", "--out", tmp_path / "out"]
    tiny = ["--steps", "3", "--width", "6", "--batch", "1", "--crop", "32", "--validate", tmp_path / "photos"]
    result = uplapp("train", "--loss", "flip", *folders, *tiny)
    assert result.returncode == 0, result.stderr
    card = json.loads((tmp_path / "out" / "denoise-unet-flip.json").read_text())
    assert card["spec"]["stages"][0]["schedule"]["steps"] == 3
    assert card["scores"]["psnr"] is not None


def test_ctrl_c_ends_a_verb_with_one_sentence_and_code_130(monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("uplapp.analysis.model.objective.maximise", stopped)
    monkeypatch.setattr(
        sys, "argv", ["uplapp", "analyse", "--counts", TABLE, "--winner", "row", "--votes-per-pair", "9"]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 130
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "Ctrl-C" in err
