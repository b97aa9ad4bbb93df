"""Losses of several terms, some of them judged by a discriminator: of the refinement network, of DAGAN.

The learner that has a discriminator computes the terms `adversarial` and `matching`, and `penalty` where a
network adds to an image. The loss compares images and weighs all terms.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from uplapp.imaging.losses.checks import require_axes, require_choice
from uplapp.imaging.losses.features import Features

Comparison = Callable[[Tensor, Tensor], Tensor]

# The slides' weights of terms that are divided by their first values, and the published code's.
WEIGHTS: dict[str, Mapping[str, float]] = {
    "auto": {"adversarial": 0.5, "matching": 0.5, "features": 1.0, "penalty": 0.1},
    "repo": {"adversarial": 0.5, "matching": 1.0, "features": 10.0, "penalty": 2.0},
}
DAGAN_WEIGHTS = {"adversarial": 1.0, "nmse": 15.0, "frequency": 0.1, "features": 0.0025}
FIRST_STEPS = 15  # whose mean values are the divisors, for a single value depends on its batch
SMALLEST_VALUE = 1e-8
# SqueezeNet's layers are those of LPIPS; of a VGG the one that was published is taken.
SQUEEZENET = ("squeezenet1_1", (1, 4, 7, 9, 10, 11, 12))
RELU5_4, RELU4_3 = ("vgg19", (35,)), ("vgg16", (22,))
SMALLEST_NORM = 1e-3
# A Fourier transform that is not normalised, of the published 256x256 px, has squares so many times as large.
FREQUENCY_SCALE = 256**2


class LossOfTerms(nn.Module):
    """A weighted sum of terms by name.

    `comparisons` compare an estimate with a clean image, `weights` also name the terms that others compute.
    With `balanced` each term is divided by its mean over the first steps, which is kept in the state_dict.
    """

    sums: Tensor
    steps: Tensor

    def __init__(
        self, weights: Mapping[str, float], comparisons: Mapping[str, Comparison], balanced: bool = False
    ) -> None:
        super().__init__()
        self.weights, self.balanced = dict(weights), balanced
        self.comparisons = dict(comparisons)
        self.parts = nn.ModuleList(part for part in comparisons.values() if isinstance(part, nn.Module))
        self.register_buffer("sums", torch.zeros(len(weights)))
        self.register_buffer("steps", torch.zeros(()))

    def compare(self, estimate: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Compare images (B,C,H,W) in [0,1], one scalar per term, not weighted.

        The gradient flows to `estimate` alone.
        """
        require_axes(estimate)
        return {name: term(estimate, target) for name, term in self.comparisons.items()}

    def observe(self, values: Mapping[str, Tensor]) -> None:
        """Let the first steps settle the divisors of balanced terms."""
        if self.balanced and self.steps < FIRST_STEPS:
            own = [
                values[name].detach() if name in values else self.sums.new_zeros(()) for name in self.weights
            ]
            self.sums += torch.stack([value.float() for value in own])
            self.steps += 1

    def total(self, values: Mapping[str, Tensor]) -> Tensor:
        """Add up the values, each times its weight and, where weights are balanced, over its first mean.

        A term without a value counts as 0.
        """
        means = (self.sums / self.steps.clamp_min(1)).clamp_min(SMALLEST_VALUE)
        divisors = means if self.balanced and self.steps else torch.ones_like(means)
        weighed = zip(self.weights.items(), divisors, strict=True)
        return torch.stack(
            [weight * values[name] / divisor for (name, weight), divisor in weighed if name in values]
        ).sum()

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the weighted sum of the comparisons alone, a scalar that nothing divides."""
        return torch.stack(
            [self.weights[name] * value for name, value in self.compare(estimate, target).items()]
        ).sum()


class RefinementLoss(LossOfTerms):
    """Adversarial terms, features and a penalty on what is added to the reconstruction.

    `weights` are "auto", 1/2 (L_adv / M + L_feat / N) + L_VGG / O + alpha L_pen with each divisor the mean of
    its term over the first steps and alpha such that alpha L_pen is .1 then, or "repo", .5 L_adv + L_feat
    + 10 L_VGG + 2 L_pen. Features are relu5_4 of VGG-19, or with `backbone` "squeeze" the layers of
    SqueezeNet; `folder` holds their weights, see `feature_weights`. Source: Seitzer et al. (2018).
    """

    def __init__(
        self, weights: str = "auto", backbone: str = "vgg", folder: str | Path | None = None
    ) -> None:
        require_choice("weights", weights, WEIGHTS)
        features = FeatureDistance(backbone, RELU5_4, folder)
        super().__init__(WEIGHTS[weights], {"features": features}, balanced=weights == "auto")


class DaganLoss(LossOfTerms):
    """Adversarial term + 15 relative error + .1 error of frequencies + .0025 error of features.

    Features are those of the fourth stage of VGG-16, or with `backbone` "squeeze" the layers of SqueezeNet,
    as in `RefinementLoss`. Source: Yang et al. (2018) and their code.
    """

    def __init__(self, backbone: str = "vgg", folder: str | Path | None = None) -> None:
        features = FeatureDistance(backbone, RELU4_3, folder)
        comparisons: dict[str, Comparison] = {
            "nmse": relative_error,
            "frequency": frequency_error,
            "features": features,
        }
        super().__init__(DAGAN_WEIGHTS, comparisons)


class FeatureDistance(nn.Module):
    """Mean squared difference of the features of two images, grey counted as three equal channels.

    Those of SqueezeNet are divided, image by image, by the mean square of the true image's, layer by layer,
    and averaged: its layers differ in size, and none was published for this.
    """

    def __init__(
        self, backbone: str, published: tuple[str, Sequence[int]], folder: str | Path | None = None
    ) -> None:
        super().__init__()
        require_choice("backbone", backbone, ("vgg", "squeeze"))
        self.relative = backbone == "squeeze"
        self.features = Features(*(SQUEEZENET if self.relative else published), folder)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Compare images (B,C,H,W) in [0,1] of 1 or 3 channels and return a scalar."""
        with torch.no_grad():
            wanted = self.features(target)
        layers = []
        for own, other in zip(self.features(estimate), wanted, strict=True):
            squares = (own - other).square().flatten(1).mean(dim=1)
            size = other.square().flatten(1).mean(dim=1).clamp_min(SMALLEST_VALUE)
            layers.append((squares / size if self.relative else squares).mean())
        return torch.stack(layers).mean()


def relative_error(estimate: Tensor, target: Tensor) -> Tensor:
    """The norm of the difference over the norm of the target, mean over images (B,...)."""
    difference = (estimate - target).square().flatten(1).sum(dim=1)
    size = target.detach().square().flatten(1).sum(dim=1).sqrt().clamp_min(SMALLEST_NORM)
    # Smooth where the images are equal, and 0 there.
    norm = (difference + SMALLEST_NORM**2).sqrt() - SMALLEST_NORM
    return (norm / size).mean()


def frequency_error(estimate: Tensor, target: Tensor) -> Tensor:
    """The mean squared difference of the magnitudes of two images (B,C,H,W) in the frequency domain."""
    own, other = (torch.fft.fft2(image, norm="ortho").abs() for image in (estimate, target.detach()))
    error: Tensor = FREQUENCY_SCALE * (own - other).square().mean()
    return error
