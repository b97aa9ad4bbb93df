"""Seconds of the app's start, of the first result by all networks, and of 4000x3000 px, with the memory.

Run: python benchmarks/restoration.py [--threads 2]

Beside seconds of the clock stand those of all processor cores, which other work changes less. On two quiet
cores the clock shows little more than half of them, for the start about all.
"""

import argparse
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import of_cards
from uplapp.imaging.evaluation.job import read_case, run_job
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.physics import GaussianNoise
from uplapp.imaging.restorers.network import restore_by_tiles
from uplapp.settings import Settings

SMALL, LARGE = (3, 512, 512), (3, 3000, 4000)
HOUSE = Path(__file__).resolve().parent.parent
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    torch.set_num_threads(parser.parse_args().threads)
    start()
    checkpoints = Checkpoints(Settings.from_env().models)
    cards = checkpoints.cards("denoise")[:7]
    case = read_case(sample_path("astronaut"), "denoise", GaussianNoise(25))
    timed(f"first result, 512x512 by {len(cards)}", lambda: run_job(case, of_cards(checkpoints, cards)))
    network, generator = checkpoints.load(cards[0]), torch.Generator().manual_seed(0)
    image = torch.rand(SMALL, generator=generator)
    restored = timed(f"{cards[0].name} 512x512", lambda: restore_by_tiles(network, image))
    with torch.inference_mode():
        untiled = network(image[None])[0].clamp(0, 1)
    print(f"  largest difference to one untiled call {(restored - untiled).abs().max():.1e}")
    large = torch.rand(LARGE, generator=generator)
    timed(f"{cards[0].name} 4000x3000", lambda: restore_by_tiles(network, large))


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do work, print its seconds by the clock and of processors, and the peak of memory so far."""
    started, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, used = time.perf_counter() - started, time.process_time() - used
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {seconds:.2f} s, {used:.2f} s of processors, peak {peak_gb:.2f} GB", flush=True)
    return result


def start() -> None:
    """Start the app on fresh data, and wait until it gives its page."""
    with socket.socket() as probe, tempfile.TemporaryDirectory() as data:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, "UPLAPP_DATA": data, "GRADIO_SERVER_PORT": str(port)}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = time.perf_counter()
        app = subprocess.Popen([sys.executable, "app.py"], cwd=HOUSE, env=environment, **quiet)
        while app.poll() is None and not answers(f"http://127.0.0.1:{port}/"):
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        ticks = sum(map(int, Path(f"/proc/{app.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        app.terminate()
        app.wait()
    used = ticks / os.sysconf("SC_CLK_TCK")
    print(
        f"start of the app until its page is there: {seconds:.2f} s, {used:.2f} s of processors", flush=True
    )


def answers(address: str) -> bool:
    """Whether a page is there."""
    try:
        return NO_PROXY.open(address, timeout=60).status == 200
    except OSError:
        return False


if __name__ == "__main__":
    main()
