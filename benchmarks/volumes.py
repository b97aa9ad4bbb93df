"""What a step of training on volumes costs: by network and number format, and by loss.

Patches of 2x24x48x48. Ratios of medians, measured in turns in one process: bfloat16 with channels last
against plain float32, and each loss against L1 on one network.

Run: OMP_NUM_THREADS=1 python benchmarks/volumes.py [turns: 5]
"""

import sys
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from uplapp.imaging.device import arrange, estimate
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.networks import NETWORKS

SHAPE, TURNS = (2, 1, 24, 48, 48), 5
NETWORK_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "unet_unshuffle": {},
    "dncnn": {"axes": 3, "channels": 1, "depth": 8, "width": 32},
    "resnet": {"axes": 3, "channels": 1},
    "transformer": {},
}
LOSS_OPTIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "L1": ("l1", {}),
    "SSIM": ("ssim", {}),
    "uPL, width 8, max": ("upl", {"width": 8, "pooling": "max"}),
    "uPL, width 8, none": ("upl", {"width": 8, "pooling": "none"}),
    "uPL, width 16, max": ("upl", {"width": 16, "pooling": "max"}),
    "uPL, width 16, max + L1": ("upl", {"width": 16, "pooling": "max", "l1_weight": 1.0}),
}


def step(restore: Callable[[Tensor], Tensor], loss: nn.Module, seen: Tensor, clean: Tensor) -> None:
    """Go forward and backward once."""
    loss(restore(seen), clean).backward()


def medians(tasks: Mapping[str, Callable[[], None]], turns: int) -> dict[str, float]:
    """Time every task in turns, after one that does not count, and give the medians in seconds."""
    for task in tasks.values():
        task()
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(turns):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - started)
    return {name: median(each) for name, each in seconds.items()}


def formats(name: str, seen: Tensor, clean: Tensor, turns: int) -> str:
    """Compare plain float32 with bfloat16 and channels last, for training and for restoring."""
    plain, fast = (NETWORKS.build(name, **NETWORK_OPTIONS[name]) for _ in range(2))
    arrange(fast, 3)
    loss = LOSSES.build("l1")

    def quickly(volume: Tensor) -> Tensor:
        return estimate(fast, volume, "bfloat16")

    def restore(network: Callable[[Tensor], Tensor]) -> None:
        with torch.inference_mode():
            network(seen)

    times = medians(
        {
            "plain step": lambda: step(plain, loss, seen, clean),
            "fast step": lambda: step(quickly, loss, seen, clean),
            "plain": lambda: restore(plain),
            "fast": lambda: restore(quickly),
        },
        turns,
    )
    ratios = times["plain step"] / times["fast step"], times["plain"] / times["fast"]
    return f"{name:<16} {times['fast step']:8.3f} s a step, {ratios[0]:4.1f} x   restoring {ratios[1]:4.1f} x"


def main(turns: int) -> None:
    """Print both tables."""
    torch.manual_seed(0)
    seen, clean = torch.rand(SHAPE), torch.rand(SHAPE)
    print("bfloat16 with channels last against plain float32")
    for name in NETWORK_OPTIONS:
        print(formats(name, seen, clean, turns), flush=True)
    for name, precision in (("unet_unshuffle", "bfloat16"), ("dncnn", "bfloat16")):
        network = arrange(NETWORKS.build(name, **NETWORK_OPTIONS[name]), 3)
        losses = {label: LOSSES.build(loss, **options) for label, (loss, options) in LOSS_OPTIONS.items()}

        def restore(volume: Tensor, network: nn.Module = network, precision: str = precision) -> Tensor:
            return estimate(network, volume, precision)

        def stepped(loss: nn.Module, restore: Callable[[Tensor], Tensor] = restore) -> Callable[[], None]:
            return lambda: step(restore, loss, seen, clean)

        times = medians({label: stepped(loss) for label, loss in losses.items()}, turns)
        print(f"steps of {name} by {precision}, against L1 ({times['L1']:.3f} s)")
        for label, seconds in times.items():
            print(f"{label:<26} {seconds / times['L1']:5.2f} x", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)
