"""The pictures of a study on disk: `<root>/reference/<scene>.png` and one folder per condition.

A frozen study keeps their hashes in its manifest.
"""

import hashlib
import io
import json
import platform
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from uplapp import __version__, whole
from uplapp.errors import BadStudy
from uplapp.study.definition import PLACES, Definition, Protocol, Render, Translation, load
from uplapp.study.stimuli import disguise
from uplapp.values import REFERENCE

MAX_PIXELS = 4_000_000  # more than any screen shows at one to one
PICTURES_KEPT = 128
OLD_RENDER: Mapping[str, Any] = {  # the first keys of a recipe, with what they were where it was silent
    "task": "denoise",
    "network": "unet",
    "noise_sigma": 25.0,
    "noise_seed": 0,
    "acceleration": 8,
    "mask": "random",
    "mask_seed": 0,
}
YOUNG_PARTS = ("rating", "access", "completion", "questions", "translations", "panel", "retention")
YOUNG_KEYS = {
    "access": ("hold_minutes", "opens", "closes", "returning", "resume_hours"),
    "completion": ("screened_out", "full", "no_consent"),
    "consent": (*PLACES, "internal_test"),
}
OLD_PROTOCOL = frozenset(
    [
        "phase_ms",
        "layout",
        "pairs",
        "seed",
        "practice",
        "catch",
        "repeats",
        "break_every",
        "not_sure",
        "ranking",
    ]
)


@dataclass(frozen=True)
class Stimuli:
    """Checked pictures: where they lie, the SHA-256 of each, the (height, width) of each scene."""

    root: Path
    hashes: Mapping[tuple[str, str], str]
    sizes: Mapping[str, tuple[int, int]]

    def pixels(self, scene: str, condition: str) -> NDArray[np.uint8]:
        """The picture (H,W) or (H,W,3), GRAIN and SPOT as well. BadStudy if the file changed since."""
        if condition in disguise.CHANGES:
            return _disguised(_path(self.root, scene, REFERENCE), self.hashes[scene, REFERENCE], condition)
        return _pixels(_path(self.root, scene, condition), self.hashes[scene, condition])

    def shown(self, scene: str, condition: str, protocol: Protocol) -> NDArray[np.uint8]:
        """The picture as an observer sees it, boosted where the protocol says so."""
        zoom, amplification = protocol.zoom, protocol.amplification
        pixels = self.pixels(scene, condition)
        if zoom == amplification == 1:
            return pixels
        return boost(pixels, self.pixels(scene, REFERENCE), zoom, amplification)

    def shown_size(self, scene: str, protocol: Protocol) -> tuple[int, int]:
        """Its (height, width) in pixels. BadStudy if the pictures were not opened."""
        if scene not in self.sizes:
            raise BadStudy(f"the pictures of scene '{scene}' of this edition are gone; restore the files")
        height, width = self.sizes[scene]
        return protocol.zoom * height, protocol.zoom * width

    def manifest(self, definition: Definition, edition: int = 1) -> str:
        """The frozen study as JSON: the whole definition, the hash of every stimulus, a later edition."""
        hashes = {f"{condition}/{scene}": digest for (scene, condition), digest in self.hashes.items()}
        later = {"edition": edition} if edition > 1 else {}  # a study keeps its hash when it is first frozen
        frozen = _as_old(definition)
        return json.dumps({"definition": frozen, "stimuli": hashes, **later}, sort_keys=True)

    def digest(self, definition: Definition, edition: int = 1) -> str:
        """The SHA-256 of the manifest, by which answers know their study."""
        return hashlib.sha256(self.manifest(definition, edition).encode()).hexdigest()


def _as_old(definition: Definition) -> dict[str, Any]:
    """The definition without keys that are younger than some studies and not used: those keep their hash."""
    frozen = asdict(definition)
    for name in YOUNG_PARTS:
        if frozen[name] in (None, [], ()) or frozen[name] == asdict(Definition("", "", (), ()))[name]:
            del frozen[name]
    _drop_young_keys(frozen)
    for row in frozen.get("translations", ()):
        _drop_unused(row, Translation(""), ("purpose", "retention"))
    for scene in frozen["scenes"]:
        if not scene["view"]:
            del scene["view"]
    names = {entry.name for entry in fields(Protocol)}
    _drop_unused(frozen["protocol"], Protocol(), names - OLD_PROTOCOL)
    if definition.render is not None:
        frozen["render"] = _as_old_render(frozen["render"])
    return frozen


