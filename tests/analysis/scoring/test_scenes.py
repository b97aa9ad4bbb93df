"""Every scene by itself."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import xlogy

from tests.analysis import slow
from tests.analysis.real import TONE_MAPPING_FILE, data_file
from uplapp.analysis.model import fit_best, goodness_within, preference
from uplapp.analysis.reading.votes import count, from_table, of_scene, read_votes, scene_wins
from uplapp.analysis.scoring.scenes import analyse_scenes, interaction
from uplapp.analysis.scoring.scores import analyse
from uplapp.errors import Cancelled, UplappError
from uplapp.values import Method

METHOD = Method(bootstraps=60)


def votes(scenes, observers=6, each=4, drop=()):
    """Votes of observers on scenes with their own scores of a, b and c."""
    generator, rows = np.random.default_rng(0), []
    for scene, scores in scenes.items():
        for i, j in ((0, 1), (0, 2), (1, 2)):
            first, second = "abc"[i], "abc"[j]
            if {first, second} & set(drop if scene == "sea" else ()):
                continue
            chosen = generator.random((observers, each)) < preference(np.array(scores[i] - scores[j]))
            rows += [
                (f"o{k}", scene, first, second, str(int(x))) for k in range(observers) for x in chosen[k]
            ]
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(rows, columns=columns))


TWO = {"sea": (0.9, 0.0, -0.9), "fog": (-0.9, 0.0, 0.9)}


def test_scenes_keep_their_own_order_of_conditions():
    scenes = analyse_scenes(votes(TWO, observers=20), METHOD)
    assert list(scenes) == ["fog", "sea"]
    assert (np.diff(scenes["sea"].jod) < 0).all()
    assert (np.diff(scenes["fog"].jod) > 0).all()


def test_the_only_scene_is_the_whole_study():
    made = votes({"sea": TWO["sea"]})
    whole = analyse(count(made), METHOD)
    (alone,) = analyse_scenes(made, METHOD).values()
    assert (alone.jod == whole.jod).all()
    assert (alone.low == whole.low).all()


def test_a_scene_scores_only_the_conditions_that_it_showed():
    scenes = analyse_scenes(votes(TWO, drop="c"), METHOD)
    assert scenes["sea"].conditions == ("a", "b")
    assert scenes["fog"].conditions == ("a", "b", "c")


def test_a_scene_that_did_not_show_the_anchor_has_differences_but_no_scores():
    scenes = analyse_scenes(votes(TWO, drop="c"), Method(anchor="c", bootstraps=60))
    assert np.isnan([scenes["sea"].jod, scenes["sea"].low]).all()
    assert np.isfinite(scenes["sea"].pairs[0].difference)
    assert any("anchor 'c' was not shown" in warning for warning in scenes["sea"].warnings)
    assert scenes["fog"].jod[2] == 0


def test_an_anchor_that_no_scene_showed_is_refused_by_the_scenes_name():
    with pytest.raises(UplappError, match="scene 'fog': the anchor 'q' is no condition"):
        analyse_scenes(votes(TWO, drop="c"), Method(anchor="q", bootstraps=60))


ALIKE = {"sea": (1.2, 0.0, -1.2), "fog": (1.2, 0.0, -1.2)}


def test_a_condition_reads_alike_in_scenes_that_showed_other_conditions():
    scenes = analyse_scenes(votes(ALIKE, observers=40, drop="c"), METHOD)
    assert scenes["fog"].jod[:2].mean() == pytest.approx(scenes["sea"].jod.mean(), abs=1e-9)
    assert scenes["sea"].jod == pytest.approx([1.2, 0.0], abs=0.3)
    assert ((scenes["sea"].low < scenes["sea"].jod) & (scenes["sea"].jod < scenes["sea"].high)).all()


def test_scenes_that_showed_all_conditions_keep_their_scores():
    scenes, made = analyse_scenes(votes(ALIKE), METHOD), votes(ALIKE)
    alone = analyse(count(of_scene(made, "sea")), METHOD)
    assert (scenes["sea"].jod == alone.jod).all()


def test_scenes_without_a_condition_in_common_say_so():
    rows = [("o", "s", "a", "b", 3, 2), ("p", "s", "a", "b", 2, 2), ("o", "t", "c", "d", 1, 4)]
    scenes = analyse_scenes(votes_of(*rows, ("p", "t", "c", "d", 2, 2)), METHOD)
    assert sum("zero of their own" in " ".join(some.warnings) for some in scenes.values()) == 1


def test_whoever_watches_hears_of_all_scenes_together():
    heard = []
    method = Method(ties="threshold", bootstraps=60)
    analyse_scenes(votes(TWO), method, lambda done, total: heard.append((done, total)))
    assert heard == [(60, 120), (120, 120)]


def test_whoever_watches_can_stop_it():
    def stop(done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match=r"^stopped$"):
        analyse_scenes(votes(TWO), Method(ties="threshold", bootstraps=60), stop)


@pytest.mark.parametrize("beats", [1, 3])
def test_the_test_of_scenes_can_be_stopped_while_it_permutes_and_while_it_resamples(beats):
    left = iter(range(beats))

    def stop():
        if next(left, None) is None:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled, match=r"^stopped$"):
        interaction(votes(TWO), beat=stop)


def votes_of(*rows):
    """Votes (observer, scene, first, second, how often first, how often second was chosen)."""
    single = [
        (*row[:4], choice)
        for row in rows
        for choice, times in zip("10", row[4:], strict=True)
        for _ in range(times)
    ]
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(single, columns=columns))


def simulated(seed, scenes_jod=0.0, own_jod=0.0, own_scenes_jod=0.0, keep=1.0):
    """Simulate ten observers on three scenes, given the spreads of scenes, observers and both."""
    generator, scores = np.random.default_rng(seed), np.array([0.7, 0.2, 0.0, -0.6])
    common, rows = generator.normal(0, scenes_jod, (3, 4)), []
    first, second = np.triu_indices(4, 1)
    for k in range(10):
        own = scores + generator.normal(0, own_jod, 4)
        for scene in range(3):
            jod = own + common[scene] + generator.normal(0, own_scenes_jod, 4)
            chosen = generator.random((2, 6)) < preference(jod[first] - jod[second])
            shown = generator.random((2, 6)) < keep
            rows += [
                (f"o{k}", f"s{scene}", "abcd"[first[p]], "abcd"[second[p]], str(int(chosen[v, p])))
                for v, p in np.argwhere(shown)
            ]
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(rows, columns=columns))


def test_of_two_conditions_the_ratio_is_that_of_a_table_of_scenes():
    effect = interaction(
        votes_of(("o", "s", "a", "b", 9, 3), ("o", "t", "a", "b", 4, 8), ("o", "u", "b", "a", 5, 7))
    )
    table = [[9, 3], [4, 8], [7, 5]]
    ratio, _, df, _ = stats.chi2_contingency(table, lambda_="log-likelihood", correction=False)
    assert effect.ratio == pytest.approx(ratio, abs=1e-6)
    assert effect.df == df == 2


def test_the_ratio_is_that_of_a_slow_climb_scene_by_scene():
    made = simulated(3, scenes_jod=0.4)
    wins = [count(of_scene(made, name)).wins.sum(axis=0) for name in ("s0", "s1", "s2")]
    peaks = [slow.value(x, slow.fit(x, False, np.zeros(4)), False) for x in (*wins, sum(wins))]
    effect = interaction(made)
    assert effect.ratio == pytest.approx(sum(peaks[:3]) - peaks[3], abs=1e-4)
    assert effect.df == 2 * 3


def test_with_the_lack_of_fit_within_scenes_it_is_all_that_common_scores_leave_over():
    wins = scene_wins(count(made := simulated(3, scenes_jod=0.2)).cells, 4)
    scores = fit_best(wins.sum(axis=0), "none", np.zeros(4, dtype=int))
    expected = (wins + wins.swapaxes(1, 2)) * preference(scores[:, None] - scores)
    left_over = 2 * xlogy(wins, np.divide(wins, expected, where=expected > 0, out=np.ones_like(wins))).sum()
    assert interaction(made).ratio + goodness_within(wins).g2 == pytest.approx(left_over, abs=1e-5)


def test_tone_mapping_differs_by_scene():
    effect = interaction(read_votes(data_file(TONE_MAPPING_FILE)))
    assert effect.ratio == pytest.approx(148.9, abs=0.1)  # by two independent programs
    assert effect.df == 24
    assert effect.p == effect.p_observers == 0.001


def test_a_scene_that_one_condition_won_throughout_has_the_limit_of_its_likelihood():
    effect = interaction(votes_of(("o", "s", "a", "b", 6, 0), ("o", "t", "a", "b", 2, 4)))
    ratio, *_ = stats.chi2_contingency([[6, 0], [2, 4]], lambda_="log-likelihood", correction=False)
    assert effect.ratio == pytest.approx(ratio, abs=1e-6)


def test_for_one_observer_p_is_that_of_all_ways_to_deal_out_the_votes():
    effect = interaction(votes_of(("o", "s", "a", "b", 6, 2), ("o", "t", "a", "b", 1, 6)))
    dealt = np.arange(9)

    def ratio(won):
        table = np.array([[won, 8 - won], [7 - won, won]]) + 1e-12
        return stats.chi2_contingency(table, lambda_="log-likelihood", correction=False)[0]

    ways = stats.hypergeom(15, 7, 8).pmf(dealt)
    ratios = np.array([ratio(won) for won in range(8)])
    exact = ways[:8][ratios >= ratio(6) - 1e-6].sum()
    assert effect.permutations == 999
    assert effect.p == pytest.approx(exact, abs=4 * np.sqrt(exact / 999))


def test_scenes_that_turn_the_order_round_are_found():
    effect = interaction(votes(TWO))
    assert effect.p < 0.05


def test_resampled_observers_find_it_too_and_rarely_where_there_is_none():
    spread = {"own_jod": 0.3, "own_scenes_jod": 0.4}
    chance = [interaction(simulated(seed, **spread), seed).p_observers for seed in range(20)]
    differ = [interaction(simulated(seed, 0.7, **spread), seed).p_observers for seed in range(8)]
    assert sum(p < 0.05 for p in chance) <= stats.binom(20, 0.05).ppf(0.999)
    assert sum(p < 0.05 for p in differ) >= 6


def test_one_observer_cannot_be_resampled():
    effect = interaction(votes_of(("o", "s", "a", "b", 6, 2), ("o", "t", "a", "b", 1, 6)))
    assert np.isnan(effect.p_observers)


def test_the_seed_decides_the_permutations():
    made = simulated(0, scenes_jod=0.15)
    assert interaction(made, seed=1) == interaction(made, seed=1)
    assert interaction(made, seed=1).ratio == interaction(made, seed=2).ratio


def test_degrees_of_freedom_count_only_what_the_votes_can_fix():
    rows = [("o", "s", "a", "b", 3, 2), ("o", "s", "b", "c", 2, 2), ("o", "t", "a", "b", 2, 2)]
    assert interaction(votes_of(*rows, ("p", "s", "a", "b", 1, 2), ("p", "t", "a", "b", 2, 1))).df == 1


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("o", "s", "a", "b", 3, 2)], id="one scene"),
        pytest.param([("o", "s", "a", "b", 3, 2), ("o", "t", "b", "c", 1, 4)], id="no pair in two scenes"),
        pytest.param([("o", "s", "a", "b", 3, 2), ("p", "t", "a", "b", 1, 4)], id="each saw one scene"),
    ],
)
def test_there_is_no_test_where_no_votes_can_change_places(rows):
    assert interaction(votes_of(*rows)) is None


# Whole scenes of balanced observers change places, or single votes of one pair where pairs are missing.
@pytest.mark.parametrize(
    "spread",
    [{"own_jod": 0.3, "own_scenes_jod": 0.5}, {"own_jod": 0.5, "keep": 0.6}],
    ids=["observers see each scene in an own way", "different observers, missing pairs"],
)
def test_without_an_interaction_one_study_in_twenty_is_significant(spread):
    hits = sum(interaction(simulated(seed, **spread), seed).p < 0.05 for seed in range(80))
    assert hits <= stats.binom(80, 0.05).ppf(0.999)


@pytest.mark.parametrize("spread", [{"own_jod": 0.5}, {"keep": 0.6}], ids=["different", "missing"])
def test_an_interaction_is_mostly_found(spread):
    hits = sum(interaction(simulated(seed, 0.6, **spread), seed).p < 0.05 for seed in range(10))
    assert hits >= 8
