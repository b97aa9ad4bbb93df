"""Restorers of images: networks, classical methods, fits to one image."""

from uplapp.imaging.restorers.classical import (
    AsSeen,
    Biharmonic,
    DictionaryLearning,
    NonLocalMeans,
    Sense,
    Smoothing,
    TotalVariation,
    Wavelet,
)
from uplapp.imaging.restorers.consistency import PUT_BACK
from uplapp.imaging.restorers.network import NetworkRestorer
from uplapp.imaging.restorers.refinement import RefinedRestorer
from uplapp.imaging.restorers.restorer import (
    FittedRestorer,
    Restorer,
    RestorerEntry,
    Watch,
    proceed,
    unwatched,
)
from uplapp.imaging.restorers.untrained import ConvDecoderFit, DeepDecoderFit, DeepImagePriorFit
from uplapp.registry import Registry

__all__ = [
    "PUT_BACK",
    "RESTORERS",
    "FittedRestorer",
    "NetworkRestorer",
    "RefinedRestorer",
    "Restorer",
    "RestorerEntry",
    "Watch",
    "proceed",
    "unwatched",
]

BOTH = ("pixels", "kspace")
MAGNITUDE = ("magnitude",)
ALL = (*BOTH, "missing", "smaller")
RESTORERS: Registry[RestorerEntry] = Registry(
    "method",
    {
        "network": RestorerEntry(NetworkRestorer, "Network", "its card", "network", (), (2, 3)),
        "zero_filled": RestorerEntry(AsSeen, "Zero-filled", "the measurement", operators=("kspace",)),
        "bicubic": RestorerEntry(AsSeen, "Bicubic", "Keys (1981)", operators=("smaller",)),
        "biharmonic": RestorerEntry(
            Biharmonic, "Biharmonic", "Damelin & Hoang (2018)", operators=("missing",)
        ),
        "nlm": RestorerEntry(NonLocalMeans, "Non-local means", "Buades et al. (2005)", volumes=MAGNITUDE),
        "wavelet": RestorerEntry(
            Wavelet, "Wavelets", "Chang et al. (2000)", operators=BOTH, volumes=MAGNITUDE
        ),
        "tv": RestorerEntry(
            TotalVariation, "Total variation", "Rudin et al. (1992)", operators=ALL, volumes=MAGNITUDE
        ),
        "gaussian": RestorerEntry(Smoothing, "Gaussian", "a filter", operators=MAGNITUDE, axes=(3,)),
        "sense": RestorerEntry(Sense, "SENSE", "Pruessmann et al. (2001)", operators=("kspace",)),
        "dlmri": RestorerEntry(
            DictionaryLearning, "Dictionary learning", "Ravishankar & Bresler (2011)", operators=("kspace",)
        ),
        "deep_decoder": RestorerEntry(
            DeepDecoderFit, "Deep Decoder", "Heckel & Hand (2019)", "fitted", operators=ALL
        ),
        "conv_decoder": RestorerEntry(
            ConvDecoderFit, "ConvDecoder", "Darestani & Heckel (2021)", "fitted", operators=ALL
        ),
        "deep_image_prior": RestorerEntry(
            DeepImagePriorFit, "Deep Image Prior", "Ulyanov et al. (2018)", "fitted", operators=ALL
        ),
    },
)
