"""The centred Fourier transform between an image and its k-space."""

import torch
from torch import Tensor

ROWS_AND_COLUMNS = (-2, -1)


def to_kspace(image: Tensor) -> Tensor:
    """Compute the k-space (...,H,W), complex, of an image (...,H,W), real or complex.

    Orthonormal, so energy is kept; the zero frequency lies at (H // 2, W // 2).
    """
    centred = torch.fft.ifftshift(image, dim=ROWS_AND_COLUMNS)
    kspace = torch.fft.fft2(centred, dim=ROWS_AND_COLUMNS, norm="ortho")
    shifted: Tensor = torch.fft.fftshift(kspace, dim=ROWS_AND_COLUMNS)
    return shifted


def to_image(kspace: Tensor) -> Tensor:
    """Compute the complex image (...,H,W) of a k-space (...,H,W), the inverse of `to_kspace`."""
    centred = torch.fft.ifftshift(kspace, dim=ROWS_AND_COLUMNS)
    image = torch.fft.ifft2(centred, dim=ROWS_AND_COLUMNS, norm="ortho")
    shifted: Tensor = torch.fft.fftshift(image, dim=ROWS_AND_COLUMNS)
    return shifted
