"""Which metric agrees with people: correlation of metrics with JOD scores, over conditions and stimuli."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from uplapp.analysis.reading.metric_table import Metrics, check_study, of_scene, of_study
from uplapp.analysis.scoring import TAILS
from uplapp.values import PARAMETRIC, Array, Scores

FEW_CONDITIONS = 10
FEW_SCENES = 8
TOO_NARROW = "the intervals are parametric (binomial votes), too narrow where people differ"
ROUNDING = 1e-12  # relative: what remains of equal values after their mean is taken off

PerScene = Mapping[str, Scores]


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far each metric agrees with people, one row of `table` per metric and level.

    Columns: metric; better (higher or lower); level (conditions or stimuli); n; spearman, kendall, pearson,
    each with _low and _high (95%), + 1 is full agreement whichever way the metric points; pairs_share, the
    share of pairs ordered as people order them (a tie is half right); clear_pairs_share, of the clear_pairs
    whose difference is significant; resampled, what the intervals let vary. NaN is undefined.
    """

    table: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Places:
    """Metrics (M,N) and scores (N,) of one level, the scores' replicates (B,N), their weights (B,N)."""

    level: str
    metrics: Array
    jod: Array
    replicates: Array
    weights: Array
    pairs: Array
    clear: Array
    resampled: str


def agreement(
    scores: Scores, metrics: Metrics, per_scene: PerScene | None = None, seed: int = 0
) -> Agreement:
    """Correlate metrics with the pooled scores of conditions and, given both, with the scores of stimuli.

    `per_scene` are the scores of each scene, as `analyse_scenes` gives them; used where `metrics` has scenes,
    whose mean stands for the condition. Scores of different scenes have no common zero, so those and the
    metric's values count from their scene's mean, and pairs lie within a scene.

    The conditions are taken as given. The intervals are percentiles over resampled observers, as far apart
    as the scores' own intervals say, and, for stimuli, over resampled scenes. In simulated studies of 12 to
    20 observers those of ranks held the truth in .96 to 1.00 of cases, Pearson's in .86 to .94
    (benchmarks/agreement.py).
    """
    levels = [_conditions(scores, metrics, _voted(per_scene or {}, metrics))]
    usable = _usable(scores, per_scene or {}, metrics)
    if usable:
        levels.append(_stimuli(scores, usable, metrics, seed))
    table = pd.concat([_rows(level, metrics) for level in levels], ignore_index=True)
    return Agreement(table, _notes(scores, metrics, per_scene or {}, usable, levels))


def scatter_table(scores: Scores, metrics: Metrics, per_scene: PerScene | None = None) -> pd.DataFrame:
    """Tabulate what the correlations are of: metric, condition, scene, value, jod, jod_low, jod_high.

    `value` is as it was given, not turned; scene is "" for a condition's mean over scenes.
    """
    signs = np.where(np.array(metrics.better) == "higher", 1.0, -1.0)
    voted = _voted(per_scene or {}, metrics)
    parts = [_points("", scores, signs[:, None] * of_study(metrics, scores.conditions, voted), metrics)]
    for scene, some in _usable(scores, per_scene or {}, metrics).items():
        parts.append(
            _points(scene, some, signs[:, None] * of_scene(metrics, scene, some.conditions), metrics)
        )
    return pd.concat(parts, ignore_index=True)


def _points(scene: str, scores: Scores, values: Array, metrics: Metrics) -> pd.DataFrame:
    repeats = len(metrics.names)
    return pd.DataFrame(
        {
            "metric": np.repeat(metrics.names, len(scores.conditions)),
            "condition": np.tile(scores.conditions, repeats),
            "scene": scene,
            "value": values.ravel(),
            "jod": np.tile(scores.jod, repeats),
            "jod_low": np.tile(scores.low, repeats),
            "jod_high": np.tile(scores.high, repeats),
        }
    )


def _usable(scores: Scores, per_scene: PerScene, metrics: Metrics) -> dict[str, Scores]:
    """Scenes with finite scores, if the metrics have scenes."""
    if metrics.scenes == ("",) or set(per_scene) <= {""}:
        return {}
    check_study(metrics, scores.conditions, tuple(per_scene))
    return {scene: some for scene, some in per_scene.items() if some.on_one_scale}


def _voted(per_scene: PerScene, metrics: Metrics) -> dict[str, tuple[str, ...]]:
    """Name the conditions with votes in each scene, nothing where the metrics or the votes have no scenes."""
    if metrics.scenes == ("",) or set(per_scene) <= {""}:
        return {}
    check_study(metrics, metrics.conditions, tuple(per_scene))
    return {scene: some.conditions for scene, some in per_scene.items()}


