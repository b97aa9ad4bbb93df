"""Pictures as people in print, astronomy and microscopy save them, each with its right value."""

import io
import struct
import sys
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms

from tests.imaging.heic import HEIC
from uplapp.errors import BadImage
from uplapp.imaging import device
from uplapp.imaging.files.formats.raster import read_raster
from uplapp.imaging.files.pictures import Picture, read_image, tensor_to_array
from uplapp.imaging.files.reading import Reading

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 8), dtype=np.uint8)
RGB = RANDOM.integers(0, 256, (6, 8, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(1, 256, (6, 8, 1), dtype=np.uint8)
TWIN = 257  # 65535 / 255
HALF_STEP = 0.5 / 255


def saved(array: np.ndarray, kind: str, mode: str | None = None, **options) -> bytes:
    buffer = io.BytesIO()
    picture = (
        Image.fromarray(array) if mode is None else Image.frombytes(mode, array.shape[1::-1], array.tobytes())
    )
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def channels_last(picture: Picture) -> np.ndarray:
    return picture.pixels.numpy().transpose(1, 2, 0)


def same(data: bytes, expected: np.ndarray, atol: float = 1e-6, **options) -> Picture:
    picture = read_image(data, **options)
    shown = expected if expected.ndim == 3 else expected[..., None]
    np.testing.assert_allclose(channels_last(picture), shown, atol=atol)
    return picture


def on_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours in [0,1] with an alpha of 8 bits, laid on white."""
    return colour * (alpha / 255) + 1 - alpha / 255


def test_cmyk_of_16_bits_is_its_8_bit_twin():
    """By hand: red is (1 - cyan) (1 - key)."""
    ink = RANDOM.integers(0, 256, (6, 8, 4), dtype=np.uint8)
    expected = (1 - ink[..., :3] / 255) * (1 - ink[..., 3:] / 255)
    deep = same(tiff(ink.astype(np.uint16) * TWIN, photometric="separated"), expected)
    same(saved(ink, "TIFF", "CMYK"), expected, atol=1.5 / 255)
    assert deep.understood == ("CMYK was converted to RGB without a profile.",)


@pytest.mark.parametrize("bits", range(9, 16))
def test_samples_of_9_to_15_bits_are_scaled_by_what_their_bits_hold(bits):
    values = RANDOM.integers(0, 2**bits, (6, 8)).astype(np.uint16)
    same(of_bits(values, bits), values / (2**bits - 1))


def of_bits(values: np.ndarray, bits: int) -> bytes:
    """A TIFF whose rows are packed bits, written by hand."""
    rows = [
        int("".join(f"{value:0{bits}b}" for value in row).ljust(-(-len(row) * bits // 8) * 8, "0"), 2)
        for row in values
    ]
    width = -(-values.shape[1] * bits // 8)
    data = b"".join(row.to_bytes(width, "big") for row in rows)
    tags = {
        256: values.shape[1],
        257: values.shape[0],
        258: bits,
        259: 1,
        262: 1,
        273: 0,
        277: 1,
        278: values.shape[0],
        279: len(data),
    }
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


@pytest.mark.parametrize(("kind", "straight"), [("assocalpha", False), ("unassalpha", True)])
def test_alpha_of_16_bits_is_laid_on_white_as_its_8_bit_twin(kind, straight):
    colour = RGB if straight else (RGB * (ALPHA / 255)).astype(np.uint8)
    stored = np.concatenate([colour, ALPHA], axis=-1)
    expected = on_white((colour / 255 if straight else (colour / ALPHA).clip(0, 1)), ALPHA)
    deep = same(tiff(stored.astype(np.uint16) * TWIN, photometric="rgb", extrasamples=[kind]), expected)
    shallow = same(tiff(stored, photometric="rgb", extrasamples=[kind]), expected)
    np.testing.assert_allclose(deep.pixels, shallow.pixels, atol=1e-6)


@pytest.mark.parametrize("factor", [1, TWIN])
def test_unspecified_samples_are_no_alpha(factor):
    stored = np.concatenate([RGB, ALPHA], axis=-1).astype(np.uint16 if factor > 1 else np.uint8) * factor
    same(tiff(stored, photometric="rgb", extrasamples=["unspecified"]), RGB / 255)


@pytest.mark.parametrize("array", [GREY, RGB], ids=["grey", "rgb"])
def test_the_colour_key_of_a_png_is_transparent(array):
    key = array[2, 3]
    data = saved(array, "PNG", transparency=int(key) if array.ndim == 2 else tuple(map(int, key)))
    colour = array[..., None] if array.ndim == 2 else array
    keyed = (colour == key).all(axis=-1, keepdims=True)
    expected = np.where(keyed, 1, np.broadcast_to(colour, (6, 8, 3)) / 255)
    picture = read_image(data)
    np.testing.assert_allclose(picture.with_channels(3).numpy().transpose(1, 2, 0), expected, atol=1e-6)
    np.testing.assert_array_equal(picture.opaque.numpy()[0], ~keyed[..., 0])


def rgb_profile(primaries: tuple[float, ...], name: str, gamma: float = 2.19921875) -> bytes:
    """An ICC profile of matrix and gamma, by the colour library of imagecodecs."""
    return bytes(
        imagecodecs.cms_profile("rgb", whitepoint=(0.3127, 0.329, 1.0), primaries=primaries, gamma=gamma)
    )


ADOBE = (0.64, 0.33, 1.0, 0.21, 0.71, 1.0, 0.15, 0.06, 1.0)
DISPLAY_P3 = (0.68, 0.32, 1.0, 0.265, 0.69, 1.0, 0.15, 0.06, 1.0)
TO_XYZ = {
    "adobe": np.array(
        [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    ),
    "p3": np.array([[0.48657, 0.26567, 0.19822], [0.22897, 0.69174, 0.07929], [0.0, 0.04511, 1.04394]]),
}
FROM_XYZ = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.969266, 1.8760108, 0.041556],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


def as_srgb(colour: np.ndarray, space: str) -> np.ndarray:
    """Convert colours of gamma 2.2 to sRGB by published matrices (Lindbloom) and curve (IEC 61966-2-1)."""
    light = np.power(colour, 2.19921875) @ TO_XYZ[space].T @ FROM_XYZ.T
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)


@pytest.mark.parametrize(("space", "primaries"), [("adobe", ADOBE), ("p3", DISPLAY_P3)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_a_colour_profile_is_converted_to_srgb_and_said(space, primaries, kind):
    flat = np.full((16, 16, 3), (180, 90, 60), np.uint8)
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    data = saved(flat, kind, icc_profile=rgb_profile(primaries, space), **options)
    picture = same(data, as_srgb(flat / 255, space), atol=3 / 255)
    assert "to sRGB" in picture.understood[-1]
    assert np.abs(channels_last(picture) - flat / 255).max() > 8 / 255


def test_the_profile_of_a_deep_picture_is_converted_too():
    flat = np.full((4, 4, 3), (46000, 23000, 15000), np.uint16)
    same(
        tiff(flat, photometric="rgb", iccprofile=rgb_profile(ADOBE, "a")),
        as_srgb(flat / 65535, "adobe"),
        atol=3 / 255,
    )


def test_srgb_itself_changes_no_sample():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert same(saved(RGB, "PNG", icc_profile=profile), RGB / 255).understood == ()


@pytest.mark.parametrize("profile", [b"no profile at all", bytes(200), rgb_profile(ADOBE, "a")[:150]])
def test_a_damaged_profile_is_said_and_the_samples_are_kept(profile):
    assert "was not used" in same(saved(RGB, "PNG", icc_profile=profile), RGB / 255).understood[-1]


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(data: bytes, name: bytes, content: bytes) -> bytes:
    return data[:33] + chunk(name, content) + data[33:]


@pytest.mark.parametrize("factor", [1, TWIN], ids=["8-bit", "16-bit"])
def test_a_gamma_of_one_is_light_and_becomes_srgb(factor):
    """By hand: half of the light is .735 of white in sRGB."""
    flat = np.full((4, 4), 128, np.uint16 if factor > 1 else np.uint8) * factor
    data = with_chunk(imagecodecs.png_encode(flat), b"gAMA", struct.pack(">I", 100_000))
    picture = same(data, np.full((4, 4), 0.7366), atol=1e-3)
    assert "gamma of the file, 1," in picture.understood[0]
    usual = with_chunk(imagecodecs.png_encode(flat), b"gAMA", struct.pack(">I", 45_455))
    same(usual, flat / (255 * factor))


def test_counts_of_12_bits_are_said_and_get_a_white_level():
    counts = np.linspace(0, 4080, 48).astype(np.uint16).reshape(6, 8)
    assert "4080 of 65535" in same(tiff(counts), counts / 65535).understood[0]
    assert "choose 4095 as the white level" in read_image(tiff(counts)).understood[0]
    same(tiff(counts), counts / 4095, reading=Reading(white=4095))


def test_floats_from_0_to_1_are_read_and_their_range_is_said():
    values = RGB.astype(np.float32) / 255
    words = same(tiff(values, photometric="rgb"), values).understood[0]
    assert words.startswith("The samples are floats from")
    same(tiff(values * 100, photometric="rgb"), values, reading=Reading(white=100))


@pytest.mark.parametrize("compression", ["jpeg2000", "webp"])
def test_tiff_files_of_newer_codecs_are_read(compression):
    flat = np.kron(RGB, np.ones((4, 4, 1), np.uint8))
    options = {"jpeg2000": {"level": 0, "reversible": True}, "webp": {"lossless": True}}[compression]
    same(tiff(flat, photometric="rgb", compression=compression, compressionargs=options), flat / 255)


# XYZ under D50 to linear sRGB, adapted by Bradford's matrix (Lindbloom, brucelindbloom.com).
TO_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """sRGB in [0,1] of colours (n,3) of CIELAB under D50, by the formulas of CIE 15 and IEC 61966-2-1."""
    light = (lab[:, 0] + 16) / 116
    cubes = np.stack([light + lab[:, 1] / 500, light, light - lab[:, 2] / 200], axis=1)
    xyz = np.where(cubes > 6 / 29, cubes**3, 3 * (6 / 29) ** 2 * (cubes - 4 / 29)) * [0.96422, 1, 0.82521]
    linear = (xyz @ TO_SRGB.T).clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


LAB = {
    "cielab, 8 bits": ("cielab", np.uint8, [255 / 100, 1, 1], 0),
    "cielab, 16 bits": ("cielab", np.uint16, [65535 / 100, 256, 256], 0),
    "icclab, 8 bits": ("icclab", np.uint8, [255 / 100, 1, 1], 128),
    "icclab, 16 bits": ("icclab", np.uint16, [65280 / 100, 256, 256], 32768),
}


@pytest.mark.parametrize(("photometric", "kind", "scale", "shift"), LAB.values(), ids=LAB)
def test_cielab_is_converted_and_said(photometric, kind, scale, shift):
    random = np.random.default_rng(0)
    lab = np.stack([random.uniform(40, 86, 64), *random.uniform(-24, 25, (2, 64))], axis=1)
    cells = (lab * scale).round().astype(int) + np.array([0, shift, shift])
    picture = read_image(tiff(cells.astype(kind)[None], photometric=photometric))
    expected = from_lab((cells - [0, shift, shift]) / scale)
    atol = 1 / 255 if kind == np.uint8 else 1e-3  # both ends are rounded
    np.testing.assert_allclose(picture.pixels[:, 0].T, expected, atol=atol)
    assert picture.understood == ("CIELAB under the white D50 was converted to sRGB.",)


# White, red, green and blue as (x,y): IEC 61966-2-1, Adobe RGB (1998), SMPTE EG 432-1.
PRIMARIES = {
    "srgb": (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    "adobe": (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06),
    "p3": (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}


def to_xyz(space: str) -> np.ndarray:
    """The matrix from linear RGB to XYZ, from chromaticities (SMPTE RP 177)."""
    places = np.reshape(PRIMARIES[space], (4, 2))
    columns = np.stack([places[:, 0], places[:, 1], 1 - places.sum(axis=1)]) / places[:, 1]
    return columns[:, 1:] * np.linalg.solve(columns[:, 1:], columns[:, 0])


def in_srgb(colour: np.ndarray, space: str, gamma: float | None = None) -> np.ndarray:
    """Colours in [0,1] of a space with the curve of sRGB, or with an exponent, as sRGB by the formulas."""
    light = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    light = light if gamma is None else colour**gamma
    linear = (light @ (np.linalg.inv(to_xyz("srgb")) @ to_xyz(space)).T).clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def with_chunks(png: bytes, **chunks: bytes) -> bytes:
    """A PNG with more chunks after its header."""
    made = [
        struct.pack(">I", len(data))
        + name.encode()
        + data
        + struct.pack(">I", zlib.crc32(name.encode() + data))
        for name, data in chunks.items()
    ]
    return png[:33] + b"".join(made) + png[33:]


def chromaticities(space: str) -> bytes:
    return struct.pack(">8I", *(round(100_000 * place) for place in PRIMARIES[space]))


ROUNDING = 1.5 / 255
MUTED = 96 + RGB // 4  # inside of every space
SMOOTH = np.stack(np.meshgrid(np.linspace(105, 150, 24), np.linspace(105, 150, 16)), -1)
SMOOTH = np.concatenate([SMOOTH, SMOOTH[..., :1] * 0 + 120], -1).round().astype(np.uint8)


def test_primaries_of_a_png_are_converted_and_those_of_srgb_change_nothing():
    plain = saved(MUTED, "PNG")
    gamma = struct.pack(">I", 45455)
    same(with_chunks(plain, gAMA=gamma, cHRM=chromaticities("srgb")), MUTED / 255)
    same(with_chunks(plain, sRGB=b"\0", cHRM=chromaticities("adobe")), MUTED / 255)
    picture = same(with_chunks(plain, cHRM=chromaticities("adobe")), in_srgb(MUTED / 255, "adobe"), ROUNDING)
    assert "converted from the primaries and the curve" in picture.understood[0]
    linear = with_chunks(plain, gAMA=struct.pack(">I", 100_000), cHRM=chromaticities("p3"))
    same(linear, in_srgb(MUTED / 255, "p3", 1.0), ROUNDING)


def test_colours_that_a_png_names_by_code_points_are_converted_or_refused():
    plain = saved(MUTED, "PNG")
    same(with_chunks(plain, cICP=bytes([1, 13, 0, 1])), MUTED / 255)
    same(with_chunks(plain, cICP=bytes([12, 13, 0, 1])), in_srgb(MUTED / 255, "p3"), ROUNDING)
    for codes, words in (((9, 16), r"high dynamic range \(PQ\)"), ((9, 18), "HLG"), ((10, 13), "10 and 13")):
        with pytest.raises(BadImage, match=words):
            read_image(with_chunks(plain, cICP=bytes([*codes, 0, 1])))


def test_colours_that_an_avif_names_by_code_points_are_converted_or_refused():
    plain = saved(SMOOTH, "AVIF", quality=100, subsampling="4:4:4")
    at = plain.index(b"colrnclx") + 8
    same(plain, SMOOTH / 255, 3 / 255)
    wide = plain[:at] + struct.pack(">HH", 12, 13) + plain[at + 4 :]
    same(wide, in_srgb(SMOOTH / 255, "p3"), 4 / 255)
    with pytest.raises(BadImage, match="high dynamic range"):
        read_image(plain[:at] + struct.pack(">HH", 9, 16) + plain[at + 4 :])


@pytest.mark.parametrize("bits", [10, 12])
def test_an_avif_of_more_than_8_bits_keeps_them(bits):
    samples = (SMOOTH.astype(np.uint16) << (bits - 8)) + 1
    deep = imagecodecs.avif_encode(samples, level=100, bitspersample=bits)
    assert same(deep, samples / (2**bits - 1)).bits == 16


def test_a_camera_that_says_adobe_rgb_in_exif_alone_is_believed():
    def camera(space: int, kind: str) -> bytes:
        exif = Image.Exif()
        exif[0x8769] = {0xA001: space, 0xA005: {1: kind}}
        return saved(SMOOTH, "JPEG", quality=100, subsampling=0, exif=exif)

    same(camera(1, "R98"), SMOOTH / 255, 3 / 255)
    same(camera(0xFFFF, "R03"), in_srgb(SMOOTH / 255, "adobe", 563 / 256), 4 / 255)
    assert "not sRGB, and not which" in read_image(camera(0xFFFF, "R98")).understood[0]


def test_primaries_of_a_tiff_are_converted():
    ratios = [part for place in PRIMARIES["adobe"] for part in (round(10_000 * place), 10_000)]
    tags = [(318, "2I", 2, ratios[:4], True), (319, "2I", 6, ratios[4:], True)]
    same(tiff(MUTED, photometric="rgb", extratags=tags), in_srgb(MUTED / 255, "adobe"), ROUNDING)


def test_samples_that_a_tiff_does_not_explain_are_left_out_and_said():
    picture = same(
        tiff(np.concatenate([RGB, ALPHA], -1), photometric="rgb", extrasamples=["unspecified"]), RGB / 255
    )
    assert "1 more sample of each pixel" in picture.understood[0]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(
            tiff(GREY.astype(np.int16) - 9), "type int16 from -.*do not say what is white", id="int16"
        ),
        pytest.param(
            tiff(RGB.astype(np.float32), photometric="rgb"), "float32.*do not say what is white", id="floats"
        ),
        pytest.param(tiff(np.full((4, 4), np.nan, np.float32)), "not finite", id="nan"),
        pytest.param(tiff(RGB, photometric="itulab"), "in ITULAB, which is not read", id="lab"),
        pytest.param(
            tiff(
                np.concatenate([RGB, ALPHA], -1), photometric="separated", extratags=[(332, "H", 1, 2, True)]
            ),
            "inks that are not CMYK",
            id="inks",
        ),
        pytest.param(
            tiff(np.zeros((16, 16, 16), np.uint8), volumetric=True, tile=(16, 16, 16)),
            "a volume of 16 slices",
            id="volume",
        ),
        pytest.param(
            tiff((GREY / 255).astype(np.float32), photometric="miniswhite"),
            "of which 0 is white",
            id="inverted",
        ),
        pytest.param(
            tiff(np.zeros((6, 8, 5), np.uint8), photometric="rgb", extrasamples=["unspecified"] * 2),
            "5 samples per pixel; grey, RGB and CMYK",
            id="five-bands",
        ),
        pytest.param(tiff(np.stack([GREY, GREY])), "several pages", id="pages"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(data, sentence):
    with pytest.raises(BadImage, match=sentence) as refused:
        read_image(data)
    assert "\n" not in str(refused.value)


def pages(*written: tuple[np.ndarray, int]) -> bytes:
    """A TIFF of pages, each with its NewSubfileType: 1 is a smaller copy of another page."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for samples, kind in written:
            writer.write(samples, photometric="minisblack", subfiletype=kind)
    return buffer.getvalue()


def test_smaller_copies_of_a_picture_are_no_pages_and_no_pictures():
    same(pages((GREY, 0), (GREY[::2, ::2], 1)), GREY / 255)
    with pytest.raises(BadImage, match="begins with a preview, as raw files"):
        read_image(pages((GREY[::2, ::2], 1), (GREY, 0)))


def test_the_largest_picture_is_a_choice():
    large = saved(np.zeros((1000, 1001), np.uint8), "PNG")
    assert read_image(large, reading=Reading(megapixels=2)).pixels.shape == (1, 1000, 1001)
    with pytest.raises(BadImage, match=r"1001x1000 px; at most 1 megapixels are read.*--megapixels"):
        read_image(large, reading=Reading(megapixels=1))


LOSSLESS = {
    "PNG": {},
    "TIFF": {},
    "BMP": {},
    "WEBP": {"lossless": True},
}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_picture_saved_without_loss_in_another_container_is_the_same(kind):
    same(saved(RGB, kind, **LOSSLESS[kind]), RGB / 255)


def test_avif_is_read():
    flat = np.full((16, 16, 3), (180, 90, 60), np.uint8)
    same(saved(flat, "AVIF", quality=100, subsampling="4:4:4"), flat / 255, atol=3 / 255)


def test_of_an_animated_gif_the_first_picture_is_read_and_said():
    pictures = [Image.new("RGB", (8, 6), colour) for colour in ("red", "blue", "green")]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:])
    picture = same(buffer.getvalue(), np.broadcast_to([1.0, 0, 0], (6, 8, 3)))
    assert picture.understood == ("The first of 3 pictures in the file was read.",)


