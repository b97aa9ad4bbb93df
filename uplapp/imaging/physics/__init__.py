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
from uplapp.imaging.physics.rician import (
    Magnitude,
    RicianNoise,
    add_rician_noise,
    estimate_rician_noise,
    of_magnitude,
    rician_mean,
    signal_of_mean,
)
from uplapp.imaging.physics.space import Space
from uplapp.imaging.physics.trees import HABITS, Tree, draw_tree
from uplapp.imaging.physics.undersampling import Undersampling, noisy, smooth_phase, undersample
from uplapp.imaging.physics.vesselness import threshold_of, vessel_mask, vesselness
from uplapp.registry import Registry

__all__ = [
    "DEGRADATIONS",
    "HABITS",
    "MAPS",
    "AsItIs",
    "Degradation",
    "DegradationEntry",
    "Downsampling",
    "Enlargement",
    "GaussianNoise",
    "Head",
    "Magnitude",
    "MaskImage",
    "Measurement",
    "Missing",
    "MissingPixels",
    "Projection",
    "Projector",
    "RicianNoise",
    "Sampling",
    "Slice",
    "SmallerImage",
    "Space",
    "Tree",
    "Undersampling",
    "add_gaussian_noise",
    "add_rician_noise",
    "as_picture",
    "attenuation_of_units",
    "attenuation_of_window",
    "crop_centre",
    "draw_tree",
    "estimate_maps",
    "estimate_rician_noise",
    "has_wide_centre",
    "noisy",
    "of_magnitude",
    "of_pixels",
    "of_visible",
    "put_visible_back",
    "require_sampling",
    "rician_mean",
    "root_sum_of_squares",
    "sampled_centre",
    "signal_of_mean",
    "smooth_phase",
    "smoothed_maps",
    "threshold_of",
    "to_image",
    "to_kspace",
    "undersample",
    "vessel_mask",
    "vesselness",
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
        "rician": DegradationEntry(RicianNoise, "Rician noise", "Gudbjartsson & Patz (1995)"),
    },
)
