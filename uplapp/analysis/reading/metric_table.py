"""Values of metrics, one row per condition or stimulus, and which way each metric points."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from uplapp.analysis.reading.cells import numbers
from uplapp.analysis.reading.tables import read_table, shown
from uplapp.errors import BadVotes
from uplapp.values import Array

Better = Literal["higher", "lower"]

BETTER: tuple[Better, ...] = ("higher", "lower")
LOWER = """l1 l2 mae mse rmse nmse nrmse lpips dists flip gmsd mdsi pieapp fid niqe brisque piqe vgg upl
    ciede2000"""
KNOWN: dict[Better, tuple[str, ...]] = {
    "higher": ("psnr", "ssim", "ms_ssim", "iw_ssim", "vif", "fsim", "vsi", "haarpsi", "uqi", "vmaf", "cvvdp"),
    "lower": tuple(LOWER.split()),
}
PLACES = ("condition", "scene")


@dataclass(frozen=True, eq=False)
class Metrics:
    """Values of metrics: `values[m, s, i]` of metric m for condition i in scene s, shape (M,S,n).

    NaN where the table has no row. A table without scenes has `scenes == ("",)`. `better` says for each
    metric which way is better.
    """

    names: tuple[str, ...]
    better: tuple[Better, ...]
    conditions: tuple[str, ...]
    scenes: tuple[str, ...]
    values: Array
    source: str = "metrics"
    notes: tuple[str, ...] = ()

    @property
    def oriented(self) -> Array:
        """The values with the sign turned where lower is better."""
        signs = np.array([1.0 if better == "higher" else -1.0 for better in self.better])
        return signs[:, None, None] * self.values


def read_metrics(path: Path) -> Metrics:
    """Read a CSV with the columns condition, perhaps scene, and one per metric."""
    return metrics_from_table(read_table(path), path.name)


def metrics_from_table(table: pd.DataFrame, source: str = "metrics") -> Metrics:
    """Check a table of metrics: each condition once, or once in each of its scenes, a number in every cell.

    A column's name may end on `:lower` or `:higher`, the better way; without, KNOWN names decide, and an
    unknown metric counts as higher is better, with a note. A bad table is a BadVotes that names the line.
    """
    places = _places(table, source)
    columns = [name for name in table.columns if name not in PLACES]
    directions = _directions(columns, source)
    cells = pd.DataFrame({name: _filled(table, name, source) for name in columns}, index=table.index)
    conditions, scenes = (tuple(sorted(places[name].unique())) for name in PLACES)
    grid = pd.MultiIndex.from_product([scenes, conditions])
    by_place = cells.set_axis(pd.MultiIndex.from_frame(places[["scene", "condition"]]), axis=0)
    values = by_place.reindex(grid).to_numpy(dtype=float).T
    unknown = [name for name, (_, is_known) in directions.items() if not is_known]
    return Metrics(
        names=tuple(directions),
        better=tuple(better for better, _ in directions.values()),
        conditions=conditions,
        scenes=scenes,
        values=values.reshape(len(columns), len(scenes), len(conditions)),
        source=source,
        notes=tuple(
            f"'{name}' is taken as higher is better; else call it '{name}:lower'" for name in unknown
        ),
    )


def of_study(
    metrics: Metrics, conditions: Collection[str], voted: Mapping[str, Collection[str]] | None = None
) -> Array:
    """Oriented values (M,n) in the order of `conditions`, the mean where the metrics have scenes.

    The mean is over the scenes with votes on the condition, as `voted` (scene -> conditions) says; without it
    over all scenes. Raises BadVotes where a value is missing that it needs.
    """
    check_study(metrics, conditions)
    if not voted or metrics.scenes == ("",):
        voted = dict.fromkeys(metrics.scenes, tuple(conditions))
    parts = {scene: of_scene(metrics, scene, some) for scene, some in voted.items()}
    values = np.empty((len(metrics.names), len(conditions)))
    for place, name in enumerate(conditions):
        own = [parts[scene][:, list(some).index(name)] for scene, some in voted.items() if name in some]
        values[:, place] = np.mean(own, axis=0)
    return values


def of_scene(metrics: Metrics, scene: str, conditions: Collection[str]) -> Array:
    """Give the values (M,n) of one scene, higher is better, in the order of `conditions`.

    A condition without a value raises BadVotes.
    """
    places = [metrics.conditions.index(name) for name in conditions]
    values: Array = metrics.oriented[:, metrics.scenes.index(scene)][:, places]
    for name, column in zip(conditions, values.T, strict=True):
        if np.isnan(column).any():
            raise BadVotes(
                f"{metrics.source} has no row for condition '{shown(name)}' in scene '{shown(scene)}'; "
                "it needs every condition in every scene with votes on it"
            )
    return values


def check_study(metrics: Metrics, conditions: Collection[str], scenes: Collection[str] = ()) -> None:
    """Refuse metrics of other conditions or, given any, other scenes than the votes compare."""
    _match(metrics.source, "condition", conditions, metrics.conditions)
    if scenes:
        _match(metrics.source, "scene", scenes, metrics.scenes)


def _match(source: str, kind: str, voted: Collection[str], measured: Collection[str]) -> None:
    for missing, words in (
        (set(voted) - set(measured), f"has no row for the {kind}"),
        (set(measured) - set(voted), f"has a row for an unknown {kind}"),
    ):
        if missing:
            names = shown(", ".join(sorted(voted)), 300)
            raise BadVotes(f"{source} {words} '{shown(min(missing))}'; the votes compare: {names}")


def _places(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Read condition and scene of each row, each place once.

    Without scenes the scene is empty.
    """
    present = shown(", ".join(map(str, table.columns)), 300) or "none"
    if "condition" not in table or not set(table.columns) - set(PLACES):
        needs = "condition, perhaps scene, and one column per metric"
        raise BadVotes(f"{source} needs the columns {needs}; found: {present}")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise BadVotes(f"{source} has the column '{shown(twice[0])}' twice; each may occur once")
    if table.empty:
        raise BadVotes(f"{source} has no rows below its header")
    texts = {name: table[name].astype("string").fillna("").str.strip() for name in PLACES if name in table}
    for name, cells in texts.items():
        if (cells == "").any():
            raise BadVotes(f"{source}, line {(cells == '').idxmax()}, column '{name}': the cell is empty")
    places = pd.DataFrame(
        {"condition": texts["condition"], "scene": texts.get("scene", "")}, index=table.index
    )
    again = places.duplicated()
    if again.any():
        place = places[again].iloc[0]
        scene = f" in scene '{shown(place['scene'])}'" if place["scene"] else ""
        name = f"condition '{shown(place['condition'])}'{scene}"
        raise BadVotes(f"{source}, line {again.idxmax()}: {name} is there twice; once is allowed")
    return places


