"""Which MS-SSIM the published denoising table holds, told by its value for noisy images, .8930.

Run: python benchmarks/published_ms_ssim.py KODAK    (the folder of its photographs; sigma 25, seed 0)
"""

import sys
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor
from torch.nn import functional

from uplapp.imaging.losses.structural import SCALE_WEIGHTS
from uplapp.imaging.physics import GaussianNoise
from uplapp.imaging.tasks import TASKS

PUBLISHED = 0.8930
LUMINANCE, CONTRAST = 0.01**2, 0.03**2
RADIUS, SIGMA = 5, 1.5


def ms_ssim(noisy: Tensor, clean: Tensor, padding: int) -> float:
    """The five-scale index of images (1,C,H,W) in [0,1], as written, with a border of zeros or without."""
    factors = []
    for _ in SCALE_WEIGHTS:
        whole, contrast = ssim(noisy, clean, padding)
        factors.append(contrast)
        noisy, clean = (functional.avg_pool2d(image, 2) for image in (noisy, clean))
    factors[-1] = whole
    return (torch.stack(factors) ** torch.tensor(SCALE_WEIGHTS)).prod().item()


def ssim(noisy: Tensor, clean: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    """Mean SSIM of one scale, and its part without luminance."""
    channels = clean.shape[1]
    bell = torch.exp(-((torch.arange(2 * RADIUS + 1) - RADIUS) ** 2) / (2 * SIGMA**2))
    window = (bell[:, None] * bell / bell.sum() ** 2).expand(channels, 1, -1, -1)

    def mean(image: Tensor) -> Tensor:
        return functional.conv2d(image, window, padding=padding, groups=channels)

    first, second = mean(noisy), mean(clean)
    spread = mean(noisy**2) - first**2 + mean(clean**2) - second**2
    shared = mean(noisy * clean) - first * second
    contrast = (2 * shared + CONTRAST) / (spread + CONTRAST)
    luminance = (2 * first * second + LUMINANCE) / (first**2 + second**2 + LUMINANCE)
    return (luminance * contrast).mean(), contrast.mean()


def main() -> None:
    """Print the index of noisy images in four variants beside the published one."""
    if len(sys.argv) != 2:
        print("The published value is that of the Kodak photographs; give the folder that holds them.")
        return
    images = [each.clean[None] for each in TASKS["denoise"].subjects(Path(sys.argv[1]))]
    noise = GaussianNoise(25.0)
    print(f"| | MS-SSIM | (1 + MS-SSIM) / 2 |\n|---|---|---|\n| published | | {PUBLISHED:.4f} |")
    for words, padding in (("whole windows only", 0), ("zeros around the image", RADIUS)):
        value = fmean(ms_ssim(noise.measure(image[0]).seen[None], image, padding) for image in images)
        print(f"| {words} | {value:.4f} | {(1 + value) / 2:.4f} |")


if __name__ == "__main__":
    main()