def _drop_young_keys(frozen: dict[str, Any]) -> None:
    for part, names in YOUNG_KEYS.items():
        _drop_unused(frozen.get(part, {}), getattr(Definition("", "", (), ()), part), names)


def _drop_unused(table: dict[str, Any], usual: object, young: Collection[str]) -> None:
    """Take the young keys with their usual values out of a table."""
    for name in [key for key in table if key in young and table[key] == getattr(usual, key)]:
        del table[name]


def _as_old_render(recipe: dict[str, Any]) -> dict[str, Any]:
    """The recipe with the first keys at their first defaults, and without younger keys at their defaults."""
    default = asdict(Render())
    kept = {name: value for name, value in recipe.items() if name in OLD_RENDER or value != default[name]}
    return {**kept, **{name: value for name, value in OLD_RENDER.items() if kept.get(name) is None}}


def find_root(folder: Path, data: Path) -> Path:
    """Where a study's pictures lie: in its own folder, else where uplapp renders them."""
    return folder if (folder / REFERENCE).is_dir() else data / "stimuli" / folder.name


def check(definition: Definition, root: Path) -> Stimuli:
    """Open every picture of the study. BadStudy names the first that is missing or does not fit."""
    hashes: dict[tuple[str, str], str] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for scene in definition.scenes:
        shapes = {}
        for condition in [REFERENCE, *(condition.name for condition in definition.conditions)]:
            path = _path(root, scene.name, condition)
            raw = _read(path)
            hashes[scene.name, condition] = hashlib.sha256(raw).hexdigest()
            shapes[path] = _shape(raw, path)
        _check_same(shapes)
        sizes[scene.name] = next(iter(shapes.values()))[:2]
    return Stimuli(root, hashes, sizes)


def _check_same(shapes: Mapping[Path, tuple[int, int, int]]) -> None:
    (first, wanted), *others = shapes.items()
    for path, shape in others:
        if shape != wanted:
            raise BadStudy(
                f"{path} is {_describe(shape)} but {first} is {_describe(wanted)}; "
                "all pictures of a scene must agree"
            )


def _describe(shape: tuple[int, int, int]) -> str:
    height, width, channels = shape
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"


def _path(root: Path, scene: str, condition: str) -> Path:
    return root / condition / f"{scene}.png"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise BadStudy(f"stimulus {path} is missing; a study needs one PNG per scene and condition") from None


def _shape(raw: bytes, path: Path) -> tuple[int, int, int]:
    """(height, width, channels) of an 8-bit grey or RGB PNG, decoded only below the pixel cap."""
    try:
        with Image.open(io.BytesIO(raw), formats=["PNG"]) as image:
            if image.mode not in ("L", "RGB"):
                raise BadStudy(f"{path} has mode {image.mode}; stimuli are 8-bit PNG, grey (L) or RGB")
            if image.width * image.height > MAX_PIXELS:
                raise BadStudy(f"{path} is {image.width}x{image.height}; the limit is {MAX_PIXELS} pixels")
            image.load()
            return image.height, image.width, len(image.getbands())
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise BadStudy(f"{path} cannot be read as a PNG; stimuli are 8-bit PNG, grey or RGB") from None


@lru_cache(maxsize=PICTURES_KEPT)
def _pixels(path: Path, digest: str) -> NDArray[np.uint8]:
    raw = _read(path)
    if hashlib.sha256(raw).hexdigest() != digest:
        raise BadStudy(f"{path} changed while the study was open; put the old file back or start again")
    with Image.open(io.BytesIO(raw)) as image:
        return np.asarray(image)


@lru_cache(maxsize=PICTURES_KEPT)
def _disguised(path: Path, digest: str, name: str) -> NDArray[np.uint8]:
    """A picture of catch trials. Its seed is the hash of the reference, so it is the same for everybody."""
    return disguise.disguised(_pixels(path, digest), name, int(digest[:8], 16))


