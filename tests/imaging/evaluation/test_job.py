"""Restoration jobs: what they yield, what they write, and that they stop."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.imaging.checkpoints.made import make
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.checkpoints.folder import Checkpoints
from uplapp.imaging.evaluation.job import (
    ON_SCREEN,
    Case,
    Job,
    Step,
    job_errors,
    job_pictures,
    label,
    make_case,
    result_files,
    run_job,
    write_results,
)
from uplapp.imaging.evaluation.text import format_job
from uplapp.imaging.files.pictures import Picture, crop_centre
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.restorers.network import restore_by_tiles, split_side

NOISE = GaussianNoise(sigma=25, seed=1)


def picture(channels: int = 3, bits: int = 8) -> Picture:
    return Picture(torch.rand(channels, 50, 70, generator=torch.Generator().manual_seed(0)), bits)


def finish(tmp_path, source: Picture, degradation: Degradation | None, losses=("l1", "l2")) -> Job:
    cards = [make(tmp_path, loss, seed)[0] for seed, loss in enumerate(losses)]
    case = make_case("photo", source, "denoise", degradation)
    *steps, job = run_job(case, Checkpoints((tmp_path,)), cards)
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert steps[-1].share == 1
    return job


def test_a_job_degrades_restores_and_scores(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    assert [result.card.spec.loss for result in job.results] == ["l1", "l2"]
    # 10,500 samples: the standard error of the PSNR of the noise is about 0.06 dB.
    assert job.degraded_scores["psnr"] == pytest.approx(20.17, abs=0.25)
    assert all(result.pixels.min() >= 0 and result.pixels.max() <= 1 for result in job.results)


def test_a_picture_that_came_noisy_has_no_scores(tmp_path):
    job = finish(tmp_path, picture(), None)
    assert job.case.reference is None
    assert [result.scores for result in job.results] == [None, None]
    assert "photo-reference.png" not in result_files(job)
    assert "The clean image is not known" in format_job(job)


def test_a_grey_picture_comes_back_grey(tmp_path):
    job = finish(tmp_path, picture(channels=1), NOISE)
    assert job.results[0].pixels.shape == (1, 50, 70)
    assert "This picture is grey and the networks are for colour" in format_job(job)


def test_a_job_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(UplappError, match="choose one or more"):
        next(run_job(make_case("photo", picture(), "denoise", NOISE), Checkpoints((tmp_path,)), []))


def test_a_checkpoint_of_another_task_is_refused(tmp_path):
    card, _ = make(tmp_path)
    case = make_case("head", picture(), "mri", Undersampling(4))
    with pytest.raises(UplappError, match="'denoise-unet-l2' is not for the task 'mri'"):
        next(run_job(case, Checkpoints((tmp_path,)), [card]))


def test_a_slice_is_undersampled_restored_and_named_for_what_it_was(tmp_path):
    card, _ = make(tmp_path, task="mri")
    case = make_case("head", picture(), "mri", Undersampling(4, seed=2))
    *_, job = run_job(case, Checkpoints((tmp_path,)), [card])
    assert case.degraded.shape == (1, 50, 70)
    assert set(result_files(job)) == {
        *("head-reference.png", "head-zero-filled.png", "head-mri-unet-l2.png", "head-provenance.json"),
        *("head-zero-filled-error.png", "head-mri-unet-l2-error.png"),
    }
    assert json.loads(result_files(job)["head-provenance.json"])["degradation"] == {
        "acceleration": 4,
        "mask": "random",
        "seed": 2,
        "coils": 1,
    }
    assert "| Zero-filled input |" in format_job(job)


def test_errors_are_told_of_every_image_and_agree_with_the_scores(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    errors = job_errors(job)
    assert list(errors) == ["noisy", "denoise-unet-l1", "denoise-unet-l2"]
    assert errors["noisy"].mean == job.degraded_scores["flip"]
    assert [errors[result.card.name].mean for result in job.results] == [
        result.scores["flip"] for result in job.results
    ]
    assert list(job.degraded_scores) == list(ON_SCREEN)
    names = {f"photo-{kind}-error.png" for kind in errors}
    assert names == {name for name in result_files(job) if name.endswith("-error.png")}


def test_without_a_reference_nothing_is_called_an_error(tmp_path):
    job = finish(tmp_path, picture(), None)
    assert job_errors(job) == {}
    assert not any(name.endswith("-error.png") for name in result_files(job))


def test_every_picture_has_a_name_on_screen(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    assert [kind for kind, _ in job_pictures(job)] == list(job.labels)
    assert list(job.labels.values()) == ["Reference", "Noisy", "L1", "L2"]


def test_two_networks_of_one_loss_are_told_apart(tmp_path):
    card, _ = make(tmp_path)
    other = replace(card, name="mine", title="L2")
    assert label([card, other]) == {"denoise-unet-l2": "L2 (denoise-unet-l2)", "mine": "L2 (mine)"}


def test_a_note_is_told_with_the_table_and_the_provenance(tmp_path):
    card, _ = make(tmp_path)
    case = Case("photo", "denoise", picture().pixels, note="It came like this.")
    *_, job = run_job(case, Checkpoints((tmp_path,)), [card])
    assert "It came like this." in format_job(job)
    assert json.loads(result_files(job)["photo-provenance.json"])["note"] == "It came like this."


def test_leaving_a_job_stops_it(tmp_path):
    card, network = make(tmp_path)
    source, restored = torch.rand(3, 200, 40), torch.zeros(3, 200, 40)
    tiles = restore_by_tiles(network, source, restored, tile_px=64)
    assert next(tiles) == 0.25
    tiles.close()
    assert restored[:, :64].abs().max() > 0
    assert restored[:, 64:].abs().max() == 0
    job = run_job(make_case("photo", picture(), "denoise", NOISE), Checkpoints((tmp_path,)), [card])
    assert isinstance(next(job), Step)
    job.close()


@pytest.mark.parametrize(("side", "tile"), [(100, 64), (64, 64), (1, 640), (1000, 10)])
def test_tiles_cover_a_side_once(side, tile, tmp_path):
    _, network = make(tmp_path)
    tiles = list(split_side(side, tile, network))
    covered = [sample for part in tiles for sample in range(part.start, part.stop)]
    assert covered == list(range(side))
    assert all(part.first % network.multiple == 0 and part.last >= part.stop for part in tiles)


@pytest.mark.parametrize("bits", [8, 16])
def test_files_hold_exact_samples_and_their_provenance(tmp_path, bits):
    job = finish(tmp_path / "checkpoints", picture(bits=bits), NOISE)
    written = write_results(job, tmp_path / "out")
    provenance = json.loads((tmp_path / "out" / "photo-provenance.json").read_text())
    assert sorted(path.name for path in written) == sorted(
        [*provenance["files_sha256"], "photo-provenance.json"]
    )
    for name, digest in provenance["files_sha256"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest
    assert provenance["degradation"] == {"sigma": 25, "seed": 1}
    assert provenance["results"][0]["weights_sha256"] == job.results[0].card.sha256
    if bits == 8:
        stored = np.asarray(Image.open(tmp_path / "out" / "photo-denoise-unet-l1.png"))
        exact = (job.results[0].pixels * 255).round().byte().permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(stored, exact)


def test_the_table_marks_the_best_of_each_metric(tmp_path):
    lines = format_job(finish(tmp_path, picture(), NOISE)).splitlines()
    assert lines[0] == "|  | PSNR (dB) | SSIM | MS-SSIM | FLIP | Seconds |"
    assert sum(line.count("**") for line in lines) == 2 * 4


def test_a_crop_is_the_middle():
    pixels = torch.arange(5 * 8).view(1, 5, 8)
    assert crop_centre(pixels, (3, 3)).tolist() == [[[10, 11, 12], [18, 19, 20], [26, 27, 28]]]
    assert crop_centre(pixels, (100, 100)).shape == (1, 5, 8)


def test_a_slice_too_large_to_be_restored_in_one_piece_is_refused(tmp_path):
    network = make(tmp_path, task="mri")[1]
    image = torch.zeros(1, 1024, 2049)
    with pytest.raises(BadImage, match=r"is 2049x1024 px; .* in one piece, of at most 2\.1 megapixels"):
        next(restore_by_tiles(network, image, torch.empty_like(image)))
