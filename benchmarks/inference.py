"""The forms of a network side by side: the U-Net at 640x368 against its plain form, in one run.

Run: python benchmarks/inference.py [--rounds 5]

Plain is eager float32 in PyTorch's own layout, with features doubled before they are convolved. The forms
take turns. Seconds are those of the processor, which other work changes least, on a GPU those of the clock.
Root mean square and PSNR are differences to the plain form, on a photograph with noise of sigma 25.
"""

import argparse
import copy
import time
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.device import arrange, device_of, estimate, half_precision, steady_memory
from uplapp.imaging.files.pictures import read_image
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.restorers.network import choose_precision, restore_by_tiles
from uplapp.settings import Settings

SIGMA, HEIGHT, WIDTH = 25 / 255, 368, 640


def main() -> None:
    """Print a line for each form."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    checkpoints = Checkpoints(Settings.from_env().models)
    network = checkpoints.load(checkpoints.find("denoise-unet-l2"))
    clean = read_image(sample_path("coffee")).pixels[:, :HEIGHT].repeat(1, 1, 2)[..., :WIDTH]
    seen = clean + SIGMA * torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    forms = forms_of(network, seen)
    made = {name: make() for name, make in forms.items()}
    seconds: dict[str, list[float]] = {name: [] for name in forms}
    for _ in range(rounds):
        for name, make in forms.items():
            seconds[name].append(timed(make, device_of(network).type))
    plain = made["plain"]
    for name, image in made.items():
        ratio = np.median(np.array(seconds["plain"]) / np.array(seconds[name]))
        rms = float((image - plain).square().mean().sqrt())
        db = psnr(image, clean) - psnr(plain, clean)
        took = f"{min(seconds[name]):.3f} s, {ratio:.2f} x as fast"
        print(f"{name:24s} {took}, RMS {rms:.1e}, PSNR {db:+.3f} dB")
    print(f"auto takes {choose_precision(network, seen)} on {device_of(network).type}")


def forms_of(network: nn.Module, seen: Tensor) -> dict[str, Callable[[], Tensor]]:
    """Give what restores an image (C,H,W) by each form."""
    plain, arranged = copy.deepcopy(network), arrange(copy.deepcopy(network), 2)
    plain.requires_grad_(False)
    batch, half = seen[None].to(device_of(network)), half_precision(device_of(network))

    def first() -> Tensor:
        with torch.enable_grad():  # without which the U-Net takes its fast form
            return plain(batch)[0].clamp(0, 1).cpu()

    def fast(steady: bool, precision: str) -> Callable[[], Tensor]:
        def make() -> Tensor:
            with torch.inference_mode(), steady_memory() if steady else nullcontext():
                return estimate(arranged, batch, precision)[0].clamp(0, 1).cpu()

        return make

    sixteen = {} if half == "float32" else {half: fast(True, half)}
    return {
        "plain": first,
        "channels last": fast(False, "float32"),
        "and steady memory": fast(True, "float32"),
        **sixteen,
        "as the page restores": lambda: restore_by_tiles(arranged, seen),
    }


def timed(make: Callable[[], Tensor], device: str) -> float:
    """Seconds of the processor, or on a GPU, whose results are waited for, of the clock."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    make()
    return clock() - started


def psnr(image: Tensor, clean: Tensor) -> float:
    """PSNR in dB of an image in [0,1]."""
    return float(-10 * (image - clean).square().mean().log10())


if __name__ == "__main__":
    main()
