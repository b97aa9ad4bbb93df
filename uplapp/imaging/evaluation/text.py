"""Metric tables as Markdown, the best value of each metric in bold."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from uplapp.imaging.evaluation.job import Evaluation, Job
from uplapp.imaging.evaluation.scores import Scores
from uplapp.imaging.evaluation.semantic import SemanticTable
from uplapp.imaging.files.labelled import ANATOMIES
from uplapp.imaging.metrics import METRICS, MetricEntry
from uplapp.imaging.tasks import TASKS
from uplapp.plain import plain, to_csv

UNKNOWN = "–"
ON_SCREEN = ("psnr", "ssim", "ms_ssim", "flip")


def format_evaluation(evaluation: Evaluation) -> str:
    """Lay out a table as it was published: metrics down, degraded input and candidates across."""
    observed, axes = evaluation.observed.capitalize(), TASKS[evaluation.task].axes
    header = ["", observed, *(row["label"] for row in evaluation.rows)]
    body = [
        [
            entry.label,
            _format(evaluation.degraded[name], entry),
            *_mark_best([row[name] for row in evaluation.rows], entry),
        ]
        for name, entry in METRICS.items()
        if axes in entry.axes and (not entry.needs or any(row[name] is not None for row in evaluation.rows))
    ]
    words = _consistency(row["consistency"] for row in evaluation.rows)
    return "\n\n".join(filter(None, (_markdown(header, body), words)))


def format_means(means: Mapping[str, Scores]) -> str:
    """Lay out mean scores: metrics down, conditions across."""
    body = [
        [entry.label, *_mark_best([row[name] for row in means.values()], entry)]
        for name, entry in METRICS.items()
        if any(row[name] is not None for row in means.values())
    ]
    return _markdown(["", *means], body)


def scores_csv(scenes: Sequence[Mapping[str, Any]]) -> str:
    """Write the scores of each image as CSV: scene, condition, and the metrics that are known everywhere.

    A metric's column says which way is better, as tables of metrics do that are set beside votes.
    """
    import pandas as pd

    table = pd.DataFrame(scenes).dropna(axis="columns")
    better = {name: "higher" if METRICS[name].higher_is_better else "lower" for name in METRICS}
    return to_csv(table.rename(columns={name: f"{name}:{way}" for name, way in better.items()}))


def format_semantic(table: SemanticTable, labels: Mapping[str, str]) -> str:
    """Lay out a semantic table, one block per anatomy: the methods, then each less the ones before it."""
    blocks = []
    for anatomy, patients in table.patients.items():
        rows = [row for row in table.rows if row["anatomy"] == anatomy]
        header = ["", "SIS", "Dice", METRICS["psnr"].label, METRICS["lpips"].label]
        body = [
            [
                labels.get(row["method"], row["method"]),
                _with_error(row["sis"], row["se"]),
                _with_error(row["dice"], row["dice_se"]),
                *(_format(plain(row[name]), METRICS[name]) for name in ("psnr", "lpips")),
            ]
            for row in rows
        ]
        about = (
            f"{ANATOMIES[anatomy].capitalize()}, {table.slices[anatomy]} slices of {len(patients)} patients"
        )
        blocks += [f"{about} ({', '.join(patients)}), judged by {table.segmenters[anatomy]}"]
        blocks += [_markdown(header, body), "Differences in SIS, row less column, same patients:"]
        blocks.append(_differences([row["method"] for row in rows[1:]], anatomy, table, labels))
    return "\n\n".join(blocks)


def _differences(
    methods: Sequence[str], anatomy: str, table: SemanticTable, labels: Mapping[str, str]
) -> str:
    cells = {
        (row["method"], row["other"]): _with_error(row["sis"], row["se"], "+")
        for row in table.differences
        if row["anatomy"] == anatomy
    }
    header = ["", *(labels.get(name, name) for name in methods[:-1])]
    body = [
        [labels.get(name, name), *(cells.get((name, other), "") for other in methods[:-1])]
        for name in methods[1:]
    ]
    return _markdown(header, body)


def _with_error(value: float, error: float, sign: str = "-") -> str:
    known = f" ± {error:.3f}" if math.isfinite(error) else ""
    return f"{value:{sign}.3f}{known}" if math.isfinite(value) else UNKNOWN


def format_job(job: Job) -> str:
    """Lay out one picture: degraded input and candidates down, metrics across, seconds last, then notes."""
    labels = {**job.labels, job.observed: f"{job.observed.capitalize()} input"}
    names = [labels[kind] for kind in (job.observed, *(result.name for result in job.results))]
    words = _consistency(result.candidate.consistency for result in job.results)
    notes = [*job.case.understood, *filter(None, (job.case.note, words)), *fits(job), *cautions(job)]
    seconds = [UNKNOWN, *(f"{result.seconds:.1f}" for result in job.results)]
    if job.degraded_scores is None:
        table = _markdown(["", "Seconds"], zip(names, seconds, strict=True))
        return "\n\n".join((table, "The clean image is not known, so nothing can be measured.", *notes))
    scores = [job.degraded_scores, *(result.scores or {} for result in job.results)]
    named = dict(zip(names, scores, strict=True))
    return "\n\n".join((format_scores(named, TASKS[job.case.task].axes, {"Seconds": seconds}), *notes))


def format_scores(
    scores: Mapping[str, Scores], axes: int, further: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Lay out scores of images with so many axes: conditions down, metrics across, then further columns."""
    shown, more = [name for name in ON_SCREEN if axes in METRICS[name].axes], further or {}
    columns = [_mark_best([each.get(name) for each in scores.values()], METRICS[name]) for name in shown]
    header = ["", *(METRICS[name].label for name in shown), *more]
    return _markdown(header, zip(scores, *columns, *more.values(), strict=True))


def _consistency(consistencies: Iterable[bool | None]) -> str:
    """Say whether networks had the measured data put back, nothing where there were only pixels."""
    values = {value for value in consistencies if value is not None}
    if not values:
        return ""
    put_back = "put back into" if True in values else "not put back into"
    return f"Measured samples were {put_back} what the networks made (data consistency)."


def fits(job: Job) -> list[str]:
    """Say of every fit of a job why it ended, and how far its starts agree."""
    labels = job.labels
    return [f"**{labels[one.name]}** {one.fit.sentence}" for one in job.results if one.fit is not None]


def cautions(job: Job) -> list[str]:
    """Give the cautions of a job's results, each sentence once.

    A sentence about several candidates names all of them.
    """
    sentences: dict[str, list[str]] = {}
    for result in job.results:
        for caution in result.cautions:
            rest = caution.removeprefix(result.candidate.label)
            sentences.setdefault(rest, []).append(result.candidate.label)
    return [f"**{_list(labels)}**{_plural(rest, len(labels))}" for rest, labels in sentences.items()]


def _list(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _plural(rest: str, count: int) -> str:
    return rest if count == 1 else rest.replace(" was ", " were ", 1)


def _markdown(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _mark_best(values: Sequence[float | None], entry: MetricEntry) -> list[str]:
    numbers = [value for value in values if value is not None]
    best = (max if entry.higher_is_better else min)(numbers) if numbers else None
    texts = [_format(value, entry) for value in values]
    marked = zip(values, texts, strict=True)
    return [f"**{text}**" if numbers and value == best else text for value, text in marked]


def _format(value: float | None, entry: MetricEntry) -> str:
    return UNKNOWN if value is None else f"{value:.{entry.decimals}f}"
