"""The words of a study's welcome page in one language, none of which names a condition."""

from typing import Any

from uplapp.study.answers import rating, replies
from uplapp.study.definition.protocol import Criterion
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import facts

PASSED_ON = (
    "phase_ms",
    "layout",
    "not_sure",
    "ranking",
    "practice",
    "calibration",
    "blank_ms",
    "min_view_ms",
    "max_view_ms",
    "answer_timeout_ms",
)


def invite(study: OpenStudy, wanted: str, door: str) -> dict[str, Any]:
    """Build the JSON of the welcome page in the language wanted, else in the study's own.

    `door` is the state of the study.
    """
    definition, protocol = study.definition, study.definition.protocol
    language = wanted if wanted in definition.languages else definition.languages[0]
    sizes = [study.stimuli.shown_size(scene.name, protocol) for scene in definition.scenes]
    return {
        "title": definition.title_in(language),
        "consent": {"version": definition.consent.version, "text": definition.consent_in(language)},
        **{name: getattr(protocol, name) for name in PASSED_ON},
        "language": language,
        "languages": list(definition.languages),
        "task": "rating" if definition.rating else "pairs",
        "state": door,
        "links_only": definition.access.links_only,
        "trials": facts.trials(definition) - protocol.practice,
        "minutes": facts.minutes(definition),
        "width": max(width for _, width in sizes),
        "height": max(height for height, _ in sizes),
        "boosted": protocol.zoom > 1 or protocol.amplification > 1,
        "original": definition.rating.reference if definition.rating else None,
        "criteria": [_criterion(entry) for entry in rating.criteria(definition, language)],
        "questions": [
            {
                "name": entry.name,
                "text": entry.text,
                "kind": entry.kind,
                "options": list(entry.options),
                "required": entry.required,
            }
            for entry in replies.questions(definition, language)
        ],
    }


def _criterion(entry: Criterion) -> dict[str, Any]:
    values = list(range(entry.lowest, entry.lowest + len(entry.labels)))
    return {
        "name": entry.name,
        "question": entry.question,
        "values": values,
        "labels": list(entry.labels),
        "scale": entry.scale,
    }
