"""One volume in every format of voxels gives one scan, in one place."""

import gzip
import shutil
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging import dicoms
from uplapp.errors import BadImage
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.reading import Reading
from uplapp.imaging.files.volumes import read_volume
from uplapp.imaging.files.voxels import read_voxels
from uplapp.web.restore import restore_tab

VOXELS = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)
# Axes to the left, to the front and to the head, slices 3 mm apart.
AFFINE = np.array([[-1.5, 0, 0, 10], [0, 2, 0, -20], [0, 0, 3, 5], [0, 0, 0, 1]], float)


def nifti(path: Path, voxels: np.ndarray = VOXELS) -> Path:
    nibabel.save(nibabel.Nifti1Image(voxels, AFFINE), path)
    return path


def mgh(path: Path, voxels: np.ndarray = VOXELS) -> Path:
    nibabel.save(nibabel.MGHImage(voxels, AFFINE), path)
    return path


def pair(path: Path, voxels: np.ndarray = VOXELS) -> Path:
    nibabel.save(nibabel.Nifti1Pair(voxels, AFFINE), path)
    return path


def nrrd(path: Path, encoding: str = "raw", voxels: np.ndarray = VOXELS, extra: str = "") -> Path:
    """By hand, axes to the left, to the back and to the head."""
    packed = voxels.astype("<i2").tobytes(order="F")
    body = {
        "raw": packed,
        "gzip": gzip.compress(packed),
        "ascii": " ".join(map(str, voxels.ravel(order="F"))).encode(),
    }
    place = "space: left-posterior-superior\nspace directions: (1.5,0,0) (0,-2,0) (0,0,3)\n"
    sizes = " ".join(map(str, voxels.shape))
    kind = f"NRRD0004\n# a comment\ntype: short\ndimension: {voxels.ndim}\nspace origin: (-10,20,5)\n"
    head = f"{kind}{place}sizes: {sizes}\nendian: little\nencoding: {encoding}\n{extra}\n"
    path.write_bytes(head.encode() + body[encoding])
    return path


def metaimage(path: Path, packed: bool = False, file: str = "LOCAL") -> Path:
    """By hand, in the axes of DICOM."""
    body = VOXELS.astype("<i2").tobytes(order="F")
    head = (
        f"ObjectType = Image\nNDims = 3\nBinaryDataByteOrderMSB = False\nCompressedData = {packed}\n"
        "TransformMatrix = 1 0 0 0 -1 0 0 0 1\nOffset = -10 20 5\nElementSpacing = 1.5 2 3\nDimSize = 5 6 7\n"
        f"ElementType = MET_SHORT\nElementDataFile = {file}\n"
    )
    path.write_bytes(head.encode() + (zlib.compress(body) if packed else body))
    return path


def apart(header: Path, mark: bytes, line: str, samples: str) -> Path:
    """Put the samples of a file beside its header, which names them."""
    head, _, body = header.read_bytes().partition(mark)
    header.unlink()
    (header.parent / samples).write_bytes(body)
    alone = header.with_suffix({".nrrd": ".nhdr", ".mha": ".mhd"}[header.suffix])
    alone.write_bytes(head + line.encode())
    return alone


def nhdr(folder: Path, encoding: str = "raw", samples: str = "a.raw") -> Path:
    return apart(nrrd(folder / "a.nrrd", encoding), b"\n\n", f"\ndata file: {samples}\n", samples)


def mhd(folder: Path, packed: bool = False, samples: str = "a.raw") -> Path:
    return apart(metaimage(folder / "a.mha", packed), b" LOCAL\n", f" {samples}", samples)


