"""Slices back in the volume that they were cut from, as NIfTI in its place."""

import gzip
from typing import Any

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, io_orientation
from numpy.typing import NDArray

from uplapp.imaging.files.levels import Levels
from uplapp.imaging.files.stored import Stored

Array = NDArray[Any]
GZIP_LEVEL = 6
# Fields of a header in which programs keep names of people, files and studies.
PERSONAL = ("db_name", "aux_file", "intent_name", "descrip")


def encode_whole(stored: Stored, axis: int, levels: Levels, pictures: Array) -> bytes:
    """Encode pictures (slices,h,w) in [0,1] as packed NIfTI, float32, in the unit and place of their file.

    The header of a NIfTI file is kept but for what may name a person.
    """
    shown = 1 - pictures if levels.inverted else pictures
    values = (levels.black + shown * (levels.white - levels.black)).astype(np.float32)
    planes = values.transpose(0, 2, 1) if stored.as_rows else values[:, ::-1].transpose(0, 2, 1)
    turned = np.moveaxis(planes, 0, axis) if stored.values.ndim == 3 else planes[0]
    kind: Any = nibabel.Nifti1Image
    image = kind(_as_stored(stored, turned), stored.affine, _header_of(stored))
    image.header.set_data_dtype(np.float32)
    # Without the time of day, so that equal volumes give equal bytes.
    return gzip.compress(image.to_bytes(), GZIP_LEVEL, mtime=0)


def _as_stored(stored: Stored, turned: Array) -> Array:
    """Put a volume whose axes go right, front and up into the order of its file."""
    turns = io_orientation(stored.affine)  # type: ignore[no-untyped-call]
    if stored.as_rows or stored.values.ndim != 3 or np.isnan(turns).any():
        return np.ascontiguousarray(turned)
    places = np.arange(stored.values.size, dtype=np.int32).reshape(stored.values.shape)
    back = np.empty(stored.values.size, turned.dtype)
    back[apply_orientation(places, turns).ravel()] = turned.ravel()  # type: ignore[no-untyped-call]
    return back.reshape(stored.values.shape)


def _header_of(stored: Stored) -> Any:
    kind: Any = nibabel.Nifti1Header
    header = stored.header.copy() if stored.header is not None else kind()
    if stored.header is None:
        header.set_xyzt_units("mm")
    for name in PERSONAL:
        header[name] = b""
    header.extensions.clear()
    return header
