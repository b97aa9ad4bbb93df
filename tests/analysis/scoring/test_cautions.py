"""What a reader must be told, and when there is nothing to tell."""

import numpy as np

from tests.analysis.made import study
from uplapp.analysis.scoring.bootstrap import FEW_OBSERVERS
from uplapp.analysis.scoring.scores import analyse
from uplapp.values import Method

SCORES = np.array([0.5, 0.0, -0.5])


def cautions_of(observers, votes=8, method=Method(bootstraps=100)):  # noqa: B008 - frozen
    return analyse(study(SCORES, observers, votes, seed=0), method).warnings


def test_a_sound_study_needs_no_caution():
    assert cautions_of(FEW_OBSERVERS) == ()


def test_few_observers_are_said_to_give_narrow_intervals():
    (sentence,) = cautions_of(FEW_OBSERVERS - 1)
    assert sentence.startswith(f"intervals of {FEW_OBSERVERS - 1} observers may be too narrow")


def test_notes_of_the_votes_come_first():
    made = study(SCORES, 3, 8, seed=0)
    noted = type(made)(made.conditions, made.observers, made.wins, notes=("from a pilot",))
    assert analyse(noted, Method(bootstraps=50)).warnings[0] == "from a pilot"
