"""Pictures of DICOM files, of which only what places and scales them is read: patients stay unknown."""

import io
import logging
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import config
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.filereader import read_preamble
from pydicom.pixels.processing import apply_color_lut

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.codecs import decode
from uplapp.imaging.files.guards import refusing_damage, require_samples

Array = NDArray[Any]
Triple = tuple[float, float, float]
MAGIC_AT, MAGIC = 128, b"DICM"
LARGEST_FILE = 2**29
SERIES = "SeriesInstanceUID"
# All that is read of a header. The patient, dates, names of people and places are not among it.
KEYWORDS = (
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
    *("RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth", "VOILUTFunction", "PixelSpacing"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "SpacingBetweenSlices"),
    *("Modality", SERIES, "InstanceNumber", "TemporalPositionIdentifier", "TriggerTime"),
    *("EchoNumbers", "AcquisitionNumber", "BurnedInAnnotation", "SharedFunctionalGroupsSequence"),
    *("PerFrameFunctionalGroupsSequence", "RedPaletteColorLookupTableDescriptor"),
    *("GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor"),
    *("RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData"),
    "BluePaletteColorLookupTableData",
)
# What makes pictures something else than the samples of a slice.
MEANING = ("ImageType", "ModalityLUTSequence")
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
LUMA, WHITE = np.array([0.2126, 0.7152, 0.0722]), 255
UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
DEFLATED, RLE = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5"
KIND, PALETTE = "PhotometricInterpretation", "PALETTE COLOR"


@dataclass(frozen=True)
class Frame:
    """One picture of a file: where it lies, when it was taken, and what its samples mean.

    `position` of the first pixel and `across`, `down` are in mm and to the left, back and head, as DICOM
    has them, None where the file does not say. `moment` orders pictures of one position.
    """

    file: int
    number: int
    group: tuple[Any, ...]
    size: tuple[int, int]
    moment: tuple[float, ...]
    spacing_mm: tuple[float, float]
    thickness_mm: float
    position: Triple | None = None
    across: Triple | None = None
    down: Triple | None = None
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None
    inverted: bool = False


