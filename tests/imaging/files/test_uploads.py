"""Pictures that strangers send: bombs are refused by their header, odd ones read or told in a sentence."""

import io
import struct
import zipfile
import zlib
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.imaging.memory import memory_of
from tests.study.tiny import write_study
from uplapp.errors import BadImage, BadStudy
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.files.pictures import read_image
from uplapp.imaging.physics import GaussianNoise
from uplapp.settings import Settings
from uplapp.study.definition import load
from uplapp.study.stimuli import package, stimuli

BOMB_SIDES = (12_000, 20_000)  # Pillow warns of the first and refuses the second
PIECE = 2**20
ROOM_MB = 60  # a 12000x12000 picture takes 411


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_zeros(count: int) -> bytes:
    """So many zeros as zlib packs them, one piece again and again rather than all of them packed."""
    piece, end = zlib.compressobj(9, wbits=-15), zlib.compressobj(9, wbits=-15)
    repeated = piece.compress(bytes(PIECE)) + piece.flush(zlib.Z_FULL_FLUSH)
    rest = end.compress(bytes(count % PIECE)) + end.flush()
    checksum = struct.pack(">HH", count % 65_521, 1)  # Adler-32 of zeros
    return b"\x78\xda" + repeated * (count // PIECE) + rest + checksum


def png_bomb(side: int, depth: int = 8, colour: int = 2, *before: bytes) -> bytes:
    """A PNG of some kilobytes that unpacks to `side` x `side` black pixels."""
    samples = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    data = packed_zeros(side * (1 + side * samples * depth // 8))
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *before, chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def tiff(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, compression="zlib", **options)
    return buffer.getvalue()


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def bombs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bombs")
    (folder / "rgb.png").write_bytes(png_bomb(12_000))
    (folder / "deep.png").write_bytes(png_bomb(12_000, 16))
    (folder / "huge.png").write_bytes(png_bomb(20_000, 8, 0))
    (folder / "bits.png").write_bytes(png_bomb(20_000, 1, 0))
    (folder / "grey.tif").write_bytes(tiff(np.zeros((12_000, 12_000), np.uint8)))
    (folder / "deep.tif").write_bytes(tiff(np.zeros((9_000, 9_000), np.uint16)))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rgb.png", "deep.png", "huge.png", "bits.png", "grey.tif", "deep.tif"])
def test_a_picture_bomb_is_refused_by_its_header_alone(bombs, name):
    assert (bombs / name).stat().st_size < 1_000_000
    megabytes, sentence = memory_of(read_image, bombs / name)
    assert "at most 16 megapixels" in sentence
    assert megabytes < ROOM_MB


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path / "tiny")


def packed(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"tiny/{path.relative_to(folder)}")
    return target


@pytest.mark.parametrize("side", [2_500, *BOMB_SIDES])
def test_a_stimulus_that_is_a_bomb_is_refused_by_its_header_alone(study, side):
    (study / "l1" / "chelsea.png").write_bytes(png_bomb(side))
    megabytes, sentence = memory_of(stimuli.check, load(study), study)
    assert "chelsea.png" in sentence
    assert megabytes < ROOM_MB


@pytest.mark.parametrize("side", [2_500, *BOMB_SIDES])
@pytest.mark.parametrize(
    "act", [package.unpack, partial(package.create_from_zip, title="T")], ids=["unpack", "create"]
)
def test_a_study_in_a_zip_with_a_picture_bomb_is_refused_and_leaves_nothing(study, tmp_path, side, act):
    (study / "l1" / "chelsea.png").write_bytes(png_bomb(side, 8, 0))
    source = packed(study, tmp_path / "tiny.zip")
    (tmp_path / "new").mkdir()
    megabytes, sentence = memory_of(act, source, tmp_path / "new" / "mine")
    assert "chelsea.png" in sentence
    assert megabytes < ROOM_MB
    assert list((tmp_path / "new").iterdir()) == []


ODD = {
    "empty": b"",
    "text": b"hello",
    "cut": saved(Image.radial_gradient("L"), "PNG")[:300],
    "header alone": saved(Image.radial_gradient("L"), "PNG")[:33],
    "cmyk": saved(Image.new("CMYK", (64, 48)), "TIFF"),
    "palette": saved(Image.new("P", (64, 48)), "PNG"),
    "alpha": saved(Image.new("RGBA", (64, 48)), "PNG"),
    "16 bit": bytes(imagecodecs.png_encode(np.zeros((48, 64), np.uint16))),
    "1x1": saved(Image.new("RGB", (1, 1)), "PNG"),
    "gif": saved(Image.new("P", (64, 48)), "GIF"),
    "turned": saved(Image.new("RGB", (48, 64)), "PNG"),
    "pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtin\x94.",
    "npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_a_stimulus_of_another_kind_is_one_sentence_that_names_it(study, data):
    (study / "l1" / "chelsea.png").write_bytes(data)
    with pytest.raises(BadStudy, match=r"chelsea\.png"):
        stimuli.check(load(study), study)


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_a_zip_with_a_stimulus_of_another_kind_leaves_nothing(study, tmp_path, data):
    (study / "l1" / "chelsea.png").write_bytes(data)
    (tmp_path / "new").mkdir()
    with pytest.raises(BadStudy, match="chelsea"):
        package.unpack(packed(study, tmp_path / "t.zip"), tmp_path / "new" / "mine")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("empty", "the image is empty"),
        ("text", "not an image"),
        ("cut", "damaged, cut off"),
        ("header alone", "not an image"),
        ("pickle", "a pickle, whose reading can run its code"),
        ("npy", "an array of NumPy, which is not read"),
        ("svg", r"a drawing \(SVG\), which is not read"),
    ],
)
def test_what_is_no_picture_is_one_sentence_on_the_restore_tab(kind, sentence):
    with pytest.raises(BadImage, match=sentence):
        read_image(ODD[kind])


@pytest.mark.parametrize("kind", ["cmyk", "palette", "alpha", "16 bit", "1x1", "turned", "gif"])
def test_odd_pictures_are_read(kind):
    assert read_image(ODD[kind]).pixels.shape[0] in (1, 3)


def test_an_animation_counts_as_its_first_picture():
    first, second = (Image.new("RGB", (8, 6), colour) for colour in ("red", "blue"))
    data = saved(first, "PNG", save_all=True, append_images=[second])
    pixels = read_image(data).pixels
    assert pixels.shape == (3, 6, 8)
    assert pixels[0].min() == 1


def test_a_text_bomb_inside_a_picture_is_not_unpacked():
    note = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))
    with pytest.raises(BadImage):
        read_image(png_bomb(8, 8, 2, note))


