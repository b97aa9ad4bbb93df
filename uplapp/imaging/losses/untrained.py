"""The untrained perceptual loss: the features of a small network with random, frozen weights.

Source: Pfaehler et al. (2024), Untrained perceptual loss for image denoising of line-like structures in MR
images. Depth, kernel, pooling and initialisation are the ones they compare; five layers of 3 px did best.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional, init

from uplapp.errors import UplappError
from uplapp.imaging.losses.checks import (
    require_axes,
    require_choice,
    require_number,
    require_sides,
    require_switch,
    require_whole,
)

Convolve = Callable[..., Tensor]
Pool = Callable[[Tensor, int], Tensor]
# For images and volumes, with the memory layout in which they run fastest.
CONVOLUTIONS: dict[int, tuple[Convolve, torch.memory_format]] = {
    4: (functional.conv2d, torch.channels_last),
    5: (functional.conv3d, torch.channels_last_3d),
}
POOLINGS: dict[str, dict[int, Pool]] = {
    "max": {4: functional.max_pool2d, 5: functional.max_pool3d},
    "avg": {4: functional.avg_pool2d, 5: functional.avg_pool3d},
    "stride": {},
    "none": {},
}
INITIALISATIONS: dict[str, Callable[..., Tensor]] = {
    "kaiming_uniform": partial(init.kaiming_uniform_, nonlinearity="relu"),
    "kaiming_normal": partial(init.kaiming_normal_, nonlinearity="relu"),
    "xavier_uniform": init.xavier_uniform_,
    "xavier_normal": init.xavier_normal_,
    "orthogonal": init.orthogonal_,
    "normal": partial(init.normal_, std=0.02),
    "uniform": partial(init.uniform_, a=-0.1, b=0.1),
}
TAPS = ("all", "last")
LARGEST_WEIGHT, SMALLEST_DIFFERENCE = 1e3, 1e-8


@dataclass(frozen=True)
class LossNetwork:
    """A stack of convolutions without bias, each with a ReLU, halved between layers by `pooling`.

    `pooling` is max, avg, stride (every later convolution steps by 2) or none; `taps` are the layers that
    are compared, all or the last. The zeros around an image keep its size.
    """

    depth: int = 5
    kernel_size: int = 3
    width: int = 32
    pooling: str = "max"
    initialisation: str = "kaiming_uniform"
    taps: str = "all"

    def __post_init__(self) -> None:
        for name in ("depth", "kernel_size", "width"):
            require_whole(name, getattr(self, name), 1)
        if self.kernel_size % 2 == 0:
            raise UplappError(f"kernel_size is {self.kernel_size}; it needs an odd number")
        require_choice("pooling", self.pooling, POOLINGS)
        require_choice("initialisation", self.initialisation, INITIALISATIONS)
        require_choice("taps", self.taps, TAPS)

    @property
    def smallest_side_px(self) -> int:
        """The side of an image of which one sample is left in the last layer."""
        return 2 ** (self.depth - 1) if POOLINGS[self.pooling] else 1

    def draw(self, channels: int, axes: int, seed: tuple[int, ...]) -> list[Tensor]:
        """The filters of each layer for images of `channels` with `axes` axes, from a seed of their own."""
        state = np.random.SeedSequence(seed).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))
        shapes = [(self.width, channels)] + [(self.width, self.width)] * (self.depth - 1)
        kernel = (self.kernel_size,) * (axes - 2)
        fill = INITIALISATIONS[self.initialisation]
        return [fill(torch.empty(*shape, *kernel), generator=generator) for shape in shapes]

    def features(self, image: Tensor, filters: list[Tensor]) -> Iterator[Tensor]:
        """The maps that are compared, (B,width,...), one layer after the other."""
        convolve, layout = CONVOLUTIONS[image.ndim]
        pool = POOLINGS[self.pooling].get(image.ndim)
        image = image.contiguous(memory_format=layout)
        for layer, weight in enumerate(filters):
            if layer and pool:
                image = pool(image, 2)
            stride = 2 if layer and self.pooling == "stride" else 1
            image = convolve(image, weight, stride=stride, padding=self.kernel_size // 2).relu()
            if self.taps == "all" or layer == self.depth - 1:
                yield image


class UntrainedPerceptualLoss(nn.Module):
    """Sum over layers of the mean squared difference of random features.

    Images are (B,C,H,W) or (B,C,D,H,W) in [0,1]. Options are as for `LossNetwork`. The weights follow
    from `seed` and the shape of the images and are neither learned nor saved. With `resample` each call in
    training mode draws others: they follow from the seed and the buffer `step`, which counts the calls. An
    image that pooling would leave empty is refused.

    Random features may hardly see an offset. `l1_weight` adds the mean absolute difference, times so many
    first values of the features over its own first value, which the buffer `scale` keeps.
    """

    scale: Tensor

    def __init__(
        self,
        depth: int = LossNetwork.depth,
        kernel_size: int = LossNetwork.kernel_size,
        width: int = LossNetwork.width,
        pooling: str = LossNetwork.pooling,
        initialisation: str = LossNetwork.initialisation,
        taps: str = LossNetwork.taps,
        seed: int = 0,
        resample: bool = False,
        l1_weight: float = 0.0,
    ) -> None:
        super().__init__()
        require_number("l1_weight", l1_weight, 0, LARGEST_WEIGHT)
        require_whole("seed", seed, 0)
        require_switch("resample", resample)
        self.network = LossNetwork(depth, kernel_size, width, pooling, initialisation, taps)
        self.seed, self.resample, self.l1_weight = seed, resample, l1_weight
        if l1_weight:
            self.register_buffer("scale", torch.zeros(()))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self.step: Tensor
        self._drawn: tuple[object, list[Tensor]] = (None, [])

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return a scalar from 0."""
        require_axes(estimate, tuple(CONVOLUTIONS))
        require_sides(estimate, self.network.smallest_side_px)
        filters = self._filters(estimate)
        if self.resample and self.training:
            self.step += 1
        pairs = zip(
            self.network.features(estimate, filters), self.network.features(target, filters), strict=True
        )
        of_features = torch.stack([(ours - theirs).square().mean() for ours, theirs in pairs]).sum()
        return of_features + self._of_values(of_features, estimate, target) if self.l1_weight else of_features

    def _of_values(self, of_features: Tensor, estimate: Tensor, target: Tensor) -> Tensor:
        """Give the weighed mean absolute difference. The first batch in training sets its scale."""
        difference = (estimate - target).abs().mean()
        scale = self.scale
        if not scale:
            scale = of_features.detach() / difference.detach().clamp_min(SMALLEST_DIFFERENCE)
            if self.training:
                self.scale.copy_(scale)
        return self.l1_weight * scale * difference

    @torch.inference_mode(False)
    def _filters(self, image: Tensor) -> list[Tensor]:
        """The filters for images like this one, kept until another kind of image or step comes."""
        seed = (self.seed, int(self.step)) if self.resample else (self.seed,)
        key = (seed, image.shape[1], image.ndim, image.dtype, image.device)
        if self._drawn[0] != key:
            filters = self.network.draw(image.shape[1], image.ndim, seed)
            self._drawn = (key, [weight.to(image) for weight in filters])
        return self._drawn[1]
