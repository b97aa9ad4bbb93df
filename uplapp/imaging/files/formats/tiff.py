"""TIFF files that Pillow does not read, or not as they are meant: 9 bits and more, floats, odd codecs."""

import io
import logging
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import PHOTOMETRIC

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.raster import Raster, require_pixels
from uplapp.imaging.files.guards import refusing_damage

Array = NDArray[Any]
GREY = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)
COLOUR = {PHOTOMETRIC.MINISBLACK: 1, PHOTOMETRIC.MINISWHITE: 1, PHOTOMETRIC.RGB: 3, PHOTOMETRIC.SEPARATED: 4}
ASSOCIATED, UNASSOCIATED = 1, 2
ICC_PROFILE = 34675
MOST_BITS = 16
# Of a damaged file it writes a line for each tag; what is wrong is said in one sentence.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def read_tiff(name: str, data: bytes, max_pixels: int) -> Raster:
    """Read the one page of a TIFF file: grey, RGB or CMYK of 1 to 16 bits or floats, with or without alpha.

    What is in a file that is not read is called by its name.
    """
    with refusing_damage(name), tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages.first
        require_pixels(name, (page.imagewidth, page.imagelength), max_pixels)
        if len(file.pages) > 1:
            raise BadImage(f"{name} holds several pages; save the one to restore as a file of its own")
        colours = _colours(name, page)
        if page.dtype is None:
            raise BadImage(
                f"{name} has samples of {page.bitspersample} bits, which are not read; 1 to 16 are"
            )
        array = _channels_last(page)
        inverted = page.photometric == PHOTOMETRIC.MINISWHITE
        bits = int(page.bitspersample) if array.dtype.kind == "u" and page.bitspersample <= MOST_BITS else 0
        colour = array[..., :colours]
        alpha, premultiplied = _alpha(array, page, colours)
        profile = page.tags.get(ICC_PROFILE)
        return Raster(
            (2**bits - 1) - colour if inverted and bits else colour,
            bits,
            alpha,
            premultiplied,
            bytes(profile.value) if profile is not None else None,
            None,
            int(getattr(page.tags.get("Orientation"), "value", 1) or 1),
        )


def _colours(name: str, page: Any) -> int:
    """Give the number of samples of a pixel that are colour."""
    kind = page.photometric
    if kind == PHOTOMETRIC.YCBCR and page.compression in YCBCR_TO_RGB:
        kind = PHOTOMETRIC.RGB
    if kind not in COLOUR:
        raise BadImage(f"{name} is in {_name(kind)}, which is not read; save it as RGB or grey")
    extra = page.samplesperpixel - COLOUR[kind]
    if page.imagedepth > 1 or extra < 0 or extra > 1:
        raise BadImage(
            f"{name} has {page.samplesperpixel} samples per pixel; grey, RGB and CMYK are read, with or "
            f"without alpha"
        )
    return COLOUR[kind]


# Codecs that give RGB, whatever their file says of colours inside.
YCBCR_TO_RGB = (7, 33003, 33004, 33005, 34712, 50001, 50002)


def _name(kind: Any) -> str:
    return str(getattr(kind, "name", kind)).upper()


def _channels_last(page: Any) -> Array:
    array = np.asarray(page.asarray())
    if page.axes.startswith("S"):
        array = np.moveaxis(array, 0, -1)
    return array[..., None] if array.ndim == 2 else array


def _alpha(array: Array, page: Any, colours: int) -> tuple[Array | None, bool]:
    """Give the alpha of a page, and whether colours are multiplied by it. Unspecified samples are none."""
    extra = tuple(int(each) for each in page.extrasamples)
    if array.shape[-1] == colours or not extra or extra[0] not in (ASSOCIATED, UNASSOCIATED):
        return None, False
    return array[..., colours], extra[0] == ASSOCIATED
