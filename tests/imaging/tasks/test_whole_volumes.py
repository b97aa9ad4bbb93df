"""Volumes with Rician noise: patches for training, vessels to measure, files in and out."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.imaging.volumes import write
from uplapp.__main__ import app
from uplapp.errors import UplappError
from uplapp.imaging.case import make_case
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards, of_methods
from uplapp.imaging.evaluation.job import evaluate, run_job
from uplapp.imaging.evaluation.text import format_evaluation
from uplapp.imaging.files.volumes import encode_labels, encode_nifti, list_volumes, read_volume
from uplapp.imaging.physics import RicianNoise, Space, draw_tree, vesselness
from uplapp.imaging.recipes.spec import Schedule, one_stage
from uplapp.imaging.recipes.table import read_table
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.learners import build_loss
from uplapp.imaging.training.run import Places, make_checkpoint, train
from uplapp.imaging.training.team import Team
from uplapp.imaging.training.validation import Validation

TASK = TASKS["volume"]
SCHEDULE = Schedule(steps=4, batch=2, crop_px=16, warm_up=1, precision="float32")
SPEC = one_stage("volume", "dncnn", "l1", schedule=SCHEDULE, network_options={"depth": 3, "width": 4})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tree with its labels, and a flatter volume without."""
    folder = tmp_path_factory.mktemp("volumes")
    tree, space = draw_tree("vessels", (20, 28, 24), 0), Space(order=(2, 1, 0), flipped=(False, True, False))
    (folder / "tree.nii.gz").write_bytes(encode_nifti(tree.voxels, space))
    (folder / "tree-vessels.nii.gz").write_bytes(encode_labels(tree.vessels, tree.centreline, space))
    roots = 700 * draw_tree("roots", (24, 30, 16), 1).voxels[0].numpy()
    write(folder / "roots.nii.gz", roots, (0.5, 0.5, 2.0))
    return folder


@pytest.fixture(scope="module")
def data(folder):
    return TASK.load(folder, 16)


def batch(data, seed=0, **options):
    return TASK.pairs(data, 20, 16, np.random.default_rng(seed), **options)


def test_patches_are_as_deep_as_wished_and_as_the_flattest_volume_allows(data):
    assert batch(data).clean.shape == (20, 1, 8, 16, 16)
    assert batch(data, depth_px=12).clean.shape == (20, 1, 12, 16, 16)
    assert batch(data, depth_px=40).clean.shape == (20, 1, 16, 16, 16)


def test_each_patch_has_a_level_of_its_own_between_the_limits():
    dark = [torch.zeros(1, 16, 32, 32)]
    seen = TASK.pairs(dark, 40, 16, np.random.default_rng(0), lowest=0.1, highest=0.2).seen
    # Without signal squares have the mean 2 sigma^2; 2048 voxels: to a few percent.
    levels = (seen.square().flatten(1).mean(dim=1) / 2).sqrt()
    assert 0.09 < levels.min() < 0.12
    assert 0.18 < levels.max() < 0.21


def test_patches_are_flipped_transposed_and_recoloured():
    ramp = torch.linspace(0, 1, 16 * 16 * 16).view(1, 16, 16, 16)
    patches = TASK.pairs([ramp], 60, 16, np.random.default_rng(0), depth_px=16).clean[:, 0]
    corners = {tuple((patch == patch.max()).nonzero()[0].tolist()) for patch in patches}
    assert len(corners) >= 8
    kept = torch.isclose(patches.flatten(1).sort(dim=1).values, ramp.flatten()).all(dim=1)
    # Half of 60, and four standard errors.
    assert 0.24 < kept.float().mean() < 0.76


def test_slices_that_are_smaller_than_a_patch_are_refused(folder):
    with pytest.raises(UplappError, match="training needs 32 px or more a side"):
        TASK.load(folder, 32)


def test_the_vessels_of_a_volume_are_its_labels_or_what_looks_like_lines(folder):
    roots, tree = TASK.subjects(folder)
    assert set(tree.extras) == {"vessels", "vesselness", "centreline"}
    assert set(roots.extras) == {"vessels", "vesselness"}
    assert torch.equal(tree.extras["vesselness"], vesselness(tree.clean))
    assert roots.extras["vessels"].float().mean().item() == pytest.approx(0.02, abs=0.001)
    assert roots.space.spacing_mm == (2.0, 0.5, 0.5)


def test_a_slice_of_a_volume_cannot_be_chosen(folder):
    with pytest.raises(UplappError, match="no slice 3 to choose"):
        TASK.open(folder / "tree.nii.gz", 3)


