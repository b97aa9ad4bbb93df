"""Restorers of images: networks, classical methods, fits to one image."""

from uplapp.imaging.restorers.classical import NonLocalMeans, TotalVariation, Wavelet, ZeroFilled
from uplapp.imaging.restorers.network import NetworkRestorer
from uplapp.imaging.restorers.restorer import FittedRestorer, Restorer, RestorerEntry, Watch, unwatched
from uplapp.imaging.restorers.untrained import ConvDecoderFit, DeepDecoderFit, DeepImagePriorFit
from uplapp.registry import Registry

__all__ = [
    "RESTORERS",
    "FittedRestorer",
    "NetworkRestorer",
    "Restorer",
    "RestorerEntry",
    "Watch",
    "unwatched",
]

BOTH = ("pixels", "kspace")
RESTORERS: Registry[RestorerEntry] = Registry(
    "method",
    {
        "network": RestorerEntry(NetworkRestorer, "Network", "its card", "network", (), (2, 3)),
        "zero_filled": RestorerEntry(ZeroFilled, "Zero-filled", "the measurement", operators=("kspace",)),
        "nlm": RestorerEntry(NonLocalMeans, "Non-local means", "Buades et al. (2005)"),
        "wavelet": RestorerEntry(Wavelet, "Wavelets", "Chang et al. (2000)", operators=BOTH),
        "tv": RestorerEntry(TotalVariation, "Total variation", "Rudin et al. (1992)", operators=BOTH),
        "deep_decoder": RestorerEntry(
            DeepDecoderFit, "Deep Decoder", "Heckel & Hand (2019)", "fitted", operators=BOTH
        ),
        "conv_decoder": RestorerEntry(
            ConvDecoderFit, "ConvDecoder", "Darestani & Heckel (2021)", "fitted", operators=BOTH
        ),
        "deep_image_prior": RestorerEntry(
            DeepImagePriorFit, "Deep Image Prior", "Ulyanov et al. (2018)", "fitted", operators=BOTH
        ),
    },
)
