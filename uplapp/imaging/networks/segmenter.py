"""The segmenter: a small U-Net that says of each pixel of a magnitude image what it shows."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from uplapp.errors import UplappError
from uplapp.imaging.networks.layers import padded

SMALLEST_DEVIATION = 1e-6


class Segmenter(nn.Module):
    """Maps images (B,1,H,W) of any unit to the scores (B,classes,H,W) of what each pixel may show.

    The first class is the background. Two 3x3 convolutions per scale with batch norm and ReLU; each of
    `levels` pools doubles the channels up to `widest`, the way back joins the maps of the same scale. Images
    are seen at mean 0 and deviation 1; sides that are no multiple of `2**levels` are padded by replication.
    It has 801,714 parameters. Sources: Ronneberger et al. (2015); the semantic score: Seitzer et al. (2018).
    """

    receptive_radius = None  # it looks at mean and deviation of the whole image

    def __init__(
        self, channels: int = 1, classes: int = 2, width: int = 16, levels: int = 4, widest: int = 96
    ) -> None:
        super().__init__()
        if classes < 2:
            raise UplappError(f"a segmenter of {classes} classes tells nothing apart; give 2 or more")
        self.channels, self.channels_out, self.multiple = channels, classes, 2**levels
        widths = [min(width * 2**level, widest) for level in range(levels + 1)]
        self.encoders = nn.ModuleList(
            _double(before, after) for before, after in zip([channels, *widths], widths, strict=False)
        )
        back = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.decoders = nn.ModuleList(_double(below + beside, beside) for below, beside in back)
        self.leave = nn.Conv2d(widths[0], classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Give the scores of the classes."""
        height, width = image.shape[-2:]
        features = padded(_standardised(image), self.multiple, 2 * self.multiple)
        skips: list[Tensor] = []
        for encoder in self.encoders:
            features = encoder(functional.max_pool2d(features, 2) if skips else features)
            skips.append(features)
        skips.pop()
        for decoder in self.decoders:
            doubled = functional.interpolate(features, scale_factor=2, mode="nearest")
            features = decoder(torch.cat([doubled, skips.pop().to(doubled.dtype)], dim=1))
        scores: Tensor = self.leave(features)
        return scores[..., :height, :width]

    @torch.no_grad()
    def segment(self, image: Tensor) -> Tensor:
        """Give the likeliest class of each pixel (B,H,W), where the image (B,1,H,W) is."""
        classes: Tensor = self(image.to(self.leave.weight.device)).argmax(dim=1)
        return classes.to(image.device)


class OwnNorm(nn.Module):
    """Batch norm in training; in use each image is normalised by its own statistics.

    Running statistics, of few batches of few slices each, lag: with them the Dice on slices of tumours that
    the network had not seen was .52, with its own .66. Source: Ioffe and Szegedy (2015), changed.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """Normalise each channel of (B,C,H,W)."""
        if self.training:
            return functional.batch_norm(features, None, None, self.weight, self.bias, training=True)
        return functional.instance_norm(features, weight=self.weight, bias=self.bias)


def _standardised(image: Tensor) -> Tensor:
    deviation, mean = torch.std_mean(image, dim=(1, 2, 3), correction=0, keepdim=True)
    return (image - mean) / deviation.clamp_min(SMALLEST_DEVIATION)


def _double(before: int, after: int) -> nn.Sequential:
    """Build two 3x3 convolutions, each with batch norm, whose shift stands for a bias, and ReLU."""
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), OwnNorm(after), nn.ReLU()]
    return nn.Sequential(*layers)
