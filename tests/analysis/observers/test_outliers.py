"""Leave-one-out: who votes unlike the others is far below them, however many trials they saw."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import minimize, root
from scipy.stats import binom, norm
from scipy.stats.mstats import mquantiles

from tests.analysis.made import NAMES, counts, study
from tests.analysis.real import TONE_MAPPING_FILE, data_file, tone_mapping
from uplapp.analysis.observers.outliers import distances, unlikeness
from uplapp.analysis.reading.votes import count_scenes, read_votes
from uplapp.values import Comparisons

TRUE = np.array([-0.9, -0.2, 0.3, 0.8])

# Published tone mapping votes, observers sorted by name: pwcmp's objective solved to a tight stop in Octave.
TONE_MAPPING_LOG10_L = (
    *(-0.648949, -0.496812, -0.443032, -0.564116, -0.484363, -0.449627, -0.509794, -0.419559, -0.458295),
    *(-0.457242, -0.583815, -0.465747, -0.468882, -0.520799, -0.518961, -0.462878, -0.50151, -0.51842),
)
TONE_MAPPING_DIST = {0: 2.142714, 3: 0.744334, 10: 1.069043, 13: 0.030302}


def slow_scores(wins: np.ndarray) -> np.ndarray:
    """Votes plus distance prior over ordered pairs, written out and left to BFGS."""
    n = len(wins)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and wins[i, j] + wins[j, i] > 0]

    def loss(q):
        p = {(i, j): norm.cdf(q[i] - q[j], scale=1.4826) for i, j in pairs}
        total = 0.0
        columns = []
        for i, j in pairs:
            total += wins[i, j] * np.log(p[i, j]) + wins[j, i] * np.log(1 - p[i, j])
            m, votes = wins[i, j], wins[i, j] + wins[j, i]
            m = 1 if m == 0 else votes - 1 if m == votes else m
            columns.append(np.array([p[c] ** m * (1 - p[c]) ** (votes - m) for c in pairs]))
        shares = sum(column / column.sum() for column in columns)
        return -total - np.log(shares + 0.1).sum() + q.mean() ** 2

    return minimize(loss, np.zeros(n), method="BFGS", options={"gtol": 1e-6}).x


def slow_unlikeness(wins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One observer at a time, one pair at a time: mean log10 pmf of a pair, mean excess of an answer."""
    by_pair, by_answer = [], []
    for k in range(len(wins)):
        q = slow_scores(np.delete(wins, k, axis=0).sum(axis=0))
        pmf, excess = [], []
        for i in range(len(q)):
            for j in range(i + 1, len(q)):
                m, votes = wins[k, i, j], wins[k, i, j] + wins[k, j, i]
                p = norm.cdf((q[i] - q[j]) / 1.4826)
                if votes:
                    pmf.append(binom.logpmf(m, votes, p) / np.log(10))
                expected = p * np.log10(p) + (1 - p) * np.log10(1 - p)
                excess += [np.log10(p) - expected] * int(m) + [np.log10(1 - p) - expected] * int(votes - m)
        by_pair.append(np.mean(pmf))
        by_answer.append(np.mean(excess))
    return np.array(by_pair), np.array(by_answer)


def polished_scores(wins: np.ndarray) -> np.ndarray:
    """The same optimum to 1e-9: the votes and the prior once more, with a gradient by central differences."""
    n = len(wins)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and wins[i, j] + wins[j, i] > 0]
    m = np.array([wins[i, j] for i, j in pairs])
    votes = np.array([wins[i, j] + wins[j, i] for i, j in pairs])
    turned = np.where(m == 0, 1.0, np.where(m == votes, votes - 1, m))

    def height(q):
        p = norm.cdf([(q[i] - q[j]) / 1.4826 for i, j in pairs])
        a = p[:, None] ** turned * (1 - p[:, None]) ** (votes - turned)
        shares = (a / a.sum(axis=0)).sum(axis=1)
        return (m * np.log(p) + (votes - m) * np.log(1 - p)).sum() + np.log(shares + 0.1).sum()

    def slopes(free):
        q = np.append(free, -free.sum())
        steps = 1e-4 * (np.eye(n) - np.eye(n)[-1])[:-1]
        return [(8 * (height(q + d) - height(q - d)) - height(q + 2 * d) + height(q - 2 * d)) for d in steps]

    start = slow_scores(wins)
    free = root(slopes, (start - start.mean())[:-1], tol=1e-11).x
    return np.append(free, -free.sum())


