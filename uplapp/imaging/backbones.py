"""The features of networks trained on ImageNet: AlexNet, SqueezeNet 1.1, VGG-16, VGG-19.

Layers carry torchvision's names, so that its weights fit. Sources: Krizhevsky (2014), Iandola et al. (2016),
Simonyan and Zisserman (2015).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from uplapp.errors import UplappError
from uplapp.imaging.pretrained import feature_weights

MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# The smallest side that leaves a pixel at the last layer.
SMALLEST_PX = {"alexnet": 31, "squeezenet1_1": 17, "vgg16": 16, "vgg19": 16}
VGG_STAGES = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
VGG_WIDTHS = (64, 128, 256, 512, 512)


class Features(nn.Module):
    """What a frozen network sees in an image, after each of the layers `taps`.

    Its weights are buffers outside the state_dict: nothing trains or saves them. Computes in the
    precision of its input. UplappError when the weights cannot be had or do not fit.
    """

    mean: Tensor
    sd: Tensor

    def __init__(
        self,
        network: str,
        taps: Sequence[int],
        weights: str | Path | None = None,
        average_pool: bool = False,
    ) -> None:
        super().__init__()
        state = feature_weights(network, weights)
        with torch.device("meta"):
            layers = build_layers(network, average_pool)
        try:
            layers.load_state_dict(state, assign=True)
        except RuntimeError as error:
            raise UplappError(f"the weights for {network} do not fit: {_first_fault(error)}") from error
        self.network, self.taps = network, frozenset(taps)
        self.layers = nn.Sequential(*list(layers)[: max(taps) + 1])
        freeze(self.layers)
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(SD).view(3, 1, 1), persistent=False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B,1 or 3,H,W) in [0,1] to one (B,C,H',W') a tap; grey counts as three equal channels."""
        self._require_fit(image)
        colour = image.expand(-1, 3, -1, -1)
        seen = ((colour - self.mean.to(image.dtype)) / self.sd.to(image.dtype)).contiguous(
            memory_format=torch.channels_last
        )
        tapped = []
        for number, layer in enumerate(self.layers):
            seen = layer(seen)
            if number in self.taps:
                tapped.append(seen)
        return tapped

    def _require_fit(self, image: Tensor) -> None:
        if image.ndim != 4 or image.shape[1] not in (1, 3):
            raise UplappError(
                f"{self.network} takes images (B,C,H,W) of 1 or 3 channels, not {tuple(image.shape)}"
            )
        height, width = image.shape[-2:]
        if min(height, width) < SMALLEST_PX[self.network]:
            raise UplappError(
                f"an image of {width}x{height} px is too small for {self.network}; "
                f"each side needs {SMALLEST_PX[self.network]} px or more"
            )


def freeze(module: nn.Module) -> None:
    """Turn every parameter into a buffer that no optimiser finds and no state_dict holds."""
    for part in module.modules():
        for name, parameter in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, parameter.detach(), persistent=False)


def build_layers(network: str, average_pool: bool = False) -> nn.Sequential:
    """The convolutional layers, numbered as torchvision's; `average_pool` is for a VGG alone."""
    if network == "alexnet":
        return _alexnet()
    if network == "squeezenet1_1":
        return _squeezenet()
    return _vgg(VGG_STAGES[network], nn.AvgPool2d(2) if average_pool else nn.MaxPool2d(2))


class Convolution(nn.Conv2d):
    """A convolution in the precision of its input."""

    def forward(self, input: Tensor) -> Tensor:
        """(B,C,H,W) to (B,C',H',W')."""
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return self._conv_forward(input, self.weight.to(input.dtype), bias)  # type: ignore[no-any-return]


class Fire(nn.Module):
    """Few channels, then many: 1x1, and beside each other 1x1 and 3x3 (Iandola et al. 2016)."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = Convolution(channels, squeezed, 1)
        self.expand1x1 = Convolution(squeezed, expanded, 1)
        self.expand3x3 = Convolution(squeezed, expanded, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """(B,channels,H,W) to (B,2*expanded,H,W)."""
        squeezed = self.squeeze(image).relu_()
        return torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1).relu_()


def _alexnet() -> nn.Sequential:
    return nn.Sequential(
        Convolution(3, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        Convolution(64, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        Convolution(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        Convolution(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        Convolution(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
    )


def _squeezenet() -> nn.Sequential:
    return nn.Sequential(
        Convolution(3, 64, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64),
        Fire(128, 16, 64),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128),
        Fire(256, 32, 128),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        Fire(512, 64, 256),
    )


def _vgg(stages: Sequence[int], pool: nn.Module) -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for convolutions, width in zip(stages, VGG_WIDTHS, strict=True):
        for _ in range(convolutions):
            layers += [Convolution(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(pool)
    return nn.Sequential(*layers)


def _first_fault(error: RuntimeError) -> str:
    """The first complaint of load_state_dict, without its list of a hundred keys."""
    lines = str(error).splitlines()
    return lines[min(1, len(lines) - 1)].strip()[:200]
