"""Classical methods as restorers, each for pixels, k-space or both."""

from dataclasses import dataclass
from functools import partial

from torch import Tensor

from uplapp.described import check_options, option
from uplapp.imaging.case import Case
from uplapp.imaging.physics import MAPS, with_maps
from uplapp.imaging.restorers.compressed_sensing import tv as tv_of_kspace
from uplapp.imaging.restorers.compressed_sensing import wavelet as wavelet_of_kspace
from uplapp.imaging.restorers.dlmri import FIRST, LAST, ROUNDS, SIDE, Sparsity, dlmri
from uplapp.imaging.restorers.gaps import biharmonic
from uplapp.imaging.restorers.gaps import tv as tv_of_gaps
from uplapp.imaging.restorers.photographs import nlm, tv, wavelet
from uplapp.imaging.restorers.restorer import Watch, proceed, unwatched
from uplapp.imaging.restorers.sense import TOLERANCE, WEIGHT, sense
from uplapp.imaging.restorers.volumes import gaussian
from uplapp.imaging.restorers.volumes import nlm as nlm_of_volume
from uplapp.imaging.restorers.volumes import tv as tv_of_volume
from uplapp.imaging.restorers.volumes import wavelet as wavelet_of_volume

COIL_MAPS = {name: entry.label for name, entry in MAPS.items()}
MAPS_HELP = "k-space: how coil maps are estimated; by default ESPIRiT where few central columns were sampled."
SIGMA = "Standard deviation of the noise in 8-bit units; estimated where it is not given and not known."

NOISY = "Photographs and volumes"


def _sigma(given: float | None, case: Case) -> float | None:
    """Give the noise of a case in units of the image: the option, else the measurement's, else None."""
    return given / 255 if given is not None else case.measurement.noise


@dataclass(frozen=True)
class NonLocalMeans:
    """Weighted means over similar patches, for photographs and magnitude volumes."""

    sigma: float | None = option(None, "Noise, sigma", SIGMA, low=0, high=255)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a photograph (C,H,W) as `photographs.nlm` does, a volume as `volumes.nlm` does."""
        if case.measurement.operator.kind == "magnitude":
            return nlm_of_volume(case.seen, _sigma(self.sigma, case), partial(proceed, watch))
        return nlm(case.seen, _sigma(self.sigma, case), partial(proceed, watch))


@dataclass(frozen=True)
class Wavelet:
    """Soft thresholds of wavelets: of photographs and volumes (BayesShrink), or by compressed sensing."""

    sigma: float | None = option(None, "Noise, sigma", f"{NOISY}: {SIGMA}", low=0, high=255)
    weight: float | None = option(
        None, "Weight", "k-space: weight of the wavelets; by default as chosen on training slices.", low=0
    )
    maps: str | None = option(None, "Coil maps", MAPS_HELP, choices=COIL_MAPS, folded=True)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a photograph (C,H,W), a volume (1,D,H,W) or a slice (1,H,W) from its k-space."""
        if case.measurement.operator.kind == "magnitude":
            return wavelet_of_volume(case.seen, _sigma(self.sigma, case), partial(proceed, watch))
        if case.measurement.operator.kind == "kspace":
            return wavelet_of_kspace(
                with_maps(case.measurement, self.maps), partial(proceed, watch), self.weight
            )
        return wavelet(case.seen, _sigma(self.sigma, case), partial(proceed, watch))


