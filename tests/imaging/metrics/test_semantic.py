"""Dice by hand, by its laws and against scikit-learn, and the semantic score as a metric of the tables."""

import numpy as np
import pytest
import torch
from scipy.spatial import distance

from tests.imaging.discs import Bright, disc
from uplapp.imaging.case import Case
from uplapp.imaging.metrics import METRICS
from uplapp.imaging.metrics.semantic import dice
from uplapp.imaging.physics import of_pixels


def test_dice_by_hand():
    found, marked = torch.tensor([[1, 1], [0, 0]]), torch.tensor([[1, 0], [1, 1]])
    assert dice(found, marked) == pytest.approx(2 * 1 / (2 + 3))
    assert dice(marked, marked) == 1
    assert dice(1 - marked, marked) == 0
    assert np.isnan(dice(torch.zeros(4), torch.zeros(4)))


@pytest.mark.parametrize("seed", range(5))
def test_dice_is_symmetric_and_the_complement_of_scipys_dissimilarity(seed):
    first, second = np.random.default_rng(seed).random((2, 20, 30)) > 0.6
    ours = dice(torch.from_numpy(first), torch.from_numpy(second))
    assert ours == dice(torch.from_numpy(second), torch.from_numpy(first))
    assert ours == pytest.approx(1 - distance.dice(second.ravel(), first.ravel()))


def labelled(radius: float = 8.0) -> Case:
    labels = torch.from_numpy(disc(radius=radius))[None].float()
    return Case("disc", "mri", of_pixels(labels), labels, extras={"labels": labels, "ventricle": labels})


def test_a_worse_reconstruction_scores_lower():
    metric, case = METRICS.build("sis", segmenters={"ventricle": Bright()}), labelled()
    shrunk = [torch.from_numpy(disc(radius=radius))[None, None].float() for radius in (8.0, 7.0, 4.0)]
    values = [metric(estimate, case).item() for estimate in shrunk]
    assert values[0] == 1
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3


def test_a_case_whose_anatomy_no_segmenter_finds_has_no_score():
    metric = METRICS.build("sis", segmenters={"tumour": Bright()})
    assert metric(labelled().seen[None], labelled()).isnan().all()
    assert METRICS["sis"].lacks(Case("x", "mri", of_pixels(torch.ones(1, 4, 4)))) == ("labels",)
