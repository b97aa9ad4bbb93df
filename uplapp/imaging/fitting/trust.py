"""Whether to trust a fit: how far its starts agree."""

from dataclasses import dataclass

import torch
from torch import Tensor

from uplapp.imaging.fitting.loop import Fitted

# A coefficient of variation above this is unstable. Source: Deep Decoder on MRI, section 4.2.
UNSTABLE_ABOVE = 0.05
# Starts that agree to the bit have a finite PSNR for each other all the same.
LEAST_ERROR = 1e-10


@dataclass(frozen=True)
class Stability:
    """The coefficient of variation `cv` of the PSNRs of several starts, as a fraction.

    They are measured against the clean image where it is known, which `by_reference` says, else against the
    mean of the starts.
    """

    cv: float
    by_reference: bool

    @property
    def unstable(self) -> bool:
        """Whether the starts differ too much to trust one of them."""
        return self.cv > UNSTABLE_ABOVE

    @property
    def sentence(self) -> str:
        """The figure with a plain word."""
        word = "unstable" if self.unstable else "stable"
        against = "the clean image" if self.by_reference else "their mean"
        return (
            f"{word}: the PSNRs of the starts against {against} vary by {self.cv:.1%} "
            f"(unstable above {UNSTABLE_ABOVE:.0%})"
        )


def stability(fitted: Fitted, reference: Tensor | None) -> Stability | None:
    """Say how far the starts of a fit agree, None for a single start. The reference is (C,h,w) in [0,1]."""
    if len(fitted.pictures) < 2:
        return None
    against = fitted.mean if reference is None else reference
    return Stability(variation(psnrs(fitted.pictures, against)), reference is not None)


def psnrs(pictures: Tensor, against: Tensor) -> Tensor:
    """Give the PSNR (N,) in dB of pictures (N,C,h,w) in [0,1] against one (C,h,w)."""
    errors = (pictures - against).square().mean(dim=(1, 2, 3)).clamp_min(LEAST_ERROR)
    return -10 * torch.log10(errors)


def variation(values: Tensor) -> float:
    """Give the coefficient of variation of values (N,): their standard deviation over their mean.

    The variance is divided by N. Source: Deep Decoder on MRI, equation 4.1.
    """
    return float(values.double().std(correction=0) / values.double().mean().abs())
