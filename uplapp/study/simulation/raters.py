"""Simulated observers who rate single images around known latent scores."""

from collections.abc import Callable, Mapping

import numpy as np

from uplapp.study.answers import rating
from uplapp.study.answers.response import FASTEST_RATING_MS, Response
from uplapp.study.definition import Criterion, Definition, Protocol
from uplapp.values import REFERENCE, Trial

BIAS_SD, NOISE_SD = 0.3, 0.5  # of an observer and of a rating, in steps of the scale
FRAME_MS = 1000 / 60
UNHURRIED_MS = 2 * FASTEST_RATING_MS


def even_scores(definition: Definition) -> dict[str, float]:
    """Latent scores on the first criterion's scale: the first condition best, the middle of the scale."""
    scale = rating.values(rating.criteria(definition, definition.protocol.language)[0])
    names = [entry.name for entry in definition.conditions]
    places = np.linspace(0.85, 0.15, len(names)) if len(names) > 1 else [0.5]
    return {
        name: round(float(scale[0] + place * (scale[-1] - scale[0])), 3)
        for name, place in zip(names, places, strict=True)
    }


def latent(score: float, first: Criterion, other: Criterion) -> float:
    """A score on the scale of `first` at the same place of the scale of `other`."""
    here, there = rating.values(first), rating.values(other)
    return there[0] + (score - here[0]) * (there[-1] - there[0]) / (here[-1] - here[0])


def rater(
    definition: Definition, scores: Mapping[str, float], rng: np.random.Generator
) -> Callable[[Trial], Response]:
    """An observer with a bias of their own, who rates each trial by `rate`."""
    bias = BIAS_SD * rng.normal()
    return lambda trial: rate(definition, trial, scores, bias, rng)


def rate(
    definition: Definition, trial: Trial, scores: Mapping[str, float], bias: float, rng: np.random.Generator
) -> Response:
    """One image: latent score plus bias plus noise, rounded and clipped, on every criterion.

    `scores` are on the scale of the first criterion, `bias` in steps of it; the reference lies at its top.
    """
    criteria = rating.criteria(definition, definition.protocol.language)
    top = float(rating.values(criteria[0])[-1])
    score = {**scores, REFERENCE: top}[trial.left]
    ratings = tuple(
        (entry.name, _rounded(latent(score, criteria[0], entry) + bias, entry, rng)) for entry in criteria
    )
    shown = definition.rating is not None and definition.rating.reference == "shown"
    return _response(ratings, definition.protocol, shown, rng)


def _rounded(place: float, criterion: Criterion, rng: np.random.Generator) -> int:
    allowed = rating.values(criterion)
    return int(np.clip(round(place + NOISE_SD * rng.normal()), allowed[0], allowed[-1]))


def _response(
    ratings: tuple[tuple[str, int], ...], protocol: Protocol, shown: bool, rng: np.random.Generator
) -> Response:
    """What a page would have measured around these ratings."""
    least = max(UNHURRIED_MS, protocol.min_view_ms)
    response_ms = round(float(least + 1000 * rng.gamma(2.0, 1.0)), 1)
    return Response(
        choice="rated",
        response_ms=response_ms,
        layout=rating.LAYOUT,
        frame_ms=FRAME_MS,
        frames_per_phase=1,
        swaps_ms=(),
        gaps_ms=(),
        missed_frames=0,
        paused_ms=0.0,
        seen_ms=(response_ms, response_ms if shown else 0.0),
        pixel_ratio=1.0,
        ratings=ratings,
    )
