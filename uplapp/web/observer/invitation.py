"""What the welcome page says of a study, before anybody agrees to anything."""

from typing import Any

from uplapp.study.answers import rating, replies
from uplapp.study.definition import Access, Criterion, Definition
from uplapp.study.session.opening import OpenStudy

PASSED_ON = (
    "phase_ms",
    "layout",
    "not_sure",
    "both_bad",
    "steps",
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
        "task": study.presentation.name,
        "state": door,
        **{name: Access.moment(getattr(definition.access, name)) for name in ("opens", "closes")},
        "links_only": definition.access.links_only,
        "returning": definition.access.returning,
        "resume_s": definition.access.resume_hours * 3600,
        "has_code": definition.completion.code,
        "personal_until": definition.retention.personal_until,
        "panel": _panel(definition),
        "onward": {key: text for key, text in definition.completion.addresses.items() if key != "redirect"},
        "trials": definition.trials - protocol.practice,
        "minutes": definition.minutes,
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


def _panel(definition: Definition) -> dict[str, Any] | None:
    """The panel whose ids the page reads from its address, the person's first, or None."""
    panel = definition.panel
    return {"name": panel.name, "ids": list(panel.names), "required": panel.required} if panel.name else None


def _criterion(entry: Criterion) -> dict[str, Any]:
    values = list(range(entry.lowest, entry.lowest + len(entry.labels)))
    return {
        "name": entry.name,
        "question": entry.question,
        "values": values,
        "labels": list(entry.labels),
        "scale": entry.scale,
    }
