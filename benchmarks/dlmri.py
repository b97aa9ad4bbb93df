"""Speed of sparse codes beside scikit-learn's, and seconds and PSNR of `dlmri` beside total variation.

Processor time of one thread. Codes are those of 20,000 patches of a photograph, real, 6x6, in 36 cosines,
with 5 atoms each; scikit-learn (not among the requirements) solves the same problem where it is installed.

Run: OMP_NUM_THREADS=1 python benchmarks/dlmri.py
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from skimage import data

from uplapp.imaging.case import make_case
from uplapp.imaging.files.samples import SLICES
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.physics import Undersampling
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.restorers.dictionary import batch_omp, cosine_atoms
from uplapp.imaging.restorers.dlmri import SIDE, cut_patches
from uplapp.imaging.tasks import TASKS

PATCHES, ATOMS = 20_000, 5
BAR_RATIO, BAR_S, BAR_DB = 4.0, 5.0, 0.6
METHODS, SLICES_SHOWN = ("zero_filled", "tv", "dlmri"), ("single", "echo")


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of a piece of work, and what it gave."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def compare_codes() -> None:
    """Print the seconds of both, their ratio, and how far their codes lie apart."""
    try:
        from sklearn.linear_model import orthogonal_mp_gram
    except ImportError:
        print("scikit-learn is not installed: codes are not compared")
        return
    picture = torch.from_numpy(data.camera()).double() / 255
    patches = cut_patches(picture, SIDE, 3)[:PATCHES]
    atoms = cosine_atoms(SIDE, torch.float64)
    gram, products = (atoms @ atoms.T).numpy(), (patches @ atoms.T).numpy().T
    batch_omp(patches[:100], atoms, ATOMS)
    ours_s, ours = seconds(lambda: batch_omp(patches, atoms, ATOMS))
    theirs_s, theirs = seconds(lambda: orthogonal_mp_gram(gram, products, n_nonzero_coefs=ATOMS))
    apart = np.abs(ours.numpy() - theirs.T).max()
    print(f"codes of {len(patches)} patches: {ours_s:.3f} s, scikit-learn {theirs_s:.3f} s,")
    print(f"  {theirs_s / ours_s:.1f} x as fast (bar {BAR_RATIO:g}); largest difference {apart:.1e}")


def compare_slices() -> None:
    """Print seconds and PSNR of slices that ship with uplapp, at 8x, by each method."""
    psnr = METRICS["psnr"].build()
    for name in SLICES_SHOWN:
        subject = TASKS["mri"].open(SLICES[name].path, None)
        case = make_case(subject, "mri", Undersampling(8))
        size = "x".join(map(str, case.seen.shape[1:]))
        for method in METHODS:
            restorer = RESTORERS.build(method)
            taken_s, restored = seconds(partial(restorer.restore, case))
            value = float(psnr(restored[None], case.reference[None]))
            print(f"{name} {size}, {method}: {taken_s:.2f} s, {value:.2f} dB")
    print(f"  (bars of dlmri: {BAR_S:g} s for 256x256, {BAR_DB:g} dB below tv)")


if __name__ == "__main__":
    torch.set_num_threads(1)
    compare_codes()
    compare_slices()
