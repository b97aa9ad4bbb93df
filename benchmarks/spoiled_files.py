"""Mutations of every kind of file: each ends in a picture or in one sentence, within a gigabyte.

    python -m benchmarks.spoiled_files [--count 200] [--seed 0] [--only a.dcm]

Bytes are changed, cut off, doubled or zeroed in a file of each kind. A table says how many were read and how
many refused. What is neither is listed, and ends the run with 1.
"""

import argparse
import gzip
import resource
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import imagecodecs
import nibabel
import numpy as np
import scipy.io
import tifffile
from PIL import Image

from tests.imaging import dicoms
from tests.imaging.heic import HEIC
from tests.imaging.rawfiles import write_bart, write_ismrmrd, write_matlab_7_3
from tests.imaging.scans import head, kspace_of, write_fastmri
from uplapp.analysis.reading.layouts.columns import Columns, parse_columns
from uplapp.analysis.reading.matrices import read_matrix
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.analysis.reading.ratings import read_ratings
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.errors import BadImage, UplappError
from uplapp.imaging.files.readers import read_scan

RGB = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
VOXELS = np.random.default_rng(1).integers(0, 900, (12, 14, 5)).astype(np.int16)
PLANES = np.stack([kspace_of(head(24, 20), 2)] * 2)
MOST_MB = 1024


def picture(kind: str) -> Callable[[Path], None]:
    """Write a picture of a kind."""
    return lambda path: Image.fromarray(RGB).save(path, kind)


def dicom(syntax: str = "1.2.840.10008.1.2.1") -> Callable[[Path], None]:
    """Write a DICOM file of one slice."""
    plane = VOXELS[..., 0].astype(np.uint16)
    made = dicoms.placed(dicoms.with_pixels(dicoms.header(syntax), plane), 0)
    return lambda path: path.write_bytes(dicoms.as_bytes(made)) and None


def enhanced(path: Path) -> None:
    """Write a DICOM file of several slices."""
    path.write_bytes(
        dicoms.as_bytes(dicoms.enhanced(VOXELS.transpose(2, 1, 0).astype(np.uint16), [0, 3, 6, 9, 12]))
    )


def zipped(path: Path) -> None:
    """Write a ZIP of DICOM files."""
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(3):
            made = dicoms.placed(
                dicoms.with_pixels(dicoms.header(), VOXELS[..., at].astype(np.uint16)), 3 * at
            )
            archive.writestr(f"{at}.dcm", dicoms.as_bytes(made))


def heic(path: Path) -> None:
    """Write a HEIC picture."""
    path.write_bytes(HEIC)


def nrrd_file(path: Path) -> None:
    """Write a NRRD volume."""
    import nrrd

    nrrd.write(str(path), VOXELS)


def meta_image(path: Path) -> None:
    """Write a MetaImage with its samples inside."""
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 12 14 5\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + VOXELS.tobytes(order="F"))


def deep_tiff(path: Path) -> None:
    """Write a TIFF of 16 bits."""
    tifffile.imwrite(path, RGB.astype(np.uint16) * 257, photometric="rgb", compression="zlib")


