"""Metrics of volumes: overlaps of vessels by hand, SSIM with and without background."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import structural_similarity

from uplapp.errors import UplappError
from uplapp.imaging.case import make_case
from uplapp.imaging.files.volumes import Volume
from uplapp.imaging.losses import ssim, ssim_map
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.metrics.hfen import hfen
from uplapp.imaging.metrics.vessels import cldice, dice, skeleton, ssim_tissue
from uplapp.imaging.physics import RicianNoise, Space, draw_tree
from uplapp.imaging.tasks.volumes import with_vessels

OF_VOLUMES = [name for name, entry in METRICS.items() if 3 in entry.axes]


def tube(*places: tuple[int, int], length: int = 12) -> torch.Tensor:
    """Straight lines along W, one voxel thick, at places (D,H)."""
    mask = torch.zeros(1, 9, 9, length, dtype=torch.bool)
    for depth, row in places:
        mask[0, depth, row] = True
    return mask


def case(level: float = 0.05):
    tree = draw_tree("vessels", (24, 28, 32), 0)
    volume = Volume("a.nii.gz", tree.voxels, Space(), tree.vessels, tree.centreline)
    return make_case(with_vessels(volume), "volume", RicianNoise(level))


def test_dice_by_hand():
    # 12 voxels of 12 and 24: 2 * 12 / 36.
    assert dice(tube((2, 2)), tube((2, 2), (6, 6))) == pytest.approx(2 / 3)
    assert dice(tube(), tube()) == 1


def test_cldice_of_two_trees_by_hand():
    one, two = tube((2, 2)), tube((2, 2), (6, 6))
    # All of the mask's line lies in the true mask, half of the true lines in the mask: 2 * 1 * .5 / 1.5.
    assert cldice(one, two) == pytest.approx(2 / 3)
    assert cldice(two, two) == 1
    assert cldice(tube((4, 4)), one) == 0


def test_cldice_does_not_mind_how_thick_a_vessel_is():
    line = tube((4, 4))
    thick = torch.from_numpy(ndimage.binary_dilation(line[0].numpy(), np.ones((3, 3, 1))))[None]
    assert dice(line, thick) < 0.3
    assert cldice(line, thick) == 1


def test_a_known_centreline_takes_the_place_of_the_skeleton():
    line, two = tube((2, 2)), tube((2, 2), (6, 6))
    assert cldice(line, two, centreline=line) == 1


def test_a_line_is_its_own_skeleton():
    assert torch.equal(skeleton(tube((4, 4))), tube((4, 4)))


def test_the_tissue_of_a_volume_is_compared_without_its_background():
    generator = torch.Generator().manual_seed(0)
    clean = torch.zeros(1, 1, 16, 30, 30)
    clean[..., :15] = 0.3 + 0.2 * torch.rand(1, 1, 16, 30, 15, generator=generator)
    noisy = clean + 0.1 * torch.rand(clean.shape, generator=generator)
    answer = structural_similarity(
        clean[0, 0].numpy(),
        noisy[0, 0].numpy(),
        full=True,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
    )[1]
    inside = (slice(5, -5),) * 3
    counted = clean[0, 0].numpy()[inside] > 0.05
    assert ssim_tissue(noisy, clean).item() == pytest.approx(answer[inside][counted].mean(), abs=1e-4)
    assert ssim(noisy, clean).item() == pytest.approx(answer[inside].mean(), abs=1e-4)


def test_the_mean_of_the_map_is_ssim():
    estimate, target = (torch.rand(2, 1, 14, 16, 18) for _ in range(2))
    torch.testing.assert_close(ssim_map(estimate, target).flatten(1).mean(dim=1), ssim(estimate, target))


def test_ssim_of_volumes_agrees_with_monai():
    monai = pytest.importorskip("monai.metrics.regression")
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(2, 1, 16, 20, 24, generator=generator)
    noisy = 0.7 * clean + 0.3 * torch.rand(clean.shape, generator=generator)
    theirs = monai.SSIMMetric(spatial_dims=3, data_range=1.0, win_size=11, kernel_sigma=1.5)(noisy, clean)
    torch.testing.assert_close(ssim(noisy, clean), theirs.flatten(), atol=1e-4, rtol=0)


def test_hfen_of_a_volume_is_that_of_one_large_filter():
    generator = torch.Generator().manual_seed(0)
    estimate, target = (torch.rand(1, 1, 16, 18, 20, generator=generator).double() for _ in range(2))
    square = sum(axis**2 for axis in np.meshgrid(*[np.arange(-7, 8)] * 3, indexing="ij"))
    smooth = np.exp(-square / (2 * 1.5**2))
    kernel = (square - 3 * 1.5**2) / 1.5**4 * smooth / smooth.sum()
    kernel -= kernel.mean()
    wrong, present = (
        np.linalg.norm(ndimage.correlate(one[0, 0].numpy(), kernel, mode="nearest"))
        for one in (estimate - target, target)
    )
    assert hfen(estimate, target).item() == pytest.approx(wrong / present, rel=1e-9)


@pytest.mark.parametrize("name", OF_VOLUMES)
def test_every_metric_of_volumes_knows_which_way_is_better(name):
    metric, entry = METRICS.build(name), METRICS[name]
    scores = []
    for level in (0.02, 0.4):
        noisy = case(level)
        given = noisy if entry.needs else noisy.reference[None]
        scores.append(metric(noisy.seen[None], given))
    assert scores[0].shape == (1,)
    assert (scores[0].item() > scores[1].item()) == entry.higher_is_better


def test_vessels_of_another_shape_are_refused():
    noisy = case()
    with pytest.raises(UplappError, match="make them equal"):
        METRICS.build("dice")(noisy.seen[None, :, 1:], noisy)
