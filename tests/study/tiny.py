"""A study of tiny generated pictures, with the names that the blinding must hide."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from uplapp.study import session
from uplapp.study.definition import Definition, load
from uplapp.study.session import OpenStudy
from uplapp.study.store import Store

CONDITIONS = ("l1", "l2", "ms_ssim", "flip")
SCENES = ("astronaut", "chelsea")
SEED = 915_273

NOW = 1_000_000.0


def write_study(
    folder: Path, conditions=CONDITIONS, scenes=SCENES, size=(64, 48), protocol="practice = 1\ncatch = 1"
) -> Path:
    """Write study.toml and PNGs of pattern plus noise; returns the folder."""
    rng = np.random.default_rng(5)
    width, height = size
    across = np.linspace(40, 210, width, dtype=np.float64)
    base = np.stack([np.broadcast_to(across, (height, width))] * 3, axis=2)
    for scene in scenes:
        for level, condition in enumerate(["reference", *conditions]):
            pixels = base + rng.normal(0, 1 + 12 * level, base.shape)
            path = folder / condition / f"{scene}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    lines = ['title = "Which changes less?"', "[protocol]", f"seed = {SEED}", protocol]
    lines += [f'[[conditions]]\nname = "{name}"\nlabel = "{name.upper()} loss"' for name in conditions]
    lines += [f'[[scenes]]\nname = "{name}"' for name in scenes]
    (folder / "study.toml").write_text("\n".join(lines))
    return folder


def tiny_definition(**protocol) -> Definition:
    """The tiny study without its pictures."""
    from uplapp.study.definition import parse

    raw = {
        "title": "Which changes less?",
        "protocol": {"seed": SEED, **protocol},
        "conditions": [{"name": name, "label": name} for name in CONDITIONS],
        "scenes": [{"name": name} for name in SCENES],
    }
    return parse(raw, "tiny", "study.toml")


def open_tiny(store: Store, folder: Path, **protocol) -> OpenStudy:
    """Write the tiny study and open it, with protocol entries changed."""
    definition = load(write_study(folder))
    definition = replace(definition, protocol=replace(definition.protocol, **protocol))
    return session.open_study(store, definition, folder, NOW)
