"""Raw k-space of scanners and of other programs gives the pictures that it was made of."""

import os
import struct
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imaging.rawfiles import write_bart, write_ismrmrd, write_matlab_7_3
from tests.imaging.scans import head, kspace_of
from uplapp.errors import BadImage
from uplapp.imaging.files.formats import hdf5
from uplapp.imaging.files.formats.raw import by_position, read_ismrmrd
from uplapp.imaging.files.formats.twix import planes_of
from uplapp.imaging.files.readers import read_scan
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading
from uplapp.imaging.physics import to_image

PICTURES = np.stack([head(48, 40, brightness) for brightness in (0.5, 2.0)])
PLANES = np.stack([kspace_of(picture, 3) for picture in PICTURES])
ROUNDING = 1e-5


def close(slice_, picture: np.ndarray) -> None:
    np.testing.assert_allclose(slice_.magnitude[0], picture / picture.max(), atol=ROUNDING)


def test_a_table_without_an_end_is_refused_and_the_next_file_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5, "PATIENCE_S", 0.5)
    path = write_ismrmrd(tmp_path / "a.h5", PLANES)
    whole = path.read_bytes()
    first = whole.index(b"GCOL") + 16  # of the heap that holds the header
    path.write_bytes(whole[:first] + bytes(16) + whole[first + 16 :])
    with pytest.raises(BadImage, match="is damaged: what HDF5 reads in it has no end"):
        read_scan(path)
    monkeypatch.undo()
    path.write_bytes(whole)
    assert read_scan(path).understood[0].startswith("ISMRMRD: 2 slices of 3 coils")


def test_bart_is_read_with_its_slices_and_coils(tmp_path):
    scan = read_scan(write_bart(tmp_path / "a.cfl", PLANES))
    assert scan.understood == ("BART: 2 slices of 3 coils of 48x40, combined.",)
    for slice_, picture in zip(scan, PICTURES, strict=True):
        close(slice_, picture)


def test_bart_without_its_header_says_what_is_missing(tmp_path):
    (tmp_path / "a.cfl").write_bytes(bytes(8))
    with pytest.raises(BadImage, match=r"needs its header a\.hdr"):
        read_scan(tmp_path / "a.cfl")


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_matlab_arrays_are_read_with_the_axes_of_matlab(tmp_path, version):
    """MATLAB users keep coils last."""
    last = np.moveaxis(PLANES[0], 0, -1)
    path = tmp_path / "a.mat"
    if version == "5":
        scipy.io.savemat(path, {"kspace": last, "note": "a word"})
    else:
        write_matlab_7_3(path, kspace=last.astype(np.complex64), mask=np.ones((48, 40)))
    scan = read_scan(path)
    assert "3 coils of 48x40 (coils last), combined." in scan.understood[0]
    close(scan[0], PICTURES[0])


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_one_of_several_matlab_arrays_is_named(tmp_path, version):
    path, arrays = tmp_path / "a.mat", {"im": PICTURES[0], "im2": PICTURES[1]}
    if version == "5":
        scipy.io.savemat(path, arrays)
    else:
        write_matlab_7_3(path, **arrays)
    with pytest.raises(BadImage, match=r"no array 'kspace'; name one of its arrays \(im, im2\)"):
        read_scan(path)
    assert read_scan(path, Reading(array="im2"))[0].size == (48, 40)


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_a_picture_beside_single_numbers_needs_no_name(tmp_path, version):
    path, arrays = tmp_path / "a.mat", {"TE": np.array([[3.0]]), "picture": PICTURES[0]}
    if version == "5":
        scipy.io.savemat(path, arrays)
    else:
        write_matlab_7_3(path, **arrays)
    assert read_scan(path)[0].magnitude.shape == (1, 48, 40)


@pytest.mark.parametrize("arrays", [{"s": {"picture": PICTURES[0]}}, {"word": "brain"}])
def test_a_matlab_file_of_structs_or_words_says_what_to_save(tmp_path, arrays):
    scipy.io.savemat(tmp_path / "a.mat", arrays)
    with pytest.raises(BadImage, match="save it outside of structs and cells"):
        read_scan(tmp_path / "a.mat")


def test_ismrmrd_lines_are_put_in_their_places(tmp_path):
    scan = read_scan(write_ismrmrd(tmp_path / "a.h5", PLANES, size=(32, 36), averages=2))
    assert scan.understood == ("ISMRMRD: 2 slices of 3 coils of 48x40, combined.",)
    for slice_, picture in zip(scan, PICTURES, strict=True):
        assert slice_.size == (32, 36)
        close(slice_, picture[8:40, 2:38])


