"""Masks are fastMRI's own, seed for seed."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.physics.masks import (
    MASKS,
    centre_fraction,
    equispaced_columns,
    random_columns,
    variable_density_columns,
)

FILE_SEED = tuple(map(ord, "file1000001.h5"))
# Drawn with RandomMaskFunc and EquiSpacedMaskFunc of fastmri 0.3.0 (PyPI), centre fractions .04 and .08.
PUBLISHED = [
    (random_columns, 64, 8, 0, [14, 16, 31, 32, 33, 34, 43]),
    (
        random_columns,
        64,
        4,
        42,
        [4, 5, 6, 10, 14, 15, 21, 29, 30, 31, 32, 33, 34, 37, 40, 42, 49, 56, 58],
    ),
    (
        random_columns,
        368,
        8,
        FILE_SEED,
        [
            *(3, 6, 7, 11, 31, 57, 72, 82, 89, 95, 112, 114, 115, 124, 129, *range(177, 192), 195, 217),
            *(219, 221, 236, 248, 266, 297, 313, 326, 333, 334, 345, 354),
        ],
    ),
    (equispaced_columns, 64, 8, 0, [4, 12, 20, 28, 31, 32, 33, 36, 44, 52, 60]),
    (equispaced_columns, 127, 4, (1, 2, 3), sorted({*range(2, 127, 4), *range(59, 69)})),
]
FASTMRI_NAMES = {"random": "RandomMaskFunc", "equispaced": "EquiSpacedMaskFunc"}


@pytest.fixture(scope="module")
def subsample() -> ModuleType:
    """fastMRI's module of masks alone, since the package around it wants torchvision."""
    package = importlib.util.find_spec("fastmri")
    if package is None or package.origin is None:
        pytest.skip("fastmri is not installed")
    spec = importlib.util.spec_from_file_location(
        "subsample", Path(package.origin).parent / "data" / "subsample.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("draw", "width", "acceleration", "seed", "columns"), PUBLISHED)
def test_a_seed_gives_the_columns_that_fastmri_gives(draw, width, acceleration, seed, columns):
    mask = draw(width, acceleration, centre_fraction(acceleration), seed)
    assert mask.dtype == torch.bool
    assert mask.shape == (width,)
    assert mask.nonzero().flatten().tolist() == columns


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, (3,), FILE_SEED])
@pytest.mark.parametrize("acceleration", [2, 4, 5, 8, 16])
@pytest.mark.parametrize("width", [64, 127, 320, 372, 640])
@pytest.mark.parametrize("name", FASTMRI_NAMES)
def test_fastmri_agrees(subsample, name, width, acceleration, seed):
    fraction = centre_fraction(acceleration)
    published = getattr(subsample, FASTMRI_NAMES[name])([fraction], [acceleration])
    expected = published((1, 4, width, 2), seed=seed)[0].flatten().bool()
    assert torch.equal(MASKS[name].build(width, acceleration, fraction, seed), expected)


@pytest.mark.parametrize(("acceleration", "fraction"), [(4, 0.08), (8, 0.04)])
def test_the_published_centres_are_exact(acceleration, fraction):
    assert centre_fraction(acceleration) == fraction


def test_random_columns_are_as_many_as_the_acceleration_says():
    counts = [int(random_columns(320, 8, 0.04, seed).sum()) for seed in range(400)]
    # 400 binomials of 307 columns with p = .0883: the mean's standard error is .25
    assert np.mean(counts) == pytest.approx(320 / 8, abs=1)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize(
    ("width", "acceleration", "fraction", "seed", "sentence"),
    [
        pytest.param(64, 1, 0.3, 0, "an acceleration of 1 cannot be sampled", id="all"),
        pytest.param(64, 4.5, 0.08, 0, "an acceleration of 4.5 .* give an integer", id="fraction"),
        pytest.param(10, 8, 0.04, 0, "10 columns keeps 0 of them in its centre at 8x", id="narrow"),
        pytest.param(64, 8, 1.0, 0, "keeps 64 of them", id="everything"),
        pytest.param(64, 8, 0.04, -1, "seed -1 cannot be used", id="negative"),
        pytest.param(64, 8, 0.04, 2**32, "give integers from 0 to 4294967295", id="large"),
        pytest.param(64, 8, 0.04, (), "seed .. cannot be used", id="none"),
    ],
)
def test_what_leaves_no_mask_is_told(name, width, acceleration, fraction, seed, sentence):
    with pytest.raises(UplappError, match=sentence):
        MASKS[name].build(width, acceleration, fraction, seed)


@pytest.mark.parametrize(("width", "acceleration"), [(256, 8), (127, 4), (320, 12), (64, 16)])
def test_variable_density_has_its_count_and_its_middle(width, acceleration):
    for seed in range(20):
        mask = variable_density_columns(width, acceleration, centre_fraction(acceleration), seed)
        count = width // acceleration
        low = min(8, count)
        assert int(mask.sum()) == count
        first = (width - low + 1) // 2
        assert bool(mask[first : first + low].all())


def test_variable_density_falls_as_published():
    masks = [variable_density_columns(256, 8, 0.04, seed) for seed in range(2000)]
    share = torch.stack(masks).float().mean(dim=0)
    place = torch.arange(256) - 128
    density = torch.exp(-((place / 25.6) ** 2) / 2) + 1 / 16
    near, far = share[132:142].mean(), share[220:250].mean()
    # Draws without replacement flatten the density a little; 2,000 masks leave .01 on these means.
    assert float(near / far) == pytest.approx(
        float(density[132:142].mean() / density[220:250].mean()), rel=0.35
    )
    assert float(near) > 5 * float(far)


def test_numbers_of_numpy_are_seeds_too():
    assert torch.equal(random_columns(64, 8, 0.04, np.int64(5)), random_columns(64, 8, 0.04, 5))


def test_an_unknown_mask_lists_the_choices():
    with pytest.raises(UnknownName, match="choose one of: equispaced, random"):
        MASKS["radial"]
