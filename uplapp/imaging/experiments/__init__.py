"""Experiments: tables of fits that `sweep` runs and writes to one file."""

from uplapp.imaging.experiments.deep_decoder import open_picture, report_sweep
from uplapp.registry import Entry, Registry

__all__ = ["EXPERIMENTS", "open_picture"]

EXPERIMENTS: Registry[Entry] = Registry(
    "experiment",
    {"deep-decoder": Entry(report_sweep, "Deep Decoder applied to MRI", "Blasco Fernández (2023)")},
)