# 16x16, two colours, encoded by x265 through libheif.


def test_heic_is_read():
    pytest.importorskip("pi_heif")
    picture = read_image(HEIC)
    assert picture.pixels.shape == (3, 16, 16)
    np.testing.assert_allclose(channels_last(picture)[12, 12] * 255, (200, 100, 50), atol=12)
    np.testing.assert_allclose(channels_last(picture)[4, 4] * 255, (20, 60, 180), atol=12)


def test_heic_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(BadImage, match="pip install pi-heif"):
        read_image(HEIC)


@settings(max_examples=15)
@given(arrays(np.uint8, st.sampled_from([(3, 5), (4, 2, 3), (3, 3, 4)]), elements=st.integers(0, 255)))
def test_8_bits_and_the_same_times_257_are_one_picture(array):
    shallow, deep = (bytes(imagecodecs.png_encode(each)) for each in (array, array.astype(np.uint16) * TWIN))
    np.testing.assert_allclose(read_image(shallow).pixels, read_image(deep).pixels, atol=1e-6)
    colour = {"photometric": "rgb"} if array.ndim == 3 else {}
    extra = {"extrasamples": ["unassalpha"]} if array.shape[-1] == 4 and array.ndim == 3 else {}
    packed = tiff(array.astype(np.uint16) * TWIN, **colour, **extra)
    np.testing.assert_allclose(read_image(shallow).pixels, read_image(packed).pixels, atol=1e-6)


