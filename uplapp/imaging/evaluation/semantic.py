"""The semantic interpretability score of reconstructions: what a segmenter still finds in them.

The Dice of its output on a reconstruction and an expert's labels, over that on the fully sampled image.
Source: Seitzer et al. (2018).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.case import Case, make_case
from uplapp.imaging.checkpoints import Card, Checkpoints
from uplapp.imaging.evaluation.candidates import Candidate, require_unique
from uplapp.imaging.evaluation.scores import Scores, build_metrics, measure
from uplapp.imaging.files.labelled import LabelledSlices
from uplapp.imaging.metrics import Metric
from uplapp.imaging.metrics.semantic import dice
from uplapp.imaging.physics import Degradation
from uplapp.imaging.restorers import Restorer
from uplapp.imaging.tasks.labelled import labelled_subjects

TASK = "mri"
GROUND_TRUTH = "ground_truth"
RESAMPLES, SEED = 10_000, 0

Numbers = NDArray[np.float64]
# Hears how many of how many slices are done; returns False to stop.
Watch = Callable[[int, int], bool]


@dataclass(frozen=True)
class SemanticTable:
    """Rows of methods by anatomy, and the difference of each two methods, both with standard errors.

    A row has `method`, `anatomy`, the mean `dice` with `dice_se`, `sis` with `se`, `psnr` in dB and `lpips`;
    a difference `method` less `other`. Errors are NaN for one patient. `patients` are those measured by
    anatomy, `slices` their slices with labels, `segmenters` the checkpoints that judged.
    """

    degradation: str
    segmenters: Mapping[str, str]
    patients: Mapping[str, Sequence[str]]
    slices: Mapping[str, int]
    rows: list[dict[str, Any]]
    differences: list[dict[str, Any]]
    warnings: list[str] = field(default_factory=list)


def unseen(
    patients: Sequence[LabelledSlices], segmenters: Mapping[str, Card]
) -> tuple[list[LabelledSlices], list[LabelledSlices]]:
    """Part patients from those that the segmenter of their anatomy learned from, as its card names them."""
    learned = {
        anatomy: {str(one) for one in card.data.get("patients", ())} for anatomy, card in segmenters.items()
    }
    parts: tuple[list[LabelledSlices], list[LabelledSlices]] = ([], [])
    for one in patients:
        parts[one.patient in learned.get(one.anatomy, ())].append(one)
    return parts


def score_methods(
    patients: Sequence[LabelledSlices],
    candidates: Sequence[Candidate],
    checkpoints: Checkpoints,
    degradation: Degradation,
    backbone: str | None = None,
    watch: Watch = lambda done, total: True,
) -> SemanticTable:
    """Measure every slice that shows its anatomy, reconstruct it by every candidate, and judge the results.

    The same slice has the same mask for every candidate. An anatomy without a segmenter is refused.
    `backbone` is the network of LPIPS. Where `watch` returns False the work stops (Cancelled).
    """
    cards = checkpoints.segmenters(TASK)
    require_segmenters(patients, cards)
    require_unique(candidates)
    segmenters = {one.anatomy: checkpoints.load(cards[one.anatomy]) for one in patients}
    metrics, warnings = build_metrics(("psnr", "lpips"), backbone)
    restorers = {one.name: one.build() for one in candidates}
    total = sum(len(one.marked) for one in patients)
    readings: list[Reading] = []
    for one in patients:
        judge = Judge(one, segmenters[one.anatomy], metrics)
        for subject in labelled_subjects(one):
            case, go_on = make_case(subject, TASK, degradation), partial(watch, len(readings), total)
            readings.append(judge.read(case, restorers, go_on))
    watch(total, total)
    anatomies = list(dict.fromkeys(one.anatomy for one in patients))
    tables = [tabulate(anatomy, [one for one in readings if one.anatomy == anatomy]) for anatomy in anatomies]
    return SemanticTable(
        degradation.text,
        {anatomy: cards[anatomy].name for anatomy in anatomies},
        {anatomy: [one.patient for one in patients if one.anatomy == anatomy] for anatomy in anatomies},
        {anatomy: sum(one.anatomy == anatomy for one in readings) for anatomy in anatomies},
        [row for rows, _ in tables for row in rows],
        [row for _, rows in tables for row in rows],
        warnings,
    )


def require_segmenters(patients: Sequence[LabelledSlices], cards: Mapping[str, Card]) -> None:
    """Refuse an anatomy that no segmenter finds."""
    for one in patients:
        if one.anatomy not in cards:
            raise UplappError(
                f"{one.file} shows a {one.anatomy}, and there is no segmenter of it; train one with the "
                f"learner segmentation, or give other files"
            )


@dataclass(frozen=True)
class Reading:
    """What was read of one slice: the scores of each method, `dice` among them."""

    anatomy: str
    patient: str
    scores: Mapping[str, Scores]


@dataclass(frozen=True, eq=False)
class Judge:
    """The segmenter of a patient's anatomy, and the metrics beside it."""

    slices: LabelledSlices
    segmenter: Any
    metrics: Mapping[str, Metric]

    def read(self, case: Case, restorers: Mapping[str, Restorer], go_on: Callable[[], bool]) -> Reading:
        """Judge the clean image of a case, and what each restorer makes of its measurement."""
        if case.reference is None:
            raise UplappError(f"{case.name} has no fully sampled image to compare with")
        scores = {GROUND_TRUTH: self._scores(case.reference, case)}
        for name, restorer in restorers.items():
            if not go_on():
                raise Cancelled("stopped; nothing was written")
            scores[name] = self._scores(restorer.restore(case, lambda *progress: go_on()), case)
        return Reading(self.slices.anatomy, self.slices.patient, scores)

    def _scores(self, estimate: Tensor, case: Case) -> Scores:
        found = self.segmenter.segment(estimate[None])
        overlap = dice(found, case.extras["labels"][None])
        return {"dice": overlap, **measure(estimate, case, self.metrics)}


