"""Conversion of image files and arrays to tensors and back.

This is the one place where ranges and colour are converted.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import BadImage
from uplapp.imaging.device import bands, blank, blank_array
from uplapp.imaging.files.formats.colour import of_gamma, of_ink, of_profile, on_white
from uplapp.imaging.files.formats.raster import READ, Raster, read_raster
from uplapp.imaging.files.formats.tiff import read_tiff
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.levels import levels_of
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".webp", ".avif"),
    *(".heic", ".heif", ".bmp", ".gif"),
)
LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709
CMYK = 4
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
    `understood` says in sentences what the reader took the file for.
    """

    pixels: Tensor
    bits: int = 8
    opaque: Tensor | None = None
    understood: tuple[str, ...] = ()

    def with_channels(self, channels: int) -> Tensor:
        """The pixels as grey (Rec. 709 luma) or as RGB (grey repeated)."""
        if self.pixels.shape[0] == channels:
            return self.pixels
        if channels == 3:
            return self.pixels.repeat(3, 1, 1)
        return torch.einsum("c,chw->hw", torch.tensor(LUMA), self.pixels)[None]


def list_images(folder: Path) -> list[Path]:
    """List the pictures of a folder in order of name.

    A folder without any is refused.
    """
    if not folder.is_dir():
        raise BadImage(f"{folder} is not a folder; give a folder of pictures")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise BadImage(f"{folder} holds no image; {READ} are read")
    return paths


def read_image(source: Path | bytes, max_pixels: int | None = None, reading: Reading = AS_IT_SAYS) -> Picture:
    """Read a picture of up to 16 bits or of floats: grey, RGB, palette or CMYK, upright, as sRGB.

    Transparency is laid on white, profiles and gammas are undone. The header is read first: more than
    `max_pixels`, by default the megapixels of the reading, another format, several pages and damaged data
    raise BadImage.
    """
    max_pixels = max_pixels or round(reading.megapixels * 1e6)
    name = "the image" if isinstance(source, bytes) else source.name
    with _opened(name, source) as file:
        raster = read_raster(name, file, max_pixels) or read_tiff(name, file, max_pixels)
    with refusing_damage(name):
        return _picture_of(name, raster, reading)


def _picture_of(name: str, raster: Raster, reading: Reading) -> Picture:
    levels = levels_of(name, raster.colour, reading, bits=raster.bits)
    turn = UPRIGHT.get(raster.orientation, UPRIGHT[1])
    samples, words = turn(raster.colour), ""
    alphas = None if raster.alpha is None else turn(raster.alpha)
    height, width, channels = samples.shape
    pixels = blank(3 if channels == CMYK else channels, height, width)
    opaque = None if alphas is None else torch.empty(1, height, width, dtype=torch.bool)
    for rows in bands(height, width * channels):
        colour = levels.of(samples[rows], np.float32)
        alpha = None if alphas is None else levels.of(alphas[rows], np.float32)
        if alpha is not None and raster.premultiplied:
            colour = (colour / np.where(alpha > 0, alpha, 1)[..., None]).clip(0, 1)
        colour, words = _as_srgb(colour, raster)
        if alpha is not None and opaque is not None:
            colour = on_white(colour, alpha)
            opaque[0, rows] = torch.from_numpy(alpha == 1)
        pixels[:, rows] = torch.from_numpy(colour.transpose(2, 0, 1))
    understood = (*raster.understood, *levels.words, *([words] if words else []))
    return Picture(pixels, 8 if 0 < raster.bits <= 8 else 16, opaque, understood)


def _as_srgb(colour: Array, raster: Raster) -> tuple[Array, str]:
    """Convert colours (H,W,C) in [0,1] to sRGB as their file says, and give words where that changed them."""
    if colour.shape[-1] == CMYK:
        return of_ink(colour), "CMYK was converted to RGB without a profile."
    if raster.profile:
        return of_profile(colour, raster.profile)
    if raster.gamma:
        words = f"The gamma of the file, {raster.gamma:g}, was converted to that of sRGB."
        return of_gamma(colour, raster.gamma), words
    return colour, ""


def array_to_tensor(array: Array) -> Tensor:
    """Convert (H,W) or (H,W,C) of uint8 or uint16 to (C,H,W) float32 in [0,1].

    Another type raises BadImage.
    """
    if array.dtype not in (np.uint8, np.uint16):
        raise BadImage(f"samples of type {array.dtype} cannot be read; 8- and 16-bit unsigned integers are")
    planes = array[..., None] if array.ndim == 2 else array
    height, width, channels = planes.shape
    pixels = blank(channels, height, width)
    for rows in bands(height, width * channels):
        scaled = planes[rows].astype(np.float32) / np.iinfo(array.dtype).max
        pixels[:, rows] = torch.from_numpy(scaled.transpose(2, 0, 1))
    return pixels


def tensor_to_array(pixels: Tensor, bits: int = 8) -> Array:
    """Convert (C,H,W) to (H,W) or (H,W,3) unsigned integers of 8 or 16 bits, clipped to [0,1] and rounded."""
    channels, height, width = pixels.shape
    array = blank_array((height, width, channels), ARRAY_TYPE[bits])
    for rows in bands(height, width * channels):
        levels = (pixels[:, rows].detach().cpu().clamp(0, 1) * FULL_SCALE[bits]).round()
        array[rows] = levels.numpy().transpose(1, 2, 0)
    return array[..., 0] if channels == 1 else array


def thinned(pixels: Tensor, most_px: int) -> Tensor:
    """Give every n-th sample of an image (C,H,W), so that it has not much more than `most_px`."""
    stride = max(1, max(pixels.shape[-2:]) // most_px)
    return pixels[:, ::stride, ::stride]


def encode_png(pixels: Tensor, bits: int = 8) -> bytes:
    """Encode (C,H,W) in [0,1] as a PNG file, lossless after rounding to `bits`, without metadata."""
    return bytes(imagecodecs.png_encode(tensor_to_array(pixels, bits)))


def _opened(name: str, source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise BadImage(f"{name} cannot be read: {error.strerror}") from error
