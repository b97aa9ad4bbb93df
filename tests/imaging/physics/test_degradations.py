"""What networks get to see: noise, and pictures of which k-space was sampled in part."""

import json
from dataclasses import asdict, fields

import pytest
import torch

from tests.imaging.scans import head, kspace_of
from uplapp.described import options_of
from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.physics import (
    DEGRADATIONS,
    GaussianNoise,
    Head,
    MissingPixels,
    SmallerImage,
    Undersampling,
)
from uplapp.imaging.physics.kspace import simulated_maps
from uplapp.imaging.physics.masks import MASKS, random_columns
from uplapp.imaging.physics.measurement import Degradation, Sampling, Slice, crop_centre, zero_filled
from uplapp.imaging.physics.undersampling import sample, smooth_phase, undersample

DRAWN: list[Degradation] = [
    GaussianNoise(),
    Undersampling(),
    Undersampling(4, "equispaced", 3, coils=3),
    Undersampling(seed=(1, 2)),
    MissingPixels(),
    MissingPixels(0.1, 10, (1, 2)),
    SmallerImage(),
    SmallerImage(3, "area", 5, 1),
]


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("degradation", DRAWN, ids=lambda degradation: degradation.text)
class TestEachDegradation:
    def test_is_a_function_of_its_value(self, degradation):
        image = draw(1, 40, 61)
        observed = degradation.measure(image).seen
        assert observed.shape == image.shape
        assert observed.dtype == image.dtype
        assert torch.equal(observed, degradation.measure(image).seen)
        assert not torch.equal(observed, image)

    def test_comes_back_from_json(self, degradation):
        assert type(degradation)(**json.loads(json.dumps(asdict(degradation)))) == degradation


def test_noise_is_of_its_sigma_and_the_same_for_every_image():
    noise = GaussianNoise(sigma=51, seed=4)
    assert noise.measure(torch.zeros(3, 200, 200)).seen.std() == pytest.approx(0.2, rel=0.01)
    assert noise.for_image("kodim01.png") == noise
    assert noise.text == "sigma 51"


def test_the_words_of_a_legend():
    assert Undersampling().text == "8x random columns"
    assert Undersampling(4, "equispaced", coils=8).text == "4x equispaced columns, 8 coils"


def test_validation_draws_the_columns_that_fastmri_draws_for_a_file():
    name = "file1000001.h5"
    degradation = Undersampling().for_image(name)
    assert torch.equal(degradation.columns(368), random_columns(368, 8, 0.04, tuple(map(ord, name))))


def test_each_image_and_each_seed_has_columns_of_its_own():
    masks = [
        Undersampling(seed=seed).for_image(name).columns(320) for seed in (0, 1, (0, 1)) for name in "abc"
    ]
    assert len({tuple(mask.tolist()) for mask in masks}) == len(masks)
    assert Undersampling(seed=5).for_image("") == Undersampling(seed=(5,))


@pytest.mark.parametrize("coils", [1, 4])
@pytest.mark.parametrize(("height", "width"), [(40, 64), (33, 47)])
def test_one_short_transform_does_what_the_whole_measurement_does(coils, height, width):
    images = draw(2, 1, height, width).double()
    phases = smooth_phase((2, 1, height, width), torch.Generator().manual_seed(1)).double()
    masks = torch.stack([random_columns(width, 4, 0.08, seed) for seed in (0, 1)])
    maps = simulated_maps(coils, height, width) if coils > 1 else None
    observed = undersample(images, masks, phases, maps)
    objects = torch.polar(images, phases)[:, 0]
    expected = [
        zero_filled(Sampling(mask, maps).forward(image)) for mask, image in zip(masks, objects, strict=True)
    ]
    torch.testing.assert_close(observed[:, 0], torch.stack(expected))


def test_all_columns_give_the_image_back_whatever_phase_and_coils():
    image = draw(1, 1, 24, 24)
    phase = smooth_phase((1, 1, 24, 24), torch.Generator().manual_seed(2))
    everything = torch.ones(1, 24, dtype=torch.bool)
    torch.testing.assert_close(undersample(image, everything, phase), image)
    torch.testing.assert_close(undersample(image, everything, phase, simulated_maps(6, 24, 24)), image)


