"""Stimuli of a study made from its recipe: scenes measured, then restored by its conditions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from uplapp.errors import BadStudy, UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.evaluation.candidates import Candidate, methods_of, of_cards, of_methods, require_fit
from uplapp.imaging.files.drawn import write_named_tree
from uplapp.imaging.files.pictures import encode_png
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.files.views import view_of
from uplapp.imaging.restorers import unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.study.definition import Definition, Render, Scene
from uplapp.values import REFERENCE
from uplapp.whole import write_bytes

OnPicture = Callable[[int, int], None]
# Keys of a recipe from before degradations described themselves, and the options they stand for.
FIRST_KEYS = {
    "noise_sigma": "sigma",
    "acceleration": "acceleration",
    "mask": "mask",
    "noise_seed": "seed",
    "mask_seed": "seed",
}


def render_stimuli(
    definition: Definition, checkpoints: Checkpoints, root: Path, on_picture: OnPicture | None = None
) -> None:
    """Make every stimulus of a study from its recipe: `root/<condition or reference>/<scene>.png`.

    Each picture is measured and restored whole, or with the surround of the recipe, then cropped, so that no
    crop shows an edge of the restoration. BadStudy says what a recipe lacks; a picture is written in one
    replace.
    """
    recipe = definition.render
    if recipe is None:
        raise BadStudy(f"study '{definition.name}' has no [render] table; its stimuli come as files")
    candidates = candidates_of(definition, recipe, checkpoints)
    restorers = {one.name: one.build() for one in candidates}
    total = len(definition.scenes) * (len(restorers) + 1)
    done = 0
    for scene in definition.scenes:
        case = case_of(definition, recipe, scene)
        if recipe.surround_px is not None:
            case, scene = framed(case, scene, recipe.surround_px)
        for one in candidates:
            require_fit(one, case)
        for name in (REFERENCE, *restorers):
            pixels = _clean(case) if name == REFERENCE else restorers[name].restore(case, unwatched)
            shown = _crop(_seen(pixels, case, scene), scene)
            write_bytes(root / name / f"{scene.name}.png", encode_png(shown))
            done += 1
            if on_picture is not None:
                on_picture(done, total)


def rendered(definition: Definition, root: Path) -> bool:
    """Whether every stimulus of a study lies under `root`."""
    folders = (REFERENCE, *(condition.name for condition in definition.conditions))
    return all(
        (root / folder / f"{scene.name}.png").is_file() for folder in folders for scene in definition.scenes
    )


def degradation_options(recipe: Render) -> dict[str, Any]:
    """Give the options of a recipe's degradation, also where it writes them under their first keys."""
    first = {key: getattr(recipe, key) for key in FIRST_KEYS}
    options = {FIRST_KEYS[key]: value for key, value in first.items() if value is not None}
    return {**options, **recipe.degradation}


def candidates_of(definition: Definition, recipe: Render, checkpoints: Checkpoints) -> list[Candidate]:
    """Make the candidates that a study compares, called as its conditions are.

    A condition is a checkpoint by the name of its loss or its own, else a method. An unknown name lists the
    checkpoints, and the methods of the task.
    """
    return list(_candidates(definition, recipe, checkpoints))


def case_of(definition: Definition, recipe: Render, scene: Scene) -> Case:
    """Measure a scene as the recipe says, its noise or columns drawn for the name of the scene."""
    library, _, name = scene.source.partition(":")
    if library not in LIBRARIES or not name:
        raise BadStudy(
            f"scene '{scene.name}' of study '{definition.name}' has source '{scene.source}'; "
            f"write one of {', '.join(LIBRARIES)}, a colon and the name of a picture"
        )
    task = TASKS[recipe.task]
    with TemporaryDirectory() as folder:
        subject = task.open(LIBRARIES[library](name, Path(folder)), None)
    subject = replace(subject, name=scene.name, stem=scene.name)
    try:
        degradation = task.degrade(**degradation_options(recipe))
    except UplappError as error:
        raise BadStudy(f"study '{definition.name}': [render] degradation: {error}") from error
    return make_case(subject, recipe.task, degradation)


