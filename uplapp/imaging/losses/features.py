"""The features of networks trained on ImageNet: AlexNet, SqueezeNet 1.1, VGG-16, VGG-19.

Layers carry torchvision's names, so that its weights fit. Sources: Krizhevsky (2014), Iandola et al. (2016),
Simonyan and Zisserman (2015).
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from uplapp.errors import UnknownName, UplappError
from uplapp.settings import Settings

MEAN, SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# The smallest side that leaves a pixel at the last layer.
SMALLEST_PX = {"alexnet": 31, "squeezenet1_1": 17, "vgg16": 16, "vgg19": 16}
VGG_STAGES = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
VGG_WIDTHS = (64, 128, 256, 512, 512)


class Features(nn.Module):
    """The features of a frozen network in an image, after each of the layers `taps`.

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
        """Map (B,1 or 3,H,W) in [0,1] to one (B,C,H',W') per tap.

        Grey counts as three equal channels.
        """
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
    """Build the convolutional layers, numbered as torchvision's.

    `average_pool` takes means in place of maxima, and is not for AlexNet.
    """
    if network == "alexnet":
        return _alexnet()
    if network == "squeezenet1_1":
        pool = nn.AvgPool2d if average_pool else nn.MaxPool2d
        return _squeezenet(pool(3, 2, ceil_mode=True))
    return _vgg(VGG_STAGES[network], nn.AvgPool2d(2) if average_pool else nn.MaxPool2d(2))


class Convolution(nn.Conv2d):
    """A convolution in the precision of its input."""

    def forward(self, input: Tensor) -> Tensor:
        """Map (B,C,H,W) to (B,C',H',W')."""
        bias = None if self.bias is None else self.bias.to(input.dtype)
        return self._conv_forward(input, self.weight.to(input.dtype), bias)  # type: ignore[no-any-return]


class Fire(nn.Module):
    """A fire module: few channels by 1x1, then many by 1x1 and 3x3 in parallel (Iandola et al. 2016)."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = Convolution(channels, squeezed, 1)
        self.expand1x1 = Convolution(squeezed, expanded, 1)
        self.expand3x3 = Convolution(squeezed, expanded, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        """Map (B,channels,H,W) to (B,2*expanded,H,W)."""
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


def _squeezenet(pool: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        Convolution(3, 64, 3, stride=2),
        nn.ReLU(inplace=True),
        pool,
        Fire(64, 16, 64),
        Fire(128, 16, 64),
        pool,
        Fire(128, 32, 128),
        Fire(256, 32, 128),
        pool,
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


ADDRESS = "https://download.pytorch.org/models/"
# The name of a file ends with the first digits of its SHA-256.
OFFICIAL = {
    "alexnet": "alexnet-owt-7be5be79.pth",
    "squeezenet1_1": "squeezenet1_1-b8a52dc0.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
}
PREFIX = "features."

Weights = dict[str, Tensor]


def feature_weights(network: str, folder: str | Path | None = None) -> Weights:
    """The convolutional part of a network trained on ImageNet, by torchvision's names without `features.`.

    `folder` (None: the setting UPLAPP_WEIGHTS) holds torchvision's own file or `<network>_features.pth`.
    Where neither names a folder the official file is downloaded once, its hash checked. UplappError says why
    the weights cannot be had; a download that failed is not tried again in this process.
    """
    if network not in OFFICIAL:
        raise UnknownName("pretrained network", network, OFFICIAL)
    official = OFFICIAL[network]
    place = _place(folder)
    if place is None:
        return _download(official)
    path = _find((official, f"{network}_features.pth"), place)
    if path is None:
        raise UplappError(
            f"the weights of {network} cannot be had: {place} holds no {official} (from {ADDRESS}{official}) "
            f"nor {network}_features.pth"
        )
    return _read_features(path)


def linear_weights(backbone: str, folder: str | Path | None = None) -> list[Tensor]:
    """The non-negative weights (C,) of each layer of LPIPS v0.1 for `backbone`: alex, squeeze or vgg.

    They come from `lpips_lin_v0.1_<backbone>.pth` in `folder` (None: the setting UPLAPP_WEIGHTS), or else
    from torchmetrics. Source: Zhang et al. (2018).
    """
    path = _find((f"lpips_lin_v0.1_{backbone}.pth",), _place(folder)) or _shipped(backbone)
    layers = _read(path)
    keys = [f"lin{layer}.model.1.weight" for layer in range(len(layers))]
    if set(keys) != set(layers):
        raise UplappError(f"{path} holds no linear weights of LPIPS v0.1: its keys are not {keys[0]} and on")
    return [layers[key].flatten() for key in keys]


def _place(folder: str | Path | None) -> Path | None:
    return Path(folder) if folder is not None else Settings.from_env().weights


def _find(names: tuple[str, ...], place: Path | None) -> Path | None:
    paths = (place / name for name in names) if place else ()
    return next((path for path in paths if path.is_file()), None)


def _shipped(backbone: str) -> Path:
    """The file inside torchmetrics, found without importing it."""
    package = find_spec("torchmetrics")
    if package is None or package.origin is None:
        raise UplappError("LPIPS needs the linear weights that torchmetrics ships; install torchmetrics")
    path = Path(package.origin).parent / "functional/image/lpips_models" / f"{backbone}.pth"
    if not path.is_file():
        raise UplappError(f"torchmetrics holds no linear weights of LPIPS for '{backbone}'")
    return path


@lru_cache
def _read_features(path: Path) -> Weights:
    return _features(_read(path))


def _download(file: str) -> Weights:
    fetched = _fetch(file)
    if isinstance(fetched, str):
        raise UplappError(
            f"{ADDRESS}{file} could not be fetched ({fetched}); set UPLAPP_WEIGHTS to a folder that holds it"
        )
    return fetched


@lru_cache
@torch.inference_mode(False)  # cached tensors must serve training too, whoever loads them first
def _fetch(file: str) -> Weights | str:
    """Fetch the weights, or the reason why they cannot be had, and remember either."""
    try:
        # torch.hub says what it downloads on stdout, which belongs to results.
        with redirect_stdout(sys.stderr):
            loaded = torch.hub.load_state_dict_from_url(
                ADDRESS + file, map_location="cpu", check_hash=True, weights_only=True
            )
    except Exception as error:  # no network, another hash, or whatever a broken file leads torch.load to
        return str(error)
    return _features(loaded)


def _features(loaded: Weights) -> Weights:
    """Keep the convolutions alone.

    torchvision's file also holds a classifier.
    """
    named = {key.removeprefix(PREFIX): value for key, value in loaded.items() if key.startswith(PREFIX)}
    return named or loaded


@torch.inference_mode(False)
def _read(path: Path) -> Weights:
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever a broken file leads it to
        raise UplappError(f"{path} cannot be read as weights ({type(error).__name__})") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise UplappError(f"{path} holds no named tensors")
    return loaded
