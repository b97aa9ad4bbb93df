"""DICOM: pixels in their unit and place, whatever the file, and never who the patient is."""

import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from tests.imaging import dicoms
from uplapp.errors import BadImage
from uplapp.imaging.files.formats.codecs import size_of
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.volumes import encode_nifti, read_volume
from uplapp.imaging.files.voxels import read_voxels
from uplapp.imaging.tasks import TASKS

RANDOM = np.random.default_rng(0)
PLANES = RANDOM.integers(0, 4000, (4, 12, 16)).astype(np.uint16)
HEIGHTS = [9.0, 0.0, 6.0, 3.0]
NAMES = ["b.dcm", "d.dcm", "a", "IM0003"]
SYNTAXES = [
    *(uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian),
    *(uid.DeflatedExplicitVRLittleEndian, uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.JPEGLosslessSV1),
]
SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"


def write(path: Path, made) -> Path:
    path.write_bytes(dicoms.as_bytes(made))
    return path


def single(**values):
    made = dicoms.placed(dicoms.with_pixels(dicoms.header(), PLANES[0]), 0)
    for key, value in values.items():
        setattr(made, key, value)
    return made


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_every_way_of_compression_gives_the_same_samples(tmp_path, syntax):
    made = dicoms.with_pixels(dicoms.header(syntax), PLANES[0])
    np.testing.assert_array_equal(read_voxels(write(tmp_path / "a.dcm", made)).values[..., 0].T, PLANES[0])


@pytest.mark.parametrize(
    "kind", ["bigendian", "implicit", "expb", "RLE", "padded", "jp2klossless", "jpeg_ls_lossless"]
)
def test_the_files_of_pydicom_give_what_pydicom_gives(kind):
    """The wheel of pydicom ships one MR slice in several ways of compression."""
    expected = pydicom.dcmread(SHIPPED / "MR_small.dcm").pixel_array
    np.testing.assert_array_equal(read_voxels(SHIPPED / f"MR_small_{kind}.dcm").values[..., 0].T, expected)


def test_signed_samples_stay_signed_where_the_codec_knows_no_sign():
    stored = read_voxels(SHIPPED / "J2K_pixelrep_mismatch.dcm").values
    assert (stored.min(), stored.max()) == (-2000, 1896)  # air outside the scanner's circle, bone


def test_samples_are_rescaled_to_their_unit(tmp_path):
    path = write(tmp_path / "a.dcm", single(RescaleSlope="2", RescaleIntercept="-1024"))
    np.testing.assert_array_equal(read_voxels(path).values[..., 0].T, PLANES[0] * 2.0 - 1024)


@pytest.mark.parametrize(
    ("function", "black", "white"), [("LINEAR", 200.0, 1199.0), ("LINEAR_EXACT", 200.0, 1200.0)]
)
def test_the_window_of_the_file_is_what_is_shown(tmp_path, function, black, white):
    path = write(
        tmp_path / "a.dcm",
        single(WindowCenter=["700", "9"], WindowWidth=["1000", "9"], VOILUTFunction=function),
    )
    scan = read_scan(path)
    expected = ((PLANES[0] - black) / (white - black)).clip(0, 1)
    np.testing.assert_allclose(scan[0].magnitude[0], expected, atol=1e-6)
    assert f"{black:g} is black, {white:g} white" in " ".join(scan.understood)
    whole = read_scan(path, Reading(window="full"))[0].magnitude[0]
    assert (whole.min(), whole.max()) == (0, 1)


def test_inverted_pictures_are_turned_back(tmp_path):
    made = dicoms.with_pixels(dicoms.header(), PLANES[0], kind="MONOCHROME1")
    path = write(tmp_path / "a.dcm", made)
    upright = write(tmp_path / "b.dcm", single())
    np.testing.assert_allclose(read_scan(path)[0].magnitude, 1 - read_scan(upright)[0].magnitude, atol=1e-6)


@pytest.fixture
def series(tmp_path) -> Path:
    return dicoms.write_series(tmp_path / "head", PLANES, HEIGHTS, NAMES)


def packed(folder: Path) -> Path:
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"study/1/{path.name}")
        archive.writestr("study/README.txt", "no picture")
    return folder.with_suffix(".zip")