def test_of_several_repetitions_one_is_read(tmp_path):
    path = write_ismrmrd(tmp_path / "a.h5", PLANES, repetitions=3)
    assert "Volume 0 of 3" in read_scan(path).understood[1]
    close(read_scan(path, Reading(volume=2))[1], PICTURES[1])
    with pytest.raises(BadImage, match="no volume 3"):
        read_scan(path, Reading(volume=3))


def test_partitions_of_a_3d_scan_become_slices(tmp_path):
    images = to_image(torch.from_numpy(PLANES)).numpy()
    shifted = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(PLANES, axes=0), axis=0, norm="ortho"), axes=0)
    assert images.shape == PLANES.shape
    scan = read_scan(write_ismrmrd(tmp_path / "a.h5", shifted.astype(np.complex64), partitions=True))
    for slice_, picture in zip(scan, PICTURES, strict=True):
        close(slice_, picture)


def test_what_is_not_on_a_grid_is_called_by_its_name(tmp_path):
    with pytest.raises(BadImage, match="not Cartesian"):
        read_scan(write_ismrmrd(tmp_path / "a.h5", PLANES, trajectory="spiral"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [0, 8, 14, 200])
def test_numbers_of_no_type_in_a_matlab_file_are_refused_and_end_no_process(tmp_path, packed, kind):
    scipy.io.savemat(tmp_path / "a.mat", {"kspace": PLANES[0].astype(complex)})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    at = content.index(struct.pack("<II", 9, 8 * PLANES[0].size))  # real parts, 9 for double
    content[at : at + 4] = struct.pack("<I", kind)
    if packed:
        body = zlib.compress(content[128:])
        content[128:] = struct.pack("<II", 15, len(body)) + body
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(BadImage, match="numbers of no type"):
        read_scan(tmp_path / "a.mat")


def test_twix_without_its_library_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "twixtools", None)
    (tmp_path / "a.dat").write_bytes(bytes(100))
    with pytest.raises(BadImage, match="pip install twixtools"):
        read_scan(tmp_path / "a.dat")


def block_at(number, place):
    """What twixtools tells of the slice of a line."""
    sagittal, coronal, transverse = place
    position = SimpleNamespace(Sag=sagittal, Cor=coronal, Tra=transverse)
    return SimpleNamespace(cSlc=number, mdh=SimpleNamespace(SliceData=SimpleNamespace(SlicePos=position)))


class Played:
    """A scan with the names and the order of axes of twixtools, in whose place it is."""

    def __init__(self, lines, axes, centres=(0, 0, 0), places=((0, 0, 0),)):
        self.dims, self.shape, self.lines = axes, lines.shape, lines
        self.mdb_list = [block_at(number, place) for number, place in enumerate(places)]
        self.kspace_center_par, self.kspace_center_lin, self.kspace_center_col = centres

    def __getitem__(self, _):
        return self.lines


@pytest.mark.parametrize("first", [True, False])
def test_lines_and_samples_that_a_twix_scan_lacks_are_zeros_on_their_side(first):
    """By hand: the zero frequency, the only sample that is not 0, comes to the middle of 8 by 10."""
    lines = np.zeros((1, 1, 8, 1, 6), np.complex64)  # (Sli,Par,Lin,Cha,Col)
    line, column = (3, 2) if first else (5, 4)
    lines[0, 0, line, 0, column] = 1
    axes = ["Sli", "Par", "Lin", "Cha", "Col"]
    planes, _ = planes_of("a.dat", Played(lines, axes, (0, line, column)), AS_IT_SAYS)
    assert planes.shape == (1, 1, 8, 10)
    assert np.argwhere(planes[0, 0]).tolist() == [[4, 5]]


def test_partitions_of_a_twix_scan_are_transformed_into_slices():
    axes = ["Ide", "Idd", "Sli", "Par", "Ave", "Seg", "Lin", "Cha", "Col"]
    shifted = np.fft.fftshift(np.fft.fft(np.fft.ifftshift(PLANES, axes=0), axis=0, norm="ortho"), axes=0)
    lines = shifted.transpose(0, 3, 1, 2)[None, None, None, :, None, None]  # (...,Par,...,Lin,Cha,Col)

    planes, _ = planes_of("a.dat", Played(lines, axes), AS_IT_SAYS)
    np.testing.assert_allclose(planes, PLANES, atol=1e-5 * np.abs(PLANES).max())


THREE = np.stack([*PLANES, PLANES[0] * 3j])
MEASURED = (2, 0, 1)  # the places of slices in the order in which they were measured


