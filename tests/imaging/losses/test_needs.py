"""Losses that look at more than the clean image get the batch, and say what it lacks."""

import pytest
import torch
from torch import nn

from uplapp.errors import UplappError
from uplapp.imaging.case import Batch, ComparingEntry
from uplapp.imaging.losses import LOSSES, loss_on
from uplapp.imaging.physics import of_pixels

CLEAN = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Residual(nn.Module):
    """The mean difference of an estimate from what was measured."""

    def forward(self, estimate, batch):
        return (estimate - batch.measurement.data).abs().mean()


def test_a_plain_loss_gets_the_clean_image():
    batch = Batch(CLEAN + 1, CLEAN)
    assert loss_on("l1", LOSSES.build("l1"), CLEAN, batch) == 0


@pytest.mark.parametrize("needs", [("measurement",), ("labels",), ("measurement", "labels")])
def test_a_loss_gets_the_batch_or_says_what_it_lacks(needs):
    with LOSSES.joined("residual", ComparingEntry(Residual, "Residual", "here", needs=needs)):
        loss = LOSSES.build("residual")
        whole = Batch(CLEAN, CLEAN, of_pixels(CLEAN + 1), {"labels": CLEAN})
        assert loss_on("residual", loss, CLEAN, whole).item() == pytest.approx(1, abs=1e-6)
        with pytest.raises(
            UplappError, match=f"the loss 'residual' needs {', '.join(needs)}, which the task"
        ):
            loss_on("residual", loss, CLEAN, Batch(CLEAN, CLEAN))
    assert "residual" not in LOSSES
