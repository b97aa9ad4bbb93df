"""Where imaging, study and analysis meet."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from uplapp import whole
from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.errors import BadStudy
from uplapp.imaging.checkpoints.card import Checkpoints
from uplapp.imaging.files.pictures import encode_png, read_image
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.physics import Degradation, GaussianNoise, Undersampling
from uplapp.imaging.restorers.network import restore
from uplapp.imaging.tasks import TASKS
from uplapp.study.definition.definition import Definition
from uplapp.study.definition.protocol import Render, Scene
from uplapp.study.session import opening
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store
from uplapp.values import REFERENCE

OnPicture = Callable[[int, int], None]


def render_stimuli(
    definition: Definition, checkpoints: Checkpoints, root: Path, on_picture: OnPicture | None = None
) -> None:
    """Make every stimulus of a study from its recipe: `root/<condition or reference>/<scene>.png`.

    Each photograph is degraded and restored whole, then cropped, so that no crop shows an edge of the
    network. BadStudy says what a recipe lacks; a picture is written in one replace.
    """
    if definition.render is None:
        raise BadStudy(f"study '{definition.name}' has no [render] table; its stimuli come as files")
    recipe, degradation = definition.render, _degradation(definition.render)
    task = TASKS.build(recipe.task)
    names = [condition.name for condition in definition.conditions]
    known = {card.name for card in checkpoints.cards(recipe.task)}
    grid = {name: f"{recipe.task}-{recipe.network}-{name}" for name in names}
    cards = {
        name: checkpoints.find(name if name in known and grid[name] not in known else grid[name])
        for name in names
    }
    networks = {name: checkpoints.load(card) for name, card in cards.items()}
    total = len(definition.scenes) * (len(networks) + 1)
    done = 0
    for scene in definition.scenes:
        clean = _read_scene(definition.name, scene, task.channels)
        degraded = degradation.for_image(scene.name).apply(clean)
        for name in (REFERENCE, *networks):
            pixels = clean if name == REFERENCE else restore(networks[name], degraded)
            whole.write_bytes(root / name / f"{scene.name}.png", encode_png(_crop(pixels, scene)))
            done += 1
            if on_picture is not None:
                on_picture(done, total)


def rendered(definition: Definition, root: Path) -> bool:
    """Whether every stimulus of a study lies under `root`."""
    folders = (REFERENCE, *(condition.name for condition in definition.conditions))
    return all(
        (root / folder / f"{scene.name}.png").is_file() for folder in folders for scene in definition.scenes
    )


def open_study(store: Store, definition: Definition, root: Path, now: float) -> OpenStudy:
    """Open a study whose adaptive choices, if it makes any, are the analysis'; raises as the session does."""
    return opening.open_study(store, definition, root, now, next_pairs)


def _degradation(recipe: Render) -> Degradation:
    if TASKS.build(recipe.task).degradation is GaussianNoise:
        return GaussianNoise(recipe.noise_sigma, recipe.noise_seed)
    return Undersampling(recipe.acceleration, recipe.mask, recipe.mask_seed)


def _read_scene(study: str, scene: Scene, channels: int) -> Tensor:
    library, _, name = scene.source.partition(":")
    if library not in LIBRARIES or not name:
        raise BadStudy(
            f"scene '{scene.name}' of study '{study}' has source '{scene.source}'; "
            f"write one of {', '.join(LIBRARIES)}, a colon and the name of a picture"
        )
    return read_image(LIBRARIES[library](name)).with_channels(channels)


def _sklearn_photograph(name: str) -> Path:
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise BadStudy(f"the photograph '{name}' ships inside scikit-learn; install that to render it")
    return Path(found.origin).parent / "datasets" / "images" / f"{name}.jpg"


def _crop(pixels: Tensor, scene: Scene) -> Tensor:
    top, left, height, width = scene.crop or (0, 0, *pixels.shape[-2:])
    if top + height > pixels.shape[-2] or left + width > pixels.shape[-1]:
        raise BadStudy(
            f"scene '{scene.name}': the crop ends at {left + width}x{top + height} px, "
            f"the photograph at {pixels.shape[-1]}x{pixels.shape[-2]} px"
        )
    return pixels[:, top : top + height, left : left + width]


# Where the pictures of a recipe come from: packages that ship some.
LIBRARIES: Mapping[str, Callable[[str], Path]] = {
    "skimage": sample_path,
    "uplapp": sample_path,
    "sklearn": _sklearn_photograph,
}
