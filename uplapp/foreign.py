"""Files of other programs by their right names: known by their first bytes, or by how their names end."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST_START = 64  # bytes that tell what a file is


class Foreign(NamedTuple):
    """What a file is, and the way to one that is read."""

    kind: str
    way: str


FETCH = "fetch the file itself (git lfs pull, git annex get)"
AGAIN = "download it again"
UNPACK = "unpack it first"
PICTURE = "save it as PNG or TIFF, of 16 bits where it has more than 8"
DEVELOP = "develop it, and save a TIFF of 16 bits"
LIGHT = "map it to the range of a screen, or save a TIFF of floats and give the white level"
STACK = "export its planes as TIFF (Fiji with Bio-Formats does)"
SKY = "save the picture as a TIFF of floats, or as .npy (astropy.io.fits)"
FRAME = "save one of its frames as PNG"
NIFTI = "convert it to NIfTI"
ISMRMRD = "convert it to ISMRMRD"
ARRAY = "save the array as .npy, or a table as CSV"
TABLE = "export it as CSV (UTF-8)"
WITHOUT = "give the file of the picture or scan"

# What holds nothing of what its name says, whatever that is.
POINTER = Foreign("a pointer of Git LFS or git-annex", FETCH)
HOLLOW: tuple[tuple[bytes, Foreign], ...] = (
    (b"version https://git-lfs", POINTER),
    (b"/annex/objects/", POINTER),
    (b"../.git/annex/", POINTER),
    (b"<!doctype html", Foreign("a web page", AGAIN)),
    (b"<html", Foreign("a web page", AGAIN)),
    (b"\0\5\x16\7", Foreign("what macOS keeps beside a file", "give the file without ._ before its name")),
)
EMPTY = Foreign("empty", AGAIN)
# Bytes at a place.
STARTS: tuple[tuple[int, bytes, Foreign], ...] = (
    (0, b"SIMPLE  =", Foreign("FITS", SKY)),
    (0, b"ZISRAWFILE", Foreign("CZI of Zeiss", STACK)),
    (0, b"\x70\0\0\0", Foreign("LIF of Leica", STACK)),
    (0, b"\xda\xce\xbe\n", Foreign("ND2 of Nikon", STACK)),
    (0, b"OLYMPUSRAWFORMAT", Foreign("OIR of Olympus", STACK)),
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        Foreign("a compound file (XLS, OIB, ZVI)", "export what it holds"),
    ),
    (8, b"CR\2", Foreign("a raw file of a camera (CR2)", DEVELOP)),
    (8, b"crx ", Foreign("a raw file of a camera (CR3)", DEVELOP)),
    (0, b"FUJIFILMCCD-RAW", Foreign("a raw file of a camera (RAF)", DEVELOP)),
    (0, b"IIRO", Foreign("a raw file of a camera (ORF)", DEVELOP)),
    (0, b"IIU\0", Foreign("a raw file of a camera (RW2)", DEVELOP)),
    (0, b"\x76\x2f\x31\x01", Foreign("OpenEXR", LIGHT)),
    (0, b"#?R", Foreign("Radiance HDR", LIGHT)),
    (0, b"Pf\n", Foreign("a portable float map (PFM)", LIGHT)),
    (0, b"PF\n", Foreign("a portable float map (PFM)", LIGHT)),
    *((0, b"P%d" % kind, Foreign("a portable any map (PBM, PGM, PPM)", PICTURE)) for kind in range(1, 8)),
    (0, b"\xff\x0a", Foreign("JPEG XL", PICTURE)),
    (4, b"JXL ", Foreign("JPEG XL", PICTURE)),
    (4, b"jP  ", Foreign("JPEG 2000", PICTURE)),
    (0, b"\xff\x4f\xff\x51", Foreign("JPEG 2000", PICTURE)),
    (0, b"\xff\xd8\xff", Foreign("JPEG of 12 bits, without loss, or damaged", PICTURE)),
    (0, b"II\xbc\1", Foreign("JPEG XR", PICTURE)),
    (0, b"qoif", Foreign("QOI", PICTURE)),
    (0, b"8BPS", Foreign("PSD of Photoshop", PICTURE)),
    (0, b"gimp xcf", Foreign("XCF of GIMP", PICTURE)),
    (0, b"\0\0\1\0", Foreign("an icon (ICO)", PICTURE)),
    (0, b"<svg", Foreign("a drawing (SVG)", PICTURE)),
    (0, b"<?xml", Foreign("XML", WITHOUT)),
    (0, b"%PDF", Foreign("PDF", "export what it holds")),
    (0, b"%!PS", Foreign("PostScript", PICTURE)),
    (0, b"{\\rtf", Foreign("RTF, text of a word processor", TABLE)),
    (4, b"ftyp", Foreign("a video", FRAME)),
    (0, b"LUCAM-RECORDER", Foreign("a video (SER)", FRAME)),
    (8, b"AVI ", Foreign("a video", FRAME)),
    (0, b"\x1aE\xdf\xa3", Foreign("a video", FRAME)),
    (0, b"$FL", Foreign("a file of SPSS", TABLE)),
    (0, b"<stata_dta>", Foreign("a file of Stata", TABLE)),
    (0, b"X\n\0\0", Foreign("a file of R", TABLE)),
    (0, b"RDX", Foreign("a file of R", TABLE)),
    (0, b"PAR1", Foreign("Parquet", TABLE)),
    (0, b"ARROW1", Foreign("Arrow", TABLE)),
    (0, b"SQLite format 3", Foreign("an SQLite database", TABLE)),
    (0, b"\x93NUMPY", Foreign("an array of NumPy", ARRAY)),
    (0, b"MATLAB ", Foreign("a file of MATLAB", ARRAY)),
    (0, b"\x80\2", Foreign("a pickle, whose reading can run its code", ARRAY)),
    (0, b"\x80\4", Foreign("a pickle, whose reading can run its code", ARRAY)),
    (0, b"\x80\5", Foreign("a pickle, whose reading can run its code", ARRAY)),
    (0, b"\x89HDF", Foreign("HDF5", ARRAY)),
    (0, b"CDF", Foreign("NetCDF (MINC 1)", NIFTI)),
    (0, b"mrtrix image", Foreign("an image of MRtrix", f"{NIFTI} (mrconvert)")),
)
PHILIPS = Foreign("raw data of Philips", f"{ISMRMRD} (philips_to_ismrmrd)")
BRUKER = Foreign("raw data of Bruker or Varian", ISMRMRD)
AFNI = Foreign("an image of AFNI", f"{NIFTI} (3dAFNItoNIFTI)")
NOTES = Foreign("a description beside a scan", WITHOUT)
# Of packed files of any kind, where their ending says no more.
PACKED: tuple[tuple[int, bytes, Foreign], ...] = (
    (0, b"PK\3\4", Foreign("a ZIP archive", UNPACK)),
    (0, b"PK\5\6", Foreign("a ZIP archive", UNPACK)),
    (0, b"\x1f\x8b", Foreign("packed by gzip", UNPACK)),
    (0, b"BZh", Foreign("packed by bzip2", UNPACK)),
    (0, b"\xfd7zXZ\0", Foreign("packed by xz", UNPACK)),
    (0, b"(\xb5/\xfd", Foreign("packed by zstd", UNPACK)),
    (0, b"7z\xbc\xaf", Foreign("a 7z archive", UNPACK)),
    (0, b"Rar!", Foreign("a RAR archive", UNPACK)),
)
# Endings of names, or whole names, in small letters.
ENDINGS: tuple[tuple[str, Foreign], ...] = (
    *((end, Foreign("FITS", SKY)) for end in (".fits.gz", ".fits.fz")),
    *(
        (end, Foreign("a raw file of a camera", DEVELOP))
        for end in (".dng", ".nef", ".arw", ".cr2", ".pef", ".srw", ".iiq")
    ),
    *(
        (end, Foreign("a file of a microscope", STACK))
        for end in (".oif", ".vsi", ".ims", ".mrxs", ".dm3", ".dm4")
    ),
    (".mrc", Foreign("MRC", STACK)),
    (".hdr", Foreign("the header of another file", "give the .img or .cfl beside it")),
    *((end, Foreign("Philips PAR/REC", f"{NIFTI} (dcm2niix)")) for end in (".par", ".rec")),
    *((end, PHILIPS) for end in (".list", ".data", ".lab", ".sin")),
    (".raw", Foreign("raw data without a header", f"{ISMRMRD} where it is of Philips, else to .npy")),
    (".7", Foreign("a P-file of GE", f"{ISMRMRD} (ge_to_ismrmrd)")),
    (".mnc", Foreign("MINC", f"{NIFTI} (mnc2nii)")),
    *((end, BRUKER) for end in ("fid", "rawdata.job0", "/ser")),
    ("2dseq", Foreign("an image of Bruker", f"{NIFTI} (bruker2nifti, or as DICOM from ParaVision)")),
    *((end, AFNI) for end in (".brik", ".brik.gz", ".head")),
    *((end, Foreign("an image of MRtrix", f"{NIFTI} (mrconvert)")) for end in (".mif", ".mif.gz", ".mih")),
    (".tar", Foreign("a TAR archive", UNPACK)),
    (".zarr", Foreign("Zarr", "save the array as .npy (zarr.load), or the volume as NIfTI")),
    *((end, Foreign("a file of nerve tracts", WITHOUT)) for end in (".trk", ".tck")),
    *((end, Foreign("a surface", WITHOUT)) for end in (".gii", ".vtk", ".stl")),
    *((end, NOTES) for end in (".json", ".bval", ".bvec", ".tsv", ".xml")),
    *((end, Foreign("a pickle, whose reading can run its code", ARRAY)) for end in (".pt", ".pth", ".pkl")),
)


def hollow(start: bytes) -> Foreign | None:
    """Name a file that holds nothing of what its name says, by its first bytes: a pointer, a web page."""
    if not start.strip():
        return EMPTY
    text = start.lstrip().lower()
    return next((what for mark, what in HOLLOW if text.startswith(mark)), None)


def foreign(name: str, start: bytes = b"") -> Foreign | None:
    """Name a file that is not read by its first bytes, else by how its name ends, or give None."""
    lower = f"/{Path(name).name.lower()}"
    ended = [what for end, what in ENDINGS if lower.endswith(end)]
    return next(iter([*_marked(STARTS, start), *ended, *_marked(PACKED, start)]), None)


def _marked(marks: Sequence[tuple[int, bytes, Foreign]], start: bytes) -> list[Foreign]:
    return [what for place, mark, what in marks if start[place:].startswith(mark)]
