"""The grid of the report: its size, its order, its published best."""

import pytest

from uplapp.errors import UplappError
from uplapp.imaging.experiments import EXPERIMENTS
from uplapp.imaging.experiments.cells import Cell, cheap_first, published_cells
from uplapp.imaging.experiments.published import best_settings

SLICE = (256, 320)


def cell(**changes):
    return Cell(**{"k": 64, "s": 16, "l": 5, "inputs": "blur", "target": "whole", "marks": (2000,)} | changes)


def test_the_grid_of_the_report_has_63_settings_on_12_pairs():
    sweep = EXPERIMENTS.build("deep-decoder")
    assert len(sweep.cells) == 63 * 12
    assert len({(one.k, one.s, one.l) for one in sweep.cells}) == 63
    assert {one.marks for one in sweep.cells} == {(2000, 5000, 7000)}
    assert sweep.starts == 5


def test_the_work_of_two_blocks_can_be_counted_by_hand():
    # 8x8 px, s 4: an input of 2x2, blocks of 4x4 and 8x8.
    assert cell(k=100, s=4, l=2).work((8, 8)) == 100 * (16 + 64 + 0.5 * (4 + 16))
    assert cell(k=100, s=2, l=1, target="2x2").work((8, 8)) == 100 * (4 * 16 + 0.5 * 4 * 4)


@pytest.mark.parametrize("dearer", [{"k": 96}, {"l": 6}, {"s": 8}, {"marks": (2000, 5000)}])
def test_what_takes_longer_comes_later(dearer):
    assert cheap_first([cell(**dearer), cell()], SLICE) == [cell(), cell(**dearer)]


def test_a_cell_is_refused_where_the_image_is_too_small_for_it():
    with pytest.raises(UplappError, match=r"s is 32, and the image is 30x12 px"):
        cheap_first([cell(s=32, target="4x5")], (48, 150))


def test_the_published_tables_are_those_of_the_report():
    assert {metric: len(best_settings(metric)) for metric in ("psnr", "ssim", "vif")} == {
        "psnr": 12,
        "ssim": 12,
        "vif": 12,
    }
    first = best_settings("psnr")[0]
    assert (first.target, first.inputs, first.k, first.s, first.l, first.iterations, first.value) == (
        *("whole", "blur", 96, 8, 6, 5000),
        33.84,
    )


def test_the_best_of_the_published_come_once_each_with_their_own_iterations():
    cells = published_cells(5)
    names = [one.name for one in cells]
    assert len(names) == len(set(names))
    assert cell(k=96, s=8, l=6, marks=(5000,)) in cells
    assert published_cells(1) == [cell(k=96, s=8, l=6, marks=(5000,)), cell(k=96, marks=(7000,), l=6)]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"k": "8,x"}, "--k is '8,x'; it needs whole numbers from 1 to 512"),
        ({"s": "0"}, "--s is '0'; it needs whole numbers"),
        ({"l": ""}, "--l is ''; it needs whole numbers"),
        ({"iterations": "2000.5"}, "--iterations is '2000.5'"),
        ({"inputs": "perlin"}, "--inputs is 'perlin'; it needs some of: .*simplex"),
        ({"targets": "whole,big"}, "--targets is 'whole,big'; it needs 'whole', or rows x columns"),
        ({"starts": 0}, "--starts is 0; it needs a whole number from 1"),
        ({"seed": -1}, "--seed is -1"),
        ({"published": 13}, "--published is 13; each table has 12 entries"),
        ({"precision": "float8"}, "--precision is 'float8'; it may be one of: auto, bfloat16, float32"),
        ({"depth": 3}, "experiment 'deep-decoder' has no option 'depth'"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(options, sentence):
    with pytest.raises(UplappError, match=sentence):
        EXPERIMENTS.build("deep-decoder", **options)


def test_lists_are_sorted_and_hold_each_value_once():
    sweep = EXPERIMENTS.build(
        "deep-decoder", k="8,4,8", s="4", l="2", iterations="6,4", inputs="blur,blur", targets="1x1,whole"
    )
    assert [(one.k, one.target, one.marks) for one in sweep.cells] == [
        (4, "whole", (4, 6)),
        (8, "whole", (4, 6)),
    ]
