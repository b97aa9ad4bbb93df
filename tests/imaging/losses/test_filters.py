"""Filters as matrix products agree with convolutions, across block borders."""

import pytest
import torch
from torch.nn import functional

from uplapp.imaging.losses.filters import BLOCK, filter_axis, filter_rows_and_columns, gaussian


@pytest.mark.parametrize("size", [(9, 40), (BLOCK, BLOCK + 1), (40, 2 * BLOCK + 30)])
@pytest.mark.parametrize("edge", ["replicate", "valid"])
def test_filtering_is_convolution(size, edge):
    image = torch.rand(2, 2, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    across, down = gaussian(1.0, 3), (0.5, 0.0, -0.25, 1.0, 2.0, 0.0, 1.0)
    ours = filter_rows_and_columns(image, [across, down], [down, across], edge)
    padded = functional.pad(image, (3, 3, 3, 3), mode="replicate") if edge == "replicate" else image
    kernels = [
        torch.outer(*(torch.tensor(k, dtype=torch.float64) for k in pair))
        for pair in ((down, across), (across, down))
    ]
    theirs = functional.conv2d(padded, torch.stack(kernels)[:, None], groups=2)
    torch.testing.assert_close(ours, theirs)


def test_a_gaussian_sums_to_one_and_is_symmetric():
    kernel = gaussian(2.5, 8)
    assert sum(kernel) == pytest.approx(1)
    assert kernel == kernel[::-1]


@pytest.mark.parametrize("edge", ["replicate", "valid"])
@pytest.mark.parametrize("axis", [2, 3, 4])
def test_filtering_one_axis_of_a_volume_is_filtering_its_slices(axis, edge):
    volume = torch.rand(
        1, 2, 20, 21, BLOCK + 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    kernel = (0.5, -0.25, 1.0)
    lines = volume.movedim(axis, -1).reshape(1, 1, -1, volume.shape[axis])
    answer = filter_rows_and_columns(lines, [kernel], [(1.0,)], edge)
    ours = filter_axis(volume, kernel, axis, edge).movedim(axis, -1)
    torch.testing.assert_close(ours.reshape(answer.shape), answer)
