"""Conversion of image files and arrays to tensors and back.

This is the one place where ranges and colour are converted.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.files.guards import refusing_damage

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "TIFF")
MAX_PIXELS = 16_000_000
LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
PNG_DEPTH_BYTE = 24
TIFF_BITS_PER_SAMPLE = 258
FULL_SCALE = {8: 255, 16: 65535}
ARRAY_TYPE = {8: np.uint8, 16: np.uint16}

Array = NDArray[Any]
# What EXIF says of the stored rows and columns, undone.
UPRIGHT: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: np.rot90(a),
}


@dataclass(frozen=True, eq=False)
class Picture:
    """An image in memory: `pixels` (C,H,W) float32 in [0,1] with C = 1 or 3, and the bits of its file.

    `opaque` (1,H,W) of bool says which pixels its alpha channel leaves as they are, None without one.
    """

    pixels: Tensor
    bits: int = 8
    opaque: Tensor | None = None

    def with_channels(self, channels: int) -> Tensor:
        """The pixels as grey (Rec. 709 luma) or as RGB (grey repeated)."""
        if self.pixels.shape[0] == channels:
            return self.pixels
        if channels == 3:
            return self.pixels.repeat(3, 1, 1)
        return torch.einsum("c,chw->hw", torch.tensor(LUMA), self.pixels)[None]


def list_images(folder: Path) -> list[Path]:
    """List the PNG, JPEG and TIFF files of a folder in order of name.

    A folder without any is refused.
    """
    if not folder.is_dir():
        raise BadImage(f"{folder} is not a folder; give a folder of PNG, JPEG or TIFF images")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise BadImage(f"{folder} holds no image; PNG, JPEG and TIFF are read")
    return paths


def read_image(source: Path | bytes, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read PNG, JPEG or TIFF of 8 or 16 bits: grey, RGB, palette or CMYK, upright by its EXIF.

    Transparency is laid on white. The header is read first: more than `max_pixels`, another format,
    float samples, several pages and damaged data raise BadImage.
    """
    name, data = _read_bytes(source)
    header = _read_header(name, data, max_pixels)
    with refusing_damage(name):
        array = _decode(header, data)
    bits = 16 if array.dtype == np.uint16 else 8
    upright = UPRIGHT[header.orientation](array)
    return Picture(array_to_tensor(_flatten_alpha(upright)), bits, _opaque(upright))


def array_to_tensor(array: Array) -> Tensor:
    """Convert (H,W) or (H,W,C) of uint8 or uint16 to (C,H,W) float32 in [0,1].

    Another type raises BadImage.
    """
    if array.dtype not in (np.uint8, np.uint16):
        raise BadImage(f"samples of type {array.dtype} cannot be read; 8- and 16-bit unsigned integers are")
    planes = array[..., None] if array.ndim == 2 else array
    scaled = planes.astype(np.float32) / np.iinfo(array.dtype).max
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(2, 0, 1)))


def tensor_to_array(pixels: Tensor, bits: int = 8) -> Array:
    """Convert (C,H,W) to (H,W) or (H,W,3) unsigned integers of 8 or 16 bits, clipped to [0,1] and rounded."""
    levels = (pixels.detach().cpu().clamp(0, 1) * FULL_SCALE[bits]).round().numpy()
    array = levels.transpose(1, 2, 0).astype(ARRAY_TYPE[bits])
    return np.ascontiguousarray(array[..., 0] if array.shape[-1] == 1 else array)


