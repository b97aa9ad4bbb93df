"""The pool of restored images from which a discriminator is reminded of earlier ones."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

SWAPPED_SHARE = 0.5


class HistoryPool:
    """Up to `size` restored images, which take turns with new ones.

    Source: Shrivastava et al. (2017), section 2.3, as in the code of Seitzer et al. (2018).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def exchange(self, images: Sequence[Tensor] | Tensor, random: np.random.Generator) -> Tensor:
        """Exchange half of a batch (B,C,H,W), by chance, for earlier images of the same size.

        Until the pool is full new images join it and are given back.
        """
        return torch.stack([self._exchange(image, random) for image in images])

    def _exchange(self, image: Tensor, random: np.random.Generator) -> Tensor:
        own = image.detach().clone()
        if len(self.images) < self.size:
            self.images.append(own)
            return own
        alike = [place for place, other in enumerate(self.images) if other.shape == own.shape]
        if random.random() >= SWAPPED_SHARE:
            return own
        if not alike:  # images of this size came late: one of another size makes room
            if self.images:
                self.images[int(random.integers(len(self.images)))] = own
            return own
        place = alike[int(random.integers(len(alike)))]
        earlier, self.images[place] = self.images[place], own
        return earlier