def test_likelihoods_are_summed_over_scenes_each_against_its_own_fit():
    """Two scenes of opposite order, one observer absent from the second, by a plain program to 1e-6."""
    scenes = [study(TRUE * sign, observers=6, votes=3, seed=seed) for sign, seed in ((1, 7), (-1, 8))]
    scenes[1] = replace(scenes[1], observers=scenes[1].observers[:5], wins=scenes[1].wins[:5])
    result = unlikeness(*scenes)
    for k in range(6):
        log10_l, pairs, excess, answers = 0.0, 0, 0.0, 0.0
        for scene in scenes:
            if k < len(scene.wins):
                q = polished_scores(np.delete(scene.wins, k, axis=0).sum(axis=0))
                for i, j in combinations(range(4), 2):
                    m, votes = scene.wins[k, i, j], scene.wins[k, i, j] + scene.wins[k, j, i]
                    p = norm.cdf((q[i] - q[j]) / 1.4826)
                    log10_l += binom.logpmf(m, votes, p) / np.log(10)
                    excess += (m - votes * p) * np.log10(p / (1 - p))
                    pairs, answers = pairs + 1, answers + votes
        assert result.log10_l[k] == pytest.approx(log10_l / pairs, abs=1e-6)
        assert result.excess[k] == pytest.approx(excess / answers, abs=1e-6)


def test_likelihoods_agree_with_a_slow_program_written_out():
    made = study(TRUE, observers=7, votes=3, seed=4, spread_jod=0.4)
    holes = made.wins.copy()
    holes[2, 0, 1] = holes[2, 1, 0] = holes[5, 1, 3] = holes[5, 3, 1] = 0
    distances = unlikeness(Comparisons(made.conditions, made.observers, holes))
    by_pair, by_answer = slow_unlikeness(holes)
    assert distances.log10_l == pytest.approx(by_pair, abs=1e-5)
    assert distances.excess == pytest.approx(by_answer, abs=1e-5)


def test_a_scene_that_is_shown_twice_changes_no_mean():
    made = study(TRUE, observers=6, votes=3, seed=3)
    once, twice = unlikeness(made), unlikeness(made, made)
    assert twice.log10_l == pytest.approx(once.log10_l)
    assert twice.excess == pytest.approx(once.excess)
    unlike = once.p_pairs < 0.3
    assert (twice.p_pairs < once.p_pairs)[unlike].all()


def test_a_scene_that_the_others_leave_open_is_left_out():
    made = study(TRUE, observers=7, votes=3, seed=5)
    wins = made.wins.copy()
    wins[1:, 3, :] = wins[1:, :, 3] = 0
    result, alone = unlikeness(made, Comparisons(made.conditions, made.observers, wins)), unlikeness(made)
    assert result.log10_l[0] == alone.log10_l[0]
    assert result.judged == pytest.approx([0.5] + [1.0] * 6)


def test_two_conditions_can_be_done_by_hand():
    """Of the other three observers' 12 votes 9 went to a: with the prior flat on one pair, p is 3/4."""
    wins = np.zeros((4, 2, 2))
    wins[:, 0, 1], wins[:, 1, 0] = [3, 3, 3, 1], [1, 1, 1, 3]
    distances = unlikeness(Comparisons(("a", "b"), ("p", "q", "r", "s"), wins))
    assert distances.log10_l[3] == pytest.approx(np.log10(4 * 0.75 * 0.25**3), abs=1e-4)
    assert distances.excess[3] == pytest.approx((1 / 4 - 3 / 4) * np.log10(3), abs=1e-4)
    # Of 4 drawn from all 16 votes, 10 for a, one or none is for a in 215 of 1820 ways; half the step is off
    assert distances.p_pairs[3] == pytest.approx((15 + 200 / 2) / 1820, abs=0.02)
    assert distances.p_trials[3] == pytest.approx((15 + 200 / 2) / 1820, abs=0.02)


def test_the_chance_of_careful_votes_is_what_it_says():
    """Two thousand careful observers: 5 in 100 below 0.05."""
    studies = [unlikeness(study(TRUE, observers=25, votes=3, seed=seed)) for seed in range(80)]
    for name in ("p_pairs", "p_trials"):
        p = np.concatenate([getattr(one, name) for one in studies])
        assert 0.04 < np.mean(p < 0.05) < 0.06
        assert np.mean(p < 0.002) < 0.004


@pytest.mark.parametrize("half", [(1.5, 0.5), (0.5, 1.5)])
def test_half_votes_lie_between_whole_ones(half):
    made = study(TRUE, observers=5, votes=2, seed=1)
    logs = []
    for first, second in ((2, 0), half, (1, 1), (0, 2)):
        wins = made.wins.copy()
        wins[0, 0, 3], wins[0, 3, 0] = first, second
        logs.append(unlikeness(Comparisons(made.conditions, made.observers, wins)).excess[0])
    assert min(logs) < logs[1] < max(logs)


