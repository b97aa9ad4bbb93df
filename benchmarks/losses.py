"""Forward and backward of the perceptual losses on one thread, beside other libraries.

Run: python benchmarks/losses.py
"""

import time
from collections.abc import Callable

import pytorch_msssim
import torch

from uplapp.imaging.losses import LOSSES

SHAPE = (4, 3, 256, 256)
ROUNDS = 7

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def other_ms_ssim(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """MS-SSIM of pytorch-msssim as a loss."""
    return 1 - pytorch_msssim.ms_ssim(estimate, target, data_range=1)


def seconds(loss: Loss, estimate: torch.Tensor, target: torch.Tensor) -> float:
    """One forward and backward pass."""
    estimate.grad = None
    started = time.perf_counter()
    loss(estimate, target).backward()
    return time.perf_counter() - started


def main() -> None:
    """Interleave the losses, so that a busy machine slows all of them, and print the best of each."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(SHAPE, generator=generator)
    estimate = (target + 0.1 * torch.randn(SHAPE, generator=generator)).requires_grad_()
    losses: dict[str, Loss] = {"pytorch-msssim MS-SSIM": other_ms_ssim}
    losses |= {f"uplapp {name}": LOSSES.build(name) for name in LOSSES}
    rounds = [{name: seconds(loss, estimate, target) for name, loss in losses.items()} for _ in range(ROUNDS)]
    best = {name: min(times[name] for times in rounds) for name in losses}
    unit = best["pytorch-msssim MS-SSIM"]
    print(f"forward + backward, {'x'.join(map(str, SHAPE))}, one thread, best of {ROUNDS}")
    for name, time_s in best.items():
        print(f"{name:24} {1000 * time_s:7.1f} ms   {time_s / unit:5.2f} x pytorch-msssim")


if __name__ == "__main__":
    main()
