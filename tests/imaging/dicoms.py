"""DICOM files of a patient who must stay unknown."""

import io
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

SECRETS = ("Mustermann", "P4711", "19560203", "Doctor Who", "Clinic of Nowhere", "1.2.3.4711.99")
ENCODERS = {
    uid.JPEG2000Lossless: lambda plane: imagecodecs.jpeg2k_encode(
        plane, level=0, reversible=True, codecformat="j2k"
    ),
    uid.JPEGLSLossless: imagecodecs.jpegls_encode,
    uid.JPEGLosslessSV1: lambda plane: imagecodecs.ljpeg_encode(plane, bitspersample=12),
}


def header(syntax: str = uid.ExplicitVRLittleEndian) -> FileDataset:
    """A header that says who the patient is, in every place that a scanner uses."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = uid.MRImageStorage, SECRETS[5]
    meta.TransferSyntaxUID = syntax
    ends = {"is_implicit_VR": syntax == uid.ImplicitVRLittleEndian}
    ends["is_little_endian"] = syntax != uid.ExplicitVRBigEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128), **ends)
    made.PatientName, made.PatientID, made.PatientBirthDate = "Mustermann^Erika", SECRETS[1], SECRETS[2]
    made.ReferringPhysicianName, made.InstitutionName = SECRETS[3], SECRETS[4]
    made.SOPClassUID, made.SOPInstanceUID = uid.MRImageStorage, SECRETS[5]
    made.SeriesInstanceUID, made.StudyInstanceUID = SECRETS[5] + ".1", SECRETS[5] + ".2"
    made.Modality, made.SeriesDescription = "MR", f"head of {SECRETS[0]}"
    made.add_new(0x00091010, "LO", f"private {SECRETS[0]}")
    return made


def with_pixels(made: Dataset, pixels: np.ndarray, bits: int = 12, kind: str = "MONOCHROME2") -> Dataset:
    """Put samples (frames,H,W) or (H,W) of 16 bits into a header, compressed as its syntax says."""
    frames = pixels if pixels.ndim == 3 else pixels[None]
    made.Rows, made.Columns = frames.shape[1:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, kind
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        made.NumberOfFrames = len(frames)
    encode = ENCODERS.get(made.file_meta.TransferSyntaxUID)
    if encode:
        made.PixelData = encapsulate([bytes(encode(np.ascontiguousarray(frame))) for frame in frames])
        made["PixelData"].is_undefined_length = True
    else:
        big = made.file_meta.TransferSyntaxUID == uid.ExplicitVRBigEndian
        made.PixelData = frames.astype(frames.dtype.newbyteorder(">" if big else "<")).tobytes()
        made["PixelData"].VR = "OW"
    return made


def placed(
    made: Dataset, along_mm: float, number: int = 1, spacing_mm: tuple[float, float] = (2.0, 1.5)
) -> Dataset:
    """An axial slice at a height, whose first row lies in front and first column on the right."""
    made.ImageOrientationPatient, made.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-10, -20, along_mm]
    made.PixelSpacing, made.SliceThickness, made.InstanceNumber = list(spacing_mm), 3, number
    return made


def as_bytes(made: Dataset) -> bytes:
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def write_series(folder: Path, planes: np.ndarray, heights: list[float], names: list[str], **values) -> Path:
    """A folder of one file per slice, with further elements by name."""
    folder.mkdir(exist_ok=True)
    for number, (plane, height, name) in enumerate(zip(planes, heights, names, strict=True)):
        made = placed(with_pixels(header(), plane), height, number=len(names) - number)
        for key, value in values.items():
            setattr(made, key, value)
        (folder / name).write_bytes(as_bytes(made))
    return folder


def enhanced(planes: np.ndarray, heights: list[float]) -> Dataset:
    """One file of several slices, each with its place and scale in a group of its own."""
    made = with_pixels(header(), planes)
    made.PerFrameFunctionalGroupsSequence = Sequence(
        [_group(height, place) for place, height in enumerate(heights)]
    )
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [2.0, 1.5], 3
    orientation = Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared = Dataset()
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([orientation])
    made.SharedFunctionalGroupsSequence = Sequence([shared])
    return made


def _group(height: float, place: int) -> Dataset:
    position, scale, content, group = Dataset(), Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = [-10, -20, height]
    scale.RescaleSlope, scale.RescaleIntercept = place + 1, 0
    content.FrameComments = SECRETS[0]
    group.PlanePositionSequence = Sequence([position])
    group.PixelValueTransformationSequence = Sequence([scale])
    group.FrameContentSequence = Sequence([content])
    return group