KINDS: Mapping[str, Callable[[Path], object]] = {
    "a.png": picture("PNG"),
    "b.png": lambda path: path.write_bytes(imagecodecs.png_encode(RGB.astype(np.uint16) * 257)),
    "a.jpg": picture("JPEG"),
    "a.tif": deep_tiff,
    "a.webp": picture("WEBP"),
    "a.avif": picture("AVIF"),
    "a.bmp": picture("BMP"),
    "a.gif": picture("GIF"),
    "a.nii": lambda path: nibabel.save(nibabel.Nifti1Image(VOXELS, np.eye(4)), path),
    "a.nii.gz": lambda path: nibabel.save(nibabel.Nifti1Image(VOXELS, np.eye(4)), path),
    "a.mgz": lambda path: nibabel.save(nibabel.MGHImage(VOXELS, np.eye(4)), path),
    "a.npy": lambda path: np.save(path, PLANES[0]),
    "a.npz": lambda path: np.savez(path, kspace=PLANES[0]),
    "a.h5": lambda path: write_fastmri(path, PLANES),
    "b.h5": lambda path: write_ismrmrd(path, PLANES),
    "a.mat": lambda path: scipy.io.savemat(path, {"kspace": PLANES[0]}),
    "b.mat": lambda path: write_matlab_7_3(path, kspace=PLANES[0].astype(np.complex64)),
    "a.cfl": lambda path: write_bart(path, PLANES),
    "a.dcm": dicom(),
    "b.dcm": dicom("1.2.840.10008.1.2.4.90"),
    "c.dcm": dicom("1.2.840.10008.1.2.4.80"),
    "d.dcm": dicom("1.2.840.10008.1.2.1.99"),
    "e.dcm": enhanced,
    "a.zip": zipped,
    "a.heic": heic,
    "b.tif": lambda path: tifffile.imwrite(path, RGB[..., 0].astype(np.float32) / 255),
    "a.img": lambda path: nibabel.save(nibabel.AnalyzeImage(VOXELS, np.eye(4)), path),
    "a.nrrd": nrrd_file,
    "a.mha": meta_image,
}
PEOPLE = [f"o{n}" for n in range(6)]
PAIRS = [("x", "y"), ("y", "z"), ("x", "z")]
VOTES = "observer,condition_A,condition_B,is_A_selected,scene\n" + "".join(
    f"{who},{a},{b},{(n + place) % 2},s{n % 2}\n"
    for n, who in enumerate(PEOPLE)
    for place, (a, b) in enumerate(PAIRS)
)
TABLES: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "votes.csv": (VOTES, lambda path: count(read_votes(path))),
    "winners.csv": (
        "who,winner,loser\n" + "".join(f"{who},{a},{b}\n" for who in PEOPLE for a, b in PAIRS),
        lambda path: count(read_votes(path, columns=Columns(observer=("who",)))),
    ),
    "counts.csv": (
        "condition_A,condition_B,win1,win2,ties\nx,y,5,3,1\ny,z,4,4,0\n",
        lambda path: count(read_votes(path)),
    ),
    "wide.csv": (
        '"Finished","observer","x vs y","y vs z"\n"F","W","a","b"\n"{""ImportId"":""finished""}","","",""\n'
        + "".join(f"True,{who},1,0\n" for who in PEOPLE),
        lambda path: count(read_votes(path, columns=parse_columns(pairs="{A} vs {B}"))),
    ),
    "rankings.csv": ("observer,ranking\na,x>y>z\nb,y>x>z\n", lambda path: count(read_votes(path))),
    "votes.csv.gz": (VOTES, lambda path: count(read_votes(path))),
    "ratings.csv": (
        "observer,condition,rating,scene\n"
        + "".join(f"{who},{c},{n % 5},s\n" for n, who in enumerate(PEOPLE) for c in "xyz"),
        lambda path: read_ratings(path),
    ),
    "matrix.csv": (",x,y,z\nx,0,3,2\ny,1,0,5\nz,2,1,0\n", lambda path: read_matrix(path, "row")),
    "metrics.csv": ("condition,psnr,ssim\nx,30.5,.9\ny,28.25,.85\n", lambda path: read_metrics(path)),
}


def spoil(data: bytes, random: np.random.Generator) -> bytes:
    """Change some bytes, most of them near the start, and then perhaps cut, double or zero a part."""
    made = bytearray(data)
    reach = len(made) if random.random() < 0.5 else min(len(made), 800)
    for place in random.integers(reach, size=random.integers(0, 8)):
        made[place] = int(random.integers(256))
    first, last = sorted(random.integers(len(made) + 1, size=2))
    way = random.integers(6)
    if way == 0:
        return bytes(made[:last])
    if way == 1:
        return bytes(made[:last] + made[first:])
    if way == 2:
        made[first : min(last, first + 64)] = bytes(min(last, first + 64) - first)
    return bytes(made)


def outcome(path: Path) -> str:
    """`read`, `refused`, or what went wrong."""
    try:
        scan = read_scan(path)
        part = scan.middle
        shown = part.kspace if part.magnitude is None else part.magnitude
        return "read" if shown is not None and bool(shown.isfinite().all()) else "not finite"
    except BadImage as refused:
        return "refused" if "\n" not in str(refused) else f"more than a sentence: {refused}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def outcome_of_table(path: Path, read: Callable[[Path], object]) -> str:
    """`read`, `refused` with a sentence, or what went wrong."""
    try:
        read(path)
        return "read"
    except UplappError as refused:
        return "refused" if "\n" not in str(refused) else f"more than a sentence: {refused}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def write_table(path: Path, text: str) -> None:
    """Write a table, packed where its name says so."""
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def main() -> int:
    """Print a row per kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=[*KINDS, *TABLES])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in [*KINDS, *TABLES]:
            if options.only and name not in options.only:
                continue
            path, table = Path(folder) / name, TABLES.get(name)
            if table is None:
                KINDS[name](path)
            else:
                write_table(path, table[0])
            whole, seen = path.read_bytes(), {"read": 0, "refused": 0}
            for seed in range(options.count):
                path.write_bytes(spoil(whole, np.random.default_rng((options.seed, seed))))
                said = outcome(path) if table is None else outcome_of_table(path, table[1])
                seen[said] = seen.get(said, 0) + 1
            others = {said: count for said, count in seen.items() if said not in ("read", "refused")}
            bad += len(others)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(
                f"{name:12} read {seen['read']:4} refused {seen['refused']:4} peak {peak} MB",
                *others,
                flush=True,
            )
            bad += peak > MOST_MB
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
