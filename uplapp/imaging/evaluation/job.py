"""Restoration jobs: one case by several candidates with its scores, or a folder of images on average."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.evaluation.candidates import Candidate, labels_of, require_fit, require_unique
from uplapp.imaging.evaluation.fits import FitRecord, Hear, run_fit
from uplapp.imaging.evaluation.scores import (
    Scores,
    build_metrics,
    mean_scores,
    measure,
    measure_clean,
    names_for,
)
from uplapp.imaging.files.pictures import Array, array_to_tensor, tensor_to_array
from uplapp.imaging.files.reading import AS_IT_SAYS, Reading, gathered
from uplapp.imaging.metrics import METRICS, Metric
from uplapp.imaging.metrics.error_maps import ErrorMap, draw_error_map
from uplapp.imaging.physics import AsItIs, Degradation
from uplapp.imaging.restorers import FittedRestorer, NetworkRestorer, Restorer, Watch, unwatched
from uplapp.imaging.tasks import TASKS
from uplapp.values import REFERENCE

ON_SCREEN = ("psnr", "ssim", "ms_ssim", "flip", "l1", "l2")
# By this metric a result may be worse than its input; it is defined for every pair of images.
JUDGE = "psnr"
OnImage = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Restored:
    """The result of one candidate: the samples of its file, and the seconds it took.

    Samples of pictures are whole numbers, those of volumes float32 (D,H,W) in [0,1].
    `scores` and `error` belong to the estimate before rounding, None if no clean image is known.
    `cautions` say why to doubt the result, `fit` how a fit came to it, `precision` in which number format a
    network computed it.
    """

    candidate: Candidate
    samples: Array
    seconds: float
    scores: Scores | None
    error: ErrorMap | None
    cautions: tuple[str, ...] = ()
    fit: FitRecord | None = None
    precision: str | None = None

    @property
    def name(self) -> str:
        """The name of the candidate."""
        return self.candidate.name

    @property
    def pixels(self) -> Tensor:
        """The image (C,H,W) or volume (1,D,H,W) in [0,1] that the file holds."""
        is_volume = self.samples.dtype == np.float32
        return torch.from_numpy(self.samples)[None] if is_volume else array_to_tensor(self.samples)


@dataclass(frozen=True, eq=False)
class Job:
    """A finished case with its restorations.

    Scores and errors of the degraded input are there if the clean image is.
    """

    case: Case
    degraded_scores: Scores | None
    degraded_error: ErrorMap | None
    results: tuple[Restored, ...]

    @property
    def observed(self) -> str:
        """The label of the image before it is restored."""
        return TASKS[self.case.task].observed

    @property
    def labels(self) -> dict[str, str]:
        """The name on screen of each image of `pictures`, by its kind."""
        reference = {} if self.case.reference is None else {"reference": "Reference"}
        restored = labels_of([result.candidate for result in self.results])
        return {**reference, self.observed: self.observed.capitalize(), **restored}

    def pictures(self) -> Iterator[tuple[str, Tensor]]:
        """Give the images (C,H,W) with their kind: reference if any, degraded input, one per candidate."""
        if self.case.reference is not None:
            yield "reference", self.case.reference
        yield self.observed, self.case.seen
        yield from ((result.name, result.pixels) for result in self.results)

    def deviations(self) -> dict[str, ErrorMap]:
        """Give the maps of deviation among the starts of fits, by candidate."""
        fits = {one.name: one.fit for one in self.results if one.fit is not None}
        return {name: fit.deviation for name, fit in fits.items() if fit.deviation is not None}

    def errors(self) -> dict[str, ErrorMap]:
        """Give the error maps by kind: one for the degraded input, one per candidate.

        Without a clean image there are no maps.
        """
        maps = {self.observed: self.degraded_error, **{one.name: one.error for one in self.results}}
        return {kind: error for kind, error in maps.items() if error is not None}


def unheard(label: str, state: object) -> bool:
    """Let fits go on without a listener."""
    return True


def run_job(
    case: Case, candidates: Sequence[Candidate], watch: Watch = unwatched, hear: Hear = unheard
) -> Job:
    """Restore a case by every candidate.

    `watch` hears how far the work is and may stop it (Cancelled). `hear` hears the states of fits and may end
    each with what it has.
    """
    if not candidates:
        raise UplappError("nothing to restore by is chosen; choose a checkpoint or a method, or more")
    require_unique(candidates)
    _require_fits(candidates, case)
    seen_scores, seen_error = _compare(case.seen, case)
    results = []
    for number, candidate in enumerate(candidates):
        part = _part_of(watch, number, len(candidates), candidate)
        results.append(_restore(candidate, case, seen_scores, part, hear))
    return Job(case, seen_scores, seen_error, tuple(results))


def cautions_of(
    candidate: Candidate, case: Case, seen: Scores | None, scores: Scores | None
) -> tuple[str, ...]:
    """Say why to doubt a result: it scores below its input, or the case is unlike the training."""
    sentences = []
    before, after = ((values or {}).get(JUDGE) for values in (seen, scores))
    if before is not None and after is not None and after < before:
        words = f"{METRICS[JUDGE].label} {after:.2f} against {before:.2f}"
        sentences.append(f"{candidate.label} is worse than its input ({words}).")
    if candidate.card is not None and candidate.card.spec is not None:
        draws = [stage.draw for stage in candidate.card.spec.stages]
        doubts = TASKS[case.task].doubts(draws, case)
        sentences += [f"{candidate.label} was {doubt}." for doubt in doubts]
    return tuple(sentences)


def _restore(candidate: Candidate, case: Case, seen: Scores | None, watch: Watch, hear: Hear) -> Restored:
    restorer, started, record = candidate.build(), time.perf_counter(), None
    if isinstance(restorer, FittedRestorer):
        estimate, record = run_fit(restorer, case, candidate.label, watch, hear)
    else:
        estimate = restorer.restore(case, watch)
    seconds = time.perf_counter() - started
    scores, error = _compare(estimate, case)
    cautions = cautions_of(candidate, case, seen, scores)
    if isinstance(restorer, NetworkRestorer):
        cautions += tuple(f"{candidate.label} was {doubt}." for doubt in restorer.doubts(case))
    samples = tensor_to_array(estimate, case.bits) if case.space is None else estimate[0].numpy()
    computed_in = getattr(restorer, "computed_in", None)  # networks say it, alone or refining
    precision = computed_in(case) if computed_in else None
    return Restored(candidate, samples, seconds, scores, error, cautions, record, precision)


def _part_of(watch: Watch, number: int, total: int, candidate: Candidate) -> Watch:
    kind = "network" if candidate.card else "method"
    place = f"{kind} {number + 1} of {total} ({candidate.label})" if total > 1 else candidate.label

    def part(share: float, text: str, preview: Tensor | None) -> bool:
        return watch((number + share) / total, f"{place}: {text}" if text else place, preview)

    return part


def _compare(pixels: Tensor, case: Case) -> tuple[Scores | None, ErrorMap | None]:
    """Give metrics and errors against the clean image, None where there is no clean image.

    A volume has no map of errors.
    """
    if case.reference is None:
        return None, None
    names = [name for name in ON_SCREEN if name in names_for(pixels.ndim - 1)]
    error = draw_error_map(pixels, case.reference) if "flip" in names else None
    metrics, _ = build_metrics(name for name in names if name != "flip")
    scores = measure(pixels, case, metrics) | ({"flip": error.mean} if error else {})
    return {name: scores[name] for name in names}, error


def read_case(
    path: Path,
    task: str,
    degradation: Degradation | AsItIs | None,
    index: int | None = None,
    reading: Reading = AS_IT_SAYS,
) -> Case:
    """Read a file to restore, one slice of it if it has several, by default the middle one.

    It is degraded by the degradation as drawn for its name. Without one it is taken as it is, which a whole
    k-space cannot be; a k-space that lacks a part always is. A degradation of another task is refused.
    `reading` is what a person says of the file.
    """
    require_degradation(task, degradation)
    return make_case(TASKS[task].read(path, index, reading), task, degradation)


def unseen(done: int) -> None:
    """Let images go by without a listener."""


def require_degradation(task: str, degradation: Degradation | AsItIs | None) -> None:
    """Refuse a degradation, or a value for images as they are, that does not belong to a task."""
    wanted = TASKS[task].degrading
    taking = wanted.choice.taking if wanted.choice else None
    if degradation is not None and not isinstance(degradation, tuple(filter(None, (wanted, taking)))):
        raise UplappError(
            f"{degradation.text} does not fit the task '{task}' ({TASKS[task].label}), "
            f"whose images are spoilt by {wanted.heading.lower()}"
        )


@dataclass(frozen=True)
class Evaluation:
    """Means over images and seeds: one row per candidate, None where a metric is not defined.

    `sigma` is None where the degradation, in words, is no noise; `degraded` holds the means of what the
    candidates were given. A row has its method, checkpoint (None for a method), loss, label, whether measured
    data were put back, and the metrics. `scenes` has a row for each image and condition, what they were given
    among them: means over the seeds, before those that are relative are divided. `understood` says what the
    files were taken for.
    """

    task: str
    degradation: str
    sigma: float | None
    seeds: tuple[int, ...]
    images: int
    degraded: Scores
    rows: list[dict[str, Any]]
    scenes: list[dict[str, Any]] = field(default_factory=list)
    understood: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def observed(self) -> str:
        """The label of an image before it is restored."""
        return TASKS[self.task].observed


def evaluate(
    task: str,
    candidates: Sequence[Candidate],
    folder: Path,
    degradation: Degradation | None = None,
    seeds: Sequence[int] = (0,),
    on_image: OnImage = unseen,
    backbone: str | None = None,
    segmenters: Mapping[str, Any] | None = None,
    reading: Reading = AS_IT_SAYS,
) -> Evaluation:
    """Degrade every image of `folder` once per seed, restore it by every candidate, average the metrics.

    Without a degradation the task's is used at its defaults. For the others see `build_metrics`.
    A metric that cannot be had, or is not defined on every image, is None with a warning.
    """
    row = TASKS[task]
    degradation = degradation or row.degrade()
    require_degradation(task, degradation)
    restorers = _build(task, candidates)
    metrics, missing = build_metrics(names_for(row.axes), backbone, segmenters)
    scores: dict[str, list[Scores]] = {name: [] for name in (REFERENCE, row.observed, *restorers)}
    images: list[tuple[str, str, Sequence[str]]] = []
    for subject in row.read_all(folder, reading):
        images.append((subject.stem, subject.name.partition(":")[0], subject.understood))
        for seed in seeds:
            case = make_case(subject, task, replace(degradation, seed=seed))  # type: ignore[type-var]
            _require_fits(candidates, case)
            for name, found in _scores(case, restorers, metrics):
                scores[name].append(found)
        on_image(len(images))
    means = {name: mean_scores(each, scores[REFERENCE]) for name, each in scores.items()}
    rows, stems = _rows(candidates, means), [stem for stem, *_ in images]
    return Evaluation(
        task=task,
        degradation=degradation.text,
        sigma=getattr(degradation, "sigma", None),
        seeds=tuple(seeds),
        images=len(images),
        degraded=means[row.observed],
        rows=rows,
        scenes=list(_by_scene(stems, {name: scores[name] for name in (row.observed, *restorers)})),
        understood=gathered([(name, said) for _, name, said in images]),
        warnings=[*missing, *_warnings(rows, list(metrics))],
    )


def _require_fits(candidates: Sequence[Candidate], case: Case) -> None:
    for candidate in candidates:
        require_fit(candidate, case)


def _scores(
    case: Case, restorers: Mapping[str, Restorer], metrics: Mapping[str, Metric]
) -> Iterator[tuple[str, Scores]]:
    """Measure the clean image, what is given and every restoration of it."""
    yield REFERENCE, measure_clean(case, metrics)
    yield TASKS[case.task].observed, measure(case.seen, case, metrics)
    for name, restorer in restorers.items():
        yield name, measure(restorer.restore(case, unwatched), case, metrics)


def _by_scene(images: Sequence[str], scores: Mapping[str, Sequence[Scores]]) -> Iterator[dict[str, Any]]:
    """Give the means of each image by each condition, whose scores are in order of image, then seed."""
    for place, scene in enumerate(images):
        for condition, each in scores.items():
            seeds = len(each) // len(images)
            yield {
                "scene": scene,
                "condition": condition,
                **mean_scores(each[place * seeds : (place + 1) * seeds]),
            }


def _build(task: str, candidates: Sequence[Candidate]) -> dict[str, Restorer]:
    if not candidates:
        raise UplappError(f"there is no checkpoint of the task '{task}'; train one, or name a method")
    require_unique(candidates)
    return {one.name: one.build() for one in candidates}


def _rows(candidates: Sequence[Candidate], means: Mapping[str, Scores]) -> list[dict[str, Any]]:
    labels = labels_of(candidates)
    return [{**one.facts, "label": labels[one.name], **means[one.name]} for one in candidates]


def _warnings(rows: Sequence[Mapping[str, Any]], metrics: Sequence[str]) -> list[str]:
    return [
        f"{metric} is not defined on every image for {row['checkpoint'] or row['method']}"
        for metric in metrics
        for row in rows
        if row[metric] is None and not METRICS[metric].needs
    ]
