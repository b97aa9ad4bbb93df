"""Draw heads of ellipsoids as MR and CT show them, to train on where no head of a person is free to use.

python benchmarks/drawn_heads.py FOLDER [COUNT] [FIRST_SEED]
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from uplapp.imaging.physics.phantoms import drawn_head, voxels

SIZE = (19, 160, 160)
GRAIN = 0.15  # the deviation of what textures the MR, as a share of its brightness
GRAIN_VOXELS = (2, 8, 8)


def textured(mr: Tensor, random: np.random.Generator) -> Tensor:
    """Give tissue (D,N,N) a smooth grain."""
    coarse = [side // step + 1 for side, step in zip(mr.shape, GRAIN_VOXELS, strict=True)]
    grain = torch.from_numpy(random.standard_normal(coarse).astype(np.float32))[None, None]
    smooth = torch.nn.functional.interpolate(grain, size=mr.shape, mode="trilinear")[0, 0]
    return mr * (1 + GRAIN * smooth)


def write(path: Path, seed: int) -> None:
    """Write the head of a seed as .npz of 8 bits, slices from the feet up."""
    head = voxels(drawn_head(seed), SIZE)
    mr = textured(head.mr, np.random.default_rng((seed, 1)))
    eight = [(255 * one.clamp(0, 1)).round().byte().numpy()[::-1] for one in (mr, head.attenuation)]
    np.savez_compressed(path, mr=eight[0], ct=eight[1])


def main(folder: str, count: str = "12", first: str = "0") -> None:
    """Write so many heads below a folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for seed in range(int(first), int(first) + int(count)):
        write(Path(folder) / f"head_{seed:02}.npz", seed)
        print(f"head {seed}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
