"""Networks of published weights: names of tensors, equal outputs, the level of noise that one is shown."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from skimage.data import camera
from skimage.restoration import estimate_sigma

from tests.imaging.checkpoints.made import saved
from uplapp.imaging.case import Case
from uplapp.imaging.checkpoints import adding
from uplapp.imaging.checkpoints.folder import Checkpoints
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.networks.published import estimate_noise
from uplapp.imaging.physics import of_pixels
from uplapp.imaging.restorers import NetworkRestorer
from uplapp.imaging.restorers.network import restore_by_tiles

BLOCK = ("res.0", "res.2")
# As the layers of cszn/KAIR's UNetRes (models/network_unet.py) and DnCNN (models/network_dncnn.py) are named.
OF_DRUNET = {
    "m_head.weight": (64, 2, 3, 3),
    "m_down1.3.res.2.weight": (64, 64, 3, 3),
    "m_down1.4.weight": (128, 64, 2, 2),
    "m_down3.4.weight": (512, 256, 2, 2),
    "m_body.3.res.0.weight": (512, 512, 3, 3),
    "m_up3.0.weight": (512, 256, 2, 2),
    "m_up1.4.res.2.weight": (64, 64, 3, 3),
    "m_tail.weight": (1, 64, 3, 3),
}


def shapes(name: str, **options) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        state = NETWORKS.build(name, **options).state_dict()
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


@pytest.fixture(scope="module")
def theirs() -> ModuleType:
    """fastMRI's module of the U-Net alone, since the package around it wants more libraries."""
    package = importlib.util.find_spec("fastmri")
    if package is None or package.origin is None:
        pytest.skip("fastmri is not installed")
    spec = importlib.util.spec_from_file_location("unet", Path(package.origin).parent / "models" / "unet.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_drunet_has_the_tensors_of_the_published_file():
    own = shapes("drunet", channels=1)
    assert OF_DRUNET.items() <= own.items()
    levels = [(f"m_down{n}", range(4)) for n in (1, 2, 3)] + [("m_body", range(4))]
    levels += [(f"m_up{n}", range(1, 5)) for n in (1, 2, 3)]
    inner = {f"{level}.{n}.{part}.weight" for level, places in levels for n in places for part in BLOCK}
    joints = {f"m_down{n}.4.weight" for n in (1, 2, 3)} | {f"m_up{n}.0.weight" for n in (1, 2, 3)}
    assert own.keys() == inner | joints | {"m_head.weight", "m_tail.weight"}
    assert sum(np.prod(shape) for shape in own.values()) == 32_638_656


@pytest.mark.parametrize("depth", [17, 20])
def test_plain_dncnn_has_the_tensors_of_the_published_files(depth):
    own = shapes("dncnn_plain", channels=1, depth=depth)
    assert list(own) == [f"model.{2 * n}.{part}" for n in range(depth) for part in ("weight", "bias")]
    assert own["model.0.weight"] == (64, 1, 3, 3)
    assert own[f"model.{2 * depth - 2}.weight"] == (1, 64, 3, 3)


@pytest.mark.parametrize("size", [(64, 48), (37, 51)])
@pytest.mark.parametrize(("chans", "pools"), [(4, 4), (6, 2)])
def test_fastmris_unet_gives_what_fastmri_gives_with_the_same_weights(theirs, chans, pools, size):
    torch.manual_seed(0)
    published = theirs.Unet(1, 1, chans, pools)
    own = NETWORKS.build("unet_fastmri", channels=1, chans=chans, pools=pools)
    own.load_state_dict(published.state_dict())
    image = torch.randn(2, 1, *size)
    with torch.inference_mode():
        assert torch.equal(own(image), published(image))


def test_weights_of_fastmri_are_added_under_the_names_that_they_were_published_with(tmp_path):
    own = NETWORKS.build("unet_fastmri", channels=1, chans=4)
    spec = {"task": "mri", "network": "unet_fastmri", "loss": "l1", "network_options": {"chans": 4}}
    card = json.dumps({"name": "knee", "spec": spec}).encode()
    checkpoints = Checkpoints((tmp_path / "ships", tmp_path / "models"))
    made = adding.add(checkpoints, card, saved(own.state_dict()))
    assert adding.notes(made) == ["'network.' was put before the names of its tensors"]
    loaded = checkpoints.load(made).network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in own.state_dict().items())


def test_a_grey_network_joins_a_task_of_colour_pictures_and_restores_grey_ones(tmp_path):
    torch.manual_seed(0)
    own = NETWORKS.build("drunet", channels=1, width=4, blocks=1)
    options = {"channels": 1, "width": 4, "blocks": 1}
    spec = {"task": "denoise", "network": "drunet", "loss": "l1", "network_options": options}
    checkpoints = Checkpoints((tmp_path / "ships", tmp_path / "models"))
    made = adding.add(
        checkpoints, json.dumps({"name": "grey", "spec": spec}).encode(), saved(own.state_dict())
    )
    case = Case("x", "denoise", of_pixels(torch.rand(1, 24, 40), noise=0.1))
    restored = NetworkRestorer(checkpoints.load(made)).restore(case)
    with torch.inference_mode():
        expected = own(case.seen[None], torch.tensor([0.1]))[0].clamp(0, 1)
    torch.testing.assert_close(restored, expected)


@pytest.mark.parametrize("sigma", [5, 25, 50])
def test_the_level_of_noise_is_estimated_as_scikit_image_estimates_it(sigma):
    noisy = camera() / 255 + np.random.default_rng(0).normal(0, sigma / 255, (512, 512))
    level = float(estimate_noise(torch.tensor(noisy)[None, None])[0])
    assert level == pytest.approx(estimate_sigma(noisy), rel=0.03)  # of another wavelet, db2


def test_noise_of_a_flat_image_is_estimated_as_drawn():
    noise = 0.5 + 0.1 * torch.randn(3, 2, 200, 200, generator=torch.Generator().manual_seed(0))
    assert estimate_noise(noise).tolist() == pytest.approx([0.1] * 3, rel=0.03)
    assert estimate_noise(torch.rand(2, 3, 1, 9)).tolist() == [0, 0]


@pytest.mark.parametrize("noise", [0.1, None])
def test_every_tile_is_shown_the_noise_of_the_whole_picture_and_a_guess_is_said(noise):
    torch.manual_seed(0)
    network = NETWORKS.build("drunet", width=2, blocks=1)
    half = torch.cat([torch.zeros(3, 40, 320), torch.rand(3, 40, 330)], dim=2)
    case = Case("x", "denoise", of_pixels(half, noise=noise))
    level = estimate_noise(half[None]) if noise is None else torch.tensor([noise])
    restorer = NetworkRestorer(network)
    with torch.inference_mode():
        expected = network(half[None], level)[0].clamp(0, 1)
    torch.testing.assert_close(restorer.restore(case), expected, atol=1e-6, rtol=0)
    assert [doubt[:36] for doubt in restorer.doubts(case)] == ["shown a level of noise that was esti"] * (
        noise is None
    )
    assert restorer.doubts(case) == () or "sigma" in restorer.doubts(case)[0]
    assert restore_by_tiles(network, half, tile_px=16).shape == half.shape
