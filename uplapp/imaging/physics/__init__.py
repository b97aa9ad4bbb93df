"""How images are measured: operators, and the degradations that make measurements of clean images."""

from uplapp.imaging.physics.measurement import DegradationEntry
from uplapp.imaging.physics.noise import GaussianNoise
from uplapp.imaging.physics.undersampling import Undersampling
from uplapp.registry import Registry

DEGRADATIONS: Registry[DegradationEntry] = Registry(
    "degradation",
    {
        "noise": DegradationEntry(GaussianNoise, "Gaussian noise", "Lehtinen et al. (2018)"),
        "undersampling": DegradationEntry(Undersampling, "Undersampling of k-space", "Zbontar et al. (2018)"),
    },
)