def _directions(columns: list[str], source: str) -> dict[str, tuple[Better, bool]]:
    """Name of each metric -> its better way, and whether that is known."""
    directions: dict[str, tuple[Better, bool]] = {}
    for column in columns:
        name, colon, way = (part.strip() for part in column.partition(":"))
        if colon and way.lower() not in BETTER:
            raise BadVotes(f"{source}, column '{shown(column)}': write :higher or :lower behind the name")
        if name in directions or not name:
            raise BadVotes(f"{source}, column '{shown(column)}': every metric needs a name of its own")
        directions[name] = (BETTER[BETTER.index(way.lower())], True) if colon else _direction(name)
    return directions


def _direction(name: str) -> tuple[Better, bool]:
    """Look the first words of a name up: `LPIPS (alex)` and `psnr_knee` are known."""
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()) + "_"
    for better, names in KNOWN.items():
        if any(words.startswith(f"{standard}_") for standard in names):
            return better, True
    return "higher", False


def _filled(table: pd.DataFrame, column: str, source: str) -> Array:
    values = numbers(table, column, source)
    if np.isnan(values).any():
        line = table.index[int(np.isnan(values).argmax())]
        raise BadVotes(f"{source}, line {line}, column '{column}': the cell is empty; it needs a number")
    return values