SEEDS = [
    saved(RGB, "PNG"),
    saved(RGB, "JPEG"),
    saved(RGB, "GIF"),
    saved(RGB, "BMP"),
    saved(RGB, "WEBP"),
    saved(RGB, "AVIF"),
    tiff(GREY.astype(np.uint16)),
    tiff(RGB, photometric="rgb", compression="jpeg2000"),
    HEIC,
]


def sentence_of(data: bytes) -> str:
    """The refusal of a file, empty for one that is read."""
    try:
        picture = read_image(data, max_pixels=100_000)
    except BadImage as refused:
        return str(refused)
    return "" if tensor_to_array(picture.pixels).size else "no pixels\n"


@settings(max_examples=25)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
    st.floats(0.1, 1),
)
def test_a_spoiled_picture_is_a_picture_or_one_sentence(data, changes, share):
    spoiled = bytearray(data[: int(len(data) * share)])
    for place, value in changes:
        spoiled[int(place * len(spoiled))] = value
    assert "\n" not in sentence_of(bytes(spoiled))


DISPARITY, THUMBNAIL = 0x020002, 0x010001  # kinds of CIPA DC-007


def two_in_one(kind: int) -> bytes:
    """Two pictures in one JPEG (MPO), the second of a kind."""
    first, second = (Image.fromarray(picture) for picture in (RGB, RGB[:, ::-1]))
    buffer = io.BytesIO()
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    data = bytearray(buffer.getvalue())
    attributes = data.index(b"MPF\0") + 4 + 50 + 16  # in the index of pictures, of the second
    data[attributes : attributes + 4] = struct.pack("<I", kind)
    return bytes(data)


