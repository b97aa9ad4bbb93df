"""Weights of networks that others trained: torchvision's official files, LPIPS's linear layers."""

import sys
from contextlib import redirect_stdout
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from uplapp.errors import UnknownName, UplappError
from uplapp.settings import Settings

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
    """The weights, or the reason why they did not come: remembered either way."""
    try:
        # torch.hub tells what it downloads on stdout, which belongs to results.
        with redirect_stdout(sys.stderr):
            loaded = torch.hub.load_state_dict_from_url(
                ADDRESS + file, map_location="cpu", check_hash=True, weights_only=True
            )
    except Exception as error:  # no network, another hash, or whatever a broken file leads torch.load to
        return str(error)
    return _features(loaded)


def _features(loaded: Weights) -> Weights:
    """The convolutions alone; torchvision's file also holds a classifier."""
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
