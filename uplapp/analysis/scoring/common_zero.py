"""One zero for the scores of scenes that showed other conditions.

Each scene is scored alone, on its own mean. Its shift d_s and the mean m_i of each condition follow from
q_si = m_i + d_s by least squares, where the m_i have mean 0: a condition then lies alike in all scenes but
for what differs by scene. Where every scene showed all conditions no scene is shifted.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from uplapp.analysis.model import Labels, components
from uplapp.values import Array, Scores

APART = "it shares no condition with the other scenes, so its scores have a zero of their own"


def on_common_zero(scenes: Mapping[str, Scores]) -> dict[str, Scores]:
    """Shift the scores of each scene, intervals and bounds with them, to a zero in common."""
    units = [(name, group) for name, some in scenes.items() for group in sorted(set(some.group))]
    if len(units) == len(scenes) and len({some.conditions for some in scenes.values()}) == 1:
        return dict(scenes)
    names = sorted({condition for some in scenes.values() for condition in some.conditions})
    values = np.full((len(units), len(names)), np.nan)
    for row, (name, group) in enumerate(units):
        some = scenes[name]
        places = [names.index(condition) for condition in some.conditions]
        fixed = (np.array(some.group) == group) & (np.array(some.bound) == "")
        values[row, places] = np.where(fixed, some.jod, np.nan)
    shifts, parts = _shifts(values)
    shifted = dict(scenes)
    for (name, group), shift in zip(units, shifts, strict=True):
        shifted[name] = _shifted(shifted[name], group, float(shift))
    return _told(shifted, units, parts)


def without_zero(scores: Scores, anchor: str) -> Scores:
    """Remove the scores of a scene in which the anchor was not shown, and keep their differences."""
    nothing = np.full_like(scores.jod, np.nan)
    said = f"the anchor '{anchor}' was not shown here, so there are differences but no scores"
    return replace(
        scores,
        jod=nothing,
        low=nothing,
        high=nothing,
        bound=tuple("" for _ in scores.bound),
        bound_jod=nothing,
        warnings=(*scores.warnings, said),
    )


def _shifts(values: Array) -> tuple[Array, Labels]:
    """Least-squares shifts (U,) of the rows of values (U,n), which may be NaN, and connected parts (U,)."""
    rows, columns = values.shape
    row, column = np.nonzero(np.isfinite(values))
    links = np.zeros((rows + columns, rows + columns))
    links[row, rows + column] = 1
    parts = components(links)
    design = np.zeros((row.size, rows + columns))
    design[np.arange(row.size), row] = design[np.arange(row.size), rows + column] = 1
    fit = np.linalg.lstsq(design, values[row, column], rcond=None)[0]
    shifts = np.asarray(fit[:rows], dtype=np.float64).copy()
    for part in np.unique(parts):
        means = fit[rows:][parts[rows:] == part]
        shifts[parts[:rows] == part] += means.mean() if means.size else 0.0
    return shifts, parts[:rows]


def _shifted(scores: Scores, group: int, shift: float) -> Scores:
    own = np.where(np.array(scores.group) == group, shift, 0.0)
    return replace(
        scores,
        jod=scores.jod - own,
        low=scores.low - own,
        high=scores.high - own,
        bound_jod=scores.bound_jod - own,
        replicates=scores.replicates - own,
    )


def _told(scenes: dict[str, Scores], units: list[tuple[str, int]], parts: Labels) -> dict[str, Scores]:
    """Add a warning to scenes that no shared condition joins to the largest group of scenes."""
    names, counts = np.unique(parts, return_counts=True)
    home = {name for (name, _), part in zip(units, parts, strict=True) if part == names[np.argmax(counts)]}
    return {
        name: some if name in home else replace(some, warnings=(*some.warnings, APART))
        for name, some in scenes.items()
    }