FIRST_OF_TWO = "The first of 2 pictures in the file was read."
MORE = {
    "a view for the other eye": (two_in_one(DISPARITY), (FIRST_OF_TWO,)),
    "a thumbnail": (two_in_one(THUMBNAIL), ()),
    "a gain map": (
        saved(RGB, "JPEG", xmp=b'<rdf:Description hdrgm:Version="1.0"/>'),
        ("Its gain map, which holds light brighter than white, was left out.",),
    ),
    "moments of 16 bits": (
        imagecodecs.apng_encode(np.stack([RGB, RGB[::-1]]).astype(np.uint16) * TWIN),
        (FIRST_OF_TWO,),
    ),
}


@pytest.mark.parametrize(("data", "words"), MORE.values(), ids=MORE)
def test_what_else_is_in_a_file_is_said_but_smaller_copies(data, words):
    assert read_image(data).understood == words


@pytest.mark.parametrize(("kind", "samples"), [("CFA", GREY), ("LINEAR_RAW", RGB)])
def test_samples_of_the_sensor_of_a_camera_are_to_be_developed(kind, samples):
    raw = tiff(samples.astype(np.uint16), photometric=tifffile.PHOTOMETRIC[kind])
    with pytest.raises(BadImage, match=f"is in {kind}, which is not read; develop it"):
        read_image(raw)


def test_a_png_of_16_bits_is_decoded_into_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(device, "MOST_IN_MEMORY", 8)
    path = tmp_path / "a.png"
    path.write_bytes(imagecodecs.png_encode(RGB.astype(np.uint16) * TWIN))
    with path.open("rb") as file:
        raster = read_raster("a.png", file, 100)
    assert isinstance(raster.colour, np.memmap)
    np.testing.assert_array_equal(raster.colour, RGB.astype(np.uint16) * TWIN)
    same(path.read_bytes(), RGB / 255)


def test_a_mask_beside_a_picture_makes_several_pages_and_no_damage():
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        file.write(RGB, photometric="rgb")
        file.write(GREY > 99, photometric="mask", subfiletype=4)
    with pytest.raises(BadImage, match="holds several pages"):
        read_image(buffer.getvalue())
