"""Seconds and memory of a restoration: 512x512 beside the bare network call, and 4000x3000 in tiles.

Run: python benchmarks/restoration.py
"""

import resource
import time

import torch

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.restorers.network import restore_by_tiles
from uplapp.settings import Settings

SMALL, LARGE = (3, 512, 512), (3, 3000, 4000)


def main() -> None:
    """Print seconds, the ratio to one untiled call of the network, and the peak memory of the process."""
    folder = Settings.from_env().checkpoints
    checkpoints = Checkpoints((folder,))
    card = checkpoints.cards("denoise")[0]
    network = checkpoints.load(card)
    generator = torch.Generator().manual_seed(0)
    for shape in (SMALL, LARGE):
        image = torch.rand(shape, generator=generator)
        started = time.perf_counter()
        restored = restore_by_tiles(network, image)
        tiled_s = time.perf_counter() - started
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{card.name} {shape[2]}x{shape[1]}: {tiled_s:.2f} s, peak {peak_gb:.2f} GB")
        if shape == SMALL:
            started = time.perf_counter()
            with torch.inference_mode():
                untiled = network(image[None])[0].clamp(0, 1)
            ratio = tiled_s / (time.perf_counter() - started)
            print(f"  {ratio:.2f} x the bare call; largest difference {(restored - untiled).abs().max():.1e}")


if __name__ == "__main__":
    main()
