"""Restorers of images: networks, classical methods, fits to one image."""

from uplapp.imaging.restorers.classical import NonLocalMeans, TotalVariation, Wavelet, ZeroFilled
from uplapp.imaging.restorers.network import NetworkRestorer
from uplapp.imaging.restorers.restorer import Restorer, RestorerEntry, Watch, unwatched
from uplapp.registry import Registry

__all__ = ["RESTORERS", "NetworkRestorer", "Restorer", "RestorerEntry", "Watch", "unwatched"]

BOTH = ("pixels", "kspace")
RESTORERS: Registry[RestorerEntry] = Registry(
    "method",
    {
        "network": RestorerEntry(NetworkRestorer, "Network", "its card", "network", (), (2, 3)),
        "zero_filled": RestorerEntry(ZeroFilled, "Zero-filled", "the measurement", operators=("kspace",)),
        "nlm": RestorerEntry(NonLocalMeans, "Non-local means", "Buades et al. (2005)"),
        "wavelet": RestorerEntry(Wavelet, "Wavelets", "Chang et al. (2000)", operators=BOTH),
        "tv": RestorerEntry(TotalVariation, "Total variation", "Rudin et al. (1992)", operators=BOTH),
    },
)
