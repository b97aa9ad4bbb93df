"""A network that sees every image at mean 0 and deviation 1."""

import torch
from torch import Tensor, nn

CLAMP = 6.0
SMALLEST_DEVIATION = 1e-6


class Standardised(nn.Module):
    """Shift and scale an image (B,C,H,W) by its own mean and deviation, restore it, shift and scale back.

    What the network sees is clamped to +-6 deviations. The estimate scales with the input, so MR images
    of any unit can be restored. Source: Zbontar et al. (2018), fastMRI, sec. 5.2.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.channels, self.multiple = network.channels, network.multiple
        self.receptive_radius = None

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch without clipping the output."""
        deviation, mean = torch.std_mean(image, dim=(1, 2, 3), keepdim=True)
        deviation = deviation.clamp_min(SMALLEST_DEVIATION)
        estimate: Tensor = self.network(((image - mean) / deviation).clamp(-CLAMP, CLAMP))
        return estimate * deviation + mean