def thumbnail(pixels: Tensor, most_px: int) -> Array:
    """Give every n-th sample of an image (C,H,W) in [0,1], so that it has not much more than `most_px`."""
    stride = max(1, max(pixels.shape[-2:]) // most_px)
    return tensor_to_array(pixels[:, ::stride, ::stride])


def encode_png(pixels: Tensor, bits: int = 8) -> bytes:
    """Encode (C,H,W) in [0,1] as a PNG file, lossless after rounding to `bits`, without metadata."""
    return bytes(imagecodecs.png_encode(tensor_to_array(pixels, bits)))


@dataclass(frozen=True)
class _Header:
    format: str
    width: int
    height: int
    bits: int
    orientation: int


def _read_bytes(source: Path | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return "the image", source
    try:
        return source.name, source.read_bytes()
    except OSError as error:
        raise BadImage(f"{source.name} cannot be read: {error.strerror}") from error


def _read_header(name: str, data: bytes, max_pixels: int) -> _Header:
    try:
        with warnings.catch_warnings():
            # Pillow only warns of large images; the cap below is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BadImage(f"{name} is not an image that can be read; PNG, JPEG and TIFF are") from error
    except Image.DecompressionBombError as error:
        raise BadImage(f"{name} is too large; at most {max_pixels / 1e6:g} megapixels are read") from error
    with picture, refusing_damage(name):
        # Before all else: Pillow decodes a whole PNG to look for an EXIF behind its pixels.
        if picture.width * picture.height > max_pixels:
            size, most = f"{picture.width}x{picture.height}", f"{max_pixels / 1e6:g}"
            raise BadImage(f"{name} is {size} px; at most {most} megapixels are read")
        return _describe(name, picture, data)


def _describe(name: str, picture: Image.Image, data: bytes) -> _Header:
    kind = str(picture.format)
    if kind == "TIFF" and getattr(picture, "n_frames", 1) > 1:
        raise BadImage(f"{name} holds several pages; save the one to restore as a file of its own")
    bits = data[PNG_DEPTH_BYTE] if kind == "PNG" else 8
    if kind == "TIFF":
        bits = max(picture.tag_v2.get(TIFF_BITS_PER_SAMPLE, (1,)))  # type: ignore[attr-defined]
    if picture.mode == "F" or bits > 16:
        raise BadImage(f"{name} has {bits}-bit samples; 8- and 16-bit unsigned integers are read")
    # Pillow turns the TIFF files that it decodes by itself.
    upright = kind == "TIFF" and bits < 16
    orientation = 1 if upright else picture.getexif().get(ExifTags.Base.Orientation, 1)
    return _Header(kind, *picture.size, bits, orientation if orientation in UPRIGHT else 1)


def _decode(header: _Header, data: bytes) -> Array:
    """Decode a picture with Pillow, except 16 bits, which Pillow would cut to 8 without a warning."""
    if header.bits == 16 and header.format == "PNG":
        return np.asarray(imagecodecs.png_decode(data))
    if header.bits == 16:
        return _decode_deep_tiff(data)
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        if picture.mode in ("L", "LA", "RGB", "RGBA"):
            return np.array(picture)
        if picture.mode == "1":
            return np.array(picture.convert("L"))
        return np.array(picture.convert("RGBA" if "transparency" in picture.info else "RGB"))


def _decode_deep_tiff(data: bytes) -> Array:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        array = np.asarray(page.asarray())
        planar, inverted = page.axes.startswith("S"), page.photometric == tifffile.PHOTOMETRIC.MINISWHITE
    array = np.moveaxis(array, 0, -1) if planar else array
    return np.iinfo(array.dtype).max - array if inverted else array


def _has_alpha(array: Array) -> bool:
    return array.ndim == 3 and array.shape[-1] not in (1, 3)


def _opaque(array: Array) -> Tensor | None:
    if not _has_alpha(array):
        return None
    return torch.from_numpy(np.array(array[..., -1] == np.iinfo(array.dtype).max))[None]


def _flatten_alpha(array: Array) -> Array:
    if not _has_alpha(array):
        return array
    full = np.iinfo(array.dtype).max
    alpha = array[..., -1:].astype(np.float64) / full
    on_white = array[..., :-1] * alpha + full * (1 - alpha)
    flat: Array = on_white.round().astype(array.dtype)
    return flat
