"""What commands of the documentation find: the house in a folder of its own, small files of the names that
they print, and people who answer while one of them serves."""

import hashlib
import json
import runpy
import shlex
import sys
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors.torch
from PIL import Image
from starlette.testclient import TestClient

from tests.calling import caller
from tests.imaging import dicoms, volumes
from tests.imaging.heads import write_head
from tests.printed import HOUSE, Printed, blocks
from tests.web.serving import Observer, mounted
from uplapp.__main__ import app
from uplapp.imaging.checkpoints.weights import build_network
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.recipes.spec import RunSpec
from uplapp.settings import Settings
from uplapp.study.store.store import Store
from uplapp.web.shelf import Shelf

PEOPLE = 4
WRITES = ("-o", "--out", "--csv", "--latex", "--figures")  # options that name what a command writes
RANDOM = np.random.default_rng(7)
SCENES = ("harbour", "market", "tower")


def clone(folder: Path, monkeypatch) -> Path:
    """The house as a command finds it in a fresh clone, without answers, and with room for new studies."""
    house = folder / "house"
    (house / "studies").mkdir(parents=True)
    for part in ("uplapp", "checkpoints", "benchmarks"):
        (house / part).symlink_to(HOUSE / part)
    monkeypatch.chdir(house)
    monkeypatch.setattr("uplapp.settings.__file__", str(house / "package" / "settings.py"))
    monkeypatch.delenv("UPLAPP_DATA", raising=False)
    return house


def photograph(path: Path, noise: float = 0.0) -> None:
    """A corner of the cup on wood, in 96x64 pixels."""
    pixels = np.asarray(Image.open(sample_path("coffee")))[100:164, 200:296]
    noisy = pixels + noise * RANDOM.standard_normal(pixels.shape)
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(path)


def photographs(folder: Path, noise: float = 0.0) -> None:
    """One picture for each scene."""
    folder.mkdir(parents=True)
    for scene in SCENES:
        photograph(folder / f"{scene}.png", noise)


def planes(count: int) -> np.ndarray:
    """Slices of a ball, in samples of 12 bits."""
    return volumes.ball((count, 24, 28)).astype(np.uint16)


def series(folder: Path) -> None:
    """A folder of DICOM files."""
    dicoms.write_series(folder, planes(4), [0.0, 3.0, 6.0, 9.0], ["a", "b", "c", "d"])


def two_series(path: Path) -> None:
    """A ZIP of DICOM files with two series."""
    heights = [0.0, 3.0, 6.0, 9.0]
    for number, name in enumerate(("one", "two")):
        made = dicoms.write_series(
            path.parent / name, planes(4), heights, list("abcd"), SeriesInstanceUID=f"1.2.{number}"
        )
        with zipfile.ZipFile(path, "a") as archive:
            for each in sorted(made.iterdir()):
                archive.write(each, f"{name}/{each.name}")


def votes(path: Path) -> None:
    """Votes with the answer as a number, as a step and in words, of conditions in one column and in two."""
    words = {2: "much left", 1: "slightly left", -1: "slightly right", -2: "much right"}
    steps = RANDOM.choice(list(words), 60)
    table = pd.DataFrame(
        {"observer": np.arange(60) % 5, "type1": "OPT", "level1": 10, "type2": "DQ", "level2": 4}
    )
    table = table.assign(condition_A="l1", condition_B="l2", selected=np.where(steps > 0, 1, 2), score=steps)
    table.assign(is_A_selected=[words[step] for step in steps]).to_csv(path, index=False)


def rows(path: Path, **columns: object) -> None:
    """A table of 48 rows, in which a list is repeated as often as it goes."""
    table = {name: np.resize(values, 48) for name, values in columns.items()}
    pd.DataFrame(table).to_csv(path, index=False)


def published_card(path: Path) -> None:
    """The first card of the documentation beside weights that fit it."""
    card = json.loads(blocks("json")[0])
    weights = safetensors.torch.save(build_network(RunSpec.from_json(card["spec"])).state_dict())
    path.write_bytes(weights)
    path.with_suffix(".json").write_text(json.dumps(card | {"sha256": hashlib.sha256(weights).hexdigest()}))


