"""Simulated observers with known scores, who answer through the same session as people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from uplapp.errors import UnknownName
from uplapp.study.answers.response import CYCLES_IN_PLACE, Response, phase_frames
from uplapp.study.definition import Definition, Protocol
from uplapp.study.presentations import PAIRS, RATING, presentation_of
from uplapp.study.session import joining, session
from uplapp.study.session.joining import Newcomer
from uplapp.study.session.opening import OpenStudy
from uplapp.study.simulation import raters
from uplapp.study.store.store import Store, new_token
from uplapp.values import GRAIN, REFERENCE, SPOT, Choice, Trial

SIGMA = 1.4826  # of a difference, in JOD: one JOD is then 75% (Perez-Ortiz and Mantiuk 2017)
REFERENCE_LEAD = 4.0  # the reference never changes, so it is this many JOD above the best condition
FRAME_MS = 1000 / 60
STEP = 0.75  # JOD between neighbours of the scores for show
FROM_JOD: dict[int, tuple[float, ...]] = {1: (), 2: (1.5,), 3: (1.0, 2.5)}  # from where on a step is larger


@dataclass(frozen=True)
class Simulator:
    """How observers of one presentation are simulated.

    `even_scores` makes scores for show, `observer` somebody with given scores who answers trials.
    """

    even_scores: Callable[[Definition], dict[str, float]]
    observer: Callable[[Definition, Mapping[str, float], np.random.Generator], Callable[[Trial], Response]]


def even_scores(definition: Definition) -> dict[str, float]:
    """Scores for show, the first condition best: in JOD for pairs, else on the scale of ratings."""
    return SIMULATORS[presentation_of(definition).name].even_scores(definition)


def choose(trial: Trial, scores: Mapping[str, float], rng: np.random.Generator) -> Choice:
    """One probit choice: left with probability Phi((q_left - q_right) / sigma) (Thurstone 1927, Case V)."""
    return "left" if lead(trial, scores, rng) > 0 else "right"


def lead(trial: Trial, scores: Mapping[str, float], rng: np.random.Generator) -> float:
    """How far ahead the left one seems in one trial, in JOD: normal around q_left - q_right."""
    best, worst = max(scores.values()), min(scores.values())
    jod = {**scores, REFERENCE: best + REFERENCE_LEAD, GRAIN: best + REFERENCE_LEAD}
    jod[SPOT] = worst - REFERENCE_LEAD
    for name in (trial.left, trial.right):
        if name not in jod:
            raise UnknownName("condition", name, scores)
    chance = max(rng.random(), np.finfo(float).tiny)
    return jod[trial.left] - jod[trial.right] - NormalDist(sigma=SIGMA).inv_cdf(chance)


def voter(
    definition: Definition, scores: Mapping[str, float], rng: np.random.Generator
) -> Callable[[Trial], Response]:
    """An observer who chooses by `lead` and responds by `respond`."""
    larger = FROM_JOD[definition.protocol.steps]

    def respond_to(trial: Trial) -> Response:
        ahead = lead(trial, scores, rng)
        step = 1 + sum(abs(ahead) > limit for limit in larger) if larger else 0
        return respond("left" if ahead > 0 else "right", definition.protocol, rng, step)

    return respond_to


def respond(choice: Choice, protocol: Protocol, rng: np.random.Generator, step: int = 0) -> Response:
    """What a steady 60 Hz display would have logged around that choice, and by how much it was made."""
    frames = phase_frames(protocol.phase_ms, FRAME_MS)
    phase_ms = frames * FRAME_MS
    least = max(2 * CYCLES_IN_PLACE, protocol.min_view_ms / (2 * phase_ms))
    cycles = least + rng.gamma(2.0, 1.5)
    response_ms = round(float(2 * cycles * phase_ms), 1)
    swaps = np.round(np.arange(1, response_ms // phase_ms + 1) * phase_ms, 2)
    return Response(
        choice=choice,
        step=step,
        response_ms=response_ms,
        layout="in_place" if protocol.layout == "in_place" else "side_by_side",
        frame_ms=FRAME_MS,
        frames_per_phase=frames,
        swaps_ms=tuple(map(float, swaps)),
        gaps_ms=(),
        missed_frames=0,
        paused_ms=0.0,
        seen_ms=(response_ms / 2, response_ms / 2),
        pixel_ratio=1.0,
    )


def simulate(
    store: Store,
    study: OpenStudy,
    scores: Mapping[str, float],
    count: int,
    seed: int,
    now: float,
    spread: float = 0.0,
) -> None:
    """Let `count` observers answer the whole study, marked as simulated.

    Each has own scores: the known ones plus normal noise of standard deviation `spread`. Both are in JOD, in
    a rating study in steps of the first criterion's scale.
    """
    missing = sorted({entry.name for entry in study.definition.conditions} - set(scores))
    if missing:
        raise UnknownName("condition in the scores", missing[0], scores)
    for rng in np.random.default_rng(seed).spawn(count):
        own = {name: score + spread * rng.normal() for name, score in scores.items()}
        with store.transaction():
            _run(store, study, own, rng, now)


def _run(
    store: Store, study: OpenStudy, scores: Mapping[str, float], rng: np.random.Generator, now: float
) -> None:
    """One observer from consent to the last answer."""
    definition = study.definition
    token = joining.join(store, study, definition.consent.version, now, Newcomer(simulated=True))
    respond_to = SIMULATORS[study.presentation.name].observer(definition, scores, rng)
    state = session.state(store, study, token)
    while state.trial is not None:
        trial = session.reveal(store, state.trial.token)
        given = respond_to(trial)
        state = session.answer(store, study, token, state.trial.token, new_token(), given, now)


def _even_jod(definition: Definition) -> dict[str, float]:
    """Scores STEP apart with the mean 0, the first condition best."""
    count = len(definition.conditions)
    return {entry.name: STEP * ((count - 1) / 2 - i) for i, entry in enumerate(definition.conditions)}


SIMULATORS = {
    PAIRS.name: Simulator(_even_jod, voter),
    RATING.name: Simulator(raters.even_scores, raters.rater),
}
