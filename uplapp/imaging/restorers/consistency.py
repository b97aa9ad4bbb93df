"""Data consistency: measured k-space put back into what a network made of its magnitude image.

A network that sees magnitudes gives neither phase nor coils. Both are estimated together with the image:
maps that vary slowly take the phase of the coils' images, the image is what is left, nearly real. What
the network says of the samples that were not measured is trusted as far as it predicts those that were.
"""

import torch
from torch import Tensor

from uplapp.imaging.physics import (
    Measurement,
    Missing,
    Sampling,
    crop_centre,
    estimate_maps,
    put_visible_back,
    require_sampling,
    root_sum_of_squares,
    smoothed_maps,
    to_image,
    to_kspace,
    zero_filled,
)

# Kinds of operators whose data `consistent` puts back.
PUT_BACK = ("kspace", "missing")
# Chosen on slices of heads that no network was trained on (those of the sweep among them) and on raw k-space.
MAP_ROUNDS = 4
STEPS = 20
IMAGINARY_KEPT = 0.9  # each step: what is not real fades instead of being forbidden, for maps have errors
TRUST_SPREAD = 4.0  # samples of k-space


def consistent(image: Tensor, measurement: Measurement) -> Tensor:
    """The magnitude (1,h,w), clipped to [0,1], nearest to an estimate (1,h,w) that agrees with the data.

    Of a picture (C,H,W) with gaps, and without noise that is known, the visible pixels are put back. Of other
    measurements the estimate itself is returned. See `consistent_coils`.
    """
    if isinstance(measurement.operator, Missing):
        return put_visible_back(image, measurement).clamp(0, 1)
    if not isinstance(measurement.operator, Sampling):
        return image
    magnitude = root_sum_of_squares(consistent_coils(image, measurement))[None]
    return crop_centre(magnitude, (image.shape[-2], image.shape[-1])).clamp(0, 1)


def consistent_coils(image: Tensor, measurement: Measurement) -> Tensor:
    """The complex image of each coil (coils,H,W) whose k-space is the data wherever it was sampled.

    `image` (1,h,w) is a magnitude; around it the zero-filled image fills the grid. First the maps are
    refined: coil images of the estimate with the data put back, smoothed. Then steps of a projection onto
    convex sets alternate between the data and one nearly real image behind the maps.
    Sources: Pruessmann et al. (2001) for the model, Samsonov et al. (2004), POCSENSE, for the steps.
    """
    sampling, data = require_sampling(measurement), measurement.data
    estimate = _paste(image, zero_filled(data))
    maps = estimate_maps(data, sampling.mask) if sampling.maps is None else sampling.maps
    for _ in range(MAP_ROUNDS):
        maps = smoothed_maps(_trusted_coils(estimate, maps, sampling.mask, data))
    coils = _trusted_coils(estimate, maps, sampling.mask, data)
    for _ in range(STEPS - 1):
        joint = (coils * maps.conj()).sum(dim=0)
        joint = torch.complex(joint.real, IMAGINARY_KEPT * joint.imag)
        coils = put_back(to_kspace(maps * joint), sampling.mask, data)
    return coils


def put_back(kspace: Tensor, mask: Tensor, data: Tensor) -> Tensor:
    """The coil images (coils,H,W) of a k-space in which the data replace what the mask has sampled."""
    return to_image(torch.where(mask, data, kspace))


def trusted(kspace: Tensor, mask: Tensor, data: Tensor) -> Tensor:
    """A predicted k-space (coils,H,W), each sample times the trust that it earns, in [0,1].

    The trust is the slope of the regression of the data on the prediction, over the sampled points nearby
    in all coils: 1 where the prediction is right, less where its errors are as large as itself.
    """
    product = ((kspace.conj() * data).real * mask).sum(dim=0)
    energy = (kspace.abs().square() * mask).sum(dim=0)
    slope = _spread(product) / _spread(energy).clamp_min(torch.finfo(energy.dtype).tiny)
    return kspace * slope.clamp(0, 1)


def _trusted_coils(image: Tensor, maps: Tensor, mask: Tensor, data: Tensor) -> Tensor:
    return put_back(trusted(to_kspace(maps * image), mask, data), mask, data)


def _paste(image: Tensor, around: Tensor) -> Tensor:
    """The image (1,h,w) in the middle of what is around it (H,W)."""
    pasted = around.clone()
    crop_centre(pasted, (image.shape[-2], image.shape[-1])).copy_(image[0])
    return pasted


def _spread(energy: Tensor) -> Tensor:
    """An array (H,W) smoothed by a periodic Gaussian of TRUST_SPREAD samples."""
    rows, columns = (_transfer(side, energy.device) for side in energy.shape)
    spectrum = torch.fft.rfft2(energy) * rows[:, None] * columns[None, : energy.shape[1] // 2 + 1]
    spread: Tensor = torch.fft.irfft2(spectrum, s=energy.shape)
    return spread


def _transfer(side: int, device: torch.device) -> Tensor:
    frequency = torch.fft.fftfreq(side, device=device)
    return torch.exp(-2 * (torch.pi * TRUST_SPREAD * frequency).square())
