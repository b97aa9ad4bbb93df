"""Forward and backward of the losses on one thread, beside other libraries.

Run: python benchmarks/losses.py [NAME...]    (flip_evaluator's torch code needs CUDA and is not timed)
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median

import pytorch_msssim
import torch
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES

SHAPE = (4, 3, 256, 256)
ROUNDS = 9
UNIT = "pytorch-msssim MS-SSIM"

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def other_ms_ssim(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """MS-SSIM of pytorch-msssim as a loss."""
    return 1 - pytorch_msssim.ms_ssim(estimate, target, data_range=1)


def slower_ms_ssim(estimate: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """MS-SSIM of torchmetrics as a loss."""
    return 1 - multiscale_structural_similarity_index_measure(estimate, target, data_range=1.0)


def ours(names: Sequence[str]) -> dict[str, Loss]:
    """Build the losses of the table that can be built here, and print the others."""
    losses: dict[str, Loss] = {}
    for name in names:
        try:
            losses[f"uplapp {name}"] = LOSSES.build(name)
        except UplappError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return losses


def seconds(loss: Loss, estimate: torch.Tensor, target: torch.Tensor) -> float:
    """One forward and backward pass."""
    estimate.grad = None
    started = time.perf_counter()
    loss(estimate, target).backward()
    return time.perf_counter() - started


def main(names: Sequence[str]) -> None:
    """Interleave the losses, so that a busy machine slows all. Prints best times and median ratios."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(SHAPE, generator=generator)
    estimate = (target + 0.1 * torch.randn(SHAPE, generator=generator)).requires_grad_()
    losses = {UNIT: other_ms_ssim, "torchmetrics MS-SSIM": slower_ms_ssim} | ours(names)
    clock = partial(seconds, estimate=estimate, target=target)
    for loss in losses.values():
        clock(loss)
    rounds = [{name: clock(loss) for name, loss in losses.items()} for _ in range(ROUNDS)]
    print(f"forward + backward, {'x'.join(map(str, SHAPE))}, one thread, {ROUNDS} rounds")
    for name in losses:
        best_ms = 1000 * min(times[name] for times in rounds)
        ratio = median(times[name] / times[UNIT] for times in rounds)
        print(f"{name:24} {best_ms:7.1f} ms at best, {ratio:5.2f} x {UNIT}")


if __name__ == "__main__":
    main(sys.argv[1:] or list(LOSSES))
