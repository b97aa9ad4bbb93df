"""The measurement of MR imaging as a linear operator: coil maps, Fourier transform, mask."""

from dataclasses import dataclass

from torch import Tensor

from uplapp.imaging.physics.coils import root_sum_of_squares
from uplapp.imaging.physics.fourier import to_image, to_kspace


@dataclass(frozen=True, eq=False)
class Sampling:
    """A = M F S: coil maps S (coils,H,W), centred transform F, mask M of columns (W,) or of samples (H,W).

    Without maps there is one coil that sees everything alike. Source: Pruessmann et al. (1999), eq. 2.
    """

    mask: Tensor
    maps: Tensor | None = None

    def forward(self, image: Tensor) -> Tensor:
        """The measured k-space (...,coils,H,W), zero where the mask is, of an image (...,H,W)."""
        coil_images = image[..., None, :, :]
        if self.maps is not None:
            coil_images = coil_images * self.maps
        return to_kspace(coil_images) * self.mask

    def adjoint(self, kspace: Tensor) -> Tensor:
        """The complex image (...,H,W) of a k-space (...,coils,H,W).

        With all of k-space and maps whose squares sum to 1 it is the inverse of `forward`.
        """
        coil_images = to_image(kspace * self.mask)
        if self.maps is not None:
            coil_images = coil_images * self.maps.conj()
        return coil_images.sum(dim=-3)


def zero_filled(kspace: Tensor, mask: Tensor | None = None) -> Tensor:
    """The magnitude image (...,H,W) of a k-space (...,coils,H,W), what the mask leaves out taken as 0."""
    return root_sum_of_squares(to_image(kspace if mask is None else kspace * mask))