@pytest.mark.parametrize("seed", range(3))
def test_who_answers_upside_down_is_far_away_in_both_ways(seed):
    made = study(TRUE, observers=12, votes=4, seed=seed)
    wins = made.wins.copy()
    wins[3] = wins[3].T
    distances = unlikeness(Comparisons(made.conditions, made.observers, wins))
    assert distances.dist_pairs.argmax() == distances.dist_trials.argmax() == 3
    assert min(distances.dist_pairs[3], distances.dist_trials[3]) > 1.5


def test_more_trials_alone_make_nobody_unlike_the_others():
    """Four of 24 saw every pair five times as often.

    Only the published way holds it against them.
    """
    generator = np.random.default_rng(2)
    studies = [np.stack([counts(TRUE, 10 if k < 4 else 2, generator) for k in range(24)]) for _ in range(20)]
    people = tuple(f"o{k:02d}" for k in range(24))
    results = [unlikeness(Comparisons(NAMES[:4], people, wins)) for wins in studies]
    busy_pairs = np.mean([one.dist_pairs[:4] > 1.5 for one in results])
    busy_trials = np.mean([one.dist_trials[:4] > 1.5 for one in results])
    assert busy_trials < 0.05 < 0.3 < busy_pairs


def test_the_order_of_observers_and_conditions_does_not_matter():
    made = study(TRUE, observers=6, votes=3, seed=9)
    people, names = np.array([4, 0, 5, 2, 1, 3]), np.array([2, 0, 3, 1])
    shuffled = made.wins[people][:, names][:, :, names]
    other = unlikeness(Comparisons(made.conditions, made.observers, shuffled))
    assert other.log10_l == pytest.approx(unlikeness(made).log10_l[people], abs=1e-6)


def test_who_dissents_where_all_others_agree_is_judged_by_half_a_vote_more_on_either_side():
    """Four others chose a: (4 + 1/2) of (4 + 1) votes."""
    wins = np.zeros((5, 2, 2))
    wins[:4, 0, 1] = wins[4, 1, 0] = 1
    result = unlikeness(Comparisons(("a", "b"), tuple("pqrst"), wins))
    assert result.log10_l[4] == pytest.approx(np.log10(0.1))
    assert result.dist_pairs.argmax() == 4
    assert np.isfinite(result.log10_l).all()


def test_three_observers_have_likelihoods_and_no_distances():
    distances = unlikeness(study(TRUE, observers=3, votes=5, seed=0))
    assert np.isfinite(distances.log10_l).all()
    assert np.isnan(distances.dist_pairs).all()
    assert np.isnan(distances.dist_trials).all()


def test_who_alone_connects_a_condition_cannot_be_judged_and_leaves_the_rest_alone():
    made = study(TRUE, observers=7, votes=3, seed=5)
    wins = made.wins.copy()
    wins[1:, 3, :] = wins[1:, :, 3] = 0
    distances = unlikeness(Comparisons(made.conditions, made.observers, wins))
    assert np.isnan([distances.log10_l[0], distances.dist_pairs[0], distances.dist_trials[0]]).all()
    assert np.isfinite(distances.dist_pairs[1:]).all()


@pytest.mark.parametrize("seed", range(3))
def test_distances_are_those_of_hazen_quartiles(seed):
    values = np.random.default_rng(seed).normal(size=11)
    low, high = mquantiles(values, [0.25, 0.75], alphap=0.5, betap=0.5)
    assert distances(values) == pytest.approx(np.maximum(0, (low - values) / (high - low)))


def test_where_all_agree_exactly_one_who_does_not_is_infinitely_far():
    assert distances(np.array([1.0] * 6 + [1.0 + 1e-15, 0.5])).tolist() == [0.0] * 7 + [np.inf]


def test_tone_mapping_observers_get_the_published_distances():
    distances = unlikeness(tone_mapping())
    published = [TONE_MAPPING_DIST.get(k, 0.0) for k in range(18)]
    assert distances.log10_l == pytest.approx(TONE_MAPPING_LOG10_L, abs=1e-3)
    assert distances.dist_pairs == pytest.approx(published, abs=0.02)


def test_tone_mapping_observers_are_judged_scene_by_scene():
    """All scenes together single out one who is normal in each, and miss two who are far away in two."""
    votes = read_votes(data_file(TONE_MAPPING_FILE))
    scenes = count_scenes(votes)
    result = unlikeness(*scenes.values())
    far = {result.observers[k] for k in np.flatnonzero(result.dist_pairs > 1.5)}
    alone = [unlikeness(scene) for scene in scenes.values()]
    far_alone = {one.observers[k] for one in alone for k in np.flatnonzero(one.dist_pairs > 1.5)}
    assert far == {"M02", "bab"}
    assert far < far_alone
    assert tone_mapping().observers[0] not in far_alone
