"""Differences made easier to see: enlarged twice, amplified twice, as the boosted flicker of JPEG AIC-3."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def boost(
    pixels: NDArray[np.uint8], reference: NDArray[np.uint8], zoom: int, amplification: int
) -> NDArray[np.uint8]:
    """Amplify the difference of (H,W[,C]) from the reference, clipped to 0..255; then enlarge by Lanczos.

    Source: Men et al. 2021, Subjective image quality assessment with boosted triplet comparisons.
    """
    if amplification != 1:
        difference = pixels.astype(np.int16) - reference
        pixels = np.clip(reference + amplification * difference, 0, 255).astype(np.uint8)
    if zoom != 1:
        height, width = pixels.shape[:2]
        size = (zoom * width, zoom * height)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    return pixels
