"""Training: from a recipe and a folder of data to a checkpoint."""

from uplapp.imaging.training.adversarial import Adversarial
from uplapp.imaging.training.learners import Learner, Supervised
from uplapp.imaging.training.segmentation import Segmentation
from uplapp.registry import Entry, Registry

__all__ = ["LEARNERS", "Learner"]

# `LEARNERS.build(name, spec=..., team=..., **stage.options)` gives a Learner.
LEARNERS: Registry[Entry] = Registry(
    "learner",
    {
        "supervised": Entry(Supervised, "Supervised", "one loss on pairs"),
        "adversarial": Entry(Adversarial, "Adversarial", "Seitzer et al. (2018)"),
        "segmentation": Entry(Segmentation, "Segmentation", "cross-entropy on labelled slices"),
    },
)
