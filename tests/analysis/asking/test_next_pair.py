"""Which pair to show next."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from tests.analysis.made import counts as draw
from uplapp.analysis.asking.next_pair import PRIOR_SD_JOD, Posterior, gains, next_pairs, posterior
from uplapp.analysis.model import SIGMA
from uplapp.errors import UplappError

seeds = st.integers(0, 2**16)
conditions = st.integers(2, 7)


def votes(seed, n, most=6):
    """Random counts, many pairs without votes."""
    generator = np.random.default_rng(seed)
    made = draw(generator.normal(0, 1.5, n), most, generator)
    return made * (generator.random((n, n)) < 0.7)


def two(mean, sd):
    """A posterior whose one difference has this mean and standard deviation, in JOD."""
    return Posterior(np.array([mean, 0.0]), np.diag([sd**2, 0.0]))


def bend(function, point, step=1e-3):
    """Second derivatives by central differences."""
    e = step * np.eye(len(point))
    return np.array(
        [
            [
                sum(u * v * function(point + u * a + v * b) for u in (-1, 1) for v in (-1, 1)) / (4 * step**2)
                for b in e
            ]
            for a in e
        ]
    )


def entropy(chance):
    return -sum(p * np.log2(p) for p in (chance, 1 - chance) if p > 0)


def information(mean, sd):
    """Mutual information of one answer by adaptive quadrature."""

    def mixed(function):
        return integrate.quad(
            lambda z: function(stats.norm.cdf((mean + sd * z) / SIGMA)) * stats.norm.pdf(z),
            -9,
            9,
            epsabs=1e-10,
        )[0]

    return entropy(mixed(lambda chance: chance)) - mixed(entropy)


def by_houlsby(mean, sd):
    """Closed form of Houlsby et al. (2011), equation 4, with its unit noise scaled to SIGMA."""
    mu, s2, c2 = mean / SIGMA, (sd / SIGMA) ** 2, np.pi * np.log(2) / 2
    expected = np.sqrt(c2 / (s2 + c2)) * np.exp(-(mu**2) / (2 * (s2 + c2)))
    return entropy(stats.norm.cdf(mu / np.sqrt(s2 + 1))) - expected


MEANS_AND_SDS = [(0, 0.05), (0, 1), (0, np.sqrt(8)), (1.2, 0.3), (2.5, 1.5), (-4, 2.5), (8, 0.5)]


class TestPosterior:
    def test_of_one_vote_by_hand(self):
        belief = posterior(np.array([[0, 1], [0, 0]]))
        x = 2 * belief.mean[0] / SIGMA  # the prior keeps the mean of both at 0
        slope = stats.norm.pdf(x) / stats.norm.cdf(x) / SIGMA
        assert belief.mean[0] == pytest.approx(-belief.mean[1])
        assert belief.mean[0] == pytest.approx(PRIOR_SD_JOD**2 * slope)  # where prior and vote balance

    def test_of_no_votes_is_the_prior(self):
        belief = posterior(np.zeros((4, 4)))
        assert belief.mean == pytest.approx(np.zeros(4))
        assert belief.covariance == pytest.approx(PRIOR_SD_JOD**2 * np.eye(4))

    @pytest.mark.parametrize("seed", [1, 2])
    def test_is_the_peak_that_a_general_optimiser_finds(self, seed):
        made = votes(seed, 5)

        def surprise(scores):
            chance = stats.norm.logcdf((scores[:, None] - scores) / SIGMA)
            return -(made * chance).sum() + (scores**2).sum() / (2 * PRIOR_SD_JOD**2)

        solution = optimize.minimize(surprise, np.zeros(5), method="BFGS", options={"gtol": 1e-6})
        ours = posterior(made)
        assert ours.mean == pytest.approx(solution.x, abs=1e-5)
        assert ours.covariance == pytest.approx(np.linalg.inv(bend(surprise, solution.x)), abs=1e-4)

    @settings(max_examples=20)
    @example(seed=204, n=2)  # the first step is long along the mean, which one step solves
    @example(seed=685, n=2)
    @given(seed=seeds, n=conditions)
    def test_does_not_depend_on_the_start(self, seed, n):
        made, start = votes(seed, n), np.random.default_rng(seed).normal(0, 5, n)
        assert posterior(made, start).mean == pytest.approx(posterior(made).mean, abs=1e-7)

    @pytest.mark.parametrize("many", [1e2, 1e6])
    def test_stays_finite_where_one_side_won_every_vote(self, many):
        belief = posterior(np.triu(np.full((12, 12), many), 1))
        assert np.isfinite(belief.mean).all()
        assert (np.diff(belief.mean) < 0).all()
        assert (np.linalg.eigvalsh(belief.covariance) > 0).all()


class TestGains:
    @pytest.mark.parametrize(("mean", "sd"), MEANS_AND_SDS)
    def test_are_the_mutual_information(self, mean, sd):
        assert gains(two(mean, sd))[0, 1] == pytest.approx(information(mean, sd), abs=1e-4)

    @pytest.mark.parametrize(("mean", "sd"), MEANS_AND_SDS)
    def test_lie_by_the_published_closed_form(self, mean, sd):
        # its Gaussian for the entropy is off by up to .0027 bit
        assert gains(two(mean, sd))[0, 1] == pytest.approx(by_houlsby(mean, sd), abs=0.003)

    def test_of_well_known_scores_are_fishers_information_by_hand(self):
        # two equal conditions: 2 / pi / sigma^2 * variance / (2 ln 2) bits
        expected = 2 / np.pi / SIGMA**2 * 0.01**2 / (2 * np.log(2))
        assert gains(two(0.0, 0.01))[0, 1] == pytest.approx(expected, rel=1e-3)

    @settings(max_examples=20)
    @given(seed=seeds, n=conditions)
    def test_are_symmetric_between_zero_and_one_bit(self, seed, n):
        bits = gains(posterior(votes(seed, n)))
        assert (bits == bits.T).all()
        assert bits.min() >= 0
        assert bits.max() < 1
        assert (bits.diagonal() == 0).all()

    def test_fall_with_distance_and_rise_with_doubt(self):
        tell = [gains(two(mean, sd))[0, 1] for mean, sd in [(3, 0.5), (1, 0.5), (0, 0.5), (0, 1), (0, 2)]]
        assert tell == sorted(tell)


class TestNextPairs:
    def test_ask_about_neighbours_rather_than_the_far_apart(self):
        sure = np.array([[0, 15, 20], [5, 0, 15], [0, 5, 0]])  # a above b above c, evenly
        assert set(next_pairs(sure, 2)) == {(0, 1), (1, 2)}

    def test_ask_about_the_condition_without_votes(self):
        wins = draw(np.zeros(5), 30, np.random.default_rng(0))
        wins[4] = wins[:, 4] = 0
        assert 4 in next_pairs(wins)[0]

    @settings(max_examples=20)
    @given(seed=seeds, n=conditions)
    def test_the_first_answers_of_a_study_connect_all_conditions(self, seed, n):
        chosen = next_pairs(np.zeros((n, n)), n - 1, seed=seed)
        group = np.arange(n)
        for i, j in chosen:
            group[group == group[j]] = group[i]
        assert len(set(group)) == 1

    def test_the_first_pair_of_a_study_is_left_to_the_seed(self):
        firsts = [next_pairs(np.zeros((8, 8)), seed=seed) for seed in range(60)]
        assert firsts[7] == next_pairs(np.zeros((8, 8)), seed=7)
        assert len(set(firsts)) > 20  # of 28

    @settings(max_examples=20)
    @given(seed=seeds, n=st.integers(3, 6))
    def test_an_observer_judges_no_pair_again_before_all_others(self, seed, n):
        made, pairs = votes(seed, n), n * (n - 1) // 2
        shown = np.zeros((n, n))
        shown[0, 1] = shown[1, 2] = 1
        chosen = next_pairs(made, 2 * pairs - 2, shown=shown, seed=seed)
        assert {(0, 1), (1, 2)}.isdisjoint(chosen[: pairs - 2])
        assert sorted((*chosen, (0, 1), (1, 2))) == sorted(2 * list(zip(*np.triu_indices(n, 1), strict=True)))

    @settings(max_examples=20)
    @given(seed=seeds, n=conditions)
    def test_only_allowed_pairs_are_asked_whichever_way_they_are_named(self, seed, n):
        mask = np.random.default_rng(seed).random((n, n)) < 0.4
        mask[1, 0] = True
        assert all(i < j and (mask[i, j] or mask[j, i]) for i, j in next_pairs(votes(seed, n), 5, mask))

    def test_of_equal_gains_the_conditions_seen_least_come_first(self):
        shown = np.zeros((5, 5))
        shown[0, 1] = shown[1, 2] = shown[0, 2] = 1
        assert next_pairs(np.zeros((5, 5)), shown=shown) == ((3, 4),)

    def test_a_batch_goes_on_where_the_first_answer_leaves_doubt(self):
        # after 20 votes on (0, 1) and on (2, 3), only a comparison across tells where the groups lie
        apart = np.zeros((4, 4))
        apart[0, 1] = apart[1, 0] = apart[2, 3] = apart[3, 2] = 10
        crossing = next_pairs(apart, 2)
        assert all(i < 2 <= j for i, j in crossing)
        assert len({*crossing[0], *crossing[1]}) == 4

    def test_nothing_that_was_passed_is_changed(self):
        made, shown, mask = votes(0, 4), np.zeros((4, 4)), np.ones((4, 4), dtype=bool)
        before = made.copy()
        next_pairs(made, 3, mask, shown)
        assert (made == before).all()
        assert not shown.any()


BAD = {
    "no pair": (np.zeros((3, 3)), {"allowed": np.eye(3, dtype=bool)}, "no pair is allowed"),
    "mask of another study": (
        np.zeros((3, 3)),
        {"allowed": np.ones((2, 2), dtype=bool)},
        "'allowed' has shape",
    ),
    "shown of another study": (np.zeros((3, 3)), {"shown": np.ones((4, 4))}, "'shown' has shape"),
    "start of another study": (np.zeros((3, 3)), {"start": np.ones(4)}, "start has shape"),
    "count": (np.zeros((3, 3)), {"count": 0}, "count is 0"),
    "one condition": (np.zeros((1, 1)), {}, "2 or more conditions"),
    "negative": (np.array([[0, -1], [0, 0]]), {}, "no number from 0 up"),
    "nan": (np.array([[0, np.nan], [0, 0]]), {}, "no number from 0 up"),
}


@pytest.mark.parametrize(("made", "options", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(made, options, sentence):
    with pytest.raises(UplappError, match=sentence):
        next_pairs(made, **options)
