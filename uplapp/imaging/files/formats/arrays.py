"""What an array is: slices, coils, rows and columns, k-space or images, decided in one place."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.reading import (
    AUTO,
    COILS,
    COILS_LAST,
    IMAGE,
    PARTS,
    PARTS_FIRST,
    SLICES,
    SLICES_LAST,
    Reading,
    counted,
    sizes,
)

Array = NDArray[Any]
# An axis is one of slices or coils where it is shorter than half of the others.
SHORTER = 2
MOST_COILS = 64
# Of real and imaginary parts about as many samples lie below 0 as above.
PART_SHARE = (0.2, 0.8)
# A k-space holds much of its energy in its middle: in one sample of a plane, in three planes of a 3-D scan.
SPECTRUM_SHARE, PARTITIONS_SHARE, FEWEST_PARTITIONS = 0.01, 0.7, 8


@dataclass(frozen=True, eq=False)
class Layout:
    """An array in order: complex `planes` (slices,coils,H,W), or a real `volume` cut along `axis`."""

    planes: Array | None = None
    volume: Array | None = None
    axis: int = 0
    words: tuple[str, ...] = ()


def layout_of(name: str, values: Array, reading: Reading, axis: int | None = None) -> Layout:
    """Decide what the axes of an array are, by its type and shape, or as a person says.

    Complex arrays are coils first unless their last axis is the short one; of more than MOST_COILS planes
    they are slices. Real arrays are slices last unless their first axis is the short one; with values on both
    sides of 0 along an axis of 2 they are real and imaginary parts. Shapes that fit nothing, or two things
    equally well, raise BadImage, which asks.
    """
    if values.dtype.kind != "c":
        parts = _parts_axis(name, values, reading)
        if parts is None:
            return _of_volume(name, values, reading, axis)
        first, second = (np.take(values, at, axis=parts) for at in (0, 1))
        where = "last" if parts else "first"
        words = f"The {where} axis was taken for real and imaginary parts; if it holds slices, choose that."
        joined = (first + 1j * second.astype(np.float64)).astype(np.complex64)
        laid = _of_complex(name, joined, reading)
        return Layout(laid.planes, words=(words, *laid.words))
    return _of_complex(name, values, reading)


def _parts_axis(name: str, values: Array, reading: Reading) -> int | None:
    """Find the axis of real and imaginary parts, or None.

    It is the one that a person named, or else the last or first axis if it is two long and its values lie
    around zero.
    """
    if reading.axes in (PARTS, PARTS_FIRST):
        axis = -1 if reading.axes == PARTS else 0
        if values.ndim < 3 or values.shape[axis] != 2:
            raise BadImage(
                f"{name} has the shape {sizes(values.shape)}; an axis of real and imaginary parts is 2 long"
            )
        return axis
    if reading.axes != AUTO or values.ndim < 3 or values.dtype.kind == "u":
        return None
    for axis in (-1, 0):
        if values.shape[axis] == 2:
            _require_no_phase(name, *(np.take(values, at, axis=axis) for at in (0, 1)))
        if values.shape[axis] == 2 and all(_is_part(np.take(values, at, axis=axis)) for at in (0, 1)):
            return axis
    return None


def _is_part(values: Array) -> bool:
    below = int((values < 0).sum()) / max(int((values != 0).sum()), 1)
    return PART_SHARE[0] < below < PART_SHARE[1]


def _require_no_phase(name: str, first: Array, second: Array) -> None:
    """Refuse a magnitude that stands beside its phase, from -pi to pi."""
    for magnitude, phase in ((first, second), (second, first)):
        low, high = float(phase.min()), float(phase.max())
        if magnitude.min() >= 0 and -np.pi - 0.01 <= low < -3 and 3 < high <= np.pi + 0.01:
            raise BadImage(
                f"{name} may hold magnitude and phase, which are not read side by side; save magnitude * "
                f"exp(1j * phase), or choose slices for its axes"
            )


def _require_no_spectrum(name: str, values: Array, reading: Reading) -> None:
    """Refuse real values whose energy lies in the middle of a plane, unless a person calls them images."""
    if (
        reading.content == IMAGE
        or not values.max() > 0
        or min(values.shape[-2:]) < SHORTER * FEWEST_PARTITIONS
    ):
        return
    planes = values.reshape(-1, *values.shape[-2:])
    energy = np.square(planes[:: max(1, len(planes) // 8)], dtype=np.float64).sum(axis=0)
    place = np.unravel_index(int(energy.argmax()), energy.shape)
    central = all(abs(at - side // 2) <= 1 for at, side in zip(place, energy.shape, strict=True))
    if central and energy.max() > SPECTRUM_SHARE * energy.sum():
        raise BadImage(
            f"{name} looks like magnitudes or parts of k-space, not like a picture; save complex samples, or "
            f"choose images for its samples (content)"
        )


def _require_slices(name: str, planes: Array) -> None:
    """Refuse planes (slices,coils,H,W) of which a few in the middle hold nearly all energy: a 3-D k-space."""
    for axis in (0, 1):
        count = planes.shape[axis]
        if count < FEWEST_PARTITIONS:
            continue
        others = tuple(at for at in range(planes.ndim) if at != axis)
        energy = np.square(np.abs(planes), dtype=np.float64).sum(axis=others)
        middle = energy[count // 2 - 1 : count // 2 + 2].sum()
        if abs(int(energy.argmax()) - count // 2) <= 1 and middle > PARTITIONS_SHARE * energy.sum():
            raise BadImage(
                f"{name} has nearly all its energy in the middle of an axis of {count}, as k-space of a 3-D "
                f"scan has; transform it along that axis first (numpy.fft), or say what its axes are"
            )


def _of_volume(name: str, values: Array, reading: Reading, axis: int | None) -> Layout:
    if values.ndim > 3:
        raise BadImage(
            f"{name} has {values.ndim} axes; pictures of 2 and volumes of 3 are read: save one of its volumes"
        )
    if values.ndim >= 2 and values.dtype.kind != "u":
        _require_no_spectrum(name, values, reading)
    if values.ndim != 3:
        return Layout(volume=values, axis=max(values.ndim - 1, 0) if axis is None else axis)
    if axis is None:
        first = _is_short(values.shape, 0) and not _is_short(values.shape, 2)
        last = reading.axes in (SLICES_LAST, COILS_LAST) or (reading.axes == AUTO and not first)
        axis = 2 if last else 0
    plane = tuple(side for at, side in enumerate(values.shape) if at != axis)
    where = ("first", "second", "last")[axis]
    words = f"{counted(values.shape[axis], 'slice')} of {sizes(plane)} along the {where} axis."
    return Layout(volume=values, axis=axis, words=(words,))


def _of_complex(name: str, values: Array, reading: Reading) -> Layout:
    if values.ndim == 2:
        return Layout(values[None, None], words=(f"One coil of {sizes(values.shape)}.",))
    if values.ndim not in (3, 4):
        raise BadImage(
            f"{name} has {values.ndim} axes; k-space of rows, columns, with coils and slices before or coils "
            f"after them, is read"
        )
    stated = reading.axes not in (AUTO, PARTS, PARTS_FIRST)
    kind = reading.axes if stated else _kind_of(name, values.shape)
    planes = _ordered(values, kind, stated)
    if not stated:
        _require_slices(name, planes)
    slices, coils = planes.shape[:2]
    what = f"{counted(slices, 'slice')} of {counted(coils, 'coil')}" if slices > 1 else counted(coils, "coil")
    combined = ", combined" if coils > 1 else ""
    doubt = ""
    if reading.axes == AUTO and values.ndim == 3 and kind == COILS:
        doubt = " If they are slices of one coil, choose slices for the axes."
    if reading.axes == AUTO and values.ndim == 3 and kind == SLICES:
        doubt = " If they are coils of one slice, choose coils for the axes."
    if reading.axes == AUTO and values.ndim == 4 and kind == COILS:
        doubt = " If coils come first, choose coils for the axes."
    last = " (coils last)" if kind == COILS_LAST else ""
    return Layout(planes, words=(f"{what} of {sizes(planes.shape[2:])}{last}{combined}.{doubt}",))


def _kind_of(name: str, shape: tuple[int, ...]) -> str:
    """Find which axis is that of coils by its length, or ask."""
    first, last = _is_short(shape, len(shape) - 3), _is_short(shape, len(shape) - 1)
    if first == last:
        raise BadImage(
            f"{name} has the shape {sizes(shape)}, which does not say what its axes are; choose them: coils "
            f"first, coils last, slices first or slices last"
        )
    if last:
        return COILS_LAST
    return SLICES if len(shape) == 3 and shape[0] > MOST_COILS else COILS


def _is_short(shape: tuple[int, ...], axis: int) -> bool:
    """Whether an axis is shorter than half of each of the other two, or has one sample."""
    planes = shape[-3:]
    others = [side for at, side in enumerate(planes) if at != axis - (len(shape) - 3)]
    return shape[axis] * SHORTER <= min(others)


def _ordered(values: Array, kind: str, stated: bool) -> Array:
    """Give (slices,coils,H,W). Of four axes slices come first unless a person states that coils do."""
    if values.ndim == 4 and kind == COILS and stated:
        return values.swapaxes(0, 1)
    if values.ndim == 4:
        return np.moveaxis(values, -1, 1) if kind == COILS_LAST else values
    if kind in (COILS_LAST, SLICES_LAST):
        values = np.moveaxis(values, -1, 0)
    return values[:, None] if kind in (SLICES, SLICES_LAST) else values[None]
