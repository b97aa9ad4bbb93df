"""Drawn trees, and the vesselness that finds them."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.filters import sato

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.physics import HABITS, draw_tree, threshold_of, vessel_mask, vesselness
from uplapp.imaging.physics.trees import split_angles, split_radius
from uplapp.imaging.physics.vesselness import _eigenvalues

SIZE = (32, 40, 48)


@pytest.mark.parametrize("kind", HABITS)
class TestEachKindOfTree:
    def test_is_a_function_of_its_seed(self, kind):
        first, again, other = (draw_tree(kind, SIZE, seed) for seed in (3, 3, 4))
        for name in ("voxels", "vessels", "centreline"):
            assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(first.voxels, other.voxels)

    def test_lies_between_0_and_1_with_its_centreline_in_its_mask(self, kind):
        tree = draw_tree(kind, SIZE, 0)
        assert tree.voxels.shape == tree.vessels.shape == tree.centreline.shape == (1, *SIZE)
        assert (tree.voxels.min(), tree.voxels.max()) == (0, 1)
        assert bool((tree.vessels | ~tree.centreline).all())
        assert 0 < tree.centreline.sum() < tree.vessels.sum() < 0.2 * tree.vessels.numel()

    def test_is_brighter_than_what_is_around_it(self, kind):
        tree = draw_tree(kind, SIZE, 1)
        assert tree.voxels[tree.vessels].mean() > 2 * tree.voxels[~tree.vessels].mean()

    def test_hangs_together(self, kind):
        tree = draw_tree(kind, SIZE, 2)
        # Stems may touch or not; every piece grows from one of at most four.
        pieces = ndimage.label(tree.vessels[0].numpy(), np.ones((3, 3, 3)))[1]
        assert pieces <= 4


def test_an_unknown_kind_and_a_size_too_small_are_refused():
    with pytest.raises(UnknownName, match="vessels"):
        draw_tree("coral", SIZE, 0)
    with pytest.raises(UplappError, match="8x40x48 voxels is too small; each side needs 16"):
        draw_tree("roots", (8, 40, 48), 0)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
def test_the_cubes_of_radii_add_up(share):
    first, second = split_radius(3.0, share)
    assert first**3 + second**3 == pytest.approx(27)
    assert second**3 == pytest.approx(27 * share)


def test_equal_branches_leave_at_the_angle_of_murray():
    radii = split_radius(1.0, 0.5)
    # cos = (1 + r^4 - r^4) / (2 r^2) with r = 2^(-1/3): 37.5 degrees each.
    assert split_angles(1.0, *radii) == pytest.approx([math.acos(2 ** (2 / 3) / 2)] * 2)


def test_the_thinner_branch_leaves_more_steeply():
    first, second = split_angles(1.0, *split_radius(1.0, 0.2))
    assert first < second


def test_eigenvalues_are_those_of_numpy():
    a, b, c, d, e, f = np.random.default_rng(0).normal(size=(6, 100)).astype(np.float32)
    matrices = np.stack([np.stack(row, -1) for row in ((a, f, e), (f, b, d), (e, d, c))], -2)
    ours = np.stack(_eigenvalues(a, b, c, d, e, f), -1)
    np.testing.assert_allclose(ours, np.linalg.eigvalsh(matrices)[:, ::-1], atol=1e-5)


def test_vesselness_ranks_voxels_as_scikit_image_does():
    tree = draw_tree("vessels", SIZE, 0)
    theirs = sato(tree.voxels[0].numpy(), sigmas=[1, 2], black_ridges=False, mode="nearest")
    # Second differences there are over two voxels, here over one.
    assert np.corrcoef(vesselness(tree.voxels).flatten(), theirs.flatten())[0, 1] > 0.99


def test_vesselness_looks_for_lines_that_are_round_in_mm():
    line = torch.zeros(1, 31, 31, 31)
    line[:, :, 15, 15] = 1  # along D
    thick = vesselness(line[:, ::3], (3.0, 1.0, 1.0))
    # A line along the axis of thick slices is the same line.
    torch.testing.assert_close(thick[:, 5], vesselness(line)[:, 15], atol=1e-3, rtol=0)


def test_bright_lines_score_above_sheets_and_dark_lines():
    line, sheet = torch.zeros(1, 21, 21, 21), torch.zeros(1, 21, 21, 21)
    line[:, :, 10, 10] = 1
    sheet[:, :, 10] = 1
    scores = [vesselness(one)[0, 10, 10, 10].item() for one in (line, sheet, 1 - line)]
    assert scores[0] > 0.1
    assert scores[1:] == pytest.approx([0, 0], abs=1e-3)


def test_a_mask_holds_its_share_of_the_voxels():
    lines = torch.rand(1, 10, 10, 10, generator=torch.Generator().manual_seed(0))
    assert vessel_mask(lines, 0.1).sum() == 100
    assert (lines > threshold_of(lines, 0.25)).sum() == 250
