"""Volumes of a bright ball, and files of them."""

import nibabel
import numpy as np


def write(path, voxels, spacing_mm=(1.0, 1.0, 1.0)):
    nibabel.save(nibabel.Nifti1Image(np.asarray(voxels, np.float32), np.diag([*spacing_mm, 1.0])), path)
    return path


def ball(shape=(100, 110, 120)):
    """A bright ball in the dark, brighter from left to right."""
    axes = np.meshgrid(*(np.linspace(-1, 1, side) for side in shape), indexing="ij")
    return np.where(sum(axis**2 for axis in axes) < 0.8, 200 + 100 * axes[0], 0.0)
