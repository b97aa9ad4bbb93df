"""Small studies in which single images are rated."""

import json
from dataclasses import replace
from pathlib import Path

from tests.study.tiny import CONDITIONS, NOW, SEED, response, write_study
from uplapp.study.definition import Definition, load, parse
from uplapp.study.session import opening
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store

GRADING = Path(__file__).parent / "grading"
SCENES = ("astronaut", "chelsea", "coffee", "rocket")
QUALITY = {"name": "quality", "question": "How good is it?"}


def definition(
    scenes=SCENES, conditions=CONDITIONS, criteria=(QUALITY,), reference="hidden", translations=(), **protocol
) -> Definition:
    """A rating study without its pictures."""
    raw = {
        "title": "How good is this image?",
        "protocol": {"seed": SEED, **protocol},
        "rating": {"criteria": [dict(row) for row in criteria], "reference": reference},
        "conditions": [{"name": name, "label": name} for name in conditions],
        "scenes": [{"name": name} for name in scenes],
        "translations": [{"language": language} for language in translations],
    }
    return parse(raw, "rated", "study.toml")


def open_grading(store: Store, folder: Path, **protocol) -> OpenStudy:
    """The expert grading of the example file with tiny pictures, with protocol entries changed."""
    write_study(folder, scenes=SCENES, size=(32, 24))
    (folder / "study.toml").write_text((GRADING / "study.toml").read_text())
    base = load(folder)
    return opening.open_study(store, replace(base, protocol=replace(base.protocol, **protocol)), folder, NOW)


def body(ratings=None, **changes) -> dict:
    """An image, rated after 2.1 s, as the browser sends it."""
    fields = json.loads(json.dumps(vars(response("rated", layout="single", frames_per_phase=1))))
    fields |= {"swaps_ms": [], "seen_ms": [2100.0, 0.0]}
    return fields | {"ratings": {"quality": 4} if ratings is None else ratings} | changes
