"""Measure the memory and the time that `restore` takes for pictures of 24 and 100 megapixels.

    python benchmarks/large_pictures.py [--megapixels 24 100] [--files png png16 tiff tiff16] [--method tv]
        [-c denoise-unet-l2]

Without a method or checkpoint a small network of three layers is added and used, so that reading, tiles and
writing are what is measured. `anonymous` is the peak of memory that the system cannot take back, `resident`
that of all, pages of temporary files among them. Needs Linux.
"""

import argparse
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imagecodecs
import numpy as np
import safetensors.torch
import tifffile
import torch

from uplapp.imaging.networks import NETWORKS

OPTIONS = {"depth": 3, "width": 8}
CARD = {"name": "small", "spec": {"task": "denoise", "network": "dncnn_plain", "loss": "none"}}
PERIOD_S = 0.02
KINDS = ("png", "png16", "tiff", "tiff16")


def write_picture(path: Path, megapixels: float, kind: str) -> None:
    """Write a square picture in colour, one random tile again and again. TIFF is not compressed."""
    side = math.isqrt(round(megapixels * 1e6))
    tile = np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)
    times = -(-side // 500)
    picture = np.tile(tile, (times, times, 1))[:side, :side]
    samples = picture.astype(np.uint16) * 257 if kind.endswith("16") else picture
    if kind.startswith("png"):
        path.write_bytes(imagecodecs.png_encode(samples, level=1))
    else:
        tifffile.imwrite(path, samples, photometric="rgb", rowsperstrip=64)


def add_small(data: Path) -> None:
    """Put the small network where added ones lie."""
    torch.manual_seed(0)
    network = NETWORKS.build("dncnn_plain", channels=3, **OPTIONS)
    spec = {**CARD["spec"], "network_options": OPTIONS}
    weights = data / "small.safetensors"
    weights.write_bytes(safetensors.torch.save(network.state_dict()))
    weights.with_suffix(".json").write_text(json.dumps({**CARD, "spec": spec}))
    run = [sys.executable, "-m", "uplapp", "model", "add", str(weights)]
    subprocess.run(run, check=True, env={**os.environ, "UPLAPP_DATA": str(data)}, capture_output=True)


def peaks(command: list[str], data: Path) -> tuple[float, float, float]:
    """Run a command, and give the peaks of anonymous and of all memory in GB, and seconds."""
    started, anonymous, resident = time.perf_counter(), 0, 0
    child = subprocess.Popen(command, env={**os.environ, "UPLAPP_DATA": str(data)}, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        try:
            status = Path(f"/proc/{child.pid}/status").read_text()
        except OSError:
            break
        sizes = {name: int(kb) for name, kb in re.findall(r"^(RssAnon|VmRSS):\s+(\d+)", status, re.M)}
        anonymous = max(anonymous, sizes.get("RssAnon", 0))
        resident = max(resident, sizes.get("VmRSS", 0))
        time.sleep(PERIOD_S)
    if child.wait():
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return anonymous / 1e6, resident / 1e6, time.perf_counter() - started


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[24, 100])
    parser.add_argument("--files", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--method", default="")
    parser.add_argument("-c", "--checkpoint", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        add_small(data)
        by = ["--task", "denoise", "--method", arguments.method] if arguments.method else []
        by = by or ["-c", arguments.checkpoint or "small"]
        for megapixels, kind in itertools.product(arguments.megapixels, arguments.files):
            picture = data / f"large-{megapixels:g}.{kind.removesuffix('16')}"
            write_picture(picture, megapixels, kind)
            command = [sys.executable, "-m", "uplapp", "restore", str(picture), *by, "-o", str(data / "out")]
            anonymous, resident, seconds = peaks([*command, "--megapixels", f"{megapixels + 1:g}"], data)
            size = f"{megapixels:g} megapixels, {kind}, {picture.stat().st_size / 1e6:.0f} MB"
            print(f"{size}: anonymous {anonymous:.2f} GB, resident {resident:.2f} GB, {seconds:.0f} s")


if __name__ == "__main__":
    main()
