"""Restoration jobs: what they yield, what they write, and that they stop."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.imaging.checkpoints.made import make
from uplapp.errors import BadImage, Cancelled, UplappError
from uplapp.imaging.case import Case, Subject, make_case
from uplapp.imaging.checkpoints import Checkpoints, label
from uplapp.imaging.evaluation.candidates import labels_of, of_cards, of_methods
from uplapp.imaging.evaluation.job import ON_SCREEN, Job, run_job
from uplapp.imaging.evaluation.provenance import result_files, write_results
from uplapp.imaging.evaluation.text import cautions, format_job
from uplapp.imaging.files.pictures import Picture
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling, crop_centre, of_pixels
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.network import restore_by_tiles, split_side

NOISE = GaussianNoise(sigma=25, seed=1)


def picture(channels: int = 3, bits: int = 8) -> Picture:
    return Picture(torch.rand(channels, 50, 70, generator=torch.Generator().manual_seed(0)), bits)


def case_of(
    source: Picture, degradation: Degradation | None, task: str = "denoise", name: str = "photo"
) -> Case:
    """Measure a picture as a task does: photographs as they are, slices in grey."""
    pixels = source.pixels if task == "denoise" else source.with_channels(1)

    def measure(drawn):
        return of_pixels(pixels) if drawn is None else drawn.measure(pixels)

    return make_case(Subject(name, pixels, measure, bits=source.bits), task, degradation)


def by(tmp_path, *cards, consistency=True):
    """Make candidates of the cards of a folder."""
    return of_cards(Checkpoints((tmp_path,)), cards, consistency)


def finish(tmp_path, source: Picture, degradation: Degradation | None, losses=("l1", "l2")) -> Job:
    cards = [make(tmp_path, loss, seed)[0] for seed, loss in enumerate(losses)]
    shares = []

    def watch(share, text, preview):
        shares.append(share)
        return True

    job = run_job(case_of(source, degradation), by(tmp_path, *cards), watch)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    return job


def test_a_job_degrades_restores_and_scores(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    assert [result.candidate.card.loss for result in job.results] == ["l1", "l2"]
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
    grey = "L1 was trained on colour, and this picture is grey: its noise is the same in every channel."
    assert grey in job.results[0].cautions
    assert "**L1 and L2** were trained on colour, and this picture is grey" in format_job(job)


def test_a_job_without_checkpoints_is_refused(tmp_path):
    with pytest.raises(UplappError, match="nothing to restore by is chosen; choose a checkpoint or a method"):
        run_job(case_of(picture(), NOISE), [])


def test_a_checkpoint_of_another_task_is_refused(tmp_path):
    card, _ = make(tmp_path)
    case = case_of(picture(), Undersampling(4), "mri")
    with pytest.raises(UplappError, match="'denoise-unet-l2' is not for the task 'mri'"):
        run_job(case, by(tmp_path, card))


def test_a_slice_is_undersampled_restored_and_named_for_what_it_was(tmp_path):
    card, _ = make(tmp_path, task="mri")
    case = case_of(picture(), Undersampling(4, seed=2), "mri", "")
    case = replace(case, name="head")
    job = run_job(case, by(tmp_path, card))
    assert case.seen.shape == (1, 50, 70)
    assert set(result_files(job)) == {
        *("head-reference.png", "head-zero-filled.png", "head-mri-unet-l2.png", "head-provenance.json"),
        *("head-zero-filled-error.png", "head-mri-unet-l2-error.png"),
    }
    assert json.loads(result_files(job)["head-provenance.json"])["degradation"] == {
        "acceleration": 4,
        "mask": "random",
        "seed": [2],
        "coils": 1,
        "noise": 0.0,
    }
    assert "| Zero-filled input |" in format_job(job)


def test_errors_are_told_of_every_image_and_agree_with_the_scores(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    errors = job.errors()
    assert list(errors) == ["noisy", "denoise-unet-l1", "denoise-unet-l2"]
    assert errors["noisy"].mean == job.degraded_scores["flip"]
    assert [errors[result.name].mean for result in job.results] == [
        result.scores["flip"] for result in job.results
    ]
    assert list(job.degraded_scores) == list(ON_SCREEN)
    names = {f"photo-{kind}-error.png" for kind in errors}
    assert names == {name for name in result_files(job) if name.endswith("-error.png")}


def test_without_a_reference_nothing_is_called_an_error(tmp_path):
    job = finish(tmp_path, picture(), None)
    assert job.errors() == {}
    assert not any(name.endswith("-error.png") for name in result_files(job))


def test_every_picture_has_a_name_on_screen(tmp_path):
    job = finish(tmp_path, picture(), NOISE)
    assert [kind for kind, _ in job.pictures()] == list(job.labels)
    assert list(job.labels.values()) == ["Reference", "Noisy", "L1", "L2"]


def test_two_networks_of_one_loss_are_told_apart(tmp_path):
    card, _ = make(tmp_path)
    other = replace(card, name="mine", title="L2")
    assert label([card, other]) == {"denoise-unet-l2": "L2 (denoise-unet-l2)", "mine": "L2 (mine)"}


def test_a_note_is_told_with_the_table_and_the_provenance(tmp_path):
    card, _ = make(tmp_path)
    case = Case("photo", "denoise", of_pixels(picture().pixels, note="It came like this."))
    job = run_job(case, by(tmp_path, card))
    assert "It came like this." in format_job(job)
    assert json.loads(result_files(job)["photo-provenance.json"])["note"] == "It came like this."


def stop_at(share):
    """Make a watch that says to stop once a share is done, and what it heard."""
    heard = []

    def watch(done, text, preview):
        heard.append((done, text))
        return done < share

    return watch, heard


def test_a_watch_that_says_to_stop_stops_a_job(tmp_path):
    card, network = make(tmp_path)
    watch, heard = stop_at(0.5)
    with pytest.raises(Cancelled, match="the restoration was stopped"):
        restore_by_tiles(network, torch.rand(3, 200, 40), watch, tile_px=64)
    assert list(dict.fromkeys(share for share, _ in heard)) == [0.0, 0.25, 0.5]
    watch, heard = stop_at(0.0)
    with pytest.raises(Cancelled):
        run_job(case_of(picture(), NOISE), by(tmp_path, card), watch)
    assert heard == [(0.0, "L2")], "no layer is computed"


def test_a_job_of_checkpoints_and_methods_names_each_by_what_it_is(tmp_path):
    card, _ = make(tmp_path)
    methods = of_methods(["tv", "nlm"], {"tv": {"sigma": 20.0}})
    job = run_job(case_of(picture(), NOISE), [*by(tmp_path, card), *methods])
    assert list(job.labels.values()) == ["Reference", "Noisy", "L2", "Total variation", "Non-local means"]
    results = json.loads(result_files(job)["photo-provenance.json"])["results"]
    assert [(each["method"], each["checkpoint"]) for each in results] == [
        ("network", "denoise-unet-l2"),
        ("tv", None),
        ("nlm", None),
    ]
    assert [each["options"] for each in results] == [{}, {"sigma": 20.0}, {}]
    assert [each["weights_sha256"] for each in results] == [card.sha256, None, None]


def test_one_candidate_is_not_chosen_twice():
    with pytest.raises(UplappError, match="'tv' is chosen twice"):
        run_job(case_of(picture(), NOISE), of_methods(["tv", "tv"]))


def test_a_method_for_kspace_is_refused_for_a_photograph():
    with pytest.raises(
        UplappError, match="'zero_filled' restores from kspace, and photo was measured as pixels"
    ):
        run_job(case_of(picture(), NOISE), of_methods(["zero_filled"]))


def test_two_candidates_of_one_label_are_told_apart():
    tv, nlm = of_methods(["tv", "nlm"])
    assert labels_of([tv, replace(nlm, label=tv.label)]) == {
        "tv": "Total variation (tv)",
        "nlm": "Total variation (nlm)",
    }


def test_a_network_of_slices_puts_the_measured_samples_back_unless_it_is_told_not_to(tmp_path):
    card, network = make(tmp_path, task="mri")
    case = case_of(picture(), Undersampling(4), "mri")
    bare = restore_by_tiles(network, case.seen)
    [off] = run_job(case, by(tmp_path, card, consistency=False)).results
    [on] = run_job(case, by(tmp_path, card)).results
    assert (off.candidate.facts["consistency"], on.candidate.facts["consistency"]) == (False, True)
    assert (off.pixels - bare).abs().max() <= 0.51 / 255
    assert (on.pixels - consistent(bare, case.measurement)).abs().max() <= 0.51 / 255
    assert not torch.equal(on.pixels, off.pixels)
    job = run_job(case, by(tmp_path, card))
    assert "Measured samples were put back into what the networks made" in format_job(job)


def test_a_photograph_has_no_measured_samples_to_put_back(tmp_path):
    card, _ = make(tmp_path)
    on, off = (run_job(case_of(picture(), NOISE), by(tmp_path, card, consistency=c)) for c in (True, False))
    assert torch.equal(on.results[0].pixels, off.results[0].pixels)
    assert on.results[0].candidate.facts["consistency"] is None


def test_a_result_worse_than_its_input_says_so(tmp_path):
    job = finish(tmp_path, picture(), NOISE)  # by networks that were never trained
    for result in job.results:
        before, after = job.degraded_scores["psnr"], result.scores["psnr"]
        assert after < before
        words = f"is worse than its input (PSNR (dB) {after:.2f} against {before:.2f})."
        assert result.cautions == (f"{result.candidate.label} {words}",)
        assert f"**{result.candidate.label}** {words}" in format_job(job)
    provenance = json.loads(result_files(job)["photo-provenance.json"])
    assert [each["cautions"] for each in provenance["results"]] == [list(r.cautions) for r in job.results]


def test_a_result_better_than_its_input_of_a_usual_case_has_no_caution():
    smooth = Picture(torch.linspace(0, 1, 70).expand(3, 50, 70).clone())
    job = run_job(case_of(smooth, NOISE), of_methods(["tv"]))
    assert job.results[0].scores["psnr"] > job.degraded_scores["psnr"]
    assert cautions(job) == []


def test_another_acceleration_than_the_networks_is_doubted(tmp_path):
    card, _ = make(tmp_path, task="mri")
    job = run_job(case_of(picture(), Undersampling(4), "mri"), by(tmp_path, card))
    doubt = "**L2** was trained on 8x random columns, and this is 4x random columns."
    assert doubt in cautions(job)


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
    assert provenance["results"][0]["weights_sha256"] == job.results[0].candidate.card.sha256
    if bits == 8:
        stored = np.asarray(Image.open(tmp_path / "out" / "photo-denoise-unet-l1.png"))
        exact = (job.results[0].pixels * 255).round().byte().permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(stored, exact)


def test_the_table_marks_the_best_of_each_metric(tmp_path):
    lines = format_job(finish(tmp_path, picture(), NOISE)).splitlines()
    assert lines[0] == "|  | PSNR (dB) | SSIM | MS-SSIM | FLIP | Seconds |"
    assert sum(line.count("**") for line in lines if line.startswith("|")) == 2 * 4


def test_a_crop_is_the_middle():
    pixels = torch.arange(5 * 8).view(1, 5, 8)
    assert crop_centre(pixels, (3, 3)).tolist() == [[[10, 11, 12], [18, 19, 20], [26, 27, 28]]]
    assert crop_centre(pixels, (100, 100)).shape == (1, 5, 8)


def test_a_slice_too_large_to_be_restored_in_one_piece_is_refused(tmp_path):
    network = make(tmp_path, task="mri")[1]
    image = torch.zeros(1, 1024, 2049)
    with pytest.raises(BadImage, match=r"is 2049x1024 px; .* in one piece, of at most 2\.1 megapixels"):
        restore_by_tiles(network, image)
