"""A study of tiny generated pictures, with the names that the blinding must hide."""

import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from uplapp.errors import UplappError
from uplapp.study.answers.response import Response, phase_frames
from uplapp.study.definition import Definition, load, parse
from uplapp.study.session import opening
from uplapp.study.session.editions import Disk
from uplapp.study.session.opening import Candidate, OpenStudy
from uplapp.study.store.store import Store

CONDITIONS = ("l1", "l2", "ms_ssim", "flip")
SCENES = ("astronaut", "chelsea")
SEED = 915_273
NOW = 1_000_000.0


@cache
def pictures(
    conditions: tuple[str, ...], scenes: tuple[str, ...], size: tuple[int, int]
) -> dict[tuple[str, str], bytes]:
    """A PNG for every condition, the reference too, of every scene."""
    rng = np.random.default_rng(5)
    width, height = size
    base = np.tile(np.linspace(40, 210, width), (height, 1))[:, :, None].repeat(3, axis=2)
    made = {}
    for scene in scenes:
        for level, condition in enumerate(["reference", *conditions]):
            pixels = np.clip(base + rng.normal(0, 1 + 12 * level, base.shape), 0, 255)
            file = io.BytesIO()
            Image.fromarray(pixels.astype(np.uint8)).save(file, "png")
            made[condition, scene] = file.getvalue()
    return made


def write_study(
    folder: Path,
    conditions=CONDITIONS,
    scenes=SCENES,
    size=(64, 48),
    protocol="practice = 1\ncatch = 1",
    consent="internal_test = true",
) -> Path:
    """Write study.toml and PNGs of pattern plus noise. Returns the folder."""
    for (condition, scene), png in pictures(tuple(conditions), tuple(scenes), size).items():
        path = folder / condition / f"{scene}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png)
    lines = ['title = "Which changes less?"', "[protocol]", f"seed = {SEED}", protocol, "[consent]", consent]
    lines += [f'[[conditions]]\nname = "{name}"\nlabel = "{name.upper()} loss"' for name in conditions]
    lines += [f'[[scenes]]\nname = "{name}"' for name in scenes]
    (folder / "study.toml").write_text("\n".join(lines))
    return folder


def definition(scenes=SCENES, conditions=CONDITIONS, **protocol) -> Definition:
    """The tiny study without its pictures."""
    raw = {
        "title": "Which changes less?",
        "protocol": {"seed": SEED, **protocol},
        "conditions": [{"name": name, "label": name} for name in conditions],
        "scenes": [{"name": name} for name in scenes],
    }
    return parse(raw, "tiny", "study.toml")


def open_tiny(store: Store, folder: Path, chooser=None, parts=None, **protocol) -> OpenStudy:
    """Write the tiny study and open it, with protocol entries or whole parts of the definition changed."""
    if not folder.exists():
        write_study(folder)
    base = load(folder)
    base = replace(base, protocol=replace(base.protocol, **protocol), **(parts or {}))
    return opening.open_study(store, base, folder, NOW, chooser)


def on_disk(folder: Path) -> Disk:
    """A study's folder as it lies there, good or bad, with the pictures of its editions kept beside it."""
    try:
        study: Candidate | UplappError = opening.prepare(load(folder), folder)
    except UplappError as error:
        study = error
    return Disk(folder.name, study, folder, folder.parent / "editions")


def response(choice="left", frame_ms=1000 / 60, **changes) -> Response:
    """A well-timed answer after 2 s."""
    swaps = tuple(250.0 * n for n in range(1, 9))
    given = Response(
        choice=choice,
        response_ms=2100.0,
        layout="side_by_side",
        frame_ms=frame_ms,
        frames_per_phase=phase_frames(250, frame_ms),
        swaps_ms=swaps,
        gaps_ms=(),
        missed_frames=0,
        paused_ms=0.0,
        seen_ms=(2100.0, 2100.0),
        pixel_ratio=1.0,
    )
    return replace(given, **changes)


def paced(n: int, **changes) -> Response:
    """The answer `n` of a person, who does not take the same time for each."""
    return response(response_ms=2100.0 + 150.0 * (n % 5), **changes)


def body(token: str, key: str = "a" * 32, **changes) -> dict:
    """The answer as the browser sends it."""
    fields = json.loads(json.dumps(vars(response())))
    return {**fields, "token": token, "key": key, **changes}
