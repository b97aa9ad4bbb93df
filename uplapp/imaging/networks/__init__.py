"""Networks by name: those that are trained to restore, and those that are fitted to one image.

What is trained maps images (B,C,H,W) or volumes (B,C,D,H,W) in [0,1] to their like; where it `sees_data` it
maps measurements.
What is fitted maps a fixed random tensor (P,C,h,w) and the size (H,W) of an image to that image, and gives
`latent_channels` and `latent_size(size)`.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from uplapp.errors import UplappError
from uplapp.imaging.networks.cascades import RecNet, ResidualCascade, UNetCascade
from uplapp.imaging.networks.crn import CascadedRefinement
from uplapp.imaging.networks.dagan import DaganGenerator
from uplapp.imaging.networks.deep_decoder import ConvDecoder, DeepDecoder
from uplapp.imaging.networks.deep_image_prior import DeepImagePrior
from uplapp.imaging.networks.published import DruNet, FastMriUNet, PlainDnCnn
from uplapp.imaging.networks.refinement import Refinement
from uplapp.imaging.networks.residual import DnCnn, resnet
from uplapp.imaging.networks.segmenter import Segmenter
from uplapp.imaging.networks.transformer import WindowTransformer
from uplapp.imaging.networks.unet import UNet
from uplapp.imaging.networks.unet_unshuffle import UNetUnshuffle
from uplapp.registry import Entry, Registry

RESTORE, SEGMENT = "restore", "segment"
# Packages add networks by entry points of this group.
GROUP = "uplapp.networks"
BOTH = (2, 3)


@dataclass(frozen=True)
class NetworkEntry(Entry):
    """A row of NETWORKS: `fitted` networks make one image out of noise and are never trained.

    `operator` is the kind of measurements that a network sees instead of an image, if it does. `purpose` says
    what it is for: to restore images, or to segment them, which judges what others restored and is never
    offered as a restorer. It works on images with so many `axes`; one that works on several has the option.
    """

    fitted: bool = False
    operator: str = ""
    purpose: str = RESTORE
    axes: tuple[int, ...] = (2,)


_OWN: Mapping[str, NetworkEntry] = {
    "unet": NetworkEntry(UNet, "U-Net", "Lehtinen et al. (2018)"),
    "resnet": NetworkEntry(resnet, "ResNet", "He et al. (2016)", axes=BOTH),
    "dncnn": NetworkEntry(DnCnn, "DnCNN", "Zhang et al. (2017)", axes=BOTH),
    "dncnn_plain": NetworkEntry(PlainDnCnn, "DnCNN, plain", "Zhang et al. (2017)"),
    "drunet": NetworkEntry(DruNet, "DRUNet", "Zhang et al. (2021)"),
    "unet_fastmri": NetworkEntry(FastMriUNet, "U-Net, fastMRI", "Zbontar et al. (2018)"),
    "unet_unshuffle": NetworkEntry(UNetUnshuffle, "U-Net unshuffle", "Shi et al. (2016)", axes=(3,)),
    "transformer": NetworkEntry(WindowTransformer, "Transformer", "Liu et al. (2021)", axes=(3,)),
    "crn": NetworkEntry(CascadedRefinement, "CRN", "Chen & Koltun (2017)"),
    "recnet": NetworkEntry(RecNet, "RecNet", "Seitzer et al. (2018)", operator="kspace"),
    "d5c5": NetworkEntry(ResidualCascade, "D5C5", "Schlemper et al. (2018)", operator="kspace"),
    "unet_cascade": NetworkEntry(UNetCascade, "U-Net cascade", "Sriram et al. (2020)", operator="kspace"),
    "refinement": NetworkEntry(Refinement, "Refinement", "Seitzer et al. (2018)"),
    "dagan": NetworkEntry(DaganGenerator, "DAGAN", "Yang et al. (2018)"),
    "segmenter": NetworkEntry(Segmenter, "Segmenter", "Ronneberger et al. (2015)", purpose=SEGMENT),
    "deep_decoder": NetworkEntry(DeepDecoder, "Deep Decoder", "Heckel & Hand (2019)", fitted=True),
    "conv_decoder": NetworkEntry(ConvDecoder, "ConvDecoder", "Darestani & Heckel (2021)", fitted=True),
    "deep_image_prior": NetworkEntry(
        DeepImagePrior, "Deep Image Prior", "Ulyanov et al. (2018)", fitted=True
    ),
}


def of_packages(points: Iterable[EntryPoint]) -> dict[str, NetworkEntry]:
    """Load the networks that installed packages add, rows of NETWORKS or classes, by the names of points.

    One that cannot be loaded, or whose name is taken, is left out with a line in the terminal; the app goes
    on.
    """
    rows: dict[str, NetworkEntry] = {}
    for point in points:
        try:
            if point.name in _OWN or point.name in rows:
                raise UplappError("its name is taken")
            rows[point.name] = _row_of(point.load(), point)
        except Exception as error:  # whatever the code of a package raises
            print(f"the network '{point.name}' of {point.value} is left out: {error}", file=sys.stderr)
    return rows


def _row_of(loaded: Any, point: EntryPoint) -> NetworkEntry:
    if isinstance(loaded, NetworkEntry):
        return loaded
    if not callable(loaded):
        raise UplappError(f"{point.attr} is neither a class of networks nor a NetworkEntry")
    return NetworkEntry(loaded, point.name, point.dist.name if point.dist else point.module)


NETWORKS: Registry[NetworkEntry] = Registry("network", {**_OWN, **of_packages(entry_points(group=GROUP))})


def trained(name: str) -> NetworkEntry:
    """Give the row of a network that is trained. One that is fitted to each image is refused."""
    if NETWORKS[name].fitted:
        raise UplappError(
            f"the network '{name}' is fitted to each image and never trained; name it as a method instead"
        )
    return NETWORKS[name]
