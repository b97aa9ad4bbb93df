"""What the page advises for MR slices is what the table of the results shows."""

import re
from pathlib import Path

import pytest

from uplapp.imaging.physics import GaussianNoise, Undersampling
from uplapp.imaging.physics.masks import MASKS
from uplapp.imaging.tasks import TASKS

RESULTS = Path(__file__).resolve().parents[3] / "docs" / "results.md"
ROW = re.compile(r"^\| (\w+) \| (\d+)x \| \d+ \| (.+) \|$", flags=re.MULTILINE)
# The columns after those of mask, acceleration and count.
TV, NETWORK = 1, 4


def measured() -> list[tuple[str, int, bool]]:
    """Mask, acceleration, and whether total variation is ahead of L2 with its data, by the table."""
    rows = []
    for mask, acceleration, cells in ROW.findall(RESULTS.read_text()):
        values = [float(cell) for cell in cells.split(" | ")]
        rows.append((mask, int(acceleration), values[TV] > values[NETWORK]))
    return rows


@pytest.mark.parametrize(("mask", "acceleration", "ahead"), measured())
def test_total_variation_is_advised_exactly_where_the_table_has_it_ahead(mask, acceleration, ahead):
    advice = TASKS["mri"].advise(Undersampling(acceleration, mask))
    assert (advice is not None) == ahead
    assert advice is None or advice.method == "tv"


def test_the_table_has_every_mask_from_two_to_twelve():
    assert {(mask, acceleration) for mask, acceleration, _ in measured()} == {
        (mask, acceleration) for mask in MASKS for acceleration in (2, 3, 4, 6, 8, 12)
    }


@pytest.mark.parametrize("mask", MASKS)
def test_the_advice_names_what_is_done_and_what_is_ticked(mask):
    degradation = Undersampling(2, mask)
    sentence = TASKS["mri"].advise(degradation).sentence
    assert degradation.text in sentence
    assert sentence.endswith("total variation restores better than the networks; it is ticked.")


def test_nothing_is_advised_for_photographs():
    assert TASKS["denoise"].advise(GaussianNoise(sigma=25)) is None
