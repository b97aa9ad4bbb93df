"""Metric tables as Markdown, the best value of each metric in bold."""

from collections.abc import Iterable, Sequence

from uplapp.imaging.evaluation.job import Job
from uplapp.imaging.evaluation.table import Evaluation
from uplapp.imaging.metrics import METRICS, MetricEntry
from uplapp.imaging.tasks import TASKS

GREY = (
    "\n\nThis picture is grey and the networks are for colour: grey noise is the same in every channel, "
    "which they take for detail and keep."
)
UNKNOWN = "–"
ON_SCREEN = ("psnr", "ssim", "ms_ssim", "flip")


def format_evaluation(evaluation: Evaluation) -> str:
    """The published layout: metrics down, the observation and then the losses across."""
    observed = TASKS.build(evaluation.task).observed.capitalize()
    header = ["", observed, *(row["label"] for row in evaluation.rows)]
    body = [
        [
            entry.label,
            _format(evaluation.degraded[name], entry),
            *_mark_best([row[name] for row in evaluation.rows], entry),
        ]
        for name, entry in METRICS.items()
    ]
    return _markdown(header, body)


def format_job(job: Job) -> str:
    """One picture: observation and checkpoints down, metrics across, seconds last."""
    task = TASKS.build(job.case.task)
    labels = {**job.labels, task.observed: f"{task.observed.capitalize()} input"}
    names = [labels[kind] for kind in (task.observed, *(result.card.name for result in job.results))]
    note = f"\n\n{job.case.note}" if job.case.note else ""
    note += GREY if job.case.degraded.shape[0] < task.channels else ""
    seconds = [UNKNOWN, *(f"{result.seconds:.1f}" for result in job.results)]
    if job.degraded_scores is None:
        return _markdown(["", "Seconds"], zip(names, seconds, strict=True)) + (
            "\n\nThe clean image is not known, so no metric can be." + note
        )
    scores = [job.degraded_scores, *(result.scores or {} for result in job.results)]
    columns = [_mark_best([score.get(name) for score in scores], METRICS[name]) for name in ON_SCREEN]
    header = ["", *(METRICS[name].label for name in ON_SCREEN), "Seconds"]
    return _markdown(header, zip(names, *columns, seconds, strict=True)) + note


def _markdown(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _mark_best(values: Sequence[float | None], entry: MetricEntry) -> list[str]:
    known = [value for value in values if value is not None]
    best = (max if entry.higher_is_better else min)(known) if known else None
    texts = [_format(value, entry) for value in values]
    marked = zip(values, texts, strict=True)
    return [f"**{text}**" if known and value == best else text for value, text in marked]


def _format(value: float | None, entry: MetricEntry) -> str:
    return UNKNOWN if value is None else f"{value:.{entry.decimals}f}"
