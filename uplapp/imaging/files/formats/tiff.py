"""TIFF files that Pillow does not read, or not as they are meant: 9 bits and more, floats, odd codecs."""

import logging
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import PHOTOMETRIC

from uplapp.errors import BadImage
from uplapp.foreign import DEVELOP
from uplapp.imaging.device import bands, blank_array
from uplapp.imaging.files.formats.colour import of_lab, profile_of
from uplapp.imaging.files.formats.raster import Raster, require_pixels
from uplapp.imaging.files.guards import refusing_damage
from uplapp.imaging.files.reading import counted

Array = NDArray[Any]
GREY = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE)
RAW = (PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW)
LAB = (PHOTOMETRIC.CIELAB, PHOTOMETRIC.ICCLAB)
COLOUR = {
    **dict.fromkeys(GREY, 1),
    **dict.fromkeys((PHOTOMETRIC.RGB, *LAB), 3),
    PHOTOMETRIC.SEPARATED: 4,
}
ASSOCIATED, UNASSOCIATED = 1, 2
ICC_PROFILE, WHITE, PRIMARIES, INKS = 34675, 318, 319, 332
WHITE_D65, CMYK = (3127, 10000, 3290, 10000), 1
UNSPECIFIED = "The file does not say what {samples} of each pixel mean, and they were left out."
MOST_BITS = 16
# Of a damaged file it writes a line for each tag; what is wrong is said in one sentence.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def read_tiff(name: str, file: BinaryIO, max_pixels: int) -> Raster:
    """Read the one page of a TIFF file: grey, RGB or CMYK of 1 to 16 bits or floats, with or without alpha.

    What is in a file that is not read is called by its name.
    """
    file.seek(0)
    with refusing_damage(name), tifffile.TiffFile(file) as tiff:
        page = _only_page(name, tiff, max_pixels)
        colours = _colours(name, page)
        if page.dtype is None or page.dtype.kind not in "buif":
            kind = getattr(page.sampleformat, "name", page.sampleformat)
            raise BadImage(
                f"{name} has samples of {page.bitspersample} bits ({kind}), which are not read; whole "
                f"numbers of 1 to 16 bits and floats are"
            )
        array = _channels_last(page)
        if page.photometric in LAB:
            return _of_lab(page, array)
        inverted = page.photometric == PHOTOMETRIC.MINISWHITE
        bits = int(page.bitspersample) if array.dtype.kind == "u" and page.bitspersample <= MOST_BITS else 0
        if inverted and not bits:
            raise BadImage(
                f"{name} has samples of type {array.dtype} of which 0 is white; save it with 0 black"
            )
        colour = array[..., :colours]
        alpha, premultiplied = _alpha(array, page, colours)
        more = array.shape[-1] - colours - (alpha is not None)
        words = (UNSPECIFIED.format(samples=counted(more, "more sample")),) if more else ()
        if inverted:
            np.subtract(2**bits - 1, colour, out=colour)
        return Raster(
            colour,
            bits,
            alpha,
            premultiplied,
            _profile(page, colours),
            None,
            _orientation(page),
            words,
        )


def _only_page(name: str, tiff: tifffile.TiffFile, max_pixels: int) -> Any:
    """Give the page of a file. Others but smaller copies of it are refused, and so is such a copy alone."""
    first: Any = tiff.pages.first
    require_pixels(name, (first.imagewidth, first.imagelength), max_pixels)
    others: list[Any] = list(tiff.pages)[1:]
    if first.is_reduced:
        raise BadImage(f"{name} begins with a preview, as raw files of cameras do; {DEVELOP}")
    if not all(page.is_reduced for page in others):
        raise BadImage(f"{name} holds several pages; save the one to restore as a file of its own")
    if first.imagedepth > 1:
        raise BadImage(f"{name} is a volume of {first.imagedepth} slices; save the one to restore as a file")
    return first


def _profile(page: Any, colours: int) -> bytes | None:
    """Give the profile of a page, or make that of its primaries, None where it has neither."""
    profile, primaries, white = (page.tags.get(name) for name in (ICC_PROFILE, PRIMARIES, WHITE))
    if profile is not None:
        return bytes(profile.value)
    if primaries is None or colours != COLOUR[PHOTOMETRIC.RGB]:
        return None
    ratios = [*(white.value if white is not None else WHITE_D65), *primaries.value]
    pairs = zip(ratios[::2], ratios[1::2], strict=True)
    return profile_of([above / below for above, below in pairs])


def _of_lab(page: Any, array: Array) -> Raster:
    """Convert CIELAB of 8 or 16 bits to RGB of as many. Sources: TIFF 6.0, libtiff, Adobe's note on ICCLAB.

    a* and b* are signed whole numbers, of which 16 bits hold 256ths; those of ICCLAB are shifted instead.
    """
    bits, shifted = int(page.bitspersample), page.photometric == PHOTOMETRIC.ICCLAB
    half, unit = 2 ** (bits - 1), 2.0 ** (bits - 8)
    white = 65280 if shifted and bits == MOST_BITS else 2**bits - 1
    for rows in bands(len(array), array[0].size):
        whole = array[rows, :, :3].astype(np.int64)
        signed = whole[..., 1:] - half if shifted else (whole[..., 1:] + half) % 2**bits - half
        lab = np.concatenate([whole[..., :1] * (100 / white), signed / unit], axis=-1)
        array[rows, :, :3] = (of_lab(lab) * (2**bits - 1)).round()
    words = ("CIELAB under the white D50 was converted to sRGB.",)
    return Raster(array[..., :3], bits, orientation=_orientation(page), understood=words)


def _orientation(page: Any) -> int:
    return int(getattr(page.tags.get("Orientation"), "value", 1) or 1)


def _colours(name: str, page: Any) -> int:
    """Give the number of samples of a pixel that are colour."""
    kind = page.photometric
    if kind == PHOTOMETRIC.YCBCR and page.compression in YCBCR_TO_RGB:
        kind = PHOTOMETRIC.RGB
    if kind not in COLOUR or (kind in LAB and page.bitspersample not in (8, 16)):
        way = DEVELOP if kind in RAW else "save it as RGB or grey"
        raise BadImage(f"{name} is in {_name(kind)}, which is not read; {way}")
    if kind == PHOTOMETRIC.SEPARATED and getattr(page.tags.get(INKS), "value", CMYK) != CMYK:
        raise BadImage(f"{name} has inks that are not CMYK, which are not read; save it as RGB or grey")
    extra = page.samplesperpixel - COLOUR[kind]
    if extra < 0 or extra > 1:
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
    """Decode a page to (H,W,C), strip by strip into a file where it is large."""
    array: Array = page.asarray(out=blank_array(page.shape, page.dtype))
    if page.axes.startswith("S"):
        array = np.moveaxis(array, 0, -1)
    return array[..., None] if array.ndim == 2 else array


def _alpha(array: Array, page: Any, colours: int) -> tuple[Array | None, bool]:
    """Give the alpha (H,W) of a page, and whether its colours are multiplied by it.

    Samples that the page calls unspecified are no alpha: then it is None.
    """
    extra = tuple(int(each) for each in page.extrasamples)
    if array.shape[-1] == colours or not extra or extra[0] not in (ASSOCIATED, UNASSOCIATED):
        return None, False
    return array[..., colours], extra[0] == ASSOCIATED