def boost(
    pixels: NDArray[np.uint8], reference: NDArray[np.uint8], zoom: int, amplification: int
) -> NDArray[np.uint8]:
    """Amplify the difference of (H,W[,C]) from the reference, clipped to 0..255. Then enlarge by Lanczos.

    Source: Men et al. 2021, Subjective image quality assessment with boosted triplet comparisons.
    """
    if amplification != 1:
        difference = pixels.astype(np.int16) - reference
        pixels = np.clip(reference + amplification * difference, 0, 255).astype(np.uint8)
    if zoom != 1:
        height, width = pixels.shape[:2]
        size = (zoom * width, zoom * height)
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    return pixels


MANIFEST = "manifest.json"
DEFINITION = "study.toml"


def freeze(folder: Path, now: float, again: bool = False) -> dict[str, Any]:
    """Check the study in `folder`, write its manifest.json and return what it says.

    Its `hash` begins with the 12 digits that every export has in the column `manifest`.
    `now` in seconds since 1970. BadStudy if it is frozen already, unless `again`: the next edition is
    another study, whose answers are kept apart.
    """
    definition = load(folder)
    _require_places(definition, folder)
    definition = definition.with_consents()
    if not (folder / REFERENCE).is_dir():
        raise BadStudy(f"{folder} has no stimuli of its own; make them first: uplapp study render NAME")
    manifest = read(folder)
    if manifest and not again:
        raise BadStudy(f"{folder} is frozen already; `freeze --again` makes another study of it")
    checked, edition = check(definition, folder), (manifest["edition"] if manifest else 0) + 1
    made = {
        "edition": edition,
        "hash": checked.digest(definition, edition),
        "frozen_at": now,
        "title": definition.title,
        "seed": definition.protocol.seed,
        "protocol": asdict(definition.protocol),
        "consents": {language: definition.consent_in(language) for language in definition.languages},
        "versions": _versions(),
        "files": _files(folder, checked),
    }
    whole.write_text(folder / MANIFEST, json.dumps(made, indent=2) + "\n")
    return made


def _require_places(definition: Definition, folder: Path) -> None:
    if empty := definition.consent.empty_places:
        raise BadStudy(
            f"{folder / DEFINITION}: the consent does not say {', '.join(empty)}; fill in [consent] "
            f"{', '.join(PLACES)}, write a text of your own, or say internal_test = true"
        )


def read(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of a study: None if the study is not frozen, BadStudy if it is damaged."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if type(manifest["edition"]) is int and manifest["edition"] > 0 and dict(manifest["files"]):
            return dict(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise BadStudy(f"{path} is damaged; restore it, or freeze the study again: uplapp study freeze --again")


def with_consents(folder: Path, definition: Definition) -> Definition:
    """The study with its consent text in each language, which a frozen study takes from its manifest."""
    texts = (read(folder) or {}).get("consents", {})
    return definition.with_consents(texts if texts.keys() == {*definition.languages} else None)


def verify(folder: Path, checked: Stimuli) -> int:
    """The edition of a frozen study, 1 also for one never frozen. BadStudy names each file that changed."""
    manifest = read(folder)
    if manifest is None:
        return 1
    held, present = manifest["files"], _files(folder, checked)
    changed = sorted(name for name in held.keys() | present.keys() if held.get(name) != present.get(name))
    if changed:
        raise BadStudy(
            f"{folder} is frozen but changed since: {', '.join(changed)}; restore these files, "
            "or make another study of it: uplapp study freeze --again"
        )
    return int(manifest["edition"])


def _files(folder: Path, checked: Stimuli) -> dict[str, str]:
    """Path inside the folder -> SHA-256."""
    hashes = {f"{condition}/{scene}.png": digest for (scene, condition), digest in checked.hashes.items()}
    return {DEFINITION: hashlib.sha256((folder / DEFINITION).read_bytes()).hexdigest(), **hashes}


def _versions() -> dict[str, str]:
    return {
        "uplapp": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
    }
