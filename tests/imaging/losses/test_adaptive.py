"""The adaptive loss: the published formulas, quadrature, and what it learns from known errors."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from uplapp.errors import UplappError
from uplapp.imaging.losses import LOSSES
from uplapp.imaging.losses.adaptive import AdaptiveLoss, log_partition, robust_error

X = torch.linspace(-30, 30, 601, dtype=torch.float64)
# Barron (2019), eq. 13: the special cases that have a name.
CLOSED = {
    2.0: lambda x: x**2 / 2,
    1.0: lambda x: (x**2 + 1).sqrt() - 1,
    0.0: lambda x: (x**2 / 2 + 1).log(),
    -2.0: lambda x: 2 * x**2 / (x**2 + 4),
    -math.inf: lambda x: 1 - (-(x**2) / 2).exp(),
}
# ln Z of Barron's published code.
LOG_PARTITION = {0.0: 1.491303, 0.5: 1.291707, 1.0: 1.185495, 1.5: 1.087189, 2.0: 0.918939}


def double(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def rho(x: torch.Tensor, alpha: float, scale: float = 1.0) -> torch.Tensor:
    return robust_error(x, double(alpha), double(scale))


def published_rho(x: float, alpha: float) -> float:
    b = abs(alpha - 2)
    return b / alpha * ((x**2 / b + 1) ** (alpha / 2) - 1)


def with_latents(alpha: float, scale: float) -> AdaptiveLoss:
    loss = AdaptiveLoss().double()
    torch.nn.init.constant_(loss.latent_alpha, alpha)
    torch.nn.init.constant_(loss.latent_scale, scale)
    return loss


def learn(errors: torch.Tensor, steps: int = 300) -> AdaptiveLoss:
    loss = AdaptiveLoss().double()
    optimiser = torch.optim.Adam(loss.parameters(), lr=0.1)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(errors, torch.zeros_like(errors)).backward()
        optimiser.step()
    return loss


@pytest.mark.parametrize("alpha", CLOSED)
def test_rho_has_its_closed_forms(alpha):
    torch.testing.assert_close(rho(X, alpha), CLOSED[alpha](X), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("alpha", [-7.5, -1, -0.01, 0.3, 0.999, 1.7, 1.999])
def test_rho_is_the_published_formula_elsewhere(alpha):
    answer = [published_rho(x, alpha) for x in X.tolist()]
    torch.testing.assert_close(rho(X, alpha), torch.tensor(answer, dtype=torch.float64))


@pytest.mark.parametrize("alpha", [0.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("step", [-1e-4, -1e-7, -1e-30, 1e-30, 1e-7, 1e-4])
def test_rho_passes_smoothly_through_its_limits(alpha, dtype, step):
    x = torch.linspace(-5, 5, 101, dtype=dtype)
    near = robust_error(x, torch.tensor(alpha + step, dtype=dtype), torch.ones((), dtype=dtype))
    # Away from the limit by 1e-4 in alpha, rho moves by less than 2e-3 at |x| = 5.
    tolerance = 20 * abs(step) + 20 * torch.finfo(dtype).eps
    torch.testing.assert_close(near, CLOSED[alpha](x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 0.7, 1.3, 1.999, 2.0])
def test_the_slope_in_alpha_and_in_x_is_finite_everywhere(alpha):
    shape = torch.full_like(X, alpha).requires_grad_()
    x = X.clone().requires_grad_()
    robust_error(x, shape, double(1)).sum().backward()
    assert torch.isfinite(shape.grad).all()
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("alpha", [0.001, 0.4, 1.0, 1.6, 1.99])
def test_slopes_are_those_of_the_values(alpha):
    inputs = (X[::40].clone().requires_grad_(), double(alpha).requires_grad_(), double(0.3).requires_grad_())
    assert torch.autograd.gradcheck(robust_error, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)
    assert torch.autograd.gradcheck(log_partition, double(alpha).view(1).requires_grad_(), eps=1e-7)


@pytest.mark.parametrize(("alpha", "answer"), LOG_PARTITION.items())
def test_the_partition_has_its_published_values(alpha, answer):
    assert log_partition(double(alpha)).item() == pytest.approx(answer, abs=1e-6)


@pytest.mark.parametrize("alpha", [1e-4, 0.003, 0.05, 0.31, 0.77, 1.2, 1.71, 1.95, 1.999, 2 - 1e-6])
def test_the_partition_is_the_integral(alpha):
    def integrand(t: float) -> float:
        return math.exp(-published_rho(math.sinh(t), alpha)) * math.cosh(t)

    cuts = np.linspace(0, 40, 81)
    parts = [quad(integrand, *ends, epsabs=1e-13)[0] for ends in pairwise(cuts)]
    assert log_partition(double(alpha)).item() == pytest.approx(math.log(2 * sum(parts)), abs=1e-7)


def test_the_partition_falls_as_the_tails_thin():
    values = log_partition(torch.linspace(0, 2, 5001, dtype=torch.float64))
    assert (values.diff() < 0).all()


@pytest.mark.parametrize("latent_alpha", [-20.0, -1.0, 0.0, 3.0, 20.0])
@pytest.mark.parametrize("latent_scale", [-3.0, 0.0, 2.0])
def test_the_likelihood_is_a_density(latent_alpha, latent_scale):
    loss = with_latents(latent_alpha, latent_scale)
    # x = sinh(t), so that tails as wide as 1/x^2 are inside; the rest beyond 1e17 is negligible.
    t = torch.arange(-40, 40, 0.005, dtype=torch.float64)
    zero = torch.zeros(1, 1, 1, 1, dtype=torch.float64)
    with torch.no_grad():
        offset = loss(zero, zero)
        errors = robust_error(t.sinh(), loss.alpha, loss.scale)
        total = ((-errors - offset).exp() * t.cosh()).sum() * 0.005
    assert total.item() == pytest.approx(1, abs=1e-6)


def test_it_starts_between_l1_and_l2_and_by_hand():
    loss = LOSSES.build("adaptive", channels=3)
    assert loss.alpha.tolist() == pytest.approx([1, 1, 1])
    assert loss.scale.tolist() == pytest.approx([1, 1, 1])
    value = loss(torch.full((1, 3, 2, 2), 0.75), torch.zeros(1, 3, 2, 2))
    assert value.item() == pytest.approx(0.25 + 1.185495, abs=1e-6)
    assert LOSSES.build("adaptive", scale=0.1).scale.item() == pytest.approx(0.1)


@pytest.mark.parametrize("latent", [-1000.0, -30.0, 30.0, 1000.0])
def test_no_latent_leaves_the_allowed_range(latent):
    loss = with_latents(latent, latent)
    assert 0 < loss.alpha.item() < 2
    assert loss.scale.item() >= 1e-5
    loss(
        torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.zeros(1, 1, 4, 4)
    ).backward()
    assert torch.isfinite(loss.latent_alpha.grad).all()
    assert torch.isfinite(loss.latent_scale.grad).all()


def test_each_channel_has_its_own_pair_and_one_pair_serves_all():
    generator = torch.Generator().manual_seed(0)
    estimate, target = torch.rand(2, 2, 3, 8, 8, generator=generator)
    three, one = LOSSES.build("adaptive", channels=3), LOSSES.build("adaptive")
    three(estimate, target).backward()
    assert len(set(three.latent_scale.grad.tolist())) == 3
    assert one(estimate, target).item() == pytest.approx(three(estimate, target).item())
    split = [LOSSES.build("adaptive")(estimate[:, [c]], target[:, [c]]).item() for c in range(3)]
    assert three(estimate, target).item() == pytest.approx(np.mean(split))


def test_gaussian_errors_teach_it_the_normal_distribution():
    errors = 0.1 * torch.randn(1, 1, 100, 100, generator=torch.Generator().manual_seed(0)).double()
    loss = learn(errors)
    # Entropy of a normal distribution; 10,000 draws leave a standard error of .007.
    entropy = 0.5 * math.log(2 * math.pi * math.e * 0.01)
    assert loss.alpha.item() > 1.9
    # An alpha still short of 2 goes with a smaller scale.
    assert loss.scale.item() == pytest.approx(0.1, rel=0.1)
    assert loss(errors, torch.zeros_like(errors)).item() == pytest.approx(entropy, abs=0.03)
    assert entropy < 0


def test_heavy_tails_teach_it_a_lower_shape():
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(1, 1, 100, 100, generator=generator).double()
    cauchy = 0.1 * torch.tan(math.pi * (uniform - 0.5))
    loss = learn(cauchy)
    assert loss.alpha.item() < 0.2
    # At alpha 0 the density is Cauchy's with its scale times the root of two.
    assert loss.scale.item() * math.sqrt(2) == pytest.approx(0.1, rel=0.1)


def test_the_optimiser_finds_its_pairs_and_a_state_keeps_them():
    loss = LOSSES.build("adaptive", channels=3)
    assert [tuple(parameter.shape) for parameter in loss.parameters()] == [(3,), (3,)]
    torch.nn.init.constant_(loss.latent_alpha, 0.7)
    other = LOSSES.build("adaptive", channels=3)
    other.load_state_dict(loss.state_dict())
    assert torch.equal(other.alpha, loss.alpha)


def test_it_can_train_after_it_has_measured():
    loss, image = LOSSES.build("adaptive"), torch.zeros(1, 1, 4, 4)
    with torch.inference_mode():
        loss(image, image)
    loss(image + 0.5, image).backward()
    assert loss.latent_alpha.grad.abs() > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "channels is 0; it needs a whole number from 1"),
        ({"channels": "3"}, "channels is '3'; it needs a whole number from 1"),
        ({"scale": 0}, "scale is 0; it needs a number from 2e-05 to 100000"),
        ({"scale": math.nan}, "scale is nan; it needs a number"),
    ],
)
def test_a_wrong_option_is_refused_by_name(options, message):
    with pytest.raises(UplappError, match=message):
        LOSSES.build("adaptive", **options)


def test_pairs_for_other_channels_are_refused():
    image = torch.zeros(1, 1, 4, 4)
    with pytest.raises(
        UplappError, match="has 3 channels and the image 1; give as many as the image has, or 1"
    ):
        LOSSES.build("adaptive", channels=3)(image, image)