def test_more_columns_show_more():
    ramp = torch.linspace(0, 1, 64).expand(1, 64, 64)
    square = (ramp > 0.3).float() * (ramp < 0.6)
    errors = [
        (Undersampling(acceleration).measure(square).seen - square).square().mean()
        for acceleration in (2, 4, 8)
    ]
    assert errors == sorted(errors)


def test_the_phase_is_smooth_and_differs_between_images():
    phases = smooth_phase((3, 1, 128, 96), torch.Generator().manual_seed(0))
    assert phases.shape == (3, 1, 128, 96)
    assert not torch.allclose(phases[0], phases[1], atol=0.1)
    # A radian a pixel would be 20 cycles across the image.
    assert phases.diff(dim=-1).abs().max() < 0.5
    assert phases.diff(dim=-2).abs().max() < 0.5
    assert phases.std() > 0.5


def test_the_phase_breaks_the_symmetry_of_kspace():
    image = draw(1, 1, 32, 32)
    half = torch.zeros(1, 32, dtype=torch.bool)
    half[0, 16:] = True  # half of a symmetric k-space holds all of a real image
    phase = smooth_phase((1, 1, 32, 32), torch.Generator().manual_seed(0))
    assert not torch.allclose(undersample(image, half, phase), undersample(image, half, 0 * phase), atol=0.05)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: Undersampling(1), "acceleration of 1 cannot be sampled", id="acceleration"),
        pytest.param(lambda: Undersampling(coils=0), "0 coils cannot be simulated; give 1 to 64", id="coils"),
        pytest.param(lambda: Undersampling(coils=65), "give 1 to 64", id="many-coils"),
        pytest.param(lambda: Undersampling(seed=-1), "seed -1 cannot be used", id="seed"),
        pytest.param(lambda: Undersampling().columns(9), "9 columns keeps 0", id="narrow"),
        pytest.param(lambda: MissingPixels(0), "share of 0 of the pixels cannot be hidden", id="all-visible"),
        pytest.param(lambda: MissingPixels(1.0), "give a number above 0 and below 1", id="all-hidden"),
        pytest.param(lambda: MissingPixels(float("nan")), "share of nan", id="share-not-a-number"),
        pytest.param(lambda: MissingPixels(sigma=-1), "sigma -1 cannot be drawn", id="noise-in-gaps"),
        pytest.param(lambda: MissingPixels(seed=-1), "seed -1 cannot be used", id="seed-of-gaps"),
        pytest.param(lambda: MissingPixels().measure(torch.ones(1, 1, 1)), "1 pixel", id="one-pixel"),
        pytest.param(
            lambda: SmallerImage(1), "factor is 1; it needs a whole number from 2 to 8", id="factor"
        ),
        pytest.param(lambda: SmallerImage(2.5), "factor is 2.5", id="factor-not-whole"),
        pytest.param(lambda: SmallerImage(kernel="lens"), "unknown kernel 'lens'", id="kernel"),
        pytest.param(lambda: SmallerImage(sigma=-1), "sigma is -1", id="noise-when-smaller"),
        pytest.param(lambda: GaussianNoise(-1), "sigma -1 cannot be drawn; give 0 or more", id="sigma"),
        pytest.param(lambda: GaussianNoise(float("nan")), "sigma nan", id="not-a-number"),
    ],
)
def test_what_cannot_be_done_is_told_before_it_is_tried(make, sentence):
    with pytest.raises(UplappError, match=sentence):
        make()


def test_an_unknown_mask_lists_the_choices():
    with pytest.raises(UnknownName, match="unknown mask 'radial'"):
        Undersampling(mask="radial")
    assert [Undersampling(mask=name).mask for name in MASKS] == ["random", "equispaced", "variable"]


