"""Ratings: the criteria of a study, and one rated image as the browser sends it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from uplapp.study.answers.response import (
    FASTEST_FRAME_MS,
    LONGEST_MS,
    SLOWEST_FRAME_MS,
    BadResponse,
    Response,
    check_choice,
    clock_step,
    inputs,
    number,
    numbers,
    one_of,
    two,
    whole,
)
from uplapp.study.definition import SCALES, Criterion, Definition

LAYOUT = "single"
CHOICES = ("rated", "none")


def criteria(definition: Definition, language: str) -> tuple[Criterion, ...]:
    """The criteria in a language, each once, with labels and lowest value filled in.

    `scale` is '' where the labels are the study's own. The values are those of the study's first row of a
    name, whatever the language, so that answers in all languages are on one scale.
    """
    rows: dict[str, list[Criterion]] = {}
    for row in definition.rating.criteria if definition.rating else ():
        rows.setdefault(row.name, []).append(row)
    order = (language, "", definition.protocol.language)
    return tuple(_filled(own[0], min(own, key=lambda row: _rank(row, order))) for own in rows.values())


def values(criterion: Criterion) -> range:
    """The whole numbers that a criterion with its labels filled in can be rated."""
    return range(criterion.lowest, criterion.lowest + len(criterion.labels))


def read(body: Mapping[str, Any], definition: Definition) -> Response:
    """Build a Response from the browser's JSON. BadResponse for what is no measurement or no rating."""
    choice = one_of(body, "choice", CHOICES)
    response = Response(
        choice=choice,
        response_ms=number(body, "response_ms", 1.0, LONGEST_MS),
        layout=one_of(body, "layout", (LAYOUT,)),
        frame_ms=number(body, "frame_ms", FASTEST_FRAME_MS, SLOWEST_FRAME_MS),
        frames_per_phase=whole(body, "frames_per_phase", 1, 1),
        swaps_ms=numbers(body, "swaps_ms", 0),
        gaps_ms=numbers(body, "gaps_ms", 0),
        missed_frames=whole(body, "missed_frames", 0, 0),
        paused_ms=number(body, "paused_ms", 0.0, LONGEST_MS),
        seen_ms=two(numbers(body, "seen_ms", 2)),
        pixel_ratio=number(body, "pixel_ratio", 0.1, 20.0),
        ratings=_ratings(body, definition) if choice == "rated" else (),
        inputs=inputs(body),
        clock_ms=clock_step(body),
    )
    check_choice(response, definition.protocol)
    return response


def _rank(row: Criterion, order: tuple[str, ...]) -> int:
    return order.index(row.language) if row.language in order else len(order)


def _filled(first: Criterion, spoken: Criterion) -> Criterion:
    """Question and labels as spoken, values of the first row. Labels of another number are not used."""
    scale = SCALES[first.scale]
    lowest, labels = (first.lowest, first.labels) if first.labels else (scale.lowest, scale.labels)
    own = spoken.labels if len(spoken.labels) == len(labels) else first.labels
    return replace(spoken, scale="" if own else first.scale, labels=own or labels, lowest=lowest)


def _ratings(body: Mapping[str, Any], definition: Definition) -> tuple[tuple[str, int], ...]:
    """One value of its scale for every criterion, in the study's order."""
    given = body.get("ratings")
    if not isinstance(given, Mapping):
        raise BadResponse("'ratings' must be an object with a value for every criterion")
    rows = criteria(definition, definition.protocol.language)
    names = [entry.name for entry in rows]
    for name in given:
        if name not in names:
            raise BadResponse(f"'ratings' holds an unknown criterion; this study has: {', '.join(names)}")
    return tuple((entry.name, _value(given, entry)) for entry in rows)


def _value(given: Mapping[str, Any], criterion: Criterion) -> int:
    allowed = values(criterion)
    if criterion.name not in given:
        raise BadResponse(f"'ratings' lacks the criterion '{criterion.name}'")
    value = given[criterion.name]
    if type(value) is not int or value not in allowed:
        scale = f"{allowed[0]} to {allowed[-1]}"
        raise BadResponse(f"the rating of '{criterion.name}' must be a whole number from {scale}")
    return value
