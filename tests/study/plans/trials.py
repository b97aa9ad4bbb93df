"""Trials of made-up observers, and what they compare."""

import numpy as np

from tests.study.tiny import CONDITIONS
from uplapp.study.plans.adaptive import choose
from uplapp.study.plans.pairs import plan
from uplapp.study.simulation.observers import choose as judge


def of_kind(trials, kind):
    return [trial for trial in trials if trial.kind == kind]


def comparison(trial):
    return trial.scene, frozenset((trial.left, trial.right))


def in_one_piece(comparisons, nodes=CONDITIONS):
    """Whether the comparisons connect all nodes, by merging sets."""
    pieces = [{node} for node in nodes]
    for pair in comparisons:
        touched = [piece for piece in pieces if piece & pair]
        pieces = [piece for piece in pieces if not piece & pair] + [set().union(*touched)]
    return len(pieces) == 1


SEED = 7


def sit(study, number, answers, chooser, scores=None, seed=SEED):
    """One observer's trials, each chosen when the ones before are answered. Adds to `answers`."""
    rng = np.random.default_rng([seed, number])
    planned, own = plan(study, number, seed), []
    while len(own) < len(planned):
        trial = choose(study, planned, own, answers, chooser, seed + number)
        own.append(trial)
        choice = judge(trial, scores or dict.fromkeys(CONDITIONS, 0.0), rng)
        if trial.kind == "main":
            answers[trial.scene, trial.left, trial.right, trial.first, choice] += 1
    return own
