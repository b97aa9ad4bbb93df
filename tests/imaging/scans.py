"""Small scans for tests: a smooth head-like picture, its coil images and the files that hold them."""

from pathlib import Path

import h5py
import numpy as np
import torch

from uplapp.imaging.physics import smooth_phase, to_kspace
from uplapp.imaging.physics.kspace import simulated_maps

HEADER = """<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding>
<encodedSpace><matrixSize><x>{height}</x><y>{width}</y><z>1</z></matrixSize></encodedSpace>
<reconSpace><matrixSize><x>{rows}</x><y>{columns}</y><z>1</z></matrixSize></reconSpace>
</encoding></ismrmrdHeader>"""


def head(height: int, width: int, brightness: float = 1.0) -> np.ndarray:
    """An ellipse with a brighter one inside, (H,W)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    outer, inner = (y / 0.8) ** 2 + (x / 0.6) ** 2 < 1, ((y - 0.2) / 0.2) ** 2 + (x / 0.3) ** 2 < 1
    return brightness * (0.5 * outer + 0.5 * inner)


def kspace_of(picture: np.ndarray, coils: int = 1) -> np.ndarray:
    """k-space (coils,H,W), complex64, of a picture with a smooth phase."""
    phase = smooth_phase(picture.shape, torch.Generator().manual_seed(0))
    image = torch.polar(torch.from_numpy(picture).float(), phase)
    return to_kspace(image * simulated_maps(coils, *picture.shape)).numpy()


def write_fastmri(path: Path, kspace: np.ndarray, recon: tuple[int, int] | None = None, **datasets) -> Path:
    """An HDF5 file in fastMRI's layout."""
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        if recon:
            height, width = kspace.shape[-2:]
            file["ismrmrd_header"] = HEADER.format(
                height=height, width=width, rows=recon[0], columns=recon[1]
            )
        for name, values in datasets.items():
            file[name] = values
    return path
