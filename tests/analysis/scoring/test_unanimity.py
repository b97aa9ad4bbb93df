"""Evidence that grows towards unanimity never says less."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize, minimize_scalar

from tests.analysis.made import matrix, study
from uplapp.analysis.model import PRIORS, preference
from uplapp.analysis.scoring import analyse, ranking
from uplapp.analysis.scoring.unanimity import clear_pairs, score_test, scores_at_equality
from uplapp.values import Comparisons, Method

FIRST, SECOND = np.array([0]), np.array([1])


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


def turned(made, observer, upper, lower):
    """Turn one vote of an observer for `lower` over `upper` round."""
    wins = made.wins.copy()
    wins[observer, lower, upper] -= 1
    wins[observer, upper, lower] += 1
    return replace(made, wins=wins)


def test_forty_eight_of_forty_eight_say_no_less_than_forty_seven():
    method = Method(bootstraps=200)
    p = {votes: [pair.p for pair in analyse(lost(votes), method).pairs] for votes in (47, 48)}
    assert p[48][1] < p[47][1]
    assert p[48][2] < p[47][2]
    assert max(p[48][1:]) < 0.01


def gathered(votes):
    """As `lost`, but the votes that c won come from as few of the observers as possible."""
    made = lost(48)
    for upper in (0, 1):
        for dissent in range(48 - votes):
            made = turned(made, 5 - dissent // 8, 2, upper)
    return made


@pytest.mark.parametrize("study", [lost, gathered])
def test_dissent_that_disappears_never_weakens_a_test_where_observers_cannot_be_drawn_again(study):
    scores = [analyse(study(votes), Method(bootstraps=100)) for votes in range(46, 49)]
    assert {one.interval for one in scores} == {"parametric"}
    p = np.array([[pair.p for pair in one.pairs[1:]] for one in scores])
    assert (np.diff(p, axis=0) < 0).all()


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 4),
    observers=st.integers(1, 6),
    votes=st.integers(1, 4),
    reach=st.sampled_from([0.5, 2.0, 4.0]),
    prior=st.sampled_from(list(PRIORS)),
)
def test_turning_the_last_dissenting_vote_never_raises_p_nor_takes_a_rank_away(
    seed, n, observers, votes, reach, prior
):
    made = study(np.linspace(reach, 0, n), observers, votes, seed)
    method = Method(prior, bootstraps=10)
    before = analyse(made, method)
    counts = made.wins.sum(axis=0)
    index = list(combinations(range(n), 2))
    last = [
        (at, int(made.wins[:, low, up].argmax()), up, low)
        for at, (i, j) in enumerate(index)
        for up, low in ((i, j), (j, i))
        if counts[low, up] == 1 and before.pairs[at].difference * (1 if up < low else -1) > 0
    ]
    assume(last)
    at, observer, up, low = last[seed % len(last)]
    after = analyse(turned(made, observer, up, low), method)
    assert after.pairs[at].p <= before.pairs[at].p
    assert ranking(after)["rank"].notna().all()
    for pair, then in zip(before.pairs, after.pairs, strict=True):
        assert np.isfinite(then.se) or not np.isfinite(pair.se) or pair is before.pairs[at] or then.bound


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 12),
    observers=st.integers(1, 6),
    votes=st.integers(1, 4),
    who=st.integers(0, 5),
)
def test_no_vote_for_a_condition_ever_raises_the_p_of_its_score_test(seed, n, observers, votes, who):
    made = study(np.linspace(2, 0, n), observers, votes, seed)
    who %= observers
    assume(made.wins[who, 1, 0] >= 1)
    after = turned(made, who, 0, 1)
    assert score_test(after.wins, FIRST, SECOND) <= score_test(made.wins, FIRST, SECOND)


def test_the_score_test_of_one_pair_by_hand():
    wins = np.zeros((6, 2, 2))
    wins[:, 0, 1] = 8  # 48 votes, 24 expected, variance 12; six observers with an equal say
    assert score_test(wins, FIRST, SECOND) == pytest.approx(2 * stats.t.sf(24 / np.sqrt(12), 5))
    assert score_test(wins, SECOND, FIRST) == pytest.approx(1)


@pytest.mark.parametrize(("won", "lost"), [(10, 0), (9, 1), (6, 3)])
def test_the_score_test_of_one_observer_and_one_pair_is_the_sign_test(won, lost):
    p = score_test(matrix((0, won), (lost, 0)).wins, FIRST, SECOND)
    assert p == pytest.approx(stats.binomtest(won, won + lost).pvalue)


def test_six_of_six_observers_with_one_vote_each_have_the_p_of_the_sign_test():
    wins = np.zeros((6, 2, 2))
    wins[:, 0, 1] = 1
    assert score_test(wins, FIRST, SECOND) == pytest.approx(2 * 0.5**6)


def test_the_score_is_the_slope_of_the_likelihood_that_scipy_climbs():
    """Of a with c at its best, where a and b lie level, over the root of the information left by c."""
    counts = np.array([[0.0, 9, 14], [5, 0, 12], [4, 7, 0]])

    def value(apart, middle, c):
        q = np.array([middle + apart / 2, middle - apart / 2, c])
        return (counts * np.log(preference(q[:, None] - q))).sum()

    level = minimize_scalar(
        lambda c: -value(0, 0, c), bounds=(-3, 3), method="bounded", options={"xatol": 1e-9}
    )
    slope = (value(1e-4, 0, level.x) - value(-1e-4, 0, level.x)) / 2e-4
    q = np.array([0, 0, level.x])
    shares = preference(q[:, None] - q)
    along = stats.norm.pdf((q[:, None] - q) / 1.4826) / 1.4826
    say = (counts + counts.T) * along**2 / (shares * (1 - shares))  # Fisher's information of each pair
    own, cross, rest = say[0, 1] + (say[0, 2] + say[1, 2]) / 4, (say[1, 2] - say[0, 2]) / 2, say[:2, 2].sum()
    score = scores_at_equality(counts[None], FIRST, SECOND)
    ratio = score.own.sum() / np.sqrt(score.variance.sum())
    assert ratio == pytest.approx(slope / np.sqrt(own - cross**2 / rest), rel=1e-2)  # held by 10 JOD
    assert minimize(lambda x: -value(*x), np.zeros(3)).fun <= level.fun


def test_observers_who_differ_on_other_pairs_widen_the_standard_error():
    alike, unlike = np.zeros((2, 6, 3, 3))
    for wins in (alike, unlike):
        wins[:, 0, 1] = 8
    alike[:, 0, 2] = alike[:, 2, 0] = alike[:, 1, 2] = alike[:, 2, 1] = 4
    unlike[:3, 0, 2] = unlike[3:, 2, 0] = unlike[:3, 2, 1] = unlike[3:, 1, 2] = 8
    p = [score_test(wins, FIRST, SECOND)[0] for wins in (alike, unlike)]
    assert p[0] < p[1]


def test_votes_with_two_dissenters_are_left_as_they_are():
    made = study(np.array([0.3, 0.0, -0.3]), 6, 12, seed=1)
    assert (made.wins.sum(axis=0) + 2 * np.eye(3) > 1).all()
    scores = analyse(made, Method(bootstraps=50))
    ratio = np.array([pair.difference / pair.se for pair in scores.pairs])
    assert [pair.p for pair in scores.pairs] == pytest.approx(2 * stats.t.sf(abs(ratio), 5))


def test_pairs_are_turned_to_the_better_condition_and_clear_with_one_vote_against_it():
    counts = np.array([[0.0, 1, 2], [9, 0, 9], [8, 0, 0]])
    upper, lower, clear = clear_pairs(counts, np.array([-1.0, -0.5, np.nan]))
    assert upper.tolist() == [1, 2, 1]
    assert lower.tolist() == [0, 0, 2]
    assert clear.tolist() == [True, False, True]
