"""What spoils an image: a frozen value of numbers and names, therefore JSON, that makes observations.

Each has `text`, the words of a legend; `for_image(name)`, the degradation of the image of that name; and
`apply(image)`, the observation (C,H,W) that a network gets of an image (C,H,W) in [0,1].
"""

from uplapp.imaging.physics.noise import GaussianNoise
from uplapp.imaging.physics.undersampling import Undersampling

__all__ = ["Degradation", "GaussianNoise", "Undersampling"]

Degradation = GaussianNoise | Undersampling