def test_a_volume_is_restored_into_the_place_it_came_from(folder, tmp_path):
    words = ["restore", folder / "roots.nii.gz", "--method", "gaussian", "--method", "tv", "--level", 0.1]
    result = CliRunner().invoke(app, [*map(str, words), "-o", str(tmp_path)])
    assert result.exit_code == 0, result.output
    names = {path.name for path in tmp_path.iterdir()}
    kinds = ("reference", "noisy", "gaussian", "tv")
    assert names == {*(f"roots-{kind}.nii.gz" for kind in kinds), "roots-provenance.json"}
    images = {kind: nibabel.load(tmp_path / f"roots-{kind}.nii.gz") for kind in kinds}
    original = nibabel.load(folder / "roots.nii.gz")
    for image in images.values():
        np.testing.assert_allclose(image.affine, original.affine)
        assert image.shape == original.shape
    arrays = {kind: image.get_fdata() for kind, image in images.items()}
    np.testing.assert_allclose(arrays["reference"], original.get_fdata(), rtol=1e-5, atol=1e-3)
    errors = {kind: np.square(array - original.get_fdata()).mean() for kind, array in arrays.items()}
    assert errors["tv"] < errors["noisy"] / 2
    facts = json.loads((tmp_path / "roots-provenance.json").read_text())
    assert facts["degradation"]["level"] == 0.1
    assert set(facts["results"][0]["scores"]) == {"psnr", "ssim", "l1", "l2"}


def test_a_volume_that_is_noisy_already_is_restored_without_a_reference(folder):
    case = make_case(TASK.open(folder / "tree.nii.gz", None), "volume", None)
    job = run_job(case, of_methods(["gaussian"]))
    assert job.degraded_scores is None
    assert job.results[0].pixels.shape == case.seen.shape


def test_volumes_are_evaluated_by_their_metrics(folder):
    table = evaluate("volume", of_methods(["tv"]), folder, RicianNoise(0.1))
    [row] = table.rows
    assert table.images == 2
    assert row["psnr"] > table.degraded["psnr"]
    assert all(row[name] is not None for name in ("ssim", "ssim_tissue", "hfen", "dice", "cldice"))
    assert row["flip"] is row["vif"] is None
    assert table.warnings == []
    assert "clDice of vessels" in format_evaluation(table)
    assert "FLIP" not in format_evaluation(table)


def test_a_network_of_volumes_is_trained_validated_and_restores(folder, tmp_path):
    places = Places(folder, tmp_path / "runs", tmp_path / "models", folder, validate_every=2)
    card = make_checkpoint(SPEC, places, "trees")
    assert card.name == "volume-dncnn-l1"
    assert card.scores["psnr"] > 0
    assert card.scores["cldice"] is not None
    candidates = of_cards(Checkpoints((tmp_path / "models",)), [card])
    case = make_case(TASK.open(folder / "tree.nii.gz", None), "volume", RicianNoise(0.25))
    job = run_job(case, candidates)
    assert job.results[0].pixels.shape == case.seen.shape
    assert any("trained on noise of 1 to 20%" in words for words in job.results[0].cautions)


def test_a_run_of_volumes_that_was_resumed_equals_an_unbroken_one(data, tmp_path):
    def stop(progress):
        return progress.step < 2

    whole = train(SPEC, data, tmp_path / "whole", Team.gather())
    with pytest.raises(UplappError, match="stopped at step 2"):
        train(SPEC, data, tmp_path / "parts", Team.gather(), stop)
    parts = train(SPEC, data, tmp_path / "parts", Team.gather())
    for one, other in zip(
        whole.learner.network.parameters(), parts.learner.network.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_validation_looks_at_the_centre_of_a_volume(folder):
    centres = Validation.read(TASK, folder, side_px=12).batches
    assert [tuple(one.clean.shape) for one in centres] == [(1, 1, 12, 12, 12)] * 2


def test_trees_are_drawn_into_a_folder_by_seed(tmp_path):
    for name in ("one", "two"):
        words = ["trees", str(tmp_path / name), "--count", "2", "--size", "16x20x24", "--seed", "5"]
        assert CliRunner().invoke(app, words).exit_code == 0
    files = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.gz")}
    assert all(content == files[Path("two", *path.parts[1:])] for path, content in files.items())
    assert len(files) == 8
    assert [path.name for path in list_volumes(tmp_path / "one")] == ["roots-6.nii.gz", "vessels-5.nii.gz"]
    tree = draw_tree("vessels", (16, 20, 24), 5)
    assert torch.equal(read_volume(tmp_path / "one" / "vessels-5.nii.gz").vessels, tree.vessels)


@pytest.mark.parametrize("words", [["--size", "16x20"], ["--kind", "coral"]])
def test_a_tree_that_cannot_be_drawn_is_refused(words, tmp_path):
    result = CliRunner().invoke(app, ["trees", str(tmp_path), *words])
    assert isinstance(result.exception, UplappError)
    assert words[1] in str(result.exception)


def test_a_table_names_the_poolings_of_the_untrained_loss(tmp_path):
    (tmp_path / "runs.toml").write_text("""
[volumes]
task = "volume"
network = "unet_unshuffle"
schedule = { batch = 2, crop_px = 48 }
draw = { depth_px = 24 }

[volumes.losses]
l1 = {}
upl_max = { loss = "upl", options = { pooling = "max", width = 8 } }
upl_none = { loss = "upl", options = { pooling = "none", width = 8 } }
upl_l1 = { loss = "upl", options = { width = 8, l1_weight = 1.0 } }
""")
    rows = read_table(tmp_path / "runs.toml")
    labels = ["l1", "upl_max", "upl_none", "upl_l1"]
    assert [row.spec.name for row in rows] == [f"volume-unet_unshuffle-{label}" for label in labels]
    losses = [build_loss(row.spec) for row in rows[1:]]
    assert [loss.network.pooling for loss in losses] == ["max", "none", "max"]
    assert losses[-1].l1_weight == 1
