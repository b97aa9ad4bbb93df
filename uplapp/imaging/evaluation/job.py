"""A restoration job: a file as a case, its restorations by several candidates, and their scores."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from uplapp.errors import UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.evaluation.candidates import Candidate, require_unique
from uplapp.imaging.files.pictures import Array, array_to_tensor, tensor_to_array
from uplapp.imaging.metrics import METRICS, Metric
from uplapp.imaging.metrics.error_maps import ErrorMap, draw_error_map
from uplapp.imaging.physics import Degradation
from uplapp.imaging.restorers import RESTORERS, Watch, unwatched
from uplapp.imaging.tasks import TASKS

Scores = dict[str, float | None]
ON_SCREEN = ("psnr", "ssim", "ms_ssim", "flip", "l1", "l2")
# By this metric a result may be worse than its input; it is defined for every pair of images.
JUDGE = "psnr"


@dataclass(frozen=True, eq=False)
class Restored:
    """The result of one candidate: the samples of its file, and the seconds it took.

    `scores` and `error` belong to the estimate before rounding, None if no clean image is known.
    `cautions` say why to doubt the result.
    """

    candidate: Candidate
    samples: Array
    seconds: float
    scores: Scores | None
    error: ErrorMap | None
    cautions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the candidate."""
        return self.candidate.name

    @property
    def pixels(self) -> Tensor:
        """The image (C,H,W) in [0,1] that the file holds."""
        return array_to_tensor(self.samples)


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

    def errors(self) -> dict[str, ErrorMap]:
        """Give the error maps by kind: one for the degraded input, one per candidate.

        Without a clean image there are no maps.
        """
        maps = {self.observed: self.degraded_error, **{one.name: one.error for one in self.results}}
        return {kind: error for kind, error in maps.items() if error is not None}


def labels_of(candidates: Sequence[Candidate]) -> dict[str, str]:
    """Give the labels of candidates by name.

    Where two labels are alike the name is added.
    """
    count = Counter(one.label for one in candidates)
    return {
        one.name: one.label if count[one.label] == 1 else f"{one.label} ({one.name})" for one in candidates
    }


def run_job(case: Case, candidates: Sequence[Candidate], watch: Watch = unwatched) -> Job:
    """Restore a case by every candidate.

    `watch` hears how far the work is and may stop it (Cancelled).
    """
    if not candidates:
        raise UplappError("nothing to restore by is chosen; choose a checkpoint or a method, or more")
    require_unique(candidates)
    for candidate in candidates:
        require_fit(candidate, case)
    seen_scores, seen_error = _compare(case.seen, case)
    results = []
    for number, candidate in enumerate(candidates):
        results.append(
            _restore(candidate, case, seen_scores, _part_of(watch, number, len(candidates), candidate))
        )
    return Job(case, seen_scores, seen_error, tuple(results))


def require_fit(candidate: Candidate, case: Case) -> None:
    """Refuse a checkpoint of another task, and a method that does not take the measurement of a case."""
    if candidate.card is not None and candidate.card.task != case.task:
        raise UplappError(
            f"checkpoint '{candidate.name}' is not for the task '{case.task}'; choose one that is"
        )
    kind, entry = case.measurement.operator.kind, RESTORERS[candidate.method]
    if not entry.takes(kind, case.seen.ndim - 1):
        raise UplappError(
            f"'{candidate.name}' restores from {' or '.join(entry.operators)}, "
            f"and {case.name} was measured as {kind}; choose another method"
        )


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


def _restore(candidate: Candidate, case: Case, seen: Scores | None, watch: Watch) -> Restored:
    restorer, started = candidate.build(), time.perf_counter()
    estimate = restorer.restore(case, watch)
    seconds = time.perf_counter() - started
    scores, error = _compare(estimate, case)
    cautions = cautions_of(candidate, case, seen, scores)
    return Restored(candidate, tensor_to_array(estimate, case.bits), seconds, scores, error, cautions)


def _part_of(watch: Watch, number: int, total: int, candidate: Candidate) -> Watch:
    def part(share: float, text: str, preview: Tensor | None) -> bool:
        words = f"{candidate.label}: {text or f'{share:.0%}'}"
        return watch((number + share) / total, words, preview)

    return part


def _compare(pixels: Tensor, case: Case) -> tuple[Scores | None, ErrorMap | None]:
    """Give metrics and errors against the clean image, None where there is no clean image."""
    if case.reference is None:
        return None, None
    error = draw_error_map(pixels, case.reference)
    metrics, _ = build_metrics(name for name in ON_SCREEN if name != "flip")
    scores = {**measure(pixels, case, metrics), "flip": error.mean}
    return {name: scores[name] for name in ON_SCREEN}, error


def build_metrics(
    names: Iterable[str] = METRICS, backbone: str | None = None
) -> tuple[dict[str, Metric], list[str]]:
    """Build metrics by name, and say why others of `names` cannot be had.

    `backbone` is the network of LPIPS.
    """
    built: dict[str, Metric] = {}
    reasons = []
    for name in names:
        options = {"backbone": backbone} if name == "lpips" and backbone else {}
        try:
            built[name] = METRICS.build(name, **options)
        except UplappError as error:
            reasons.append(f"{name} is not measured: {error}")
    return built, reasons


def measure(estimate: Tensor, case: Case, metrics: Mapping[str, Metric]) -> Scores:
    """Measure an image (C,*size) in [0,1] against the reference of its case.

    None stands where the image is too small, has other axes than a metric takes, lacks what it needs, or the
    value is infinite.
    """
    return {name: _value(name, metric, estimate, case) for name, metric in metrics.items()}


def _value(name: str, metric: Metric, estimate: Tensor, case: Case) -> float | None:
    entry = METRICS[name]
    if case.reference is None or estimate.ndim - 1 not in entry.axes or entry.lacks(case):
        return None
    try:
        with torch.inference_mode():
            value = metric(estimate[None], case if entry.needs else case.reference[None]).item()
    except UplappError:
        return None
    return value if value < float("inf") else None


def read_case(path: Path, task: str, degradation: Degradation | None, index: int | None = None) -> Case:
    """Read a file to restore, one slice of it if it has several, by default the middle one.

    It is degraded by the degradation as drawn for its name. Without one it is taken as it is, which a whole
    k-space cannot be; a k-space that lacks a part always is. A degradation of another task is refused.
    """
    require_degradation(task, degradation)
    return make_case(TASKS[task].open(path, index), task, degradation)


def require_degradation(task: str, degradation: Degradation | None) -> None:
    """Refuse a degradation that does not belong to a task."""
    wanted = TASKS[task].degrading
    if degradation is not None and not isinstance(degradation, wanted):
        raise UplappError(
            f"{degradation.text} does not fit the task '{task}' ({TASKS[task].label}), "
            f"whose images are spoilt by {wanted.heading.lower()}"
        )
