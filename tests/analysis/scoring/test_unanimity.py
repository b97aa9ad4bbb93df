"""Evidence that grows towards unanimity never says less."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.made import study
from uplapp.analysis.model import PRIORS
from uplapp.analysis.scoring import analyse, ranking
from uplapp.analysis.scoring.unanimity import Turn, _turned
from uplapp.values import Comparisons, Method


def lost(votes):
    """Six observers, eight votes a pair: a and b even, c loses `votes` of 48 to each."""
    wins = np.zeros((6, 3, 3))
    wins[:, 0, 1] = wins[:, 1, 0] = 4
    for upper in (0, 1):
        wins[:, upper, 2] = 8
        for dissent in range(48 - votes):
            wins[(dissent + upper) % 6, upper, 2] -= 1
            wins[(dissent + upper) % 6, 2, upper] += 1
    return Comparisons(tuple("abc"), tuple("opqrst"), wins)


def test_forty_eight_of_forty_eight_say_no_less_than_forty_seven():
    method = Method(bootstraps=200)
    p = {votes: [pair.p for pair in analyse(lost(votes), method).pairs] for votes in (47, 48)}
    assert p[48][1] <= p[47][1]
    assert p[48][2] <= p[47][2]
    assert max(p[48][1:]) < 0.01


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 4),
    observers=st.integers(1, 4),
    votes=st.integers(1, 4),
    reach=st.sampled_from([0.5, 2.0, 4.0]),
    prior=st.sampled_from(list(PRIORS)),
)
def test_turning_the_last_dissenting_vote_never_raises_p_nor_takes_away(
    seed, n, observers, votes, reach, prior
):
    made = study(np.linspace(reach, 0, n), observers, votes, seed)
    method = Method(prior, bootstraps=20)
    before = analyse(made, method)
    counts = made.wins.sum(axis=0)
    index = list(combinations(range(n), 2))
    last = [
        (at, Turn(int(made.wins[:, low, up].argmax()), low, up))
        for at, (i, j) in enumerate(index)
        for up, low in ((i, j), (j, i))
        if counts[low, up] == 1 and before.jod[up] > before.jod[low]
    ]
    assume(last)
    at, turn = last[seed % len(last)]
    after = analyse(_turned(made, turn), method)
    if np.isfinite(before.pairs[at].p):
        assert after.pairs[at].p <= before.pairs[at].p
    assert ranking(after)["rank"].notna().all()


def test_votes_without_unanimity_are_left_as_they_are():
    made = study(np.array([0.3, 0.0, -0.3]), 6, 12, seed=1)
    assert (made.wins.sum(axis=0) + np.eye(3) > 0).all()
    scores = analyse(made, Method(bootstraps=50))
    ratio = np.array([pair.difference / pair.se for pair in scores.pairs])
    assert [pair.p for pair in scores.pairs] == pytest.approx(2 * stats.t.sf(abs(ratio), 5))


def test_a_turned_vote_is_turned_in_the_answers_too():
    wins = np.array([[[0.0, 2], [0, 0]]])
    answers = np.zeros((1, 3, 2, 2), dtype=int)
    answers[0, 2, 1, 0] = 2  # b was A, and a, as B, was chosen
    made = replace(Comparisons(("a", "b"), ("o",), wins), answers=answers)
    turned = _turned(made, Turn(0, 0, 1))
    assert turned.wins[0].tolist() == [[0, 1], [1, 0]]
    assert (turned.answers[0, 2, 1, 0], turned.answers[0, 0, 1, 0]) == (1, 1)
