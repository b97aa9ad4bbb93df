"""Raw k-space in the files of BART, MATLAB and ISMRMRD, written by hand."""

from pathlib import Path

import h5py
import numpy as np

XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding><trajectory>{trajectory}</trajectory>
<encodedSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize></encodedSpace>
<reconSpace><matrixSize><x>{rx}</x><y>{ry}</y><z>{z}</z></matrixSize></reconSpace>
<encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>{y}</maximum><center>{half}</center>
</kspace_encoding_step_1></encodingLimits></encoding></ismrmrdHeader>"""
COUNTERS = (
    *("kspace_encode_step_1", "kspace_encode_step_2", "average", "slice", "contrast", "phase"),
    *("repetition", "set", "segment"),
)
HEAD = np.dtype(
    [
        ("flags", "<u8"),
        ("number_of_samples", "<u2"),
        ("active_channels", "<u2"),
        ("center_sample", "<u2"),
        ("position", "<f4", 3),
        ("idx", [(name, "<u2") for name in COUNTERS]),
    ]
)
NOISE = 1 << 18


def write_bart(path: Path, planes: np.ndarray) -> Path:
    """Planes (slices,coils,H,W) in BART's order, first axis fastest."""
    stored = planes.transpose(2, 3, 0, 1)
    shape = [*stored.shape, *[1] * 12]
    path.with_suffix(".hdr").write_text(
        "# Dimensions\n" + " ".join(map(str, shape)) + "\n# Command\nphantom\n"
    )
    path.write_bytes(stored.astype("<c8").tobytes(order="F"))
    return path


def write_matlab_7_3(path: Path, **arrays: np.ndarray) -> Path:
    """MATLAB 7.3: HDF5 after 512 bytes, axes backwards, complex numbers of two named parts."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            stored = np.ascontiguousarray(values.T)
            if stored.dtype.kind == "c":
                parts = np.empty(stored.shape, [("real", "<f4"), ("imag", "<f4")])
                parts["real"], parts["imag"] = stored.real, stored.imag
                stored = parts
            file[name] = stored
    data = bytearray(path.read_bytes())
    data[:19] = b"MATLAB 7.3 MAT-file"
    path.write_bytes(bytes(data))
    return path


def write_ismrmrd(
    path: Path,
    planes: np.ndarray,
    size: tuple[int, int] | None = None,
    repetitions: int = 1,
    averages: int = 1,
    partitions: bool = False,
    trajectory: str = "cartesian",
    places: tuple[float, ...] = (),
) -> Path:
    """Planes (slices,coils,x,y), one line per acquisition, the last lines first, noise before all.

    `places` are those of the slices towards the head.
    """
    slices, coils, x, y = planes.shape
    lines = [(0, 0, 0, 0, 0, NOISE)]
    for repetition in range(repetitions):
        for average in range(averages):
            lines += [
                (row, at, average, repetition, 0, 0) for at in range(slices) for row in reversed(range(y))
            ]
    kind = np.dtype([("head", HEAD), ("traj", h5py.vlen_dtype("<f4")), ("data", h5py.vlen_dtype("<f4"))])
    made = np.empty(len(lines), kind)
    for place, (row, at, average, repetition, _, flags) in enumerate(lines):
        samples = planes[at, :, :, row] * (repetition + 1) if not flags else np.ones((coils, x)) * 99
        made["head"][place]["flags"], made["head"][place]["center_sample"] = flags, x // 2
        made["head"][place]["number_of_samples"], made["head"][place]["active_channels"] = x, coils
        if places:
            made["head"][place]["position"] = 0, 0, places[at]
        idx = made["head"][place]["idx"]
        idx["kspace_encode_step_1"], idx["average"], idx["repetition"] = row, average, repetition
        idx["kspace_encode_step_2" if partitions else "slice"] = at
        made["traj"][place] = np.zeros(0, np.float32)
        made["data"][place] = np.ascontiguousarray(samples, np.complex64).view(np.float32).ravel()
    rx, ry = size or (x, y)
    depth = slices if partitions else 1
    words = XML.format(x=x, y=y, z=depth, rx=rx, ry=ry, half=y // 2, trajectory=trajectory)
    with h5py.File(path, "w") as file:
        file.create_dataset("dataset/data", data=made)
        file.create_dataset("dataset/xml", data=[words.encode()], dtype=h5py.string_dtype())
    return path
