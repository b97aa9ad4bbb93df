"""What samples mean: which values are black and which are white, decided in one place for every file."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage
from uplapp.imaging.files.reading import AUTO, CT_WINDOWS, FULL, PERCENTILE, Reading

Array = NDArray[Any]
# White is the value that one voxel in a thousand exceeds (of those above 0): a few bright vessels or a
# spike shall not darken everything else.
WHITE_PERCENTILE = 99.9
# So few samples below 0 are ringing or noise; more are part of what the samples mean.
RINGING_SHARE = 0.01
# Hounsfield units: air is -1000, and nothing lies below what scanners write around the picture.
AIR, LOWEST_UNIT, HIGHEST_UNIT = (-1050, -850), -4096, 32767
BELOW_AIR = (-1450, -1100)
AIR_SHARE, AIR_SHARE_OF_FLOATS = 0.02, 0.1
OUTSIDE_SHARE = 0.1
PHASES = (np.pi, 4096.0)
CT_DEFAULT = "soft"
# Cameras and detectors of 10, 12 or 14 bits write files of 16.
DEEP_BITS, MOST_USED_BITS = 16, 14


@dataclass(frozen=True)
class Levels:
    """The value that is black and the one that is white, and words that say so.

    `inverted` samples are brighter where their value is lower. `outside`, where there is one, is a value
    that marks what lies outside of the body, and is black.
    """

    black: float
    white: float
    words: tuple[str, ...] = ()
    inverted: bool = False
    outside: float | None = None

    def of(self, values: Array, kind: Any = np.float64) -> Array:
        """Scale values of any real type to [0,1] of a kind, what lies beyond black and white clipped."""
        above = values.astype(kind) - kind(self.black)
        scaled: Array = (above / kind(self.white - self.black)).clip(0, 1)
        shown = 1 - scaled if self.inverted else scaled
        return shown if self.outside is None else np.where(values == self.outside, kind(0), shown)


def levels_of(
    name: str,
    values: Array,
    reading: Reading,
    window: tuple[float, float] | None = None,
    bits: int | None = None,
    whole: bool = False,
) -> Levels:
    """Decide what is black and what is white among real, finite values.

    Samples of a picture say how many `bits` they have. Of others the choice of a person comes first, then the
    `window` of the file. A volume that is restored `whole` keeps its range. Else Hounsfield units get the
    window of soft tissue; values of which more than a hundredth lies below 0 are shifted; of magnitudes 0 is
    black, and white the 99.9th percentile of what lies above. Values of which none lies above 0 raise
    BadImage.
    """
    if bits is not None:
        return _of_picture(name, values, reading, bits)
    choice = _of_choice(values, reading)
    if choice is not None:
        return choice
    if reading.window == AUTO and whole:
        return _whole_range(name, values)
    if reading.window == AUTO and window is not None and window[0] < window[1]:
        words = f"The window of the file is shown: {window[0]:g} is black, {window[1]:g} white."
        return Levels(*window, (words,))
    return _of_values(name, values, reading)


def _of_choice(values: Array, reading: Reading) -> Levels | None:
    """Give the levels that a person chose, None where that leaves them to the values."""
    low, high = float(values.min()), float(values.max())
    if reading.window in CT_WINDOWS:
        return _of_ct(reading.window)
    if reading.window == FULL and low < high:
        return Levels(low, high, (f"All values are shown: {low:g} is black, {high:g} white.",))
    if reading.white > 0:
        return Levels(min(low, 0.0), reading.white, (f"White is {reading.white:g}, as you chose.",))
    return None


def _of_values(name: str, values: Array, reading: Reading) -> Levels:
    if float(values.max()) <= 0:
        raise BadImage(f"{name} has no value above 0; magnitudes are read")
    below = _share_below(values)
    if reading.window == AUTO and is_ct(values):
        return _of_ct(CT_DEFAULT, " The values are Hounsfield units of CT.")
    if below > RINGING_SHARE and reading.window != PERCENTILE:
        return _shifted(values, below)
    white = float(np.percentile(values[values > 0], WHITE_PERCENTILE, overwrite_input=True))
    clipped = (f"{below:.2%} of the values lie below 0 and are black.",) if below else ()
    return Levels(0.0, white, clipped)


def _whole_range(name: str, values: Array) -> Levels:
    """Keep all but few values below 0."""
    low, high = float(values.min()), float(values.max())
    below = _share_below(values)
    if high <= 0 and below <= RINGING_SHARE:
        raise BadImage(f"{name} is empty: all its voxels are 0")
    if below <= RINGING_SHARE:
        words = (f"{below:.2%} of the values lie below 0 and are set to 0.",) if below else ()
        return Levels(0.0, high, words)
    if low == high:
        raise BadImage(f"{name} is empty: all its voxels are {low:g}")
    units = " The values look like Hounsfield units: a CT window shows more." if is_ct(values) else ""
    units = units or _of_phase(values)
    words = (f"{below:.0%} of the values lie below 0: {low:g} is black, {high:g} white.{units}",)
    return Levels(low, high, words)


def _of_picture(name: str, values: Array, reading: Reading, bits: int) -> Levels:
    """Give the levels of a picture: 0 is black, and white what its bits can hold, or 1 for floats."""
    if reading.white > 0:
        return Levels(0.0, reading.white, (f"White is {reading.white:g}, as you chose.",))
    if bits:
        return Levels(0.0, float(2**bits - 1), _of_fewer_bits(values, bits))
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high):
        raise BadImage(f"{name} holds values that are not finite; only finite numbers can be used")
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return Levels(0.0, 1.0, (f"The samples are floats from {low:g} to {high:g}: 0 is black, 1 white.",))
    raise BadImage(
        f"{name} has samples of type {values.dtype} from {low:g} to {high:g}, which do not say what is "
        f"white; give the value that is, as White level or --white"
    )


def _of_fewer_bits(values: Array, bits: int) -> tuple[str, ...]:
    """Say where samples of 16 bits use so few of them that they may have been counts of fewer."""
    top = int(values.max()) if bits == DEEP_BITS else 0
    used = top.bit_length()
    if not 8 < used <= MOST_USED_BITS:
        return ()
    return (
        f"The largest sample is {top} of {2**bits - 1}, so the picture is dark; if its samples have {used} "
        f"bits, choose {2**used - 1} as the white level.",
    )


def without_nan(name: str, values: Array) -> tuple[Array, tuple[str, ...]]:
    """Take NaN for background: 0, or the lowest value where some lie below 0. Give words with its share.

    Nothing but NaN raises BadImage.
    """
    if values.dtype.kind != "f" or not (empty := np.isnan(values)).any():
        return values, ()
    if empty.all():
        raise BadImage(f"{name} holds values that are not finite: all of them are NaN")
    ground = min(float(np.nanmin(values)), 0.0)
    words = f"{empty.mean():.1%} of the values are NaN and taken for background, black."
    return np.where(empty, values.dtype.type(ground), values), (words,)


def is_ct(values: Array) -> bool:
    """Whether values look like Hounsfield units: many are as low as air, and hardly any lie just below.

    That tells them from phase of -4096 to 4095. Of floats that are not whole (CT that was interpolated) more
    have to be air.
    """
    low, high = float(values.min()), float(values.max())
    if not LOWEST_UNIT <= low <= AIR[0] + 200 or not 0 < high <= HIGHEST_UNIT:
        return False
    sample = values.ravel()[:: max(1, values.size // 2**20)]
    whole = values.dtype.kind != "f" or bool((sample == np.round(sample)).mean() > 1 / 2)
    air = float(((sample >= AIR[0]) & (sample <= AIR[1])).mean())
    below = float(((sample >= BELOW_AIR[0]) & (sample < BELOW_AIR[1])).mean())
    return air > (AIR_SHARE if whole else AIR_SHARE_OF_FLOATS) and air > 4 * below


def _share_below(values: Array) -> float:
    """The share of the values below 0 among those that are not 0."""
    return int(np.count_nonzero(values < 0)) / max(int(np.count_nonzero(values)), 1)


def _of_phase(values: Array) -> str:
    """Say that values fill the range of a phase to both ends, in radians or as scanners store it."""
    low, high = float(values.min()), float(values.max())
    filled = any(end * 0.95 < min(-low, high) and max(-low, high) <= end * 1.001 for end in PHASES)
    return " They may be a phase, not a picture." if filled else ""


def _of_ct(window: str, also: str = "") -> Levels:
    level, width = CT_WINDOWS[window]
    black, white = level - width / 2, level + width / 2
    words = f"The CT window '{window}' is shown: {black:g} is black, {white:g} white.{also}"
    return Levels(black, white, (words,))


def _shifted(values: Array, below: float) -> Levels:
    """Give the levels of values around 0, such as z-scores, of which 0 may mark the background."""
    empty = float((values == 0).mean()) if values.dtype.kind == "f" else 0.0
    outside = 0.0 if empty >= OUTSIDE_SHARE else None
    inside = values if outside is None else values[values != 0]
    black = float(inside.min())
    white = max(float(np.percentile(inside, WHITE_PERCENTILE)), np.nextafter(black, np.inf))
    words = f"{below:.0%} of the values lie below 0, so {black:g} is black and {white:g} white."
    words += _of_phase(inside)
    ground = (f"{empty:.0%} of the values are exactly 0 and taken for background, black.",)
    return Levels(black, white, (words, *(ground if outside is not None else ())), outside=outside)
