"""The semantic score: whether a segmenter still finds in a reconstruction what an expert marked.

Source: Seitzer et al. (2018), semantic interpretability score.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def dice(found: Tensor, marked: Tensor) -> float:
    """Give 2 |A and B| / (|A| + |B|) of two sets of pixels of any one shape, NaN where both are empty.

    Source: Dice (1945).
    """
    first, second = found != 0, marked != 0
    total = first.sum().item() + second.sum().item()
    return 2 * (first & second).sum().item() / total if total else float("nan")


class SemanticScore:
    """The Dice of what a segmenter finds in an estimate (1,1,H,W) and the labels of its case.

    `segmenters` are networks by the anatomy that each finds, one of which is among the extras of a case; NaN
    where none is. The table divides the mean by that of the clean images.
    """

    def __init__(self, segmenters: Mapping[str, Any] | None = None) -> None:
        self.segmenters = segmenters or {}

    def __call__(self, estimate: Tensor, case: Any) -> Tensor:
        """Return one value (1,)."""
        anatomy = next((name for name in self.segmenters if name in case.extras), None)
        if anatomy is None:
            return torch.full((1,), torch.nan)
        found = self.segmenters[anatomy].segment(estimate)
        return torch.tensor([dice(found[0], case.extras["labels"][0])])