def magnitude(height: int = 40, width: int = 61) -> torch.Tensor:
    """A smooth picture (1,H,W)."""
    return torch.from_numpy(head(height, width)).float()[None]


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_every_degradation_says_what_kind_of_data_it_gives(name):
    clean = {"projection": Head("ball", torch.rand(4, 8, 8), torch.rand(4, 8, 8))}.get(name, magnitude())
    measurement = DEGRADATIONS.build(name).measure(clean)
    assert measurement.operator.kind == DEGRADATIONS[name].build.operator
    assert measurement.note == ""


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_every_degradation_describes_all_of_its_fields_and_its_strength_is_one(name):
    build = DEGRADATIONS[name].build
    names = [one.name for one in options_of(build)]
    assert names == [field.name for field in fields(build)]
    assert build.strength in names


@pytest.mark.parametrize("sigma", [0, 10, 51])
def test_the_data_of_noise_are_the_noisy_picture_and_its_deviation_is_known(sigma):
    measurement = GaussianNoise(sigma).measure(draw(3, 20, 30))
    assert measurement.noise == sigma / 255
    assert torch.equal(measurement.data, measurement.seen)
    assert torch.equal(measurement.operator.forward(measurement.seen), measurement.data)


@pytest.mark.parametrize("coils", [1, 3])
@pytest.mark.parametrize("mask", MASKS)
def test_the_data_of_undersampling_are_zero_where_nothing_was_sampled_and_show_what_is_seen(mask, coils):
    measurement = Undersampling(4, mask, 3, coils).measure(magnitude())
    assert measurement.noise is None
    assert measurement.data.shape == (coils, 40, 61)
    assert torch.equal((measurement.data != 0).any(dim=(0, 1)), measurement.operator.mask)
    torch.testing.assert_close(zero_filled(measurement.data)[None], measurement.seen)


@pytest.mark.parametrize("mask", MASKS)
def test_the_operator_gives_the_data_of_the_complex_truth(mask):
    truth = torch.polar(magnitude(), smooth_phase((1, 40, 61), torch.Generator().manual_seed(1)))
    operator, data = sample(truth, Undersampling(4, mask, 3).columns(61))
    torch.testing.assert_close(Sampling(operator.mask).forward(truth[0]), data)


def test_a_column_holds_the_same_data_whatever_else_is_sampled():
    some, more = (Undersampling(acceleration, seed=3).measure(magnitude()) for acceleration in (4, 2))
    both = some.operator.mask & more.operator.mask
    assert both.sum() > 5
    assert torch.equal(some.data[..., both], more.data[..., both])


@pytest.mark.parametrize("coils", [2, 4])
def test_data_of_several_coils_are_those_of_the_maps_that_made_them(coils):
    truth = torch.polar(magnitude(), smooth_phase((1, 40, 61), torch.Generator().manual_seed(1)))
    maps = simulated_maps(coils, 40, 61)
    mask = random_columns(61, 2, 0.16, 0)
    operator, data = sample(truth, mask, maps)
    torch.testing.assert_close(Sampling(mask, maps).forward(truth[0]), data)
    assert operator.maps.shape == data.shape


def test_a_slice_of_a_scan_is_measured_by_its_own_kspace():
    kspace = torch.from_numpy(kspace_of(head(64, 48), coils=3))
    part = Slice("knee.h5", 2, (40, 40), torch.zeros(1, 40, 40), kspace)
    measurement = Undersampling(4).measure(part)
    mask = Undersampling(4).columns(48)
    assert torch.equal(measurement.data, kspace * mask)
    assert torch.equal(measurement.operator.mask, mask)
    assert torch.equal(measurement.seen, crop_centre(zero_filled(kspace, mask)[None], (40, 40)))


def test_an_undersampled_slice_is_used_as_it_is_and_says_so():
    kspace = torch.from_numpy(kspace_of(head(64, 48)))
    kspace[..., ::2] = 0
    part = Slice("half.npy", 0, (64, 48), None, kspace)
    measurement = Undersampling(16).measure(part)
    assert torch.equal(measurement.data, kspace)
    assert measurement.note.startswith("half.npy lacks a part of its k-space already")
