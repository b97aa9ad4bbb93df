"""The perceptual loss by VGG-19 that trained the cascaded refinement network, and by SqueezeNet in its place.

Source: Chen and Koltun (2017), eq. 1; pooling by means and five layers as in their code.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.losses.checks import require_choice
from uplapp.imaging.losses.features import Features

# The network of each backbone, and its five taps: after the rectifiers of conv1_2, conv2_2, conv3_2, conv4_2
# and conv5_2 of VGG-19; of SqueezeNet after its first rectifier and after Fire modules, two of the last ones.
BACKBONES = {
    "vgg": ("vgg19", (3, 8, 13, 22, 31)),
    "squeeze": ("squeezenet1_1", (1, 4, 7, 10, 12)),
}
LAYERS = 6  # with the input
# A first batch of equal images has no scale of its own.
SMALLEST_MEAN = 1e-8


class VggLoss(nn.Module):
    """Mean absolute difference of two images and of their features in VGG-19, summed over six layers.

    `layer_weights` weigh the input and conv1_2 to conv5_2; None stands for 1 each. `balance` also
    divides each layer by its mean in the first batch, kept in the state_dict. `backbone` is vgg or squeeze:
    the features of SqueezeNet 1.1, a fiftieth of the work, where the weights of VGG-19 cannot be had.
    `weights` is a folder, see `feature_weights`; UplappError when they cannot be had or do not fit.
    """

    means: Tensor

    def __init__(
        self,
        layer_weights: Sequence[float] | None = None,
        balance: bool = False,
        backbone: str = "vgg",
        weights: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.layer_weights = _six(layer_weights)
        self.balance = balance
        require_choice("backbone", backbone, BACKBONES)
        network, taps = BACKBONES[backbone]
        self.features = Features(network, taps, weights, average_pool=True)
        self.register_buffer("means", torch.zeros(LAYERS), persistent=balance)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Compare images (B,C,H,W) in [0,1] of 1 or 3 channels and return a scalar.

        Volumes (B,C,D,H,W) are compared slice by slice, the mean of all of them. The gradient flows to
        `estimate` alone.
        """
        estimate, target = slices(estimate), slices(target)
        with torch.no_grad():
            seen_t = [target.detach(), *self.features(target)]
        seen_e = [estimate, *self.features(estimate)]
        layers = torch.stack([(e - t).abs().mean() for e, t in zip(seen_e, seen_t, strict=True)])
        weights = torch.tensor(self.layer_weights, dtype=layers.dtype, device=layers.device)
        return (layers / self._scales(layers.detach()) * weights).sum()

    def _scales(self, layers: Tensor) -> Tensor:
        """Give the divisor of each layer.

        The first batch that is balanced settles it.
        """
        if not self.balance:
            return torch.ones_like(layers)
        if not self.means.any():
            self.means.copy_(layers.clamp_min(SMALLEST_MEAN))
        return self.means.to(layers.dtype)


def slices(image: Tensor) -> Tensor:
    """Give images (B,C,H,W) as they are, and the slices (B*D,C,H,W) of volumes (B,C,D,H,W)."""
    return image.transpose(1, 2).flatten(0, 1) if image.ndim == 5 else image


def _six(layer_weights: Sequence[float] | None) -> tuple[float, ...]:
    chosen = (1.0,) * LAYERS if layer_weights is None else tuple(layer_weights)
    if len(chosen) != LAYERS or min(chosen) < 0:
        raise UplappError(
            f"layer_weights of the VGG loss are {list(chosen)}; they need six numbers of 0 or more, the "
            "first for the input"
        )
    return chosen