def framed(case: Case, scene: Scene, surround_px: int) -> tuple[Case, Scene]:
    """Cut a measured scene to its crop with so many px around it. Give the crop's place in the rest too.

    Methods that are fitted to each image take hours for whole photographs. Only what is measured pixel by
    pixel can be cut after it was measured; anything else is refused.
    """
    if case.measurement.operator.kind not in CUTTABLE:
        raise BadStudy(
            f"scene '{scene.name}': surround_px cuts measurements of pixels, and this one is of "
            f"{case.measurement.operator.kind}; leave it out"
        )
    _crop(case.seen, scene)  # refuses a crop that leaves the picture
    top, left, height, width = scene.crop or (0, 0, *case.seen.shape[-2:])
    above, before = min(top, surround_px), min(left, surround_px)

    def cut(pixels: Tensor) -> Tensor:
        rows = slice(top - above, top + height + surround_px)
        return pixels[..., rows, left - before : left + width + surround_px]

    reference = None if case.reference is None else cut(case.reference)
    inside = replace(case, measurement=case.measurement.map(cut), reference=reference)
    return inside, replace(scene, crop=(above, before, height, width))


def _candidates(definition: Definition, recipe: Render, checkpoints: Checkpoints) -> Iterator[Candidate]:
    cards = {card.name: card for card in checkpoints.cards(recipe.task)}
    methods = methods_of(recipe.task)
    for condition in definition.conditions:
        name = condition.name
        grid = f"{recipe.task}-{recipe.network}-{name}"
        if grid not in cards and name not in cards and name in methods:
            (candidate,) = of_methods([name], {name: recipe.methods.get(name, {})})
        else:
            card = checkpoints.find(name if name in cards and grid not in cards else grid)
            (candidate,) = of_cards(checkpoints, [card], recipe.consistency)
        yield replace(candidate, name=name)


def _seen(pixels: Tensor, case: Case, scene: Scene) -> Tensor:
    """Give a picture as it is, and the view of a volume. A view of a picture is refused."""
    if case.space is not None:
        return view_of(pixels, scene.view, case.space.spacing_mm)
    if scene.view:
        raise BadStudy(f"scene '{scene.name}' is a picture, of which there is no view '{scene.view}'")
    return pixels


def _clean(case: Case) -> Tensor:
    if case.reference is None:
        raise BadStudy(f"scene '{case.name}' lacks a part of its k-space; take a whole one as the reference")
    return case.reference


def _sample(name: str, _: Path) -> Path:
    return sample_path(name)


def _tree(name: str, folder: Path) -> Path:
    return write_named_tree(folder, name)


def _sklearn_photograph(name: str, _: Path) -> Path:
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise BadStudy(f"the photograph '{name}' ships inside scikit-learn; install that to render it")
    return Path(package.origin).parent / "datasets" / "images" / f"{name}.jpg"


def _crop(pixels: Tensor, scene: Scene) -> Tensor:
    top, left, height, width = scene.crop or (0, 0, *pixels.shape[-2:])
    if top + height > pixels.shape[-2] or left + width > pixels.shape[-1]:
        raise BadStudy(
            f"scene '{scene.name}': the crop ends at {left + width}x{top + height} px, "
            f"the photograph at {pixels.shape[-1]}x{pixels.shape[-2]} px"
        )
    return pixels[:, top : top + height, left : left + width]


CUTTABLE = ("pixels", "missing")
# Where the pictures of a recipe come from: packages that ship some, and trees that are drawn into a folder.
LIBRARIES: Mapping[str, Callable[[str, Path], Path]] = {
    "skimage": _sample,
    "uplapp": _sample,
    "sklearn": _sklearn_photograph,
    "tree": _tree,
}