@dataclass(frozen=True)
class TotalVariation:
    """Small total variation: of photographs and volumes (Chambolle), by compressed sensing, or in gaps."""

    sigma: float | None = option(None, "Noise, sigma", f"{NOISY}: {SIGMA}", low=0, high=255)
    weight: float | None = option(
        None,
        "Weight",
        "k-space, missing pixels, smaller images: weight of the variation; by default as chosen on examples.",
        low=0,
    )
    maps: str | None = option(None, "Coil maps", MAPS_HELP, choices=COIL_MAPS, folded=True)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a photograph (C,H,W), a volume (1,D,H,W) or a slice (1,H,W) from its k-space.

        A photograph may have gaps or be too small.
        """
        if case.measurement.operator.kind == "magnitude":
            return tv_of_volume(case.seen, _sigma(self.sigma, case), partial(proceed, watch))
        if case.measurement.operator.kind in ("missing", "smaller"):
            return tv_of_gaps(case.measurement, partial(proceed, watch), self.weight)
        if case.measurement.operator.kind == "kspace":
            return tv_of_kspace(with_maps(case.measurement, self.maps), partial(proceed, watch), self.weight)
        return tv(case.seen, _sigma(self.sigma, case), partial(proceed, watch))


@dataclass(frozen=True)
class Smoothing:
    """A Gaussian, the wider the more noise there is, for magnitude volumes."""

    sigma: float | None = option(None, "Noise, sigma", SIGMA, low=0, high=255)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a volume (1,D,H,W)."""
        return gaussian(case.seen, _sigma(self.sigma, case), partial(proceed, watch))


@dataclass(frozen=True)
class Biharmonic:
    """A thin plate, bent over the missing pixels."""

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a photograph (C,H,W) with missing pixels."""
        return biharmonic(case.measurement, partial(proceed, watch))


@dataclass(frozen=True)
class AsSeen:
    """What is seen of a measurement: zero-filled k-space, or a picture enlarged bicubically."""

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Give what is seen (C,H,W), clipped to [0,1]."""
        proceed(watch, 1.0)
        return case.seen.clamp(0, 1)


@dataclass(frozen=True)
class Sense:
    """The least squares image of several coils, by conjugate gradients."""

    weight: float = option(WEIGHT, "Weight", "Weight of the image's energy, against noise.", low=0)
    imaginary: float | None = option(
        None, "Imaginary part", "Weight of its energy; the maps hold the phase.", low=0, folded=True
    )
    maps: str | None = option(None, "Coil maps", MAPS_HELP, choices=COIL_MAPS)
    tolerance: float = option(
        TOLERANCE,
        "Tolerance",
        "Share of the residual that ends the iteration.",
        low=1e-7,
        high=0.5,
        folded=True,
    )

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a slice (1,H,W) from its k-space."""
        measurement = with_maps(case.measurement, self.maps)
        return sense(measurement, partial(proceed, watch), self.weight, self.imaginary, self.tolerance)


@dataclass(frozen=True)
class DictionaryLearning:
    """Patches that are sparse in a dictionary learned from the slice itself, in turn with its data."""

    rounds: int = option(ROUNDS, "Rounds", "Turns of coding, learning and data.", low=1, high=1000)
    stride: int = option(2, "Stride", "Pixels from a patch to the next.", low=1, high=SIDE)
    most: int = option(5, "Atoms", "Most atoms of a patch.", low=1, high=SIDE**2, folded=True)
    first: float = option(
        FIRST,
        "First threshold",
        "Error that codes may leave at first, in errors of zero filling.",
        low=1e-4,
        high=100,
        folded=True,
    )
    last: float = option(
        LAST,
        "Last threshold",
        "Error that codes may leave at last, in errors of zero filling.",
        low=1e-4,
        high=100,
        folded=True,
    )
    sigma: float | None = option(
        None, "Noise, sigma", "Of the data in 8-bit units; without it they are exact.", low=0, high=255
    )
    maps: str | None = option(None, "Coil maps", MAPS_HELP, choices=COIL_MAPS, folded=True)

    def __post_init__(self) -> None:
        check_options(self)

    def restore(self, case: Case, watch: Watch = unwatched) -> Tensor:
        """Restore a slice (1,H,W) from its k-space."""
        measurement = with_maps(case.measurement, self.maps)
        sparsity = Sparsity(self.rounds, self.most, self.stride, self.first, self.last)

        def hear(share: float, preview: Tensor | None) -> None:
            proceed(watch, share, "", preview)

        return dlmri(measurement, sparsity, _sigma(self.sigma, case), hear)
