"""Which metric agrees with people: known agreement is found, and intervals say what they rest on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis.made import study
from uplapp.analysis.agreement.agreement import agreement, scatter_table
from uplapp.analysis.reading.metric_table import metrics_from_table
from uplapp.analysis.scoring import analyse
from uplapp.errors import BadVotes
from uplapp.values import Comparisons, Method

TRUE = np.array([-1.2, -0.6, -0.1, 0.3, 0.6, 1.0])
METHOD = Method(bootstraps=300)
WIDE = stats.t.ppf(0.975, 11) / stats.norm.ppf(0.975) * np.sqrt(12 / 11)  # Student's t of 12 observers


def scored(seed=0, observers=12, true=TRUE, votes=3):
    return analyse(study(true, observers, votes, seed, spread_jod=0.3), METHOD)


def table(**columns):
    n = len(next(iter(columns.values())))
    return metrics_from_table(pd.DataFrame({"condition": list("abcdefghij"[:n])} | columns))


def by_scene(values: dict[str, list[float]], **options):
    rows = [
        {"condition": name, "scene": scene, "psnr": value}
        for scene, some in values.items()
        for name, value in zip("abcdefghij", some, strict=False)
    ]
    return metrics_from_table(pd.DataFrame(rows), **options)


def row(result, metric, level="conditions"):
    return result.table.set_index(["metric", "level"]).loc[(metric, level)]


def test_a_metric_that_is_the_score_agrees_fully_whichever_way_it_points():
    scores = scored()
    result = agreement(scores, table(psnr=scores.jod, lpips=-scores.jod, flip=scores.jod))
    kinds = ["spearman", "kendall", "pearson", "pairs_share", "clear_pairs_share"]
    assert row(result, "psnr")[kinds].tolist() == pytest.approx([1, 1, 1, 1, 1])
    assert row(result, "lpips")[kinds].tolist() == pytest.approx([1, 1, 1, 1, 1])
    assert row(result, "flip")[kinds].tolist() == pytest.approx([-1, -1, -1, 0, 0])


@pytest.mark.parametrize("seed", range(3))
def test_estimates_and_intervals_are_those_of_a_slow_loop(seed):
    scores = scored(seed)
    values = np.random.default_rng(seed).normal(size=6)
    figures = row(agreement(scores, table(vif=values)), "vif")
    replicates = scores.jod + WIDE * (scores.replicates - scores.jod)
    draws = [stats.kendalltau(values, one).statistic for one in replicates]
    assert figures["kendall"] == pytest.approx(stats.kendalltau(values, scores.jod).statistic)
    bounds = np.percentile(draws, [2.5, 97.5], method="hazen")
    assert figures[["kendall_low", "kendall_high"]].tolist() == pytest.approx(bounds)


def test_shares_of_pairs_can_be_counted():
    """To people a < b < c, two of three clearly.

    The metric turns b and c round, which are not clear.
    """
    scores = scored(seed=1, true=np.array([-2.0, 0.8, 1.2]))
    assert scores.jod[1] < scores.jod[2]
    clear = {(pair.a, pair.b) for pair in scores.pairs if pair.significant}
    assert clear == {("a", "b"), ("a", "c")}
    figures = row(agreement(scores, table(psnr=[1.0, 3.0, 2.0])), "psnr")
    assert figures["pairs_share"] == pytest.approx(2 / 3)
    assert figures[["clear_pairs_share", "clear_pairs"]].tolist() == [1.0, 2]


def test_percentile_intervals_take_the_replicates_as_they_are():
    scores = analyse(study(TRUE, 12, 3, 0, spread_jod=0.3), replace(METHOD, interval="percentile"))
    figures = row(agreement(scores, table(vif=TRUE**2)), "vif")
    draws = [stats.pearsonr(TRUE**2, one).statistic for one in scores.replicates]
    bounds = np.percentile(draws, [2.5, 97.5], method="hazen")
    assert figures[["pearson_low", "pearson_high"]].tolist() == pytest.approx(bounds)


def test_fewer_observers_widen_the_interval():
    widths = []
    for observers in (5, 40):
        figures = row(agreement(scored(3, observers), table(psnr=[1.0, 3, 2, 4, 6, 5])), "psnr")
        widths.append(figures["pearson_high"] - figures["pearson_low"])
    assert widths[1] < 0.7 * widths[0]


def test_a_metric_that_does_not_vary_is_undefined():
    figures = row(agreement(scored(), table(psnr=[30.0] * 6)), "psnr")
    assert figures[["spearman", "spearman_low", "kendall", "pearson", "pearson_high"]].isna().all()
    assert figures["pairs_share"] == 0.5


def test_a_bare_matrix_says_that_its_intervals_are_parametric():
    made = study(TRUE, 1, 40, 0)
    scores = analyse(Comparisons(made.conditions, (), made.wins), METHOD)
    result = agreement(scores, table(psnr=TRUE))
    assert row(result, "psnr")["resampled"] == "binomial votes"
    assert any("parametric" in note for note in result.notes)


def test_few_conditions_say_what_the_intervals_leave_out():
    few = agreement(scored(), table(psnr=TRUE)).notes
    many = agreement(scored(true=np.linspace(-1, 1, 10)), table(psnr=np.arange(10.0))).notes
    assert any(note.startswith("6 conditions: the intervals say what other observers") for note in few)
    assert many == ()


def test_scores_that_votes_do_not_fix_agree_with_nothing():
    wins = np.zeros((3, 4, 4))
    wins[:, 0, 1] = wins[:, 1, 0] = wins[:, 2, 3] = wins[:, 3, 2] = 2
    scores = analyse(Comparisons(("a", "b", "c", "d"), ("o", "p", "q"), wins), METHOD)
    result = agreement(scores, table(psnr=[1.0, 2, 3, 4]))
    assert row(result, "psnr")[["spearman", "kendall", "pearson", "pairs_share"]].isna().all()
    assert any("do not fix the scores" in note for note in result.notes)


def test_unknown_conditions_are_refused():
    with pytest.raises(BadVotes, match="has no row for the condition 'f'"):
        agreement(scored(), table(psnr=[1.0, 2, 3, 4, 5]))


SCENES = {"s": 0, "t": 1, "u": 2}


def per_scene(**changes):
    scores = {scene: scored(seed) for scene, seed in SCENES.items()}
    return scores | changes


def test_stimuli_count_from_the_mean_of_their_scene():
    """A metric that is the score plus what the scene adds, as PSNR does, agrees fully."""
    scenes = per_scene()
    metrics = by_scene({scene: (scenes[scene].jod + 10 * seed).tolist() for scene, seed in SCENES.items()})
    figures = row(agreement(scored(), metrics, scenes), "psnr", "stimuli")
    assert figures[["n", "spearman", "pearson", "pairs_share"]].tolist() == pytest.approx([18, 1, 1, 1])
    assert figures["resampled"] == "observers and scenes"


def test_stimuli_are_those_of_a_slow_loop():
    scenes, values = per_scene(), np.random.default_rng(1).normal(size=(3, 6))
    metrics = by_scene(dict(zip(SCENES, values.tolist(), strict=True)))
    figures = row(agreement(scored(), metrics, scenes, seed=5), "psnr", "stimuli")
    x = values - values.mean(axis=1, keepdims=True)
    y = np.stack([scenes[scene].jod for scene in SCENES])
    assert figures["spearman"] == pytest.approx(stats.spearmanr(x.ravel(), y.ravel()).statistic)
    picks = np.random.default_rng(5).integers(0, 3, (300, 3))
    replicates = y + WIDE * (np.stack([scenes[scene].replicates for scene in SCENES], axis=1) - y)
    draws = [
        stats.spearmanr(x[rows].ravel(), some[rows].ravel()).statistic
        for rows, some in zip(picks, replicates, strict=True)
    ]
    bounds = np.percentile(draws, [2.5, 97.5], method="hazen")
    assert figures[["spearman_low", "spearman_high"]].tolist() == pytest.approx(bounds)


def test_scenes_that_differ_widen_the_interval_beyond_observers():
    """In one scene the metric is turned round: only other scenes, not other observers, could tell."""
    scenes = per_scene()
    values = {scene: scores.jod.tolist() for scene, scores in scenes.items()}
    values["u"] = [-value for value in values["u"]]
    figures = row(agreement(scored(), by_scene(values), scenes), "psnr", "stimuli")
    assert figures["pearson_low"] < 0 < 0.9 < figures["pearson_high"]


def test_a_scene_may_lack_conditions():
    four = analyse(study(TRUE[:4], 12, 3, 2), METHOD)
    scenes = per_scene(u=four)
    metrics = by_scene({scene: TRUE.tolist() for scene in SCENES})
    figures = row(agreement(scored(), metrics, scenes), "psnr", "stimuli")
    assert figures["n"] == 6 + 6 + 4
    assert figures["spearman"] > 0.7


@pytest.mark.parametrize("change", [{"degenerate": 3}, {"observers": 11}])
def test_observers_who_cannot_be_drawn_together_are_said_to_be_drawn_scene_by_scene(change):
    metrics = by_scene({scene: TRUE.tolist() for scene in SCENES})
    whole, apart = per_scene(), per_scene(u=replace(scored(2), **change))
    assert not any("scene by scene" in note for note in agreement(scored(), metrics, whole).notes)
    assert any("scene by scene" in note for note in agreement(scored(), metrics, apart).notes)


def test_a_scene_without_scores_is_left_out_by_name():
    lost = replace(scored(2), jod=np.full(6, np.nan))
    metrics = by_scene({scene: TRUE.tolist() for scene in SCENES})
    result = agreement(scored(), metrics, per_scene(u=lost))
    assert row(result, "psnr", "stimuli")["n"] == 12
    assert "scenes whose votes do not fix the scores are left out: u" in result.notes


def test_metrics_without_scenes_leave_the_stimuli_out():
    result = agreement(scored(), table(psnr=TRUE), per_scene())
    assert set(result.table["level"]) == {"conditions"}
    assert any("do not tell scenes apart" in note for note in result.notes)


@pytest.mark.parametrize("wrong", ["r", "v"])
def test_unknown_and_missing_scenes_are_refused(wrong):
    metrics = by_scene({"s": TRUE.tolist(), "t": TRUE.tolist(), wrong: TRUE.tolist()})
    with pytest.raises(BadVotes, match="has no row for the scene 'u'"):
        agreement(scored(), metrics, per_scene())


def test_the_points_of_a_picture_are_the_values_as_given():
    scores, scenes = scored(), per_scene()
    metrics = by_scene({scene: TRUE.tolist() for scene in SCENES})
    points = scatter_table(scores, metrics, scenes)
    assert points.columns.tolist() == ["metric", "condition", "scene", "value", "jod", "jod_low", "jod_high"]
    assert points.groupby("scene").size().to_dict() == {"": 6, "s": 6, "t": 6, "u": 6}
    lower = scatter_table(scores, table(lpips=TRUE + 2))
    assert lower["value"].tolist() == pytest.approx(TRUE + 2)
    assert lower["jod_low"].tolist() == pytest.approx(scores.low)
