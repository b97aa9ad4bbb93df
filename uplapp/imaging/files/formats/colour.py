"""Colours as sRGB: inks, profiles and gammas undone, transparency laid on white."""

from collections.abc import Mapping, Sequence
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from uplapp.errors import BadImage

Array = NDArray[Any]
SPACES = {b"RGB ": 3, b"GRAY": 1}
# Colours by which a profile is told from sRGB, and how far these may lie from each other, of 1.
STEPS, SAME = np.linspace(0, 1, 5), 1.5 / 255
DEEP = 65535
MOST_PROFILE = 2**22
# Of sRGB: white and the primaries red, green and blue as (x,y), and how far they may be off by rounding.
SRGB, ROUNDED = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06), 0.002
# Code points of ITU-T H.273 for primaries, those of sRGB or unspecified as None, and for transfer functions.
PRIMARIES: Mapping[int, tuple[float, ...] | None] = {
    1: None,
    2: None,
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
TRANSFERS: Mapping[int, float | None] = {**dict.fromkeys((1, 2, 6, 13, 14, 15)), 4: 1 / 2.2, 8: 1.0}
HDR: Mapping[int, str] = {16: "PQ", 18: "HLG"}
BUILT_IN = "RGB built-in"


def of_ink(inks: Array) -> Array:
    """Convert CMYK in [0,1] to RGB by the plain formula."""
    rgb: Array = (1 - inks[..., :3]) * (1 - inks[..., 3:])
    return rgb


def of_profile(colour: Array, profile: bytes) -> tuple[Array, str]:
    """Convert colours (H,W,C) in [0,1] from their profile to sRGB, and give words that say so.

    A profile that is sRGB changes nothing, and one of another number of colours, or a damaged one, is said.
    """
    channels = colour.shape[-1]
    if SPACES.get(profile[16:20]) != channels or len(profile) > MOST_PROFILE:
        return colour, "The colour profile of the file does not fit its samples and was not used."
    try:
        patches = np.stack(np.meshgrid(*[STEPS] * channels, indexing="ij"), axis=-1).reshape(1, -1, channels)
        if np.abs(_converted(patches, profile) - patches).max() <= SAME:
            return colour, ""
        return _converted(colour, profile), f"Colours were converted from {_name(profile)} to sRGB."
    except Exception:  # a damaged profile; the samples themselves are whole
        return colour, "The colour profile of the file is damaged and was not used."


def profile_of(chromaticities: Sequence[float], gamma: float | None = None) -> bytes | None:
    """Make an ICC profile from the chromaticities (x,y) of white, red, green and blue: None for sRGB itself.

    `gamma` is the exponent that made the samples out of light, None for the curve of sRGB.
    """
    near = np.abs(np.subtract(chromaticities, SRGB)).max() <= ROUNDED
    if near and gamma is None:
        return None
    white, *primaries = np.reshape(chromaticities, (4, 2)).tolist()
    levels = np.linspace(0, 1, 1024)
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    curve = light if gamma is None else levels ** (1 / gamma)
    made: bytes = imagecodecs.cms_profile(
        "rgb",
        whitepoint=[*white, 1.0],
        primaries=[part for each in primaries for part in (*each, 1.0)],
        transferfunction=curve.astype(np.float32),
    )
    return made


def profile_of_codes(name: str, primaries: int, transfer: int) -> bytes | None:
    """Make the profile that code points of ITU-T H.273 stand for, None for sRGB. Others are a BadImage."""
    if transfer in HDR:
        raise BadImage(
            f"{name} is of high dynamic range ({HDR[transfer]}), which is not read; save it as sRGB"
        )
    if primaries not in PRIMARIES or transfer not in TRANSFERS:
        raise BadImage(
            f"{name} has colours of the code points {primaries} and {transfer} (ITU-T H.273), which are not "
            f"read; save it as sRGB"
        )
    return profile_of(PRIMARIES[primaries] or SRGB, TRANSFERS[transfer])


def of_lab(lab: Array) -> Array:
    """Convert CIELAB (H,W,3) under the white D50, L* to 100, to sRGB in [0,1]."""
    srgb = imagecodecs.cms_transform(
        np.ascontiguousarray(lab, np.float64),
        imagecodecs.cms_profile("lab4"),
        imagecodecs.cms_profile("srgb"),
        colorspace="lab",
        outcolorspace="rgb",
        outdtype="f4",
    )
    shown: Array = np.asarray(srgb).clip(0, 1)
    return shown


def of_gamma(colour: Array, gamma: float) -> Array:
    """Convert samples in [0,1] that are light to the power of `gamma` to sRGB. Source: IEC 61966-2-1."""
    light = np.power(colour, 1 / gamma)
    srgb: Array = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055)
    return srgb


def on_white(colour: Array, alpha: Array) -> Array:
    """Lay colours (H,W,C) on white where their alpha (H,W) is below 1."""
    flat: Array = colour * alpha[..., None] + (1 - alpha[..., None])
    return flat


def _converted(colour: Array, profile: bytes) -> Array:
    grey = colour.shape[-1] == 1
    samples = np.ascontiguousarray((colour * DEEP).round().astype(np.uint16))
    shown = imagecodecs.cms_transform(
        samples[..., 0] if grey else samples,
        profile,
        imagecodecs.cms_profile("srgb"),
        colorspace="gray" if grey else "rgb",
        outcolorspace="rgb",
        outdtype="u2",
    )
    scaled: Array = np.asarray(shown, dtype=np.float32) / DEEP
    return scaled[..., :1] if grey else scaled


def _name(profile: bytes) -> str:
    """Read the name of a colour profile from its description, 'its profile' where it has none."""
    at = profile.find(b"desc", 128 + 4)
    text = ""
    if at >= 0 and at + 12 <= len(profile):
        start, size = (int.from_bytes(profile[at + 4 + step : at + 8 + step], "big") for step in (0, 4))
        tag = profile[start : start + min(size, 512)]
        utf16 = tag[:4] == b"mluc"
        text = tag[28:].decode("utf-16-be", "ignore") if utf16 else tag[12:].decode("latin-1")
    plain = "".join(letter for letter in text.split("\0")[0] if letter.isprintable()).strip()
    if plain == BUILT_IN:
        return "the primaries and the curve that it names"
    return f"'{plain[:40]}'" if plain else "its profile"