@pytest.mark.parametrize("form", [lambda folder: folder, packed], ids=["folder", "zip"])
def test_slices_are_sorted_by_position_and_not_by_name_or_number(series, form):
    scan = read_scan(form(series))
    assert len(scan) == 4
    order = np.argsort(HEIGHTS)
    white = np.percentile(PLANES[PLANES > 0], 99.9)
    for slice_, place in zip(scan, order, strict=True):
        np.testing.assert_allclose(slice_.magnitude[0], (PLANES[place] / white).clip(0, 1), atol=1e-6)
    assert "4 pictures of 12x16, sorted by position" in scan.understood[0]


def test_a_volume_has_its_place_in_the_body(series):
    """Columns run to the left and rows to the back in DICOM, the other way round in NIfTI."""
    stored = read_voxels(series)
    np.testing.assert_allclose(
        stored.affine, [[-1.5, 0, 0, 10], [0, -2, 0, 20], [0, 0, 3, 0], [0, 0, 0, 1]], atol=1e-9
    )
    volume = read_volume(series)
    assert volume.voxels.shape == (1, 4, 12, 16)
    assert volume.space.spacing_mm == pytest.approx((3, 2, 1.5))
    order = np.argsort(HEIGHTS)
    np.testing.assert_allclose(volume.voxels[0] * volume.space.unit, PLANES[order], rtol=1e-6)
    assert encode_nifti(volume.voxels, volume.space)


def test_one_file_of_many_slices_is_a_volume_with_a_scale_for_each(tmp_path):
    stored = read_voxels(write(tmp_path / "a.dcm", dicoms.enhanced(PLANES, HEIGHTS)))
    for at, place in enumerate(np.argsort(HEIGHTS)):
        np.testing.assert_array_equal(stored.values[..., at].T, PLANES[place] * float(place + 1))
    assert stored.spacing_mm == (1.5, 2.0, 3.0)


def test_frames_without_a_place_keep_their_order(tmp_path):
    stored = read_voxels(write(tmp_path / "a.dcm", dicoms.with_pixels(dicoms.header(), PLANES)))
    np.testing.assert_array_equal(stored.values.transpose(2, 1, 0), PLANES)
    assert "do not say where" in " ".join(stored.understood)


def test_a_folder_of_dicom_files_is_one_scan_to_measure_on(tmp_path):
    folder = dicoms.write_series(tmp_path / "a", PLANES, HEIGHTS, ["1.dcm", "2.dcm", "3.dcm", "4.dcm"])
    assert len(list(TASKS["mri"].subjects(folder))) == 4


def test_moments_of_the_same_places_are_volumes_to_choose_from(tmp_path):
    folder = tmp_path / "a"
    dicoms.write_series(folder, PLANES[:2], [0, 5], ["1.dcm", "2.dcm"], TemporalPositionIdentifier=2)
    dicoms.write_series(folder, PLANES[2:], [0, 5], ["3.dcm", "4.dcm"], TemporalPositionIdentifier=1)
    first, second = (read_voxels(folder, Reading(volume=at)) for at in (0, 1))
    np.testing.assert_array_equal(first.values.transpose(2, 1, 0), PLANES[2:])
    np.testing.assert_array_equal(second.values.transpose(2, 1, 0), PLANES[:2])
    assert "Volume 0 of 2" in " ".join(first.understood)
    with pytest.raises(BadImage, match="no volume 2; give one of 0 to 1"):
        read_voxels(folder, Reading(volume=2))


def test_moments_of_one_slice_are_slices_in_time_and_no_volume(tmp_path):
    folder = tmp_path / "a"
    for moment, plane in enumerate(PLANES[::-1]):
        dicoms.write_series(folder, [plane], [0], [f"{9 - moment}.dcm"], TriggerTime=100 - moment)
    scan = read_scan(folder)
    assert len(scan) == 4
    assert "in order of time" in " ".join(scan.understood)
    np.testing.assert_array_equal(read_voxels(folder).values[..., 0].T, PLANES[0])
    with pytest.raises(BadImage, match="several moments"):
        read_volume(folder)


