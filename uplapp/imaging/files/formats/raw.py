"""Raw k-space of BART and ISMRMRD as arrays (slices,coils,H,W) or as they lie."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.formats.hdf5 import inside, open_hdf5
from uplapp.imaging.files.formats.nifti import volume_of
from uplapp.imaging.files.guards import MAX_SAMPLES, refusing_damage, require_samples
from uplapp.imaging.files.reading import Reading, counted, sizes

Array = NDArray[Any]
SCHEMA = "{http://www.ismrm.org/ISMRMRD}"
LONGEST_XML = 2**20
BART_AXES, BART_COILS = 16, 3
# Bits of an acquisition that is no line of the image: noise, calibration alone, navigation and the like.
NO_IMAGE = sum(1 << bit for bit in (18, 19, 22, 23, 26, 27, 28))
COUNTERS = ("repetition", "contrast", "phase", "set")
BLOCK = 512
ON_A_LINE = 0.01
SORTED = "Slices are in the order of their position, not in that in which they were measured."
USUAL = ("kspace", "ksp", "data", "vol")


@dataclass(frozen=True, eq=False)
class RawScan:
    """k-space `planes` (slices,coils,H,W), the size (h,w) of the picture, and what was understood."""

    planes: Array
    size: tuple[int, int] | None = None
    words: tuple[str, ...] = ()


def read_bart(path: Path, reading: Reading) -> RawScan:
    """Read NAME.cfl with NAME.hdr beside it: rows, columns, slices, coils. Source: BART, src/misc/io.c."""
    header = path.with_suffix(".hdr")
    if not header.is_file():
        raise BadImage(f"{path.name} needs its header {header.name} beside it")
    with refusing_damage(path.name):
        lines = header.read_text(errors="replace").splitlines()
        after = next(at for at, line in enumerate(lines) if line.strip() == "# Dimensions") + 1
        shape = tuple(int(side) for side in lines[after].split()[:BART_AXES])
        require_samples(path.name, shape, MAX_SAMPLES)
        shape = (*shape, *(1,) * (BART_COILS + 1 - len(shape)))
        others = shape[BART_COILS + 1 :]
        if math.prod(others) != 1:
            place, words = volume_of(path.name, (1, 1, 1, *others), reading)
        else:
            place, words = 0, ()
        values = np.fromfile(path, "<c8", math.prod(shape)).reshape((*shape[: BART_COILS + 1], -1), order="F")
        planes = values[..., place].transpose(2, 3, 0, 1)
        return RawScan(planes, None, (f"BART: {said_of_planes(planes)}.", *words))


def choose(name: str, shapes: Mapping[str, tuple[int, ...]], wanted: str) -> str:
    """Choose an array by its name, else by the usual names, else the only one of two axes or more.

    Several others are listed, and none is refused.
    """
    pictures = [key for key, shape in shapes.items() if sum(side > 1 for side in shape) > 1]
    usual = [wanted] if wanted else [*USUAL, *pictures[: len(pictures) == 1], *[*shapes][: len(shapes) == 1]]
    choice = next((key for key in usual if key in shapes), None)
    if choice is None and not shapes:
        raise BadImage(
            f"{name} holds no array '{USUAL[0]}' or another (none); save it outside of structs and cells"
        )
    if choice is None:
        listed = ", ".join([*shapes][:8])
        raise BadImage(
            f"{name} holds no array '{wanted or USUAL[0]}'; name one of its arrays ({listed}) by Array or "
            f"--array, or save it as '{USUAL[0]}'"
        )
    return choice


def holds_ismrmrd(path: Path) -> bool:
    """Whether an HDF5 file is one of ISMRMRD's acquisitions."""
    with open_hdf5(path) as file:
        hard = isinstance(file.get("dataset", getlink=True), h5py.HardLink)
        group = file["dataset"] if hard else None
        return isinstance(group, h5py.Group) and inside(group, "data") is not None


def read_ismrmrd(path: Path, reading: Reading) -> RawScan:
    """Read the Cartesian acquisitions of an ISMRMRD file, averages averaged, partitions made slices.

    Of several repetitions, contrasts, phases and sets one is read. Source: Inati et al. (2017).
    """
    with open_hdf5(path) as file:
        group = file["dataset"]
        encoding = _encoding(path.name, inside(group, "xml"))
        lines = _Lines(path.name, inside(group, "data"))
        chosen, words = lines.choose(reading)
        kspace = _sorted(path.name, lines, chosen, encoding)
    kspace, said = by_position(kspace, lines.places(chosen))
    planes = of_partitions(kspace).reshape(-1, *kspace.shape[2:])
    return RawScan(planes, encoding["size"], (f"ISMRMRD: {said_of_planes(planes)}.", *words, *said))


