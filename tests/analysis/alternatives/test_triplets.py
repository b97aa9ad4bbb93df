"""Plain and boosted views on one scale: by exact counts, a second optimiser, and trivial mappings."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

import uplapp.analysis.reading
from tests.calling import printer
from uplapp.analysis.alternatives.boosting import (
    boost,
    boost_objective,
    fit_boost,
    plain_of,
    rough_start,
)
from uplapp.analysis.alternatives.triplet_report import methods, to_csv, to_latex, to_text
from uplapp.analysis.alternatives.triplets import scale_triplets
from uplapp.analysis.reading.votes import from_table, read_votes
from uplapp.commands.scales.triplets import triplets
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Method

EXAMPLES = Path(uplapp.analysis.reading.__file__).parent / "examples"
PLAIN, BOOSTED = EXAMPLES / "plain_triplets.csv", EXAMPLES / "boosted_triplets.csv"
EXAMPLE_JND = {"1-1": 0.3, "1-2": 0.7, "1-3": 1.2, "1-4": 1.8, "2-1": 0.2, "2-2": 0.5, "2-3": 0.9, "2-4": 1.4}
SIGMA = 1.4826
JND, MAPPING = np.array([0.0, 0.3, 0.7, 1.2, 1.8]), np.array([2.2, -0.15])
SOURCES = np.arange(5) == 0
FAST = Method(bootstraps=60)

run = printer(triplets)


def expected(distortions, votes=50.0):
    """Votes (n,n) for the less distorted version, exactly as many as the model expects."""
    return votes * norm.cdf((distortions - distortions[:, None]) / SIGMA) * (1 - np.eye(distortions.size))


def drawn(distortions, votes, seed):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.binomial(votes, expected(distortions, 1.0)), 1)
    return (upper + np.tril(votes - upper.T, -1)).astype(float)


def fit_one(plain, boosted):
    start = rough_start(plain, boosted, SOURCES)
    fit = fit_boost(plain[None], boosted[None], SOURCES, start[None])
    assert fit.converged[0]
    return fit


def test_votes_as_expected_give_back_distortions_and_mapping():
    fit = fit_one(expected(JND), expected(boost(JND[None], MAPPING[None])[0]))
    assert fit.jnd[0] == pytest.approx(JND, abs=1e-6)
    assert fit.mapping[0] == pytest.approx(MAPPING, abs=1e-6)


def test_views_that_are_not_boosted_map_onto_themselves():
    fit = fit_one(expected(JND), expected(JND, 20.0))
    assert fit.mapping[0] == pytest.approx([1, 0], abs=1e-6)
    assert fit.boosted[0] == pytest.approx(JND, abs=1e-6)


def test_newton_ends_where_a_second_optimiser_does():
    plain, boosted = drawn(JND, 40, 1), drawn(boost(JND[None], MAPPING[None])[0], 40, 2)
    fit = fit_one(plain, boosted)

    def descent(point):
        d = np.append(0.0, point[:4])
        seen = (d, point[4] * d + point[5] * d**2)
        logs = (norm.logcdf((x - x[:, None]) / SIGMA) for x in seen)
        return -sum((votes * log).sum() for votes, log in zip((plain, boosted), logs, strict=True))

    found = minimize(descent, [0.2, 0.5, 1.0, 1.5, 2.0, 0.0], method="BFGS", options={"gtol": 1e-6}).x
    assert np.append(fit.jnd[0, 1:], fit.mapping[0]) == pytest.approx(found, abs=1e-4)


def test_slopes_and_curvatures_are_those_of_the_value():
    plain, boosted = drawn(JND, 40, 3), drawn(boost(JND[None], MAPPING[None])[0], 40, 4)
    objective, row, step = boost_objective(plain[None], boosted[None], SOURCES), np.zeros(6, dtype=int), 1e-5
    point = np.append(JND[1:] + 0.1, MAPPING)
    terms = objective(point[None], row[:1])
    up, down = (objective(point + sign * step * np.eye(6), row) for sign in (1, -1))
    assert (up.value - down.value) / (2 * step) == pytest.approx(terms.gradient[0], abs=1e-5)
    assert (up.gradient - down.gradient) / (2 * step) == pytest.approx(terms.hessian[0], abs=1e-4)


@pytest.mark.parametrize("mapping", [(2.2, -0.15), (1.5, 0.3), (1.0, 0.0)])
def test_the_mapping_back_undoes_the_mapping(mapping):
    there = boost(JND[None], np.array([mapping]))[0]
    assert plain_of(there, np.array(mapping)) == pytest.approx(JND, abs=1e-12)


def test_beyond_its_turn_a_mapping_has_no_plain_value():
    assert np.isnan(plain_of(np.array([9.0]), MAPPING)[0])  # h is at most 8.07


@pytest.fixture(scope="module")
def example():
    return scale_triplets(read_votes(PLAIN), read_votes(BOOSTED), method=Method(bootstraps=200))


def test_the_known_distortions_of_the_example_lie_in_their_intervals(example):
    (scale,) = example.scales
    truth = np.array([EXAMPLE_JND.get(name, 0.0) for name in scale.conditions])
    assert (scale.low <= truth).all()
    assert (scale.high >= truth).all()
    assert scale.linear.low < MAPPING[0] < scale.linear.high
    assert scale.agreement.p > 0.05
    assert scale.people == (12, 12)


def test_both_kinds_together_are_sharper_than_plain_votes_alone(example):
    (scale,) = example.scales
    alone = scale_triplets(read_votes(PLAIN), read_votes(PLAIN), method=Method(bootstraps=200)).scales[0]
    assert alone.jnd == pytest.approx(scale.plain_alone, abs=1e-6)
    assert (scale.high - scale.low).mean() < (alone.high - alone.low).mean()


def test_the_command_prints_what_the_files_hold(example, tmp_path):
    result = json.loads(run(PLAIN, BOOSTED, "--bootstraps", 60, "--csv", tmp_path / "s.csv", "--json"))
    (scene,) = result["scenes"].values()
    jnd = {row["condition"]: row["jnd"] for row in scene["scores"]}
    assert jnd["1-4"] == pytest.approx(example.scales[0].jnd[example.scales[0].conditions.index("1-4")])
    assert result["simulated"] is True
    assert scene["mapping"]["plain"].startswith("2 b / (")
    table = pd.read_csv(tmp_path / "s.csv")
    assert table["g1"].iloc[0] == pytest.approx(scene["mapping"]["g1"]["value"], abs=1e-6)
    assert len(pd.read_csv(io.StringIO(to_csv(example)))) == 9
    assert "boosted = g1 d + g2 d^2" in to_text(example)


def test_the_paragraph_and_the_table_for_a_paper_hold_the_numbers_of_the_scale(example, tmp_path):
    (scale,), table, paragraph = example.scales, to_latex(example), methods(example)
    worst = scale.conditions.index("1-4")
    cells = f"1-4 & {scale.jnd[worst]:.2f} & [{scale.low[worst]:.2f}, {scale.high[worst]:.2f}]"
    assert cells in table
    assert table.count(r"\\") == 1 + len(scale.conditions)
    for text in (f"g1 = {scale.linear.words}", "576 answers to plain views by 12 observers", "seed 0"):
        assert text in paragraph
    assert paragraph.startswith("SIMULATED OBSERVERS")
    printed = run(PLAIN, BOOSTED, "--bootstraps", 200, "--methods", "--latex", tmp_path / "t.tex")
    assert printed.strip() == paragraph.strip()
    assert (tmp_path / "t.tex").read_text() == table


def votes_of(counts, boosted=False):
    names = ["reference", *"abcd"]
    rows = [
        (f"o{k % 3}", names[i], names[j], "1")
        for i in range(5)
        for j in range(5)
        for k in range(int(counts[i, j]))
    ]
    return pd.DataFrame(rows, columns=["observer", "condition_A", "condition_B", "is_A_selected"])


def test_files_in_the_wrong_order_are_one_sentence():
    with pytest.raises(UplappError, match="swap them"):
        scale_triplets(read_votes(BOOSTED), read_votes(PLAIN), method=FAST)


def test_versions_without_a_fixed_distance_are_named():
    plain, boosted = np.round(expected(JND)), np.round(expected(JND))
    for counts in (plain, boosted):
        counts[4], counts[:4, 4] = 0, 9
    with pytest.raises(UplappError, match="how far d lie from the source"):
        scale_triplets(from_table(votes_of(plain)), from_table(votes_of(boosted)), method=FAST)


def test_files_of_other_scenes_are_one_sentence():
    votes = votes_of(np.round(expected(JND)))
    made = [from_table(votes.assign(scene=scene)) for scene in ("one", "two")]
    with pytest.raises(UplappError, match="share no scene: votes shows one, the other two"):
        scale_triplets(*made, method=FAST)
    either = [from_table(pd.concat([votes, votes.iloc[:9].assign(scene=x)]).fillna("")) for x in "ab"]
    found = scale_triplets(*either, method=FAST)
    assert [scale.scene for scale in found.scales] == [""]
    assert any("no scale of a, b, which only one of the two files shows" in said for said in found.warnings)


def test_a_source_that_is_not_there_is_one_sentence():
    votes = from_table(votes_of(np.round(expected(JND))))
    with pytest.raises(UnknownName, match="unknown source 'original'"):
        scale_triplets(votes, votes, "original", FAST)
