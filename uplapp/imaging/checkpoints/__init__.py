"""Trained weights, the cards that describe them, and the folders that hold them."""

from uplapp.imaging.checkpoints.card import (
    MAX_CARD_BYTES,
    NETWORK,
    Card,
    label,
    purpose_of,
    read_card,
)
from uplapp.imaging.checkpoints.folder import Checkpoints, name_for, write_checkpoint
from uplapp.imaging.checkpoints.weights import MAX_BYTES, build_network, is_grey
from uplapp.imaging.networks import SEGMENT

__all__ = [
    "MAX_BYTES",
    "MAX_CARD_BYTES",
    "NETWORK",
    "SEGMENT",
    "Card",
    "Checkpoints",
    "build_network",
    "is_grey",
    "label",
    "name_for",
    "purpose_of",
    "read_card",
    "write_checkpoint",
]
