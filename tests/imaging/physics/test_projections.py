"""Line integrals: by hand, through phantoms whose answers are exact, and beside scikit-image."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import shepp_logan_phantom
from skimage.transform import radon, resize

from uplapp.errors import BadImage, UplappError
from uplapp.imaging.physics import Head, Projection, Projector
from uplapp.imaging.physics.phantoms import (
    PHANTOM_HEAD,
    Ellipsoid,
    chords,
    drawn_head,
    line_integrals,
    voxels,
)
from uplapp.imaging.physics.projections import (
    BEAMS,
    WATER,
    WHITE_SHARE,
    attenuation_of_units,
    attenuation_of_window,
)

SIZE = (24, 48, 48)
BALL = Ellipsoid((0.0, 0.0, 0.0), (0.3, 0.3, 0.3), 1.0, 0.5)


def draw(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def slices(side: int) -> torch.Tensor:
    """Three slices of a phantom, unlike each other."""
    drawing = resize(shepp_logan_phantom(), (side, side), anti_aliasing=True)
    return torch.from_numpy(np.stack([drawing, drawing.T, drawing[::-1].copy()]))


def phantom_at(points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The MR and the attenuation of the phantom of a head at points (P,3)."""
    inside = [
        one.to_sphere(points - torch.tensor(one.centre)).square().sum(dim=-1) <= 1 for one in PHANTOM_HEAD
    ]
    shares = torch.stack(inside).double()
    values = torch.tensor([[one.mr, one.attenuation] for one in PHANTOM_HEAD], dtype=torch.float64)
    return tuple(values.T @ shares)


def test_one_bright_voxel_is_seen_at_its_place_from_the_front_and_from_a_side():
    volume = torch.zeros(1, 5, 5, dtype=torch.float64)
    volume[0, 1, 3] = 2  # a row before the axis, a column to the right of it
    front = Projector(0, "parallel", (1, 5, 5)).forward(volume)
    side = Projector(90, "parallel", (1, 5, 5)).forward(volume)
    torch.testing.assert_close(front[0], torch.tensor([0.0, 0, 0, 2, 0], dtype=torch.float64))
    # The detector of the side view runs from back to front.
    torch.testing.assert_close(side[0], torch.tensor([0.0, 0, 0, 2, 0], dtype=torch.float64))


@pytest.mark.parametrize("angle", [0, 30, 90, 137, 301])
@pytest.mark.parametrize("side", [64, 65])
def test_every_slice_of_a_parallel_projection_is_the_one_of_scikit_image(side, angle):
    volume = slices(side)
    ours = Projector(angle, "parallel", tuple(volume.shape)).forward(volume)
    theirs = np.stack([radon(one, [angle])[:, 0] for one in volume.numpy()])
    assert np.abs(ours.numpy() - theirs).max() < 0.005 * theirs.max()


@pytest.mark.parametrize("beam", BEAMS)
@pytest.mark.parametrize("angle", [0.0, 72.5])
def test_the_adjoint_is_the_adjoint(beam, angle):
    projector = Projector(angle, beam, (6, 9, 9))
    image, data = draw(2, 6, 9, 9), draw(2, 6, 9)
    left = (projector.forward(image) * data).sum()
    right = (image * projector.adjoint(data)).sum()
    torch.testing.assert_close(left, right, rtol=1e-9, atol=0)


@pytest.mark.parametrize("beam", BEAMS)
def test_projections_are_differentiable(beam):
    projector = Projector(20, beam, (2, 4, 4))
    assert torch.autograd.gradcheck(projector.forward, draw(2, 4, 4).requires_grad_())


@pytest.mark.parametrize("angle", [0, 45, 200])
def test_a_parallel_beam_counts_what_is_there_once(angle):
    head = voxels([BALL], SIZE)
    total = Projector(angle, "parallel", SIZE).forward(head.mr).sum()
    assert total.item() == pytest.approx(head.mr.sum().item(), rel=2e-3)  # linear interpolation


@pytest.fixture(scope="module")
def phantom():
    return voxels(PHANTOM_HEAD, (32, 56, 56))


@pytest.mark.parametrize("beam", BEAMS)
@pytest.mark.parametrize("angle", [0, 63, 180])
def test_projections_of_a_phantom_are_its_exact_line_integrals(beam, angle, phantom):
    projector = Projector(angle, beam, tuple(phantom.mr.shape))
    exact = line_integrals(PHANTOM_HEAD, projector)
    for volume, truth in zip((phantom.mr, phantom.attenuation), exact, strict=True):
        error = projector.forward(volume) - truth
        # The skull is one or two voxels thick here, so that its edges are steps within a voxel.
        assert error.square().mean().sqrt() < 0.04 * truth.max()


