"""Views of volumes: slices and projections, upright and with square pixels."""

import pytest
import torch

from uplapp.errors import UplappError
from uplapp.imaging.files.views import as_bytes, view_of


def numbered() -> torch.Tensor:
    return torch.arange(4 * 5 * 6).float().view(1, 4, 5, 6)


def test_the_middle_slice_is_shown_where_nothing_is_said():
    assert torch.equal(view_of(numbered(), ""), numbered()[:, 2])
    assert torch.equal(view_of(numbered(), "slice:axial:3"), numbered()[:, 3])


def test_the_head_is_up_in_other_planes():
    assert torch.equal(view_of(numbered(), "slice:coronal:1"), numbered()[:, :, 1].flip(1))
    assert torch.equal(view_of(numbered(), "mip:sagittal"), numbered().amax(dim=3).flip(1))


def test_pixels_are_square():
    picture = view_of(torch.full((1, 4, 5, 6), 0.5), "mip:coronal", (3.0, 1.0, 1.0))
    assert picture.shape == (1, 12, 6)
    torch.testing.assert_close(picture, torch.full((1, 12, 6), 0.5))


@pytest.mark.parametrize(
    "view", ["slice", "mip:oblique", "slice:axial:4", "slice:axial:x", "mip:axial:1", "3"]
)
def test_another_view_is_refused(view):
    with pytest.raises(UplappError, match=f"the view '{view}'"):
        view_of(numbered(), view)


def test_bytes_of_a_volume_run_along_its_rows_from_black_to_white():
    volume = torch.tensor([0.0, 0.2, 0.5, 1.0, 1.3, -0.1, 0.001, 0.003]).view(1, 2, 2, 2)
    assert list(as_bytes(volume)) == [0, 51, 128, 255, 255, 0, 0, 1]
    assert len(as_bytes(numbered())) == 4 * 5 * 6
