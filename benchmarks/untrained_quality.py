"""How good fits are: published settings, k-space beside compressed sensing, the stop by held-out pixels.

Run: python benchmarks/untrained_quality.py denoise                    the astronaut, sigma 30, k 128
     python benchmarks/untrained_quality.py represent PICTURE [k=64 s=8 l=6 iterations=2000 inputs=blur ...]
     python benchmarks/untrained_quality.py kspace FILE                equispaced 4x, all methods
     python benchmarks/untrained_quality.py stop FOLDER [k=64]         ten pictures, sigma 25 and 50
"""

import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from skimage import data
from torch import Tensor

from uplapp.imaging.case import make_case
from uplapp.imaging.files.pictures import list_images, read_image
from uplapp.imaging.fitting import FitRecipe, State, fit, make_target, psnrs
from uplapp.imaging.fitting import loop as fitting
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.physics import of_pixels
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.tasks import TASKS

HELD_OUT, PICTURES, SIDE_PX, SIGMAS = 0.05, 10, 192, (25, 50)
ORIGINAL = {"k": 128, "l": 5, "s": 32, "extra_block": True}
OF_RECIPE = {one.name for one in fields(FitRecipe)}
KSPACE_METHODS = ("zero_filled", "tv", "wavelet", "conv_decoder", "deep_decoder", "deep_image_prior")


def noisy(clean: Tensor, sigma: float, seed: int) -> Tensor:
    """Add white noise of a deviation in 8-bit units."""
    return clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed)) * sigma / 255


def run(clean: Tensor, seen: Tensor, options: dict[str, Any], listener: Any = None) -> fitting.Fitted:
    """Fit a Deep Decoder to a picture. `options` hold options of the network and fields of the recipe."""
    recipe = FitRecipe(**{name: value for name, value in options.items() if name in OF_RECIPE})
    network = {name: value for name, value in options.items() if name not in OF_RECIPE}
    build = partial(NETWORKS.build, "deep_decoder", channels=clean.shape[0], **network)
    return fit(build, make_target(of_pixels(seen), recipe.held_out, recipe.seed), recipe, listener)


def report(name: str, made: fitting.Fitted, clean: Tensor) -> None:
    """Print the PSNR of each start and of their mean."""
    each = " ".join(f"{value:.2f}" for value in psnrs(made.pictures, clean))
    mean = float(psnrs(made.mean[None], clean))
    print(
        f"{name}: {each} dB, mean picture {mean:.2f} dB, kept {made.best} of {made.iterations} iterations, "
        f"{made.seconds:.0f} s, ended by {made.ended}"
    )


def denoise() -> None:
    """Denoise the astronaut as the original does, to its end and stopped by held-out pixels."""
    clean = torch.from_numpy(data.astronaut()).permute(2, 0, 1).float() / 255
    options = {**ORIGINAL, "iterations": 1900, "held_out": HELD_OUT, "average": 0.95}
    report("astronaut, sigma 30", run(clean, noisy(clean, 30, 1), options), clean)


def represent(path: str, *settings: str) -> None:
    """Represent a picture as it is."""
    clean = read_image(Path(path)).pixels
    options: dict[str, Any] = {
        "k": 96,
        "s": 8,
        "l": 6,
        "iterations": 5000,
        "inputs": "blur",
        "ramp_down": 0.5,
    }
    for text in settings:
        name, _, value = text.partition("=")
        options[name] = value if name == "inputs" else float(value) if "." in value else int(value)
    report(f"{Path(path).name} {options}", run(clean, clean, options), clean)


def kspace(path: str) -> None:
    """Reconstruct the middle slice of raw k-space, every fourth column kept, by every method."""
    task = TASKS["mri"]
    degradation = task.degrade(acceleration=4, mask="equispaced")
    case = make_case(task.open(Path(path), None), "mri", degradation)
    for method in KSPACE_METHODS:
        picture = RESTORERS.build(method).restore(case, lambda *heard: True)
        print(f"{method}: {float(psnrs(picture[None], case.reference)):.2f} dB", flush=True)


def stop(folder: str, setting: str = "k=64") -> None:
    """Compare the picture that held-out pixels choose with the best along the whole path."""
    fitting.PREVIEW_S = -1.0  # a picture at every iteration
    lost: list[float] = []
    for sigma in SIGMAS:
        for number, path in enumerate(list_images(Path(folder))[:PICTURES]):
            whole = read_image(path).pixels
            top, left = ((side - SIDE_PX) // 2 for side in whole.shape[-2:])
            clean = whole[:, top : top + SIDE_PX, left : left + SIDE_PX].contiguous()
            best = _best_and_stop(clean, noisy(clean, sigma, number), int(setting.partition("=")[2]))
            lost.append(best[0] - best[1])
            print(f"{path.name} sigma {sigma}: best {best[0]:.2f} dB, at the stop {best[1]:.2f}", flush=True)
    print(f"mean loss {sum(lost) / len(lost):.2f} dB, largest {max(lost):.2f}")


def _best_and_stop(clean: Tensor, seen: Tensor, k: int) -> tuple[float, float]:
    path: list[float] = []

    def listen(state: State) -> bool:
        assert state.picture is not None
        path.append(float(psnrs(state.picture[None], clean)))
        return True

    options = {**ORIGINAL, "k": k, "iterations": 1500, "held_out": HELD_OUT, "average": 0.95}
    stopped = run(clean, seen, options)
    run(clean, seen, {**options, "patience": 10**9}, listen)
    return max(path), float(psnrs(stopped.pictures, clean))


if __name__ == "__main__":
    torch.set_num_threads(1)
    {"denoise": denoise, "represent": represent, "kspace": kspace, "stop": stop}[sys.argv[1]](*sys.argv[2:])