TRIPLETS = "worker,img_num,codec_left,dlevel_left,codec_right,dlevel_right,is_bias,response"
FILES: Mapping[str, Callable[[Path], object]] = {
    "photo.png": photograph,
    "clean": photographs,
    "out/mine": lambda path: photographs(path, 8.0),
    "out/l1": lambda path: photographs(path, 12.0),
    "out/l2": lambda path: photographs(path, 20.0),
    "votes.csv": votes,
    "series": series,
    "study.zip": two_series,
    "head.nii.gz": lambda path: volumes.write(path, volumes.ball((28, 24, 4))),
    "bold.nii.gz": lambda path: volumes.write(path, np.stack([volumes.ball((28, 24, 4))] * 13, axis=-1)),
    "volumes": lambda path: (path.mkdir(), volumes.write(path / "ball.nii.gz", volumes.ball((24, 20, 16)))),
    "head.npz": write_head,
    "sharp.safetensors": published_card,
    "sharpening.csv": lambda path: rows(
        path,
        observer=[1, 2, 3],
        content=["Caps", "Lake"],
        asset_id=[0, 1, 2, 0, 1],
        other_asset_id=[1, 2, 0, 2, 0],
    ),
    "sound_quality.csv": lambda path: rows(
        path,
        subject=[1, 2, 3],
        progmat=[1, 2],
        session=[1, 2, 1],
        i=[1, 2, 1, 3],
        j=[2, 3, 3, 1],
        i_over_j=[1, 1, -1, 1, -1],
    ),
    "resize.csv": lambda path: rows(path, image=SCENES, num_vote_base=[12, 15], num_vote_ours=[35, 32]),
    "jpeg_ai.csv": lambda path: rows(
        path,
        **dict(
            zip(
                TRIPLETS.split(","),
                ([1, 2, 3], [2], [0], [0], [6, 5], [2, 4, 8], [0, 0, 1], ["right"] * 7 + ["left"]),
                strict=True,
            )
        ),
    ),
    "heads.csv": lambda path: scores(path, "volume-l1", "volume-l1_second", "volume-ssim"),
    "scores.csv": lambda path: scores(path, "volume-unet_unshuffle-upl_max", "volume-l1"),
}


def scores(path: Path, *conditions: str) -> None:
    """A table as `evaluate --csv` writes it."""
    table = pd.DataFrame(
        [(scene, name) for scene in SCENES for name in conditions], columns=["scene", "condition"]
    )
    metrics = {f"{name}:higher": RANDOM.random(len(table)) for name in ("psnr", "ssim", "cldice")}
    table.assign(**metrics).to_csv(path, index=False)


def lay_out(words: list[str]) -> None:
    """Write the files that a command names and no earlier one has made."""
    for name, write in FILES.items():
        if any(word.split("=")[-1] == name for word in words) and not Path(name).exists():
            write(Path(name))


def people_answer() -> None:
    """A few people take part, over HTTP, in every study of the house that is open."""
    settings = Settings.from_env()
    with closing(Store(settings.answers)) as store:
        shelf = Shelf(settings, store)
        shelf.open_all()
        with TestClient(mounted(store, shelf.studies)) as client:
            for study, number in product(shelf.studies, range(PEOPLE)):
                Observer(client, study).go_through(number)


def play(one: Printed, monkeypatch) -> None:
    """Run a command as it is printed, on files of the names that it prints."""
    words = one.words or shlex.split(one.line)
    lay_out(words)
    if one.words is None:
        monkeypatch.setattr(sys, "argv", words[1:])
        runpy.run_path(words[1], run_name="__main__")
    elif one.begins("serve"):
        people_answer()
    else:
        caller(app)(*words)
    assert [name for option, name in pairwise(words) if option in WRITES and not Path(name).exists()] == []
