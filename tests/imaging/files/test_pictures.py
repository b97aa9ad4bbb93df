"""Every kind of file that people bring, and those that are refused."""

import io

import imagecodecs
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.pictures import (
    array_to_tensor,
    encode_png,
    list_images,
    read_image,
    tensor_to_array,
)

RAMP = np.arange(4 * 6, dtype=np.uint8).reshape(4, 6) * 10
COLOUR = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)
DEEP = COLOUR.astype(np.uint16) * 257 + 3
DEEP_GREY = np.ascontiguousarray(DEEP[..., 0])


def save(array: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def as_array(source: bytes) -> np.ndarray:
    picture = read_image(source)
    return tensor_to_array(picture.pixels, picture.bits)


@pytest.mark.parametrize(
    ("data", "array"),
    [
        pytest.param(save(RAMP, "PNG"), RAMP, id="grey-png"),
        pytest.param(save(COLOUR, "PNG"), COLOUR, id="rgb-png"),
        pytest.param(save(COLOUR, "TIFF"), COLOUR, id="rgb-tiff"),
        pytest.param(save(COLOUR, "TIFF", compression="tiff_lzw"), COLOUR, id="lzw-tiff"),
        pytest.param(imagecodecs.png_encode(DEEP), DEEP, id="16-bit-rgb-png"),
        pytest.param(imagecodecs.png_encode(DEEP_GREY), DEEP_GREY, id="16-bit-grey-png"),
        pytest.param(tiff(DEEP, photometric="rgb"), DEEP, id="16-bit-rgb-tiff"),
        pytest.param(tiff(DEEP_GREY, compression="zlib"), DEEP_GREY, id="16-bit-grey-tiff"),
        pytest.param(
            tiff(np.moveaxis(DEEP, -1, 0), photometric="rgb", planarconfig="separate"), DEEP, id="planar-tiff"
        ),
        pytest.param(tiff(65535 - DEEP_GREY, photometric="miniswhite"), DEEP_GREY, id="inverted-tiff"),
        pytest.param(save(RAMP > 100, "PNG"), (RAMP > 100) * np.uint8(255), id="one-bit"),
    ],
)
def test_a_lossless_file_comes_back_sample_for_sample(data, array):
    read = as_array(data)
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_a_palette_file_is_rgb():
    picture = Image.fromarray(COLOUR).quantize(256)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    np.testing.assert_array_equal(as_array(buffer.getvalue()), np.array(picture.convert("RGB")))


def test_a_cmyk_jpeg_is_rgb():
    buffer = io.BytesIO()
    Image.fromarray(COLOUR).convert("CMYK").save(buffer, "JPEG")
    assert read_image(buffer.getvalue()).pixels.shape == (3, 4, 6)


def test_transparency_is_laid_on_white():
    see_through = np.dstack([COLOUR, np.full_like(RAMP, 0)])
    half = np.dstack([np.zeros_like(COLOUR), np.full_like(RAMP, 51)])
    assert (as_array(save(see_through, "PNG")) == 255).all()
    assert (as_array(save(half, "PNG")) == 204).all()
    deep = np.dstack([np.zeros_like(DEEP), np.full_like(DEEP_GREY, 13107)])
    assert (as_array(imagecodecs.png_encode(deep)) == 52428).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_photograph_comes_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey = np.kron(np.array([[0, 255], [80, 160], [40, 200]], dtype=np.uint8), np.ones((8, 8), np.uint8))
    stored = Image.fromarray(grey)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(undo[orientation]))
    buffer = io.BytesIO()
    stored.save(buffer, kind, exif=exif)
    np.testing.assert_allclose(as_array(buffer.getvalue()).astype(int), grey.astype(int), atol=3)


def test_a_deep_tiff_comes_upright():
    data = tiff(np.rot90(DEEP_GREY), extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(as_array(data), DEEP_GREY)


def test_png_keeps_all_samples_and_no_metadata():
    pixels = array_to_tensor(DEEP)
    np.testing.assert_array_equal(as_array(encode_png(pixels, bits=16)), DEEP)
    chunks = encode_png(array_to_tensor(COLOUR))
    assert not any(kind in chunks for kind in (b"tEXt", b"iTXt", b"tIME", b"eXIf", b"pHYs"))


def test_samples_out_of_range_are_clipped_and_rounded():
    levels = torch.tensor([[[-0.2, 0.5019, 1.7]]])
    np.testing.assert_array_equal(tensor_to_array(levels), [[0, 128, 255]])


def test_grey_and_colour_change_into_each_other():
    grey, colour = read_image(save(RAMP, "PNG")), read_image(save(COLOUR, "PNG"))
    assert torch.equal(grey.with_channels(3)[1], grey.pixels[0])
    luma = COLOUR @ np.array([0.2126, 0.7152, 0.0722]) / 255
    np.testing.assert_allclose(colour.with_channels(1)[0].numpy(), luma, atol=1e-6)


def pages() -> bytes:
    return tiff(np.stack([RAMP, RAMP]), photometric="minisblack")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "the image is empty", id="empty"),
        pytest.param(b"hello", "not an image that can be read; PNG, JPEG, TIFF, WebP", id="text"),
        pytest.param(
            save(np.kron(COLOUR, np.ones((50, 50, 1), np.uint8)), "PNG")[:400], "damaged, cut off", id="cut"
        ),
        pytest.param(
            imagecodecs.png_encode(np.random.default_rng(0).integers(0, 65535, (40, 40), np.uint16))[:999],
            "damaged",
            id="cut-16",
        ),
        pytest.param(
            tiff(RAMP.astype(np.float32)), "float32 from 0 to 230, which do not say what is white", id="float"
        ),
        pytest.param(pages(), "several pages", id="pages"),
        pytest.param(
            save(np.zeros((4100, 4100), np.uint8), "PNG"), "4100x4100 px; at most 16 megapixels", id="bomb"
        ),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(data, sentence):
    with pytest.raises(BadImage, match=sentence):
        read_image(data)


def test_a_missing_file_and_an_empty_folder_are_told(tmp_path):
    with pytest.raises(BadImage, match="cannot be read: No such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(BadImage, match="holds no image"):
        list_images(tmp_path)
    with pytest.raises(BadImage, match="is not a folder"):
        list_images(tmp_path / "none")


def test_arrays_of_another_type_are_refused():
    with pytest.raises(BadImage, match="samples of type float64"):
        array_to_tensor(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            OSError(2, "No such file or directory", "/srv/secret/head.nii"),
            "head cannot be read: No such file",
        ),
        (ValueError("cannot map '/srv/secret/head.nii' (bad)"), r"kind \(cannot map the file \(bad\)\)"),
        (ValueError(r"C:\srv\secret\head.nii failed"), r"kind \(the file failed\)"),
    ],
)
def test_no_sentence_about_a_damaged_file_names_a_path_of_the_machine(error, sentence):
    with pytest.raises(BadImage, match=sentence) as caught, refusing_damage("head"):
        raise error
    assert "secret" not in str(caught.value)


def test_one_function_says_that_a_file_is_damaged(house):
    sources = {path.name: path.read_text() for path in (house / "uplapp" / "imaging").rglob("*.py")}
    assert [name for name, text in sources.items() if "cut off or of another" in text] == ["guards.py"]