def tabulate(anatomy: str, readings: Sequence[Reading]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give the rows of methods, and of the differences of each two, from the slices of one anatomy."""
    methods = list(readings[0].scores)
    values = np.array([[one.scores[name]["dice"] for name in methods] for one in readings], dtype=np.float64)
    weights = resample([one.patient for one in readings])
    truth = methods.index(GROUND_TRUTH)
    means, drawn = values.mean(axis=0), weights @ values
    scores, ratios = _ratio(means, truth), _ratio(drawn, truth)
    rows = [
        {
            "method": name,
            "anatomy": anatomy,
            "dice": means[place],
            "dice_se": _error(drawn[:, place]),
            "sis": scores[place],
            "se": _error(ratios[:, place]),
            **{
                metric: _mean(readings, name, metric)
                for metric in readings[0].scores[name]
                if metric != "dice"
            },
        }
        for place, name in enumerate(methods)
    ]
    differences = [
        {
            "anatomy": anatomy,
            "method": methods[one],
            "other": methods[other],
            "dice": means[one] - means[other],
            "dice_se": _error(drawn[:, one] - drawn[:, other]),
            "sis": scores[one] - scores[other],
            "se": _error(ratios[:, one] - ratios[:, other]),
        }
        for other, one in itertools.combinations(range(len(methods)), 2)
    ]
    return rows, differences


def resample(patients: Sequence[str], draws: int = RESAMPLES, seed: int = SEED) -> Numbers:
    """Draw weights (draws,n) of n slices, each row a mean over as many patients drawn with replacement.

    Slices of one patient are alike, so patients are drawn and not slices. Of one patient there are no draws.
    """
    names = list(dict.fromkeys(patients))
    if len(names) < 2:
        return np.empty((0, len(patients)))
    count = len(names)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    weights: Numbers = times[:, [names.index(one) for one in patients]].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _ratio(means: Numbers, truth: int) -> Numbers:
    whole = means[..., [truth]]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, means / whole, np.nan)


def _error(draws: Numbers) -> float:
    return float(draws.std(ddof=1)) if len(draws) > 1 else float("nan")


def _mean(readings: Sequence[Reading], method: str, metric: str) -> float:
    values = [one.scores[method][metric] for one in readings]
    defined = [value for value in values if value is not None]
    return float(np.mean(defined)) if len(defined) == len(values) else float("nan")
