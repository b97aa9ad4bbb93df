"""Samples of pictures as their files hold them: PNG, JPEG, WebP, AVIF, HEIC, BMP and GIF."""

import io
import logging
import mmap
import struct
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from uplapp.errors import BadImage
from uplapp.imaging.device import bands, blank_array
from uplapp.imaging.files.formats.colour import profile_of, profile_of_codes
from uplapp.imaging.files.guards import refuse_foreign, refuse_hollow, refusing_damage

Array = NDArray[Any]
READ = "PNG, JPEG, TIFF, WebP, AVIF, HEIC, BMP and GIF"
FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "AVIF", "BMP", "GIF")
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"mif1", b"msf1")
MPO_ENTRIES = 0xB002
GAIN_MAPS = (b"hdrgm:Version", b"HDRGainMap", b"hdrgainmap", b"urn:iso:std:iso:ts:21496")
WITHOUT_GAIN_MAP = "Its gain map, which holds light brighter than white, was left out."
FIRST_OF = "The first of {} pictures in the file was read."
PNG_DEPTH_BYTE, PNG_COLOUR_BYTE = 24, 25
PNG_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}  # of a pixel, by the kind of colour
ADOBE_RGB, UNCALIBRATED = 2, 0xFFFF  # colour spaces of EXIF
LONGEST_BOXES = 2**16  # bytes before the samples of an AVIF or HEIC
# Of a damaged file Pillow writes lines of its own; what is wrong is said in one sentence.
logging.getLogger("PIL").setLevel(logging.CRITICAL)
# Pillow refuses twice of 89 megapixels; every reader here has a limit of its own, and reads the header first.
Image.MAX_IMAGE_PIXELS = 10**9
SRGB_GAMMA, SAME_GAMMA = 1 / 2.2, 0.03
# None, CCITT, LZW, JPEG, deflate and packed bits.
# The depth of a volume, the kind of inks, primaries of its own.
ODD_TAGS = (32997, 332, 319)
SUBFILE, SMALLER_COPY = 254, 1
CODECS_OF_PILLOW = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)


@dataclass(frozen=True, eq=False)
class Raster:
    """The samples of a picture: `colour` (H,W,C) with C = 1, 3 or 4 (CMYK), and its `alpha` (H,W) if any.

    White is 2**bits - 1, and 0 bits are those of floats and signed samples. `profile` is an ICC profile,
    `gamma` the exponent that made the samples out of light, both None where the file is silent.
    """

    colour: Array
    bits: int
    alpha: Array | None = None
    premultiplied: bool = False
    profile: bytes | None = None
    gamma: float | None = None
    orientation: int = 1
    understood: tuple[str, ...] = ()