def test_of_several_series_the_largest_is_read_and_the_others_are_named(series):
    dicoms.write_series(series, PLANES[:1], [50], ["z.dcm"], SeriesInstanceUID="1.2.9")
    stored = read_voxels(series)
    assert stored.values.shape == (16, 12, 4)
    assert "1 of 2 was read (1: 4 of 12x16, 2: 1 of 12x16)" in " ".join(stored.understood)
    assert read_voxels(series, Reading(series=2)).values.shape == (16, 12, 1)
    with pytest.raises(BadImage, match="no series 3; give one of 1 to 2"):
        read_voxels(series, Reading(series=3))


def test_a_missing_slice_is_said(tmp_path):
    folder = dicoms.write_series(tmp_path / "a", PLANES, [0, 3, 6, 12], NAMES)
    assert "3.00 to 6.00 mm apart: one may be missing" in " ".join(read_voxels(folder).understood)


def test_volumes_that_lack_a_slice_are_refused(tmp_path):
    folder = dicoms.write_series(tmp_path / "a", PLANES, [0, 3, 3, 6], NAMES)
    with pytest.raises(BadImage, match="4 pictures at 3 positions, which make no whole volumes"):
        read_voxels(folder)


def bomb(data: bytes) -> bytes:
    """A JPEG 2000 whose own header says another size."""
    at = data.find(b"\xff\x4f\xff\x51")
    return data[: at + 8] + b"\0\1\0\0\0\1\0\0" + data[at + 16 :]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda data: b"", "a.dcm is empty"),
        (lambda data: data[:200], "no DICOM file with pictures|damaged"),
        (lambda data: data[:-9], "no DICOM file with pictures|damaged"),
        (bomb, "compressed picture of 65536x65536 px where 16x12 px belong"),
        (
            lambda data: data.replace(b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.99"),
            "a way that is not read",
        ),
    ],
)
def test_what_is_no_picture_is_one_sentence_without_the_patient(tmp_path, spoil, sentence):
    made = dicoms.with_pixels(dicoms.header(uid.JPEG2000Lossless), PLANES[0])
    (tmp_path / "a.dcm").write_bytes(spoil(dicoms.as_bytes(made)))
    with pytest.raises(BadImage, match=sentence) as refused:
        read_scan(tmp_path / "a.dcm")[0]
    assert "\n" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_deflated_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("uplapp.imaging.files.formats.dicom.LARGEST_FILE", 4000)
    made = dicoms.with_pixels(
        dicoms.header(uid.DeflatedExplicitVRLittleEndian), np.zeros((90, 90), np.uint16)
    )
    with pytest.raises(BadImage, match="unpacks to more than"):
        read_scan(write(tmp_path / "a.dcm", made))


def test_text_burnt_into_the_pixels_is_refused(tmp_path):
    with pytest.raises(BadImage, match="burnt into its pixels"):
        read_scan(write(tmp_path / "a.dcm", single(BurnedInAnnotation="YES")))


@pytest.mark.parametrize(("name", "size"), [("JPEG2000.dcm", (1024, 256)), ("JPGExtended.dcm", (1024, 256))])
def test_the_size_of_a_compressed_picture_is_read_off_its_header(name, size):
    made = pydicom.dcmread(SHIPPED / name)
    assert size_of(next(pydicom.encaps.generate_frames(made.PixelData, number_of_frames=1))) == size


def test_a_mosaic_and_a_table_of_units_are_refused_by_name(tmp_path):
    mosaic = dicoms.placed(dicoms.with_pixels(dicoms.header(), PLANES[0]), 0)
    mosaic.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    (tmp_path / "a.dcm").write_bytes(dicoms.as_bytes(mosaic))
    with pytest.raises(BadImage, match=r"a mosaic.*dcm2niix"):
        read_voxels(tmp_path / "a.dcm")
    mapped = dicoms.placed(dicoms.with_pixels(dicoms.header(), PLANES[0]), 0)
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [2, 0, 16], "US", b"\1\0\0\0"
    table["LUTData"].VR = "OW"
    mapped.ModalityLUTSequence = [table]
    (tmp_path / "a.dcm").write_bytes(dicoms.as_bytes(mapped))
    with pytest.raises(BadImage, match="Modality LUT"):
        read_voxels(tmp_path / "a.dcm")
