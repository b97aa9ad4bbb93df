"""Nothing that leaves the app says whose pictures a DICOM file holds."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.calling import caller
from tests.imaging import dicoms
from uplapp.commands.options import completed
from uplapp.commands.restore import restore
from uplapp.errors import BadImage
from uplapp.imaging.files.formats.blinding import without_person
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.voxels import read_voxels
from uplapp.web.restore import restore_tab

PLANES = np.random.default_rng(0).integers(0, 4000, (3, 48, 40)).astype(np.uint16)


def secret_in(data: bytes | str) -> list[str]:
    text = data if isinstance(data, str) else data.decode("latin-1")
    return [secret for secret in dicoms.SECRETS if secret.lower() in text.lower()]


@pytest.fixture
def patient(tmp_path) -> Path:
    """A folder called after the patient."""
    names = ["1.dcm", "2.dcm", "3.dcm"]
    return dicoms.write_series(tmp_path / "P4711 Mustermann", PLANES, [0, 3, 6], names)


@pytest.mark.parametrize("task", ["mri", "volume"])
def test_no_file_no_name_and_no_word_of_a_restoration_says_who_it_was(patient, tmp_path, task, capfd):
    strength = ["--acceleration", "4"] if task == "mri" else ["--level", ".05"]
    words = [patient, "-o", tmp_path / "out", "--task", task, "--method", "wavelet", *strength]
    said = caller(completed(restore))(*words)
    written = sorted((tmp_path / "out").iterdir())
    assert len(written) > 3
    for path in written:
        assert secret_in(path.name) == secret_in(path.read_bytes()) == []
    printed = capfd.readouterr()
    assert secret_in(said.output.replace(str(tmp_path), "") + printed.out + printed.err) == []


@pytest.mark.parametrize("cut", [300, 700, 900, 1100, -100])
def test_no_refusal_quotes_the_header(tmp_path, cut):
    made = dicoms.placed(dicoms.with_pixels(dicoms.header(), PLANES[0]), 0)
    data = dicoms.as_bytes(made)
    (tmp_path / "a.dcm").write_bytes(data[:cut] + b"\xff" * 40)
    with warnings.catch_warnings(record=True) as heard, pytest.raises(BadImage) as refused:
        read_scan(tmp_path / "a.dcm")
    assert secret_in(str(refused.value) + "".join(str(one.message) for one in heard)) == []


def test_an_uploaded_file_is_kept_without_the_patient_and_his_name(tmp_path):
    (tmp_path / "upload").mkdir()
    path = tmp_path / "upload" / "Mustermann.dcm"
    path.write_bytes(dicoms.as_bytes(dicoms.placed(dicoms.enhanced(PLANES, [0, 3, 6]), 0)))
    before = read_voxels(path)
    source, *shown = restore_tab.pick_upload("mri", str(path))
    assert [each.name for each in (tmp_path / "upload").iterdir()] == [Path(source).name]
    assert secret_in(Path(source).read_bytes()) == secret_in(source.replace(str(tmp_path), "")) == []
    assert secret_in(repr(shown).replace(str(tmp_path), "")) == []
    assert "DICOM: 3 pictures of 48x40" in repr(shown)
    after = read_voxels(Path(source))
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_allclose(after.affine, before.affine)


def test_an_uploaded_zip_is_kept_without_the_patient(patient, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for each in patient.iterdir():
            archive.write(each, f"Mustermann/{each.name}")
    before = read_voxels(patient)
    kept = without_person(tmp_path / "a.zip")
    assert secret_in(kept.read_bytes()) == []
    np.testing.assert_array_equal(read_voxels(kept).values, before.values)
