"""MR reconstruction in the Restore tab: samples, scans of several slices, error maps, the way to a study."""

import gzip
import io
import json
import zipfile

import imagecodecs
import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

from tests.browser.launching import both_sizes
from tests.browser.moves import download, fits, tick
from tests.imaging import dicoms
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.metrics.error_maps import MAGMA
from uplapp.imaging.physics import to_kspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TICKED = "D5C5, L1"
UPLOAD = "input[type=file][accept*=h5]"


@pytest.fixture
def mri(page):
    """The page after its task was changed, with one network ticked."""
    page.get_by_label("MR reconstruction").check()
    page.get_by_text("middle.png, 197x233").wait_for()
    tick(page, "mri", [TICKED])
    return page


def restore(page) -> None:
    page.locator("#restore").click()
    page.locator("#metrics table").wait_for()


def unzip(page) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(download(page, page.locator("#archive")))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@both_sizes
def test_a_slice_is_undersampled_as_asked_restored_and_its_errors_shown(mri):
    mri.locator("#samples-mri button").nth(1).click()
    mri.get_by_text("profile.png, 233x189").wait_for()
    mri.locator("#mri-acceleration input[type=number]").fill("4")
    mri.get_by_label("Equispaced columns").check()
    restore(mri)
    rows = mri.locator("#metrics tbody tr").all_inner_texts()
    assert [row.split("\t")[0].strip() for row in rows] == ["Zero-filled input", TICKED]
    files = unzip(mri)
    degradation = json.loads(files["profile-provenance.json"])["degradation"]
    assert (degradation["acceleration"], degradation["mask"]) == (4, "equispaced")
    reference = imagecodecs.png_decode(files["profile-reference.png"])
    stored = np.asarray(Image.open(sample_path("profile")))
    np.testing.assert_array_equal(reference, stored.astype(np.uint16) * 257)
    mri.get_by_role("tab", name="Error maps").click()
    mri.locator("#errors img").nth(1).wait_for()
    assert mri.locator("#errors img").count() == 2
    flip = rows[1].split("\t")[4].strip("* ")
    assert mri.locator("#errors").get_by_text(f"{TICKED}: {flip}").count() > 0
    painted = np.asarray(Image.open(io.BytesIO(files["profile-mri-d5c5-l1-error.png"])).convert("RGB"))
    assert {tuple(colour) for colour in painted.reshape(-1, 3)} <= {tuple(colour) for colour in MAGMA}
    assert fits(mri)


ALL_ONLINE = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}


def test_a_scan_shows_one_slice_at_a_time_and_offers_all_of_them_restored(mri, tmp_path):
    voxels = np.random.default_rng(0).random((64, 48, 5)).astype(np.float32) + 0.1
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "head.nii.gz")
    mri.locator(UPLOAD).set_input_files(tmp_path / "head.nii.gz")
    mri.get_by_text("head.nii.gz, 48x64, slice 2 of 0 to 4").or_(
        mri.get_by_text("head.nii.gz, 64x48, slice 2 of 0 to 4")
    ).wait_for()
    mri.get_by_label("Restore all slices too").check()
    for key in (
        "ArrowRight",
        "ArrowRight",
        "ArrowLeft",
    ):  # what is restored next is not ended by a late slice
        mri.locator("#slice-mri input[type=range]").press(key)
    restore(mri)
    assert "head-slice3-reference.png" in unzip(mri)
    content = download(mri, mri.locator("#niftis a[download*=d5c5]").last)
    whole = nibabel.Nifti1Image.from_bytes(gzip.decompress(content))
    assert (whole.shape, whole.header.get_zooms()) == ((64, 48, 5), (1, 1, 3))
    mri.locator("#samples-mri button").first.click()
    mri.get_by_text("middle.png, 197x233").wait_for()
    assert not mri.locator("#slice-mri").is_visible()


def test_an_undersampled_kspace_is_used_as_it_is_and_has_no_error_maps(mri, tmp_path):
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    kspace = to_kspace(torch.exp(-4 * (rows**2 + columns**2)).to(torch.complex64)).numpy()
    kspace[:, 1::2] = 0
    np.save(tmp_path / "half.npy", kspace)
    mri.locator(UPLOAD).set_input_files(tmp_path / "half.npy")
    mri.locator("#metrics").get_by_text("half.npy lacks a part of its k-space already").wait_for()
    restore(mri)
    mri.locator("#metrics").get_by_text("half.npy lacks a part of its k-space already").wait_for()
    mri.get_by_role("tab", name="Error maps").click()
    mri.get_by_text("There are no error maps: the clean image is not known").wait_for()
    assert set(unzip(mri)) == {
        f"half-{kind}" for kind in ("zero-filled.png", "mri-d5c5-l1.png", "provenance.json")
    }


def test_a_file_that_is_no_scan_is_told_in_a_sentence(mri, tmp_path):
    (tmp_path / "broken.h5").write_bytes(b"not a scan")
    mri.locator(UPLOAD).set_input_files(tmp_path / "broken.h5")
    mri.get_by_text("broken.h5 is damaged, cut off or of another kind").wait_for()
    assert mri.get_by_text("middle.png").is_visible()


def test_each_task_keeps_its_own_picture(mri):
    mri.locator("#samples-mri button").nth(2).click()
    mri.get_by_text("base.png").wait_for()
    mri.get_by_label("Photo denoising").check()
    mri.get_by_text("astronaut.png").wait_for()
    mri.get_by_label("MR reconstruction").check()
    mri.get_by_text("base.png").wait_for()
    assert mri.get_by_text("astronaut.png").count() == 0


def test_a_zip_of_dicom_says_what_was_read_and_offers_other_windows(mri, tmp_path):
    planes = np.random.default_rng(0).integers(-1000, 1500, (3, 48, 40)).astype(np.int16)
    folder = dicoms.write_series(tmp_path / "a", planes, [6, 0, 3], ["1.dcm", "2.dcm", "3.dcm"])
    with zipfile.ZipFile(tmp_path / "Mustermann.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    mri.locator(UPLOAD).set_input_files(tmp_path / "Mustermann.zip")
    words = mri.locator("#metrics")
    words.get_by_text("DICOM: 3 pictures of 48x40, sorted by position").wait_for()
    mri.get_by_text("How the file is read").locator("visible=true").click()
    mri.locator("#mri-window input").click()
    mri.get_by_role("option", name="CT, bone (400, 1800 wide)").click()
    words.get_by_text("The CT window 'bone' is shown: -500 is black, 1300 white.").wait_for()
    assert mri.get_by_text("Mustermann").count() == 0
    assert fits(mri)