FILES = {
    "mgz": lambda folder: mgh(folder / "a.mgz"),
    "mgh": lambda folder: mgh(folder / "a.mgh"),
    "pair": lambda folder: pair(folder / "a.img"),
    "nrrd": lambda folder: nrrd(folder / "a.nrrd"),
    "nrrd-gzip": lambda folder: nrrd(folder / "a.nrrd", "gzip"),
    "nrrd-text": lambda folder: nrrd(folder / "a.nrrd", "ascii"),
    "mha": lambda folder: metaimage(folder / "a.mha"),
    "mha-packed": lambda folder: metaimage(folder / "a.mha", packed=True),
    "nhdr": nhdr,
    "nhdr-gzip": lambda folder: nhdr(folder, "gzip", "a.raw.gz"),
    "mhd": mhd,
    "mhd-packed": lambda folder: mhd(folder, True, "a.zraw"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_same_pictures_in_the_same_place(kind, tmp_path):
    (tmp_path / "twin").mkdir()
    stored, twin = read_voxels(FILES[kind](tmp_path)), read_voxels(nifti(tmp_path / "twin" / "a.nii"))
    np.testing.assert_array_equal(stored.values, twin.values)
    np.testing.assert_allclose(stored.affine, twin.affine, atol=1e-5)
    np.testing.assert_allclose(stored.spacing_mm, (1.5, 2, 3), rtol=1e-6)
    others = (".hdr", ".raw", ".gz", ".zraw")
    path = next(each for each in tmp_path.iterdir() if each.is_file() and each.suffix not in others)
    np.testing.assert_array_equal(
        read_scan(path)[3].magnitude, read_scan(tmp_path / "twin" / "a.nii")[3].magnitude
    )
    np.testing.assert_array_equal(read_volume(path).voxels, read_volume(tmp_path / "twin" / "a.nii").voxels)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
@pytest.mark.parametrize("space", ["left-posterior-superior", "right-anterior-superior", "LAS"])
def test_nrrd_is_read_as_pynrrd_writes_it(encoding, space, tmp_path):
    library = pytest.importorskip("nrrd")
    directions = np.array([[0, 2.0, 0], [1.5, 0, 0], [0, 0, 3.0]])
    header = {"space": space, "space directions": directions, "space origin": [1, 2, 3], "encoding": encoding}
    library.write(str(tmp_path / "a.nrrd"), VOXELS, header)
    stored = read_voxels(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(stored.values, library.read(str(tmp_path / "a.nrrd"))[0])
    signs = {"left-posterior-superior": [-1, -1, 1], "right-anterior-superior": [1, 1, 1], "LAS": [-1, 1, 1]}[
        space
    ]
    np.testing.assert_allclose(stored.affine[:3, :3], directions.T * np.array(signs)[:, None])
    np.testing.assert_allclose(stored.affine[:3, 3], np.array([1, 2, 3]) * signs)


def test_analyze_is_read_and_says_what_it_does_not_know(tmp_path):
    nibabel.save(nibabel.AnalyzeImage(VOXELS, np.diag([-1.5, 2, 3, 1])), tmp_path / "a.img")
    stored = read_voxels(tmp_path / "a.img")
    np.testing.assert_array_equal(stored.values, VOXELS)
    assert "does not say which side is left" in stored.understood[0]


@pytest.mark.parametrize("volume", [0, 1])
@pytest.mark.parametrize(
    "write",
    [
        lambda path, voxels: mgh(path.with_suffix(".mgz"), voxels),
        lambda path, voxels: pair(path.with_suffix(".img"), voxels),
        lambda path, voxels: nrrd(path.with_suffix(".nrrd"), "raw", voxels),
    ],
    ids=["mgz", "pair", "nrrd"],
)
def test_of_a_series_one_volume_is_read_in_every_format(write, volume, tmp_path):
    several = np.stack([VOXELS, 2 * VOXELS], axis=-1)
    stored = read_voxels(write(tmp_path / "a", several), Reading(volume=volume))
    np.testing.assert_array_equal(stored.values, several[..., volume])
    assert f"Volume {volume} of 2" in stored.understood[0]


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda folder: nrrd(folder / "a.nrrd", extra="data file: ../../etc/passwd\n"), "names another file"),
        (lambda folder: metaimage(folder / "a.mha", file="/etc/passwd"), "names another file"),
        (lambda folder: metaimage(folder / "a.mha", file="b.raw"), "names another file"),
        (lambda folder: metaimage(folder / "a.mhd", file="a.mhd"), "names another file"),
        (lambda folder: metaimage(folder / "a.mhd", file="a.raw"), "needs its samples a.raw beside it.*ZIP"),
        (lambda folder: nrrd(folder / "a.nrrd", extra="byte skip: -1\n"), "skips a part of its samples"),
        (
            lambda folder: pair(folder / "a.img").with_suffix(".hdr").unlink() or folder / "a.img",
            "other half",
        ),
        (lambda folder: bomb(folder / "a.nrrd"), "40000x40000x40000; 1 to"),
        (lambda folder: lying(folder / "a.nrrd"), "damaged"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(write, sentence, tmp_path):
    with pytest.raises(BadImage, match=sentence) as refused:
        read_voxels(write(tmp_path))
    assert "\n" not in str(refused.value)


def bomb(path: Path) -> Path:
    path.write_bytes(nrrd(path).read_bytes().replace(b"sizes: 5 6 7", b"sizes: 40000 40000 40000"))
    return path


def lying(path: Path) -> Path:
    path.write_bytes(nrrd(path).read_bytes().replace(b"sizes: 5 6 7", b"sizes: 5 6 9"))
    return path


@pytest.fixture(scope="module")
def files_of_voxels(tmp_path_factory) -> list[tuple[str, bytes]]:
    """A file of each kind: its suffix and its bytes."""
    folder = tmp_path_factory.mktemp("voxels")
    made = [
        nifti(folder / "a.nii"),
        nifti(folder / "b.nii.gz"),
        mgh(folder / "c.mgz"),
        nrrd(folder / "d.nrrd", "gzip"),
    ]
    made += [metaimage(folder / "e.mha", packed=True)]
    (folder / "f.dcm").write_bytes(
        dicoms.as_bytes(dicoms.enhanced(np.zeros((2, 4, 5), np.uint16) + 7, [0, 3]))
    )
    made.append(folder / "f.dcm")
    return [("".join(path.suffixes), path.read_bytes()) for path in made]


def sentence_of(path: Path) -> str:
    """The refusal of a file, empty for one that is read."""
    try:
        magnitude = read_scan(path).middle.magnitude
    except BadImage as refused:
        return str(refused)
    return "" if np.isfinite(magnitude.numpy()).all() else "not finite\n"


@settings(max_examples=40)
@given(
    st.integers(0, 5),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=5),
    st.floats(0.05, 1),
)
def test_spoiled_voxels_are_voxels_or_one_sentence(files_of_voxels, tmp_path_factory, kind, changes, share):
    suffix, data = files_of_voxels[kind]
    spoiled = bytearray(data[: int(len(data) * share)])
    for place, value in changes:
        spoiled[place % max(len(spoiled), 1)] = value
    path = tmp_path_factory.mktemp("spoiled") / f"a{suffix}"
    path.write_bytes(bytes(spoiled))
    assert "\n" not in sentence_of(path)


SERIES = {
    "kinds": "kinds: list domain domain domain\n",
    "directions": "space: RAS\nspace directions: none (2,0,0) (0,2,0) (0,0,3)\n",
    "spacings": "spacings: NaN 1.5 2 3\n",
}


@pytest.mark.parametrize("extra", SERIES.values(), ids=SERIES)
def test_a_series_along_the_first_axis_of_nrrd_is_one(extra, tmp_path):
    path = nrrd(tmp_path / "a.nrrd", voxels=np.stack([VOXELS, VOXELS + 1]), extra=extra)
    stored = read_voxels(path, Reading(volume=1))
    np.testing.assert_array_equal(stored.values, VOXELS + 1)
    assert stored.spacing_mm == ((2, 2, 3) if extra.startswith("space:") else (1.5, 2, 3))


@pytest.mark.parametrize("kind", ["RGB-color", "vector", "complex", "3-symmetric-matrix"])
def test_several_samples_per_voxel_of_nrrd_are_refused(kind, tmp_path):
    path = nrrd(tmp_path / "a.nrrd", extra=f"kinds: {kind} domain domain\n")
    with pytest.raises(BadImage, match=f"several samples per voxel .{kind.lower()}.; one is read"):
        read_voxels(path)


def with_field(path: Path, line: str, samples: bytes | None = None) -> Path:
    """A MetaImage with one more field, and perhaps its samples in another form."""
    data = metaimage(path).read_bytes().replace(b"ElementDataFile", f"{line}\nElementDataFile".encode())
    end = data.index(b"LOCAL\n") + len(b"LOCAL\n")
    path.write_bytes(data[:end] + (data[end:] if samples is None else samples))
    return path


def test_samples_of_a_metaimage_may_be_text(tmp_path):
    text = " ".join(map(str, VOXELS.ravel(order="F"))).encode()
    stored = read_voxels(with_field(tmp_path / "a.mha", "BinaryData = False", text))
    np.testing.assert_array_equal(stored.values, VOXELS)


@pytest.mark.parametrize("yes", ["True", "true", "1"])
def test_the_first_byte_of_samples_of_a_metaimage_may_be_the_highest(yes, tmp_path):
    turned = VOXELS.astype(VOXELS.dtype.newbyteorder(">")).tobytes(order="F")
    stored = read_voxels(with_field(tmp_path / "a.mha", f"BinaryDataByteOrderMSB = {yes}", turned))
    np.testing.assert_array_equal(stored.values, VOXELS)


@pytest.mark.parametrize(
    ("line", "words"),
    [("ElementToIntensityFunctionSlope = 2", "maps its samples"), ("NDims = 2", "has 2 axes and 3 sides")],
)
def test_a_metaimage_that_means_something_else_is_refused(line, words, tmp_path):
    with pytest.raises(BadImage, match=words):
        read_voxels(with_field(tmp_path / "a.mha", line))


@pytest.mark.parametrize(
    "made", [mhd, nhdr, lambda folder: pair(folder / "a.img")], ids=["mhd", "nhdr", "img"]
)
def test_a_zip_of_a_header_and_its_samples_is_their_volume(made, tmp_path):
    (tmp_path / "two").mkdir()
    header = made(tmp_path / "two")
    packed = Path(shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "two"))
    stored = read_voxels(packed)
    np.testing.assert_array_equal(stored.values, VOXELS)
    assert stored.name == header.name
    assert restore_tab.pick_upload("mri", str(packed))[0] == str(packed)
    nifti(tmp_path / "two" / "b.nii")
    several = shutil.make_archive(str(tmp_path / "b"), "zip", tmp_path / "two")
    with pytest.raises(BadImage, match="holds 2 files of voxels; DICOM or one is read"):
        read_voxels(Path(several))


def placed(path: Path, sform: np.ndarray | None, qform: np.ndarray | None, intent: int = 0) -> Path:
    image = nibabel.Nifti1Image(VOXELS, AFFINE)
    image.header["intent_code"] = intent
    for put, form in ((image.set_sform, sform), (image.set_qform, qform)):
        put(form, 0 if form is None else 1)
    nibabel.save(image, path)
    return path


MIRRORED = np.diag([-1.0, 1, 1, 1]) @ AFFINE
NOWHERE = ("The file does not say where it lies, so left and right may be exchanged.",)


@pytest.mark.parametrize(
    ("sform", "qform", "intent", "words"),
    [
        pytest.param(AFFINE, AFFINE, 0, (), id="both"),
        pytest.param(None, AFFINE, 0, (), id="qform alone"),
        pytest.param(None, None, 0, NOWHERE, id="neither"),
        pytest.param(np.diag([0.0, 0, 0, 1]), None, 0, NOWHERE, id="an sform of zeros"),
        pytest.param(
            AFFINE,
            MIRRORED,
            0,
            ("Its sform and qform disagree about right, front and up; the sform was taken.",),
            id="mirrored",
        ),
        pytest.param(
            AFFINE, None, 1002, ("The file says that its values are of the kind 'label'.",), id="labels"
        ),
        pytest.param(
            AFFINE, None, 3, ("The file says that its values are of the kind 't test'.",), id="a statistic"
        ),
    ],
)
def test_what_a_nifti_leaves_open_of_its_place_and_its_values_is_said(tmp_path, sform, qform, intent, words):
    assert read_voxels(placed(tmp_path / "a.nii", sform, qform, intent)).understood == words


@pytest.mark.parametrize("read", [read_scan, read_volume])
def test_a_place_that_is_not_finite_is_refused(tmp_path, read):
    data = bytearray(nifti(tmp_path / "a.nii").read_bytes())
    data[280:284] = np.float32(np.nan).tobytes()  # the first number of srow_x
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(BadImage, match="place in space that is not finite"):
        read(tmp_path / "a.nii")


@pytest.mark.parametrize("end", [np.pi, 4095.0])
def test_values_that_fill_the_range_of_a_phase_are_called_so(tmp_path, end):
    phase = np.linspace(-end, end, 5 * 6 * 7, dtype=np.float32).reshape(5, 6, 7)
    assert "They may be a phase, not a picture." in read_scan(nifti(tmp_path / "a.nii", phase)).understood[-1]
    half = nifti(tmp_path / "b.nii", phase * np.float32(0.7))
    assert "phase" not in read_scan(half).understood[-1]


def test_segments_of_slicer_are_called_so(tmp_path):
    stored = read_voxels(nrrd(tmp_path / "a.nrrd", extra="Segment0_Name:=tumour\n"))
    assert stored.understood == ("The file says that its values are numbers of segments.",)


@pytest.mark.parametrize(("kind", "dtype"), [("int64", "<i8"), ("unsigned long long", "<u8")])
def test_whole_numbers_of_64_bits_are_read(tmp_path, kind, dtype):
    head = f"NRRD0004\ntype: {kind}\ndimension: 3\nsizes: 5 6 7\nendian: little\nencoding: raw\n\n"
    (tmp_path / "a.nrrd").write_bytes(head.encode() + VOXELS.astype(dtype).tobytes(order="F"))
    np.testing.assert_array_equal(read_voxels(tmp_path / "a.nrrd").values, VOXELS)