class _Lines:
    """The acquisitions of a file: their heads, and on demand their samples."""

    def __init__(self, name: str, dataset: Any) -> None:
        self.name, self.dataset = name, dataset
        require_samples(name, dataset.shape, 2**20)
        heads = np.concatenate(
            [dataset.fields("head")[at : at + BLOCK] for at in range(0, len(dataset), BLOCK)]
        )
        self.heads, self.counters = heads, heads["idx"]
        self.usable = np.flatnonzero((heads["flags"] & NO_IMAGE) == 0)
        if not self.usable.size:
            raise BadImage(f"{name} holds no acquisition of an image")

    def choose(self, reading: Reading) -> tuple[Array, tuple[str, ...]]:
        """Choose the acquisitions of one repetition, contrast, phase and set."""
        keys = np.stack([self.counters[key][self.usable] for key in COUNTERS], axis=1)
        kinds, which = np.unique(keys, axis=0, return_inverse=True)
        place, words = volume_of(self.name, (1, 1, 1, len(kinds)), reading)
        return self.usable[which.ravel() == place], words

    def places(self, chosen: Array) -> dict[int, Sequence[float]]:
        """Give the place (x,y,z) of each slice, 0 where the file has none."""
        none = np.zeros((len(self.heads), 3))
        stated = self.heads["position"] if "position" in (self.heads.dtype.names or ()) else none
        return {int(self.counters["slice"][at]): stated[at].tolist() for at in chosen}

    def samples(self, chosen: Array) -> Iterator[tuple[int, Array]]:
        """Give the samples (coils,W) of acquisitions."""
        for at in map(int, chosen):
            coils, width = (int(self.heads[key][at]) for key in ("active_channels", "number_of_samples"))
            flat = np.asarray(self.dataset.fields("data")[at], np.float32)
            yield at, flat.view(np.complex64).reshape(coils, width)


def _encoding(name: str, xml: Any) -> dict[str, Any]:
    text = bytes(xml[0]) if xml is not None and xml.shape == (1,) else b""
    if not text or len(text) > LONGEST_XML or b"<!" in text:
        raise BadImage(f"{name} has a header of ISMRMRD that is not plain XML; write it as ISMRMRD does")
    encoding = ElementTree.fromstring(text).find(f"{SCHEMA}encoding")
    if encoding is None or encoding.findtext(f"{SCHEMA}trajectory", "cartesian").lower() != "cartesian":
        raise BadImage(
            f"{name} is not Cartesian; only k-space on a grid is read: grid it first (BART: nufft)"
        )
    spaces = {}
    for space in ("encodedSpace", "reconSpace"):
        matrix = encoding.find(f"{SCHEMA}{space}/{SCHEMA}matrixSize")
        if matrix is None:
            raise BadImage(f"{name} does not say the size of its matrix; write it as ISMRMRD does")
        spaces[space] = tuple(int(matrix.findtext(f"{SCHEMA}{side}", "0")) for side in "xyz")
    centres = [
        _centre(encoding, f"kspace_encoding_step_{step}", spaces["encodedSpace"][step]) for step in (1, 2)
    ]
    return {"matrix": spaces["encodedSpace"], "size": spaces["reconSpace"][:2], "centres": centres}


def _centre(encoding: Any, step: str, side: int) -> int:
    found = encoding.findtext(f"{SCHEMA}encodingLimits/{SCHEMA}{step}/{SCHEMA}center")
    return int(found) if found else side // 2


def _sorted(name: str, lines: _Lines, chosen: Array, encoding: Mapping[str, Any]) -> Array:
    """Put lines in their places (slices,partitions,coils,W,H), read-out along the rows as in fastMRI."""
    width, height, depth = encoding["matrix"]
    coils = int(lines.heads["active_channels"][chosen].max())
    slices = int(lines.counters["slice"][chosen].max()) + 1
    require_samples(name, (slices, max(depth, 1), coils, width, height), MAX_SAMPLES)
    kspace = np.zeros((slices, max(depth, 1), coils, width, height), np.complex64)
    times = np.zeros((slices, max(depth, 1), height), int)
    for at, samples in lines.samples(chosen):
        idx = lines.counters[at]
        row = int(idx["kspace_encode_step_1"]) - encoding["centres"][0] + height // 2
        part = int(idx["kspace_encode_step_2"]) - encoding["centres"][1] + max(depth, 1) // 2
        first = width // 2 - int(lines.heads["center_sample"][at])
        if not (0 <= row < height and 0 <= part < max(depth, 1) and 0 <= first <= width - samples.shape[1]):
            raise BadImage(f"{name} has a line outside of its matrix {sizes(encoding['matrix'])}")
        kspace[int(idx["slice"]), part, :, first : first + samples.shape[1], row] += samples
        times[int(idx["slice"]), part, row] += 1
    kspace /= np.maximum(times, 1)[:, :, None, None, :]
    return kspace


def by_position(slices: Array, places: Mapping[int, Sequence[float]]) -> tuple[Array, tuple[str, ...]]:
    """Sort slices (S,...) by their `places` (x,y,z) along their normal, and say so where that changes them.

    Scanners count slices as they were measured, every second one first. Slices without a place were not
    measured, and are left out. Those of one place, or not all on one line, keep their order.
    """
    numbers = np.array(sorted(places))
    away = np.array([places[number] for number in numbers], float)
    away -= away.mean(axis=0)
    _, spread, axes = np.linalg.svd(away)
    if len(numbers) < 2 or spread[1] > ON_A_LINE * spread[0] or not spread[0]:
        return slices[numbers], ()
    along = away @ axes[0] * np.sign(axes[0][np.abs(axes[0]).argmax()])
    order = np.argsort(along, kind="stable")
    moved = (order != np.arange(len(order))).any()
    return slices[numbers[order]], (SORTED,) if moved else ()


def of_partitions(kspace: Array) -> Array:
    """Transform k-space (slabs,partitions,...) along the partitions of a 3-D scan, centred, orthonormal."""
    if kspace.shape[1] == 1:
        return kspace
    unshifted = np.fft.ifftshift(kspace, axes=1)
    return np.fft.fftshift(np.fft.ifft(unshifted, axis=1, norm="ortho"), axes=1).astype(np.complex64)


def said_of_planes(planes: Array) -> str:
    """Say how many slices and coils there are, and of which size."""
    slices, coils = planes.shape[:2]
    combined = ", combined" if coils > 1 else ""
    return f"{counted(slices, 'slice')} of {counted(coils, 'coil')} of {sizes(planes.shape[2:])}{combined}"
