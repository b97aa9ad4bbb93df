"""Networks that pip packages add by an entry point."""

import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from uplapp.imaging.networks import GROUP, NETWORKS, of_packages
from uplapp.imaging.networks.unet import UNet


@pytest.fixture
def target(house, tmp_path):
    """The package of the documentation, as printed there, installed into a folder."""
    text = (house / "docs" / "models.md").read_text()
    section = text.split("## An architecture of your own")[1].split("\n## ")[0]
    for name, kind in (("pyproject.toml", "ini"), ("blurnet.py", "py")):
        (tmp_path / name).write_text(re.search(rf"```{kind}\n(.*?)```", section, re.DOTALL)[1])
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(tmp_path / "target")]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True, timeout=120)
    return tmp_path / "target"


def test_the_package_of_the_documentation_adds_its_network(target, tmp_path):
    code = """
import torch, sys
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.restorers.network import restore_by_tiles
row = NETWORKS["blurnet"]
network = NETWORKS.build("blurnet", channels=3)
image = torch.rand(3, 70, 50)
tiled, whole = (restore_by_tiles(network, image, tile_px=px) for px in (16, 640))
print(row.label, row.source, float((tiled - whole).abs().max()) < 1e-6)
"""
    paths = {"PYTHONPATH": f"{target}:{sys.path[0]}:.", "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", code], env=paths, capture_output=True, text=True, timeout=120)
    assert (run.stdout, run.stderr) == ("blurnet uplapp-blurnet True\n", "")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("unet", "uplapp.imaging.networks.unet:UNet", "its name is taken"),
        ("new", "nowhere:Net", "No module named 'nowhere'"),
        ("new", "uplapp.imaging.networks.unet:Net", "has no attribute 'Net'"),
        ("new", "uplapp.imaging.networks.unet:LEVELS", "LEVELS is neither a class of networks nor a Network"),
    ],
)
def test_a_network_that_cannot_be_added_is_left_out_with_a_line(capsys, name, value, reason):
    assert of_packages([EntryPoint(name, value, GROUP)]) == {}
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"the network '{name}' of {value} is left out: ")
    assert reason in line


def test_a_class_becomes_a_row_and_a_row_stays_as_it_is():
    made = of_packages([EntryPoint("new", "uplapp.imaging.networks.unet:UNet", GROUP)])
    assert (made["new"].build, made["new"].label, made["new"].axes) == (UNet, "new", (2,))
    row = of_packages([EntryPoint("new", "tests.imaging.networks.made:ROW", GROUP)])["new"]
    assert row is NETWORKS["dncnn"]
