"""How images are measured: operators, and the degradations that make measurements of clean images."""

from uplapp.imaging.physics.coils import MAPS, has_wide_centre, with_maps
from uplapp.imaging.physics.kspace import (
    estimate_maps,
    root_sum_of_squares,
    sampled_centre,
    smoothed_maps,
    to_image,
    to_kspace,
)
from uplapp.imaging.physics.measurement import (
    AsItIs,
    Degradation,
    DegradationEntry,
    Measurement,
    Sampling,
    Slice,
    crop_centre,
    of_pixels,
    require_sampling,
    zero_filled,
)
from uplapp.imaging.physics.pixels import (
    Downsampling,
    Enlargement,
    GaussianNoise,
    MaskImage,
    Missing,
    MissingPixels,
    SmallerImage,
    add_gaussian_noise,
    of_visible,
    put_visible_back,
)
from uplapp.imaging.physics.projections import (
    Head,
    Projection,
    Projector,
    as_picture,
    attenuation_of_units,
    attenuation_of_window,
)
from uplapp.imaging.physics.undersampling import Undersampling, noisy, smooth_phase, undersample
from uplapp.registry import Registry

__all__ = [
    "DEGRADATIONS",
    "MAPS",
    "AsItIs",
    "Degradation",
    "DegradationEntry",
    "Downsampling",
    "Enlargement",
    "GaussianNoise",
    "Head",
    "MaskImage",
    "Measurement",
    "Missing",
    "MissingPixels",
    "Projection",
    "Projector",
    "Sampling",
    "Slice",
    "SmallerImage",
    "Undersampling",
    "add_gaussian_noise",
    "as_picture",
    "attenuation_of_units",
    "attenuation_of_window",
    "crop_centre",
    "estimate_maps",
    "has_wide_centre",
    "noisy",
    "of_pixels",
    "of_visible",
    "put_visible_back",
    "require_sampling",
    "root_sum_of_squares",
    "sampled_centre",
    "smooth_phase",
    "smoothed_maps",
    "to_image",
    "to_kspace",
    "undersample",
    "with_maps",
    "zero_filled",
]

DEGRADATIONS: Registry[DegradationEntry] = Registry(
    "degradation",
    {
        "noise": DegradationEntry(GaussianNoise, "Gaussian noise", "Lehtinen et al. (2018)"),
        "undersampling": DegradationEntry(Undersampling, "Undersampling of k-space", "Zbontar et al. (2018)"),
        "missing": DegradationEntry(MissingPixels, "Missing pixels", "Ulyanov et al. (2018)"),
        "smaller": DegradationEntry(SmallerImage, "Smaller image", "Keys (1981)"),
        "projection": DegradationEntry(Projection, "Projection", "Stimpel et al. (2017)"),
    },
)