def _conditions(scores: Scores, metrics: Metrics, voted: dict[str, tuple[str, ...]]) -> _Places:
    replicates = _spread(scores)
    n = len(scores.conditions)
    return _Places(
        "conditions",
        of_study(metrics, scores.conditions, voted),
        scores.jod if scores.on_one_scale else np.full(n, np.nan),
        replicates,
        np.ones_like(replicates),
        np.ones((n, n)) - np.eye(n),
        _clear(scores),
        "binomial votes" if scores.interval == PARAMETRIC else "observers",
    )


def _stimuli(scores: Scores, per_scene: dict[str, Scores], metrics: Metrics, seed: int) -> _Places:
    generator = np.random.default_rng(seed)
    some = list(per_scene.values())
    measured = [of_scene(metrics, scene, one.conditions) for scene, one in per_scene.items()]
    scene_of = np.repeat(np.arange(len(some)), [len(one.conditions) for one in some])
    replicates = _together(some, _aligned(scores, per_scene), generator)
    draws = generator.integers(0, len(some), (len(replicates), len(some)))
    times = (draws[:, :, None] == np.arange(len(some))).sum(axis=1)
    together = scene_of[:, None] == scene_of
    clear = np.zeros(together.shape)
    clear[together] = np.concatenate([_clear(one).ravel() for one in some])
    parametric = any(one.interval == PARAMETRIC for one in some)
    return _Places(
        "stimuli",
        np.concatenate([_centred(values) for values in measured], axis=1),
        np.concatenate([_centred(one.jod) for one in some]),
        replicates,
        times[:, scene_of].astype(float),
        together - np.eye(len(together)),
        clear,
        f"{'binomial votes' if parametric else 'observers'} and scenes",
    )


def _aligned(scores: Scores, per_scene: dict[str, Scores]) -> bool:
    """Say whether replicates drew the same observers in all scenes: all saw all, and all have scores."""
    return all(
        one.observers == scores.observers and not one.degenerate and one.method == scores.method
        for one in per_scene.values()
    )


def _together(scores: list[Scores], aligned: bool, generator: np.random.Generator) -> Array:
    """Replicates (B,N) of all scenes, row by row where these drew the same observers."""
    size = min(len(one.replicates) for one in scores)
    parts = []
    for one in scores:
        rows = np.arange(size) if aligned else generator.integers(0, max(1, len(one.replicates)), size)
        parts.append(_centred(_spread(one)[rows]))
    return np.concatenate(parts, axis=1)


def _spread(scores: Scores) -> Array:
    """Replicates as far from the scores as their intervals reach: Student's t, where these are."""
    people = scores.observers
    if scores.interval != "t" or people is None:
        return scores.replicates
    t_to_normal = stats.t.ppf(TAILS[1], people - 1) / stats.norm.ppf(TAILS[1])
    wide: Array = scores.jod + t_to_normal * np.sqrt(people / (people - 1)) * (scores.replicates - scores.jod)
    return wide


def _centred(values: Array) -> Array:
    """Subtract the mean over the last axis, so that equal values become exactly 0."""
    centred = values - values.mean(axis=-1, keepdims=True)
    return np.where(np.abs(centred) > ROUNDING * np.abs(values).max(axis=-1, keepdims=True), centred, 0.0)


def _clear(scores: Scores) -> Array:
    """1 (n,n) on both sides of every pair whose difference is significant."""
    places = {name: place for place, name in enumerate(scores.conditions)}
    clear = np.zeros((len(places), len(places)))
    for pair in scores.pairs:
        if pair.significant:
            clear[places[pair.a], places[pair.b]] = clear[places[pair.b], places[pair.a]] = 1.0
    return clear


