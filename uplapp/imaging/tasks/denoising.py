"""Photographs in memory, and the batches that training draws from them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.files.pictures import list_images, read_image, tensor_to_array

Photograph = NDArray[np.uint8]


def load_photographs(folder: Path, smallest_px: int) -> list[Photograph]:
    """Every image under `folder` in order of name, RGB (H,W,3); sides under `smallest_px` are refused."""
    photographs = []
    for path in list_images(folder):
        image = tensor_to_array(read_image(path).with_channels(3))
        if min(image.shape[:2]) < smallest_px:
            raise UplappError(
                f"{path} is {image.shape[1]}x{image.shape[0]} px; "
                f"training needs {smallest_px} px or more a side"
            )
        photographs.append(image)
    return photographs


def draw_crops(
    photographs: Sequence[Photograph], count: int, side_px: int, random: np.random.Generator
) -> Tensor:
    """A batch (B,3,H,W) in [0,1] of random crops, each flipped, turned and with its channels permuted."""
    crops = [
        _draw_crop(photographs[index], side_px, random)
        for index in random.integers(len(photographs), size=count)
    ]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def _draw_crop(photograph: Photograph, side_px: int, random: np.random.Generator) -> Photograph:
    top, left = (random.integers(side - side_px + 1) for side in photograph.shape[:2])
    crop = photograph[top : top + side_px, left : left + side_px]
    turned = np.rot90(crop, int(random.integers(4)))
    mirrored = turned[:, ::-1] if random.integers(2) else turned
    return np.ascontiguousarray(mirrored[..., random.permutation(3)])