@pytest.mark.parametrize("beam", BEAMS)
def test_smaller_voxels_come_nearer_to_the_exact_integrals(beam):
    ball = Ellipsoid((0.05, -0.3, 0.2), (0.3, 0.3, 0.3), 1.0, 0.5)
    errors = []
    for side in (16, 32, 64):
        projector = Projector(20, beam, (side // 2, side, side))
        truth = line_integrals([ball], projector)[0]
        error = projector.forward(voxels([ball], projector.size).mr) - truth
        errors.append((error.square().mean().sqrt() / truth.max()).item())
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]
    assert errors[2] < 0.015


def test_a_ray_through_the_middle_of_a_ball_is_as_long_as_its_diameter():
    through = torch.tensor([[0.0, 0, 0], [0.0, 0, 0.18], [0.0, 0, 0.31]], dtype=torch.float64)
    along = torch.tensor([0.0, 1, 0], dtype=torch.float64).expand(3, 3)
    expected = torch.tensor([0.6, 0.48, 0.0], dtype=torch.float64)  # 2 sqrt(.3^2 - .18^2)
    torch.testing.assert_close(chords(BALL, through, along), expected)


def test_a_turned_ellipsoid_has_its_long_axis_where_it_was_turned_to():
    radians = math.radians(30)
    turned = Ellipsoid((0.0, 0.0, 0.0), (0.3, 0.6, 0.2), 1.0, 1.0, 30)
    along = torch.tensor([[0.0, math.cos(radians), math.sin(radians)], [0.0, 1.0, 0.0]])
    lengths = chords(turned, torch.zeros(2, 3), along)
    assert lengths[0].item() == pytest.approx(1.2)
    assert lengths[1] < 1


def test_the_voxels_of_a_ball_hold_its_volume():
    head = voxels([BALL], SIZE)
    expected = 4 / 3 * math.pi * (0.3 * 24) ** 3
    assert head.mr.sum().item() == pytest.approx(expected, rel=0.01)
    torch.testing.assert_close(head.attenuation, head.mr / 2)


def test_the_phantom_of_a_head_stays_in_range():
    points = 2 * draw(20_000, 3) - 1
    for values in phantom_at(points):
        assert values.min() > -1e-5
        assert 0.9 < values.max() < 1 + 1e-5


def test_a_cone_beam_enlarges_what_is_nearer_to_the_source():
    near, far = (
        Projector(0, "cone", SIZE).forward(
            voxels([Ellipsoid((0.0, row, 0.0), (0.2, 0.2, 0.2), 1, 1)], SIZE).mr
        )
        for row in (-0.6, 0.6)
    )
    assert (near > 0).sum() > 1.3 * (far > 0).sum()


def test_the_picture_is_white_where_a_ray_goes_through_enough_bone():
    head = Head("slab", torch.ones(2, 10, 10), torch.zeros(2, 10, 10))
    head.attenuation[:, : round(10 * WHITE_SHARE / 2)] = 1
    torch.testing.assert_close(Projection().picture(head), torch.full((1, 2, 10), 0.5))
    assert Projection().measure(head).seen.unique().tolist() == [1.0]  # clipped


def test_hounsfield_units_and_brain_windows_become_attenuation():
    units = torch.tensor([-1000.0, 0.0, 1500.0, 3000.0])
    torch.testing.assert_close(attenuation_of_units(units), torch.tensor([0.0, WATER, 1.0, 1.0]))
    grey = torch.tensor([0.0, 0.05, 0.1, 0.5, 0.85, 1.0])
    expected = torch.tensor([0.0, WATER / 2, WATER, WATER, WATER, 1.0])
    torch.testing.assert_close(attenuation_of_window(grey), expected)


def test_mr_and_x_rays_are_projected_alike():
    head = Head("same", *[draw(3, 8, 8).float()] * 2)
    projection = Projection(33, "cone")
    measurement = projection.measure(head)
    torch.testing.assert_close(measurement.seen, projection.picture(head))
    torch.testing.assert_close(measurement.operator.forward(head.mr), measurement.data)
    assert measurement.seen.shape == (1, 3, 8)


def test_seed_0_keeps_the_angle_and_others_draw_one_for_each_head():
    assert Projection(40).for_image("a") == Projection(40)
    angles = {Projection(40, seed=seed).for_image(name).angle for seed in (1, 2) for name in "ab"}
    assert len(angles) == 4
    assert all(0 <= angle < 360 for angle in angles)
    assert Projection(40, seed=1).for_image("a") == Projection(0, seed=1).for_image("a")
    assert Projection(300).turned(90).angle == 30


def test_a_projection_comes_back_from_json_and_says_what_it_is():
    projection = Projection(15, "cone", 3)
    assert Projection(**json.loads(json.dumps(asdict(projection)))) == projection
    assert Projection(15).text == "parallel beam at 15 degrees"
    assert projection.text == "cone beam at an angle of seed 3"


@pytest.mark.parametrize(
    ("options", "words"), [({"angle": 361}, "angle is 361"), ({"beam": "fan"}, "unknown beam 'fan'")]
)
def test_what_no_projection_can_have_is_refused(options, words):
    with pytest.raises(UplappError, match=words):
        Projection(**options)


def test_volumes_that_do_not_fit_each_other_are_refused():
    with pytest.raises(BadImage, match="need one size, with square slices"):
        Projection().measure(Head("a", torch.zeros(2, 8, 8), torch.zeros(3, 8, 8)))
    with pytest.raises(BadImage, match="2x8x9"):
        Projection().measure(Head("a", torch.zeros(2, 8, 9), torch.zeros(2, 8, 9)))


class TestDrawnHeads:
    """Heads of ellipsoids that differ with a seed."""

    def test_are_the_same_for_a_seed_and_differ_between_seeds(self):
        assert drawn_head(3) == drawn_head(3)
        assert drawn_head(3) != drawn_head(4)

    @given(st.integers(0, 10_000))
    def test_lie_in_the_frame_skull_in_scalp_and_fluid_in_skull(self, seed):
        scalp, skull, fluid, *_ = drawn_head(seed)
        assert all(abs(place) + radius < 1 for place, radius in zip(scalp.centre, scalp.radii, strict=True))
        assert scalp.radii > skull.radii > fluid.radii

    @given(st.integers(0, 10_000))
    def test_have_all_that_a_phantom_has(self, seed):
        signs = [(one.mr > 0, one.attenuation > 0) for one in drawn_head(seed)]
        assert signs == [(one.mr > 0, one.attenuation > 0) for one in PHANTOM_HEAD]
