"""Noise that is added to images."""

import torch
from torch import Tensor


def add_gaussian_noise(image: Tensor, sigma: float | Tensor, generator: torch.Generator) -> Tensor:
    """Add white Gaussian noise of `sigma` in 8-bit units to an image in [0,1]; the result is not clipped.

    `sigma` may be a tensor that broadcasts against the image. The noise is drawn on the generator's
    device, so that a seed gives the same noise wherever the image is.
    """
    noise = torch.randn(image.shape, generator=generator, device=generator.device, dtype=torch.float32)
    return image + (noise * (sigma / 255)).to(image)