def _rows(level: _Places, metrics: Metrics) -> pd.DataFrame:
    table = pd.DataFrame({"metric": metrics.names, "better": metrics.better, "level": level.level})
    table["n"] = level.jod.size
    of_metrics = correlations(level.metrics, level.jod[None], np.ones((1, level.jod.size)))[:, 0]
    spread = correlations(level.metrics, level.replicates, level.weights)
    for kind, estimate, replicates in zip(KINDS, of_metrics, spread, strict=True):
        low, high = _percentiles(replicates)
        table[[kind, f"{kind}_low", f"{kind}_high"]] = np.stack([estimate, low, high], axis=1)
    table["pairs_share"] = ordered_share(level.metrics, level.jod, level.pairs)
    table["clear_pairs_share"] = ordered_share(level.metrics, level.jod, level.clear)
    return table.assign(clear_pairs=int(level.clear.sum()) // 2, resampled=level.resampled)


def _percentiles(replicates: Array) -> tuple[Array, Array]:
    """95% (M,) of replicates (B,M) (Hazen), without those in which a drawn metric or score is constant."""
    bounds = np.full((2, replicates.shape[1]), np.nan)
    for metric, values in enumerate(replicates.T):
        finite = values[np.isfinite(values)]
        if finite.size > 1:
            bounds[:, metric] = np.percentile(finite, 100 * TAILS, method="hazen")
    return bounds[0], bounds[1]


def _notes(
    scores: Scores, metrics: Metrics, per_scene: PerScene, usable: dict[str, Scores], levels: list[_Places]
) -> tuple[str, ...]:
    said = list(metrics.notes)
    n = len(scores.conditions)
    if not scores.on_one_scale:
        said.append("the votes do not fix the scores, so no metric can be compared with them")
    if n < FEW_CONDITIONS:
        said.append(
            f"{n} conditions: the intervals say what other observers would make of these, not what other "
            "conditions would show"
        )
    if any("votes" in level.resampled for level in levels):
        said.append(TOO_NARROW)
    return (*said, *_scene_notes(scores, metrics, per_scene, usable))


def _scene_notes(
    scores: Scores, metrics: Metrics, per_scene: PerScene, usable: dict[str, Scores]
) -> list[str]:
    said = []
    if not set(per_scene) <= {""} and metrics.scenes == ("",):
        said.append("the metrics do not tell scenes apart, so stimuli cannot be compared")
    elif usable and len(usable) < FEW_SCENES:
        said.append(f"{len(usable)} scenes: resampling so few says little about other scenes")
    undefined = sorted(set(per_scene) - set(usable)) if usable else []
    if undefined:
        said.append(f"scenes whose votes do not fix the scores are left out: {', '.join(undefined)}")
    if usable and not _aligned(scores, usable):
        said.append("not all observers could be drawn in all scenes: they are drawn scene by scene")
    return said


KINDS = ("spearman", "kendall", "pearson")
CELLS = 1 << 22  # replicates of a chunk x places x places
LEAST_SPREAD = 1e-10  # relative: values that differ less are constant


def correlations(x: Array, y: Array, weights: Array) -> Array:
    """Correlate x (M,N) with y (B,N), each place as often as `weights` (B,N) say.

    Returns (3,B,M). In the order of KINDS: Spearman (1904) with mean ranks, Kendall (1945) tau-b, Pearson. A
    place of weight two is two equal places. NaN where x or y do not vary.
    """
    size = max(1, CELLS // x.shape[1] ** 2)
    above = _signs(x)
    parts = [
        _chunk(x, above, y[at : at + size], weights[at : at + size]) for at in range(0, max(1, len(y)), size)
    ]
    return np.concatenate(parts, axis=1)


def ordered_share(x: Array, y: Array, pairs: Array) -> Array:
    """Share (M,) of `pairs` (N,N) that x (M,N) orders as y (N,) does, a tie as half, NaN without pairs."""
    agree = (_signs(x) * _signs(y) * pairs).sum(axis=(1, 2))
    total = pairs.sum()
    return (1 + agree / total) / 2 if total else np.full(len(x), np.nan)


def _signs(values: Array) -> Array:
    """1 where the row lies above the column, -1 below, 0 level: (...,N) -> (...,N,N)."""
    signs: Array = np.sign(values[..., :, None] - values[..., None, :])
    return signs


def _chunk(x: Array, above: Array, y: Array, weights: Array) -> Array:
    higher = _signs(y)
    both = weights[:, :, None] * weights[:, None, :]
    metrics, places = x.shape
    flat = above.reshape(metrics, places**2).T
    agree = (both * higher).reshape(-1, places**2) @ flat
    untied = both.reshape(-1, places**2) @ np.abs(flat)
    untied_y = (both * np.abs(higher)).sum(axis=(1, 2))[:, None]
    # A signed count of those below is the mean rank but for a factor and a constant.
    rank_x = np.moveaxis(above @ weights.T, -1, 0)
    rank_y = (higher @ weights[:, :, None]).swapaxes(1, 2)
    weights = weights[:, None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        kendall = agree / np.sqrt(untied * untied_y)
        return np.stack([_linear(rank_x, rank_y, weights), kendall, _linear(x[None], y[:, None], weights)])


def _linear(x: Array, y: Array, weights: Array) -> Array:
    """Pearson's correlation over the last axis."""
    weights = weights / weights.sum(axis=-1, keepdims=True)
    x, y = (_standard(values, weights) for values in (x, y))
    correlation: Array = np.clip((weights * x * y).sum(axis=-1), -1, 1)
    return correlation


def _standard(values: Array, weights: Array) -> Array:
    """Standardise values to mean 0 and sd 1, constant ones to NaN."""
    centred = values - (weights * values).sum(axis=-1, keepdims=True)
    sd = np.sqrt((weights * centred**2).sum(axis=-1, keepdims=True))
    largest = np.abs(values).max(axis=-1, keepdims=True)
    standard: Array = centred / np.where(sd > LEAST_SPREAD * largest, sd, np.nan)
    return standard