def test_slices_of_a_twix_scan_lie_in_the_order_of_their_position():
    lines = THREE[list(MEASURED)].transpose(0, 3, 1, 2)  # (Sli,Lin,Cha,Col)
    axes = ["Sli", "Par", "Lin", "Cha", "Col"]
    places = [(5.0, -3.0 + 0.5 * at, 4.0 * at - 60) for at in MEASURED]
    planes, words = planes_of("a.dat", Played(lines[:, None], axes, places=places), AS_IT_SAYS)
    np.testing.assert_array_equal(planes, THREE.astype(np.complex64))
    assert words == ("Slices are in the order of their position, not in that in which they were measured.",)


@pytest.mark.parametrize(
    "places",
    [
        pytest.param([(1, 2, 3)] * len(THREE), id="moments of one place"),
        pytest.param([(5, 0, 0), (0, 5, 0), (0, 0, 5)], id="planes of a localiser"),
        pytest.param([(0, 0, at) for at in range(len(THREE))], id="in order already"),
    ],
)
def test_slices_of_no_order_in_space_stay_as_they_were_measured(places):
    slices, words = by_position(THREE, dict(enumerate(places)))
    np.testing.assert_array_equal(slices, THREE)
    assert words == ()


def test_slices_that_were_not_measured_are_left_out():
    slices, _ = by_position(THREE, {0: (0, 0, 9), 2: (0, 0, 2)})
    np.testing.assert_array_equal(slices, THREE[[2, 0]])


def test_slices_of_ismrmrd_lie_in_the_order_of_their_position(tmp_path):
    path = write_ismrmrd(tmp_path / "a.h5", THREE[list(MEASURED)], places=MEASURED)
    np.testing.assert_allclose(read_ismrmrd(path, AS_IT_SAYS).planes, THREE, rtol=1e-6)


def test_twix_gives_the_kspace_that_its_library_gives():
    pytest.importorskip("twixtools")
    folder = Path(os.environ.get("UPLAPP_TEST_DATA", "")) / "kspace"
    if not folder.is_dir():
        pytest.skip("UPLAPP_TEST_DATA names no folder with kspace")
    scan = read_scan(folder / "phantom_gre_2ch_siemens_twix.dat")
    expected = np.load(folder / "phantom_gre_2ch_2x160x320.npy").transpose(0, 2, 1)
    kspace = scan[0].kspace.numpy()
    np.testing.assert_allclose(kspace / np.abs(kspace).max(), expected / np.abs(expected).max(), atol=1e-5)
    assert scan[0].size == (160, 160)


TRAJECTORY = b"sKSpace.ucTrajectory\t = \t"


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(lambda content: content[:1_200_000], "cut off", id="cut-off"),
        pytest.param(
            lambda content: content.replace(TRAJECTORY + b"1", TRAJECTORY + b"2"),
            "not Cartesian",
            id="radial",
        ),
    ],
)
def test_a_twix_file_that_is_cut_off_or_is_no_grid_is_refused(tmp_path, spoil, sentence):
    pytest.importorskip("twixtools")
    path = Path(os.environ.get("UPLAPP_TEST_DATA", "")) / "kspace" / "phantom_gre_2ch_siemens_twix.dat"
    if not path.is_file():
        pytest.skip("UPLAPP_TEST_DATA names no folder with kspace")
    (tmp_path / "a.dat").write_bytes(spoil(path.read_bytes()))
    with pytest.raises(BadImage, match=sentence):
        read_scan(tmp_path / "a.dat")


@pytest.fixture(scope="module")
def files_of_raw(tmp_path_factory) -> list[tuple[str, bytes]]:
    folder = tmp_path_factory.mktemp("raw")
    scipy.io.savemat(folder / "a.mat", {"kspace": PLANES[0]})
    made = [folder / "a.mat", write_matlab_7_3(folder / "b.mat", kspace=PLANES[0].astype(np.complex64))]
    made.append(write_ismrmrd(folder / "c.h5", PLANES[:, :1, 8:40:8, 8:32:8]))
    return [(path.suffix, path.read_bytes()) for path in made]


def sentence_of(path: Path) -> str:
    """The refusal of a file, empty for one that is read."""
    try:
        scan = read_scan(path)
        return "" if scan.middle.kspace is not None or scan.middle.magnitude is not None else "nothing\n"
    except BadImage as refused:
        return str(refused)


@settings(max_examples=25)
@given(
    st.integers(0, 2),
    st.lists(st.tuples(st.floats(0, 0.99), st.integers(0, 255)), max_size=5),
    st.floats(0.3, 1),
)
def test_spoiled_raw_data_are_data_or_one_sentence(files_of_raw, tmp_path_factory, kind, changes, share):
    suffix, data = files_of_raw[kind]
    spoiled = bytearray(data[: int(len(data) * share)])
    for place, value in changes:
        spoiled[int(place * len(spoiled))] = value
    path = tmp_path_factory.mktemp("spoiled") / f"a{suffix}"
    path.write_bytes(bytes(spoiled))
    assert "\n" not in sentence_of(path)
