"""Several files at once: one ZIP of results, one table, and a sentence for what cannot be restored."""

import csv
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.imaging.dicoms import write_series
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.errors import BadArchive, Cancelled, UplappError
from uplapp.imaging.evaluation.batch import TABLE, inputs_of, run_batch
from uplapp.imaging.evaluation.candidates import of_methods
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.physics import GaussianNoise

NOISE = GaussianNoise(sigma=25, seed=1)


def photo(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    smooth = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).repeat(8, 0).repeat(8, 1)
    Image.fromarray(smooth.astype(np.uint8)).save(path)
    return path


def packed(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in files.items():
            archive.write(source, name)
    return path


def finish(paths, target, **options):
    return run_batch(paths, "denoise", NOISE, of_methods(["tv", "wavelet"]), target, **options)


@pytest.fixture
def batch(tmp_path):
    """The result and the ZIP of two pictures with the same file name and of a text called .png."""
    (tmp_path / "text.png").write_text("not a picture")
    paths = [photo(tmp_path / "a" / "leaf.png"), photo(tmp_path / "b" / "leaf.png", 1), tmp_path / "text.png"]
    return finish(paths, tmp_path / "all.zip"), tmp_path / "all.zip"


def test_the_zip_holds_a_folder_per_file_and_one_table(batch):
    result, target = batch
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    assert result.names == ("leaf", "leaf-2")
    assert {name.split("/")[0] for name in names} == {"leaf", "leaf-2", TABLE}
    assert {"leaf-2/leaf-tv.png", "leaf-2/leaf-provenance.json", TABLE} <= set(names)


def test_the_scores_are_those_of_each_file_restored_alone_and_the_means_are_theirs(batch, tmp_path):
    result, _ = batch
    alone = [
        run_job(read_case(tmp_path / where / "leaf.png", "denoise", NOISE), of_methods(["tv"]))
        for where in "ab"
    ]
    psnr = [job.results[0].scores["psnr"] for job in alone]
    assert [row["psnr"] for row in result.rows if row["condition"] == "tv"] == psnr
    assert result.means["Total variation"]["psnr"] == pytest.approx(sum(psnr) / 2)
    assert list(result.means) == ["Noisy", "Total variation", "Wavelets"]


def test_the_table_is_one_that_can_be_set_beside_votes(batch, tmp_path):
    with zipfile.ZipFile(batch[1]) as archive:
        (tmp_path / TABLE).write_bytes(archive.read(TABLE))
        rows = list(csv.DictReader(io.StringIO(archive.read(TABLE).decode())))
    assert len(rows) == 2 * 3
    assert read_metrics(tmp_path / TABLE)


def test_a_file_that_is_no_picture_is_left_out_with_the_reason(batch, tmp_path):
    assert list(batch[0].refused) == ["text.png"]
    assert "not an image" in batch[0].refused["text.png"]
    with pytest.raises(UplappError, match=r"none of the 1 files was restored; text\.png"):
        finish([tmp_path / "text.png"], tmp_path / "none.zip")


def test_what_is_not_admitted_is_left_out(tmp_path):
    def admit(case):
        if case.name == "b":
            raise UplappError("too large")

    paths = [photo(tmp_path / "a.png"), photo(tmp_path / "b.png")]
    assert finish(paths, tmp_path / "all.zip", admit=admit).refused == {"b.png": "too large"}


def test_a_batch_says_where_it_is_and_stops_when_it_is_told_to(tmp_path):
    heard = []

    def watch(share, text, preview):
        heard.append((share, text))
        return "file 2" not in text

    with pytest.raises(Cancelled):
        finish([photo(tmp_path / "a.png"), photo(tmp_path / "b.png")], tmp_path / "all.zip", watch=watch)
    assert heard[0][1].startswith("file 1 of 2, method 1 of 2 (Total variation)")
    assert [share for share, _ in heard] == sorted(share for share, _ in heard)


def test_a_zip_stands_for_its_files_and_a_zip_of_dicom_for_one_scan(tmp_path):
    picture, other = photo(tmp_path / "in" / "a.png"), tmp_path / "in" / "notes.txt"
    other.write_text("not to be restored")
    archive = packed(tmp_path / "p.zip", {"x/a.png": picture, "x/deep/a.png": picture, "x/notes.txt": other})
    found = inputs_of([archive, picture], "denoise", tmp_path / "scratch", most=3)
    assert [path.name for path in found] == ["a.png"] * 3
    planes = np.zeros((2, 8, 8), np.uint16)
    series = write_series(tmp_path / "series", planes, [0.0, 1.0], ["a.dcm", "b.dcm"])
    scan = packed(tmp_path / "scan.zip", {path.name: path for path in sorted(series.iterdir())})
    assert [path.suffix for path in inputs_of([scan], "mri", tmp_path / "other", most=3)] == [".zip"]


def test_pictures_of_other_programs_in_a_zip_are_not_passed_over(tmp_path):
    """They are refused by their names, but those beside a picture that is read, and descriptions."""
    picture, sky = photo(tmp_path / "in" / "a.png"), tmp_path / "in" / "b.fits"
    sky.write_bytes(b"SIMPLE  =                    T")
    beside = {"a.png": picture, "a.nef": sky, "a.json": sky, "b.fits": sky}
    found = inputs_of([packed(tmp_path / "p.zip", beside)], "denoise", tmp_path / "s", most=9)
    assert [path.name for path in found] == ["a.png", "b.fits"]
    result = run_batch(found, "denoise", NOISE, of_methods(["tv"]), tmp_path / "out.zip")
    assert result.refused["b.fits"].startswith("b.fits is FITS, which is not read")


def test_too_many_files_none_and_a_path_that_leaves_the_folder_are_refused(tmp_path):
    picture = photo(tmp_path / "a.png")
    with pytest.raises(UplappError, match="2 files; at most 1"):
        inputs_of([picture, picture], "denoise", tmp_path / "s", most=1)
    with pytest.raises(UplappError, match=r"no file to restore; allowed: .*\.png"):
        inputs_of([packed(tmp_path / "e.zip", {})], "denoise", tmp_path / "t", most=1)
    with pytest.raises(BadArchive, match="no plain path"):
        inputs_of([packed(tmp_path / "w.zip", {"../a.png": picture})], "denoise", tmp_path / "u", most=1)
