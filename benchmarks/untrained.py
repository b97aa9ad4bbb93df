"""How fast a Deep Decoder is fitted, beside the plain form that its public code has, on one thread.

Fits k 64, l 5, s 16 to a slice of 256x320 px. The plain form computes in float32 with channels first. Then
five starts beside one, the PSNR after the iterations in both number formats from several starts, and the
peak of memory of a fit to a colour photograph. Times are medians of iterations: forward, backward, step.

Run: OMP_NUM_THREADS=1 python benchmarks/untrained.py [iterations for the PSNR: 2000] [starts: 3]
     python benchmarks/untrained.py gpu      steps recorded on a GPU beside steps launched one by one
"""

import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import torch
from skimage import data
from torch import Tensor, nn
from torch.nn import functional

from uplapp.imaging.device import fast_precision, steady_memory
from uplapp.imaging.fitting import FitRecipe, draw_latent, fit, make_target, psnrs, recorded
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.networks.deep_decoder import block_sizes
from uplapp.imaging.physics import of_pixels

K, L, S, SIZE = 64, 5, 16, (256, 320)
TIMED, ITERATIONS, STARTS = 30, 2000, 3
RECIPE = FitRecipe(ramp_down=0.5, inputs="blur")
PEAK_PX = 2048
GPU_ITERATIONS = 200
ON_GPU: tuple[tuple[str, dict[str, int]], ...] = (
    ("deep_decoder", {"k": 64, "l": 5, "s": 16}),
    ("deep_decoder", {"k": 192, "l": 6, "s": 8}),
    ("conv_decoder", {"k": 64, "l": 6, "s": 16}),
    ("deep_image_prior", {"k": 64, "l": 5}),
)


class Plain(nn.Module):
    """The Deep Decoder as a list of layers, in the order of its public code."""

    def __init__(self) -> None:
        super().__init__()
        layers = [
            (nn.Conv2d(K, K, 1, bias=False), nn.Upsample(size, mode="bilinear"), nn.ReLU(), nn.BatchNorm2d(K))
            for size in block_sizes(SIZE, S, L)[1:]
        ]
        flat = [layer for block in layers for layer in block]
        self.layers = nn.Sequential(*flat, nn.Conv2d(K, 1, 1, bias=False), nn.Sigmoid())

    def forward(self, latent: Tensor) -> Tensor:
        """Make an image (1,1,H,W)."""
        image: Tensor = self.layers(latent)
        return image


def picture() -> Tensor:
    """A grey photograph (1,256,320) in [0,1], which comes with scikit-image."""
    photograph = torch.from_numpy(data.camera()).float()[None, None] / 255
    return functional.interpolate(photograph, SIZE, mode="bilinear", antialias=True)[0]


def plain_ms(clean: Tensor) -> float:
    """Milliseconds of an iteration of the plain form."""
    torch.manual_seed(0)
    network = Plain()
    optimiser = torch.optim.Adam(network.parameters(), RECIPE.rate)
    latent = draw_latent("blur", K, block_sizes(SIZE, S, L)[0], 0)[None]
    times = []
    for _ in range(TIMED):
        began = time.perf_counter()
        loss = functional.mse_loss(network(latent), clean[None])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def ours_ms(clean: Tensor, starts: int, precision: str | None = None) -> float:
    """Milliseconds of an iteration of `fit`."""
    times, last = [], time.perf_counter()

    def listen(state: object) -> bool:
        nonlocal last
        now = time.perf_counter()
        times.append(now - last)
        last = now
        return True

    recipe = replace(RECIPE, iterations=TIMED, starts=starts, precision=precision)
    fit(build, make_target(of_pixels(clean)), recipe, listen)
    return statistics.median(times[2:]) * 1e3


def quality(clean: Tensor, precision: str, iterations: int, starts: int) -> Tensor:
    """PSNR (starts,) in dB after the iterations."""
    recipe = replace(RECIPE, iterations=iterations, starts=starts, precision=precision)
    return psnrs(fit(build, make_target(of_pixels(clean)), recipe).pictures, clean)


def peak() -> None:
    """Print the peak of memory of a short fit to a large colour photograph, in a process of its own."""
    photograph = torch.rand(3, PEAK_PX, PEAK_PX)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    network = partial(NETWORKS.build, "deep_decoder", channels=3, k=K, l=L, s=S)
    fit(network, make_target(of_pixels(photograph)), FitRecipe(iterations=2))
    top = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = f"peak {top / 1e6:.2f} GB, {(top - base) / 1e6:.2f} of them the fit's"
    print(f"{PEAK_PX}x{PEAK_PX} px in colour, k {K}: {used}")


def on_gpu(clean: Tensor) -> None:
    """Print the times of one start and of five by network, steps launched one by one and recorded once."""
    target, usual = make_target(of_pixels(clean)), recorded.EAGER
    for name, options in ON_GPU:
        network = partial(NETWORKS.build, name, channels=1, **options)
        for how, recorded.EAGER in (("one by one", GPU_ITERATIONS), ("recorded", usual)):
            times = []
            for starts in (1, 5):
                recipe = replace(RECIPE, iterations=GPU_ITERATIONS, starts=starts)
                fit(network, target, replace(recipe, iterations=20))  # libraries choose their algorithms
                times.append(fit(network, target, recipe).seconds / GPU_ITERATIONS * 1e3)
            print(f"{name} {options}, {how}: one start {times[0]:.1f} ms an iteration, five {times[1]:.1f}")


build = partial(NETWORKS.build, "deep_decoder", k=K, l=L, s=S)

if __name__ == "__main__":
    if sys.argv[1:] == ["peak"]:
        peak()
        sys.exit()
    if sys.argv[1:] == ["gpu"]:
        on_gpu(picture())
        sys.exit()
    torch.set_num_threads(1)
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else ITERATIONS
    starts = int(sys.argv[2]) if len(sys.argv) > 2 else STARTS
    clean, fast = picture(), fast_precision(torch.device("cpu"))
    plain, one, five = plain_ms(clean), ours_ms(clean, 1), ours_ms(clean, 5)
    with steady_memory():
        steady = plain_ms(clean)
    print(f"plain form {plain:.1f} ms an iteration ({steady:.1f} with steady memory)")
    print(f"fit in {fast} {one:.1f} ms: {plain / one:.2f} times as fast")
    print(f"fit in float32 {ours_ms(clean, 1, 'float32'):.1f} ms")
    print(f"five starts {five:.1f} ms: {five / one:.2f} times one")
    subprocess.run([sys.executable, __file__, "peak"], check=True)
    for precision in ("float32", fast):
        values = quality(clean, precision, iterations, starts)
        spread = f"starts from {values.min():.2f} to {values.max():.2f}"
        print(f"{precision}: {values.mean():.2f} dB after {iterations} iterations ({spread})")
