"""What networks get to see: noise, and pictures of which k-space was sampled in part."""

import json
from dataclasses import asdict

import pytest
import torch

from uplapp.errors import UnknownName, UplappError
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.physics.coils import simulated_maps
from uplapp.imaging.physics.masks import MASKS, random_columns
from uplapp.imaging.physics.measurement import Sampling, zero_filled
from uplapp.imaging.physics.undersampling import smooth_phase, undersample

DEGRADATIONS: list[Degradation] = [
    GaussianNoise(),
    Undersampling(),
    Undersampling(4, "equispaced", 3, coils=3),
    Undersampling(seed=(1, 2)),
]


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("degradation", DEGRADATIONS, ids=lambda degradation: degradation.text)
class TestEachDegradation:
    def test_is_a_function_of_its_value(self, degradation):
        image = draw(1, 40, 61)
        observed = degradation.apply(image)
        assert observed.shape == image.shape
        assert observed.dtype == image.dtype
        assert torch.equal(observed, degradation.apply(image))
        assert not torch.equal(observed, image)

    def test_comes_back_from_json(self, degradation):
        assert type(degradation)(**json.loads(json.dumps(asdict(degradation)))) == degradation


def test_noise_is_of_its_sigma_and_the_same_for_every_image():
    noise = GaussianNoise(sigma=51, seed=4)
    assert noise.apply(torch.zeros(3, 200, 200)).std() == pytest.approx(0.2, rel=0.01)
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
    drawn = [
        Undersampling(seed=seed).for_image(name).columns(320) for seed in (0, 1, (0, 1)) for name in "abc"
    ]
    assert len({tuple(mask.tolist()) for mask in drawn}) == len(drawn)
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
        (Undersampling(acceleration).apply(square) - square).square().mean() for acceleration in (2, 4, 8)
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
    assert [Undersampling(mask=name).mask for name in MASKS] == ["random", "equispaced"]