def require_pixels(name: str, size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture (width, height) of more pixels than are read."""
    if size[0] * size[1] > max_pixels:
        most = f"{max_pixels / 1e6:g}"
        raise BadImage(
            f"{name} is {size[0]}x{size[1]} px; at most {most} megapixels are read, a limit that "
            f"`restore --megapixels` and, on the page, UPLAPP_MEGAPIXELS change"
        )


def read_raster(name: str, file: BinaryIO, max_pixels: int) -> Raster | None:
    """Read a picture, its header first. None where it is a TIFF that needs a reader of its own."""
    with refusing_damage(name):
        head = file.read(LONGEST_BOXES)
    refuse_hollow(name, head)
    if head[:4] in TIFF_STARTS:
        refuse_foreign(name)  # as many raw files of cameras begin
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return _read_heic(name, file, head, max_pixels)
    picture = _open(name, file, head)
    if picture is None:
        return None
    with picture, refusing_damage(name):
        require_pixels(name, picture.size, max_pixels)
        if picture.format == "TIFF" and not _is_plain(picture):
            return None
        return (_of_png if picture.format == "PNG" else _of_pillow)(name, picture, file, head)


def _open(name: str, file: BinaryIO, head: bytes) -> Image.Image | None:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            # Pillow only warns of damaged files; the sentences are ours.
            warnings.simplefilter("ignore")
            return Image.open(file, formats=FORMATS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        if head[:4] in TIFF_STARTS:
            return None
        refuse_foreign(name, head)
        raise BadImage(f"{name} is not an image that can be read; {READ} are") from error


def _is_plain(picture: Any) -> bool:
    """Whether Pillow reads a TIFF as it is meant: one page of up to 8 bits, without odd extra samples."""
    tags = picture.tag_v2
    bits, extra = tags.get(258, (1,)), tags.get(338, ())
    usual = picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK") and not any(map(tags.get, ODD_TAGS))
    try:
        single = getattr(picture, "n_frames", 1) == 1 and not tags.get(SUBFILE, 0) & SMALLER_COPY
    except (OSError, SyntaxError, ValueError):  # another page is of a kind that Pillow does not know
        single = False
    unsigned = max(bits) <= 8 and set(tags.get(339, (1,))) == {1}
    return usual and single and unsigned and extra in ((), (2,)) and tags.get(259, 1) in CODECS_OF_PILLOW


def _of_pillow(name: str, picture: Any, file: BinaryIO, head: bytes) -> Raster:
    """Read what Pillow decodes without loss: samples of 8 bits, upright by itself where it is a TIFF."""
    turned = picture.format == "TIFF"
    orientation = 1 if turned else int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    words = _said_of_more(picture, head)
    profile = picture.info.get("icc_profile")
    if profile is None and picture.format == "JPEG":
        profile, said = _profile_of_exif(picture)
        words += said
    if picture.format == "AVIF":
        profile = profile or profile_of_boxes(name, head)
        if bits := _bits_of_avif(head):
            file.seek(0)
            array = np.asarray(imagecodecs.avif_decode(file.read(), index=0))
            return split(array, bits, profile=profile, orientation=orientation, understood=words)
    if picture.mode == "CMYK":
        converted, said = _without_ink(picture, profile)
        return Raster(converted, 8, orientation=orientation, understood=(*words, *said))
    if "transparency" in picture.info or picture.mode in ("PA", "RGBa", "La"):
        picture = picture.convert("RGBA")
    elif picture.mode not in ("L", "LA", "RGB", "RGBA"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    return split(_array_of(picture), 8, profile=profile, orientation=orientation, understood=words)


def _said_of_more(picture: Any, head: bytes) -> tuple[str, ...]:
    """Say that other pictures of a file than smaller copies were left out.

    Sources: CIPA DC-007 (MPO), Android's Ultra HDR 1.1, ISO 21496-1.
    """
    if any(mark in head for mark in GAIN_MAPS):
        return (WITHOUT_GAIN_MAP,)
    frames = getattr(picture, "n_frames", 1)
    entries = (getattr(picture, "mpinfo", None) or {}).get(MPO_ENTRIES, ())
    kinds = [entry["Attribute"]["MPType"] for entry in entries[1:]]
    copies = bool(kinds) and all(kind.startswith("Large Thumbnail") for kind in kinds)
    return (FIRST_OF.format(frames),) if frames > 1 and not copies else ()


def _array_of(picture: Image.Image) -> Array:
    """Copy the samples of a decoded picture in bands, since `asarray` makes two copies on the way."""
    width, height = picture.size
    channels = len(picture.getbands())
    array = blank_array((height, width, channels), np.uint8)
    for rows in bands(height, width * channels):
        band = np.asarray(picture.crop((0, rows.start, width, rows.stop)))
        array[rows] = band.reshape(-1, width, channels)
    return array


def _without_ink(picture: Image.Image, profile: bytes | None) -> tuple[Array, tuple[str, ...]]:
    """Convert inks to sRGB by their profile, or without one by the plain formula."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            shown = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            words = "CMYK was converted to sRGB by the profile of the file."
            return np.asarray(shown), (words,)
        except (ImageCms.PyCMSError, OSError, ValueError):
            words = "CMYK was converted to RGB without its profile, which cannot be read."
            return np.asarray(picture.convert("RGB")), (words,)
    return np.asarray(picture.convert("RGB")), ("CMYK was converted to RGB without a profile.",)


def _of_png(name: str, picture: Any, file: BinaryIO, head: bytes) -> Raster:
    orientation = int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    chunks = _chunks(file)
    deep = head[PNG_DEPTH_BYTE] == 16
    raster = (
        _deep_png(picture, file, head, b"tRNS" in chunks) if deep else _of_pillow(name, picture, file, head)
    )
    gamma, profile = None, picture.info.get("icc_profile")
    if b"cICP" in chunks:
        profile = profile_of_codes(name, *chunks[b"cICP"][:2])
    elif not {b"sRGB", b"iCCP"} & set(chunks):
        stated = int.from_bytes(chunks.get(b"gAMA", b"")[:4], "big") / 100_000
        gamma = stated if stated and abs(stated - SRGB_GAMMA) > SAME_GAMMA else None
        places = [place / 100_000 for (place,) in struct.iter_unpack(">I", chunks.get(b"cHRM", b""))]
        if len(places) == 8 and raster.colour.shape[-1] == 3 and profile_of(places):
            profile, gamma = profile_of(places, gamma), None
    return Raster(
        raster.colour,
        raster.bits,
        raster.alpha,
        profile=profile,
        gamma=gamma,
        orientation=orientation,
        understood=raster.understood or _said_of_more(picture, head),
    )


def _deep_png(picture: Image.Image, file: BinaryIO, head: bytes, keyed: bool) -> Raster:
    """Decode 16 bits, which Pillow would cut to 8 without a warning. A colour key becomes an alpha."""
    width, height = picture.size
    samples = blank_array((height, width, PNG_SAMPLES[head[PNG_COLOUR_BYTE]] + keyed), np.uint16)
    out = samples[..., 0] if samples.shape[-1] == 1 else samples
    if isinstance(file, io.BytesIO):
        imagecodecs.png_decode(file.getvalue(), out=out)
    else:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as packed:
            imagecodecs.png_decode(packed, out=out)
    return split(samples, 16)


def _chunks(file: BinaryIO) -> dict[bytes, bytes]:
    """Read the short chunks of a PNG before its pixels."""
    found, at = {}, file.seek(8)
    while len(start := file.read(8)) == 8 and (kind := start[4:]) != b"IDAT":
        length = int.from_bytes(start[:4], "big")
        if length <= 32:
            found[kind] = file.read(length)
        elif kind == b"iCCP":
            found[kind] = b""
        at = file.seek(at + 12 + length)
    return found


def _profile_of_exif(picture: Any) -> tuple[bytes | None, tuple[str, ...]]:
    """Give the profile of Adobe RGB where EXIF says that. Source: DCF 2.0 (JEITA CP-3461B)."""
    exif = picture.getexif()
    try:
        space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        kind = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
    except Exception:  # a damaged EXIF; the samples themselves are whole
        return None, ()
    if kind == "R03" or space == ADOBE_RGB:
        return imagecodecs.cms_profile("adobergb"), ()
    words = "The file says that its colours are not sRGB, and not which they are; they were taken for sRGB."
    return None, (words,) if space == UNCALIBRATED else ()


def profile_of_boxes(name: str, head: bytes) -> bytes | None:
    """Make the profile of the colours that an AVIF or HEIC names by numbers, None for sRGB."""
    at = head.find(b"colrnclx")
    if at < 0:
        return None
    return profile_of_codes(name, *struct.unpack(">HH", head[at + 8 : at + 12]))


def _bits_of_avif(head: bytes) -> int:
    """Give the bits of an AVIF of 10 or 12, which Pillow cuts to 8, else 0. Source: AV1-ISOBMFF, box av1C."""
    at = head.find(b"av1C")
    deep, deepest = (at >= 0 and head[at + 6] & flag for flag in (0x40, 0x20))
    return (12 if deepest else 10) if deep else 0


def _read_heic(name: str, file: BinaryIO, head: bytes, max_pixels: int) -> Raster:
    try:
        import pi_heif  # type: ignore[import-untyped]
    except ImportError as error:
        raise BadImage(
            f"{name} is HEIC, which is read where pi-heif is installed (pip install pi-heif)"
        ) from error
    with refusing_damage(name):
        file.seek(0)
        pictures = pi_heif.open_heif(file, convert_hdr_to_8bit=False)
        require_pixels(name, pictures.size, max_pixels)
        deep, many = pictures.mode.endswith("16"), len(pictures)
        array = np.asarray(pictures)
        more = [FIRST_OF.format(many)] if many > 1 else []
        more += [WITHOUT_GAIN_MAP] if any(mark in head for mark in GAIN_MAPS) else []
        profile = pictures.info.get("icc_profile") or profile_of_boxes(name, head)
        return split(array, 16 if deep else 8, profile=profile, understood=tuple(more))


def split(array: Array, bits: int, **others: Any) -> Raster:
    """Give the raster of an array (H,W) or (H,W,C), whose last of 2 or 4 samples is alpha."""
    planes = array[..., None] if array.ndim == 2 else array
    if planes.shape[-1] in (2, 4):
        return Raster(planes[..., :-1], bits, planes[..., -1], **others)
    return Raster(planes, bits, **others)