@contextmanager
def without_words(name: str) -> Iterator[None]:
    """Turn any error of the decoder into a sentence without its words, which may hold data of the patient."""
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    config.settings.reading_validation_mode = config.IGNORE
    with refusing_damage(name, quoting=False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_dicom(start: bytes) -> bool:
    """Whether a file begins as DICOM does."""
    return start[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC


def read_frames(name: str, data: bytes, file: int = 0) -> list[Frame]:
    """Read where the pictures of a file lie and how they are scaled.

    A file without pictures, or one that says that text is burnt into them, raises BadImage.
    """
    with without_words(name):
        header = read_header(name, data, (*KEYWORDS, *MEANING))
        size, count = _shape(name, header)
        _require_plain(name, header)
        if str(header.get("BurnedInAnnotation", "")).upper() == "YES":
            raise BadImage(
                f"{name} says that text about the patient may be burnt into its pixels; cut it off elsewhere"
            )
        return [_frame(header, file, number, size) for number in range(count)]


def _require_plain(name: str, header: Any) -> None:
    """Refuse pictures that hold something else than the samples of one slice."""
    if "MOSAIC" in np.atleast_1d(header.get("ImageType") or []):
        raise BadImage(
            f"{name} is a mosaic: the slices of a volume lie side by side; convert it to NIfTI (dcm2niix)"
        )
    if header.get("ModalityLUTSequence"):
        raise BadImage(f"{name} gives the unit of its samples by a table (Modality LUT), which is not read")


def read_pixels(name: str, data: bytes) -> Array:
    """Decode all pictures of a file, rescaled to its units: (frames,H,W) float32, colour as luma."""
    with without_words(name):
        header = read_header(name, data, (*KEYWORDS, *PIXELS))
        size, count = _shape(name, header)
        stored = _decode(name, header, size, count)
        frames = [_frame(header, 0, number, size) for number in range(count)]
        slopes = np.array([frame.slope for frame in frames], np.float32)[:, None, None]
        intercepts = np.array([frame.intercept for frame in frames], np.float32)[:, None, None]
        return stored.astype(np.float32) * slopes + intercepts


def read_header(name: str, data: bytes, keywords: Sequence[str]) -> Any:
    """Read these elements of a file, and no other. To be called within `without_words`."""
    if len(data) > LARGEST_FILE:
        raise BadImage(f"{name} has {len(data) >> 20} MiB; DICOM of up to {LARGEST_FILE >> 20} MiB is read")
    _require_small(name, data)
    return pydicom.dcmread(io.BytesIO(data), force=True, specific_tags=list(keywords))


def _require_small(name: str, data: bytes) -> None:
    """Refuse a deflated file that unpacks to more than is read."""
    if not is_dicom(data) or DEFLATED.encode() not in data[:1024]:
        return
    stream = io.BytesIO(data)
    read_preamble(stream, force=True)
    pydicom.filereader._read_file_meta_info(stream)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacking.decompress(stream.read(), LARGEST_FILE)
    if unpacking.unconsumed_tail:
        raise BadImage(f"{name} unpacks to more than {LARGEST_FILE >> 20} MiB, the most that is read")


def _shape(name: str, header: Any) -> tuple[tuple[int, int], int]:
    rows, columns = int(header.get("Rows") or 0), int(header.get("Columns") or 0)
    if not rows or not columns:
        raise BadImage(f"{name} is no DICOM file with pictures; images of MR, CT and the like are read")
    count = int(header.get("NumberOfFrames") or 1)
    require_samples(name, (count, rows, columns, int(header.get("SamplesPerPixel") or 1)), 2**26)
    return (rows, columns), count


def _decode(name: str, header: Any, size: tuple[int, int], count: int) -> Array:
    syntax = str(getattr(header, "file_meta", {}).get("TransferSyntaxUID", UNCOMPRESSED[0]))
    if not any(key in header for key in PIXELS):
        raise BadImage(f"{name} is no DICOM file with pictures; images of MR, CT and the like are read")
    colour = int(header.get("SamplesPerPixel") or 1) > 1
    if syntax in (*UNCOMPRESSED, DEFLATED, RLE):
        array = np.asarray(_native(header, syntax))
        array = array.reshape(count, *size, -1) if colour else array.reshape(count, *size)
    else:
        frames = generate_frames(header.PixelData, number_of_frames=count)
        array = np.stack([decode(name, syntax, bytes(frame), size) for frame in frames])
        array = array if colour else _signed(array, header)
    if header.get(KIND) == PALETTE:
        array = apply_color_lut(array, header)
    if array.shape[:3] != (count, *size):
        raise BadImage(f"{name} holds fewer pictures than it announces, {len(array)} of {count}")
    return array if array.ndim == 3 else _luma(array)


def _native(header: Any, syntax: str) -> Array:
    if "file_meta" not in header.__dict__ or "TransferSyntaxUID" not in header.file_meta:
        header.file_meta = pydicom.dataset.FileMetaDataset()
        header.file_meta.TransferSyntaxUID = syntax
    pixels: Array = header.pixel_array
    return pixels


def _signed(array: Array, header: Any) -> Array:
    """Read the samples of a codec without signs as the signed numbers that the file says they are."""
    if int(header.get("PixelRepresentation") or 0) == 0 or array.dtype.kind == "i":
        return array
    spare = 8 * array.dtype.itemsize - int(header.get("BitsStored") or 8 * array.dtype.itemsize)
    kind = np.dtype(f"i{array.dtype.itemsize}")
    signed: Array = (array << max(spare, 0)).astype(kind) >> max(spare, 0)
    return signed


def _is_colour(header: Any) -> bool:
    return int(header.get("SamplesPerPixel") or 1) > 1 or header.get(KIND) == PALETTE


def _luma(array: Array) -> Array:
    """Give the luma of colours, from 0 to WHITE whatever their bits."""
    grey: Array = array[..., :3] @ (LUMA * (WHITE / np.iinfo(array.dtype).max))
    return grey


def _frame(header: Any, file: int, number: int, size: tuple[int, int]) -> Frame:
    at = _Lookup(header, number)
    spacing = at.numbers("PixelSpacing", 2) or (1.0, 1.0)
    thickness = at.numbers("SpacingBetweenSlices", 1) or at.numbers("SliceThickness", 1) or (spacing[0],)
    position, axes = at.numbers("ImagePositionPatient", 3), at.numbers("ImageOrientationPatient", 6)
    # Frames of one file have a place each in its groups, or none: the one at the top is that of the first.
    several = int(header.get("NumberOfFrames") or 1) > 1 and "PerFrameFunctionalGroupsSequence" not in header
    placed = position is not None and axes is not None and not several
    colour = _is_colour(header)
    directions = tuple(round(each, 3) for each in axes or ())
    return Frame(
        file,
        number,
        (str(header.get(SERIES, "")), size, directions, colour),
        size,
        (*(at.number(key) for key in MOMENTS), number),
        (spacing[0] or 1.0, spacing[1] or 1.0),
        abs(thickness[0]) or 1.0,
        _triple(position, placed),
        _triple(axes and axes[:3], placed),
        _triple(axes and axes[3:], placed),
        at.number("RescaleSlope", 1.0) or 1.0,
        at.number("RescaleIntercept"),
        (0.0, float(WHITE)) if colour else _window(at),
        str(header.get(KIND, "")) == "MONOCHROME1",
    )


MOMENTS = ("TemporalPositionIdentifier", "TriggerTime", "EchoNumbers", "AcquisitionNumber", "InstanceNumber")
# Where multi-frame files keep what others have at the top.
GROUPS: Mapping[str, str] = {
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
    "TemporalPositionIdentifier": "FrameContentSequence",
}
IN_FRAMES = {"TemporalPositionIdentifier": "TemporalPositionIndex"}


class _Lookup:
    """Values of a header for one frame, from its own group, the shared one, or the top."""

    def __init__(self, header: Any, number: int) -> None:
        self.places: list[Any] = []
        frames = header.get("PerFrameFunctionalGroupsSequence") or []
        shared = header.get("SharedFunctionalGroupsSequence") or []
        self.places = [*frames[number : number + 1], *shared[:1]]
        self.header = header

    def value(self, key: str) -> Any:
        for place in self.places if key in GROUPS else ():
            group = place.get(GROUPS[key]) or [Dataset()]
            found = group[0].get(IN_FRAMES.get(key, key)) if len(group) else None
            if found is not None:
                return found
        return self.header.get(key)

    def numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        """Read the first `count` numbers of an element, None where they are missing or not finite."""
        value = self.value(key)
        if value is None or value == "":
            return None
        many = np.atleast_1d(np.asarray(value, dtype=np.float64))[:count]
        return tuple(map(float, many)) if len(many) == count and np.isfinite(many).all() else None

    def number(self, key: str, default: float = 0.0) -> float:
        found = self.numbers(key, 1)
        return default if found is None else found[0]


def _window(at: _Lookup) -> tuple[float, float] | None:
    """Give black and white of the first window. Source: DICOM PS3.3, C.11.2.1.2 and C.11.2.1.3."""
    centre, width = at.numbers("WindowCenter", 1), at.numbers("WindowWidth", 1)
    if centre is None or width is None or width[0] < 1:
        return None
    if str(at.value("VOILUTFunction") or "LINEAR") == "LINEAR":
        black = centre[0] - 0.5 - (width[0] - 1) / 2
        return black, black + max(width[0] - 1, 1e-6)
    return centre[0] - width[0] / 2, centre[0] + width[0] / 2


def _triple(values: Sequence[float] | None, placed: bool) -> Triple | None:
    return (values[0], values[1], values[2]) if placed and values else None