def test_samples_beyond_colour_are_refused_before_they_are_unpacked():
    data = tiff(np.zeros((500, 500, 40), np.uint16), photometric="minisblack", planarconfig="contig")
    with pytest.raises(BadImage):
        read_image(data)


def test_a_picture_of_one_pixel_is_restored(tmp_path):
    (tmp_path / "dot.png").write_bytes(ODD["1x1"])
    checkpoints = Checkpoints(Settings.from_env({}).models)
    case = read_case(tmp_path / "dot.png", "denoise", GaussianNoise(25))
    job = run_job(case, of_cards(checkpoints, [checkpoints.find("denoise-unet-l2")]))
    assert job.results[0].pixels.shape == (3, 1, 1)


def lying(source: Path, member: str, size: int) -> None:
    """Let both headers of a member say another unpacked size."""
    raw = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        entry = archive.getinfo(member)
    old, new = struct.pack("<I", entry.file_size), struct.pack("<I", size)
    local, central = entry.header_offset + 22, raw.rindex(member.encode()) - 46 + 24
    for at in (local, central):
        assert raw[at : at + 4] == old
        raw[at : at + 4] = new
    source.write_bytes(raw)


@pytest.mark.parametrize("size", [1, 100])
def test_a_zip_that_lies_about_a_size_is_refused_and_leaves_nothing(study, tmp_path, size):
    source = packed(study, tmp_path / "t.zip")
    lying(source, "tiny/study.toml", size)
    (tmp_path / "new").mkdir()
    with pytest.raises(BadStudy, match=r"larger than it says|cannot be read as a ZIP"):
        package.unpack(source, tmp_path / "new" / "mine")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_zip_with_a_file_twice_is_refused(study, tmp_path):
    source = packed(study, tmp_path / "t.zip")
    with zipfile.ZipFile(source, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("tiny/l1/chelsea.png", (study / "l2" / "chelsea.png").read_bytes())
    with pytest.raises(BadStudy, match="a file twice"):
        package.unpack(source, tmp_path / "mine")
