"""Restoration networks: `NETWORKS.build(name, ...)` maps images (B,C,H,W) in [0,1] to their like."""

from uplapp.imaging.networks.unet import UNet
from uplapp.registry import Entry, Registry

NETWORKS: Registry[Entry] = Registry(
    "network",
    {"unet": Entry(UNet, "U-Net", "Lehtinen et al. (2018)")},
)
