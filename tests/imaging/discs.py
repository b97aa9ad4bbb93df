"""Labelled files of a bright disc, and segmenters of it: of bright pixels, and of random weights."""

from pathlib import Path

import numpy as np
import torch

from uplapp.imaging.checkpoints import build_network, write_checkpoint
from uplapp.imaging.recipes.spec import RunSpec, Schedule, Stage

FACTS = {"scores": {}, "hardware": "a test", "versions": {}}
TINY = Schedule(steps=6, batch=2, crop_px=32, warm_up=2, precision="float32", learning_rate=1e-2)
SMALL = {"width": 6, "levels": 2, "widest": 8}


def disc(side: int = 32, radius: float = 8.0, centre: tuple[float, float] = (16.0, 16.0)) -> np.ndarray:
    """True on a disc (H,W)."""
    rows, columns = np.mgrid[:side, :side]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def arrays(count: int = 3, side: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Slices (n,H,W) of a bright disc on a dim, noisy ground, and its labels. The last slice shows none."""
    random = np.random.default_rng(seed)
    marks = np.stack([disc(side, 5.0 + place, (side / 2, side / 2 + place)) for place in range(count)])
    marks[-1] = False
    images = 100 + 800 * marks + random.normal(0, 10, marks.shape)
    return images.astype(np.int16), marks.astype(np.uint8)


def disc_file(path: Path, names=("image", "label"), side: int = 32, **others) -> Path:
    """Write labelled slices under these names, with other arrays beside or instead of them."""
    np.savez(path, **{**dict(zip(names, arrays(side=side), strict=True)), **others})
    return path


class Bright:
    """A segmenter that takes what is brighter than half of white for the disc."""

    def segment(self, image: torch.Tensor) -> torch.Tensor:
        return (image[:, 0] > 0.5).long()


def recipe(anatomy: str = "ventricle", held_out: tuple[str, ...] = (), **changes) -> RunSpec:
    """The recipe of a tiny segmenter."""
    options = {"anatomy": anatomy, "held_out": list(held_out)}
    stage = Stage("cross_entropy", TINY, learner="segmentation", options=options, **changes)
    return RunSpec("mri", "segmenter", (stage,), 0, SMALL, label=anatomy)


def segmenter(folder: Path, anatomy: str = "ventricle", learned_from: tuple[str, ...] = ()):
    """Write the checkpoint of a segmenter of random weights."""
    spec = recipe(anatomy)
    torch.manual_seed(0)
    network = build_network(spec)
    return write_checkpoint(folder, spec, network, {}, data={"patients": list(learned_from)}, **FACTS)
