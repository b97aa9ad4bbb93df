"""Votes and ratings on one scale: by hand, beside a slow fit, recovered from simulated studies."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime, minimize
from scipy.stats import norm

from tests.analysis import both, made
from tests.calling import printer
from uplapp.analysis.alternatives.scale import unify
from uplapp.analysis.alternatives.unified import Marks, unified_objective
from uplapp.analysis.reading import ratings as rated
from uplapp.analysis.reading import votes as voted
from uplapp.commands.scales.unify import unify as command
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Method

QUICK = Method("none", bootstraps=60)
ONE = np.zeros(1, dtype=int)

run = printer(command)


def scale(votes, ratings, method=QUICK, criterion=""):
    return unify(voted.count(voted.from_table(votes)), rated.from_table(ratings), criterion, method)


def arrays(votes, ratings):
    names = sorted(set(ratings["condition"]))
    wins = np.zeros((len(names), len(names)))
    for row in votes.itertuples():
        a, b = names.index(row.condition_A), names.index(row.condition_B)
        wins[(a, b) if row.is_A_selected else (b, a)] += 1
    sums = [ratings["rating"].pow(p).groupby(ratings["condition"]).sum().to_numpy() for p in range(3)]
    return wins, Marks(*(part[None].astype(float) for part in sums))


def test_two_conditions_as_by_hand():
    # 75 of 100 votes are one JOD; mean ratings 4 and 3 with an sd of 1: one step per JOD
    votes = pd.DataFrame(
        [(f"v{k}", "x", "y", int(k < 75)) for k in range(100)],
        columns=["observer", "condition_A", "condition_B", "is_A_selected"],
    )
    ratings = pd.DataFrame(
        [("p", "x", 3), ("q", "x", 5), ("p", "y", 2), ("q", "y", 4)],
        columns=["observer", "condition", "rating"],
    )
    found = scale(votes, ratings)
    assert found.jod == pytest.approx([0.5, -0.5], abs=1e-4)
    assert (found.steps.value, found.zero.value) == pytest.approx((1, 3.5), abs=1e-4)
    assert found.noise.value == pytest.approx(2**0.5 / both.SIGMA, abs=1e-4)
    assert np.isnan(found.agreement.p)  # two conditions always agree


def test_derivatives_are_those_of_the_value():
    counts, marks = arrays(both.votes(), both.ratings())
    objective = unified_objective(counts[None], marks)
    point = np.array([*both.SCORES, both.STEPS, both.ZERO, 0.2]) + 0.1

    def value(x):
        return objective(x[None], ONE).value[0]

    terms = objective(point[None], ONE)
    assert terms.gradient[0] == pytest.approx(approx_fprime(point, value, 1e-7), abs=1e-3)
    rows = [
        approx_fprime(point, lambda x, i=i: objective(x[None], ONE).gradient[0, i], 1e-7)
        for i in range(point.size)
    ]
    assert terms.hessian[0] == pytest.approx(np.array(rows), abs=1e-2)


@pytest.mark.parametrize("seed", range(2))
def test_the_optimum_is_that_of_a_slow_fit(seed):
    votes, ratings = both.votes(seed=seed), both.ratings(seed=seed)
    counts, _ = arrays(votes, ratings)
    place = ratings["condition"].str[1:].astype(int).to_numpy()

    def negative(x):
        q, a, b, sd = x[:6], x[6], x[7], np.exp(x[8])
        on_votes = (counts * norm.logcdf((q[:, None] - q) / both.SIGMA)).sum()
        return q.mean() ** 2 - on_votes - norm.logpdf(ratings["rating"], a * q[place] + b, sd).sum()

    slow = minimize(negative, [*both.SCORES, 1, 3, 0], method="BFGS", options={"gtol": 1e-6}).x
    found = scale(votes, ratings)
    assert found.jod == pytest.approx(slow[:6] - slow[:6].mean(), abs=1e-4)
    assert found.steps.value == pytest.approx(slow[6], abs=1e-4)
    noise = np.exp(slow[8]) / slow[6] / both.SIGMA * 2**0.5
    assert found.noise.value == pytest.approx(noise, abs=1e-4)


def test_known_scores_come_back():
    found = scale(both.votes(40, 4), both.ratings(40, 4))
    assert found.jod == pytest.approx(both.SCORES, abs=0.12)
    assert found.steps.low < both.STEPS < found.steps.high
    assert found.zero.low < both.ZERO < found.zero.high
    assert found.noise.low < both.NOISE < found.noise.high
    assert found.agreement.p > 0.05
    assert found.warnings == ()


def test_ratings_join_groups_that_no_vote_connects():
    pairs = [(1, 0), (2, 0), (2, 1), (4, 3), (5, 3), (5, 4)]
    found = scale(both.votes(40, 4, pairs=pairs), both.ratings(40, 4))
    assert found.jod == pytest.approx(both.SCORES, abs=0.3)
    assert np.isnan(found.from_votes).sum() == 3


def test_conditions_with_votes_or_ratings_alone_have_their_place():
    votes = both.votes(40, 4, scores=both.SCORES[:5])
    found = scale(votes, both.ratings(40, 4, names=["c0", "c2", "c3", "c5"]))
    assert found.jod == pytest.approx(both.SCORES, abs=0.25)
    assert np.isnan(found.from_ratings).tolist() == [False, True, False, False, True, False]
    assert found.votes[5] == 0


def test_both_together_are_surer_than_either():
    votes, ratings = both.votes(20), both.ratings(20)
    method = Method("none", bootstraps=400)
    together = scale(votes, ratings, method)
    few = scale(votes, both.ratings(20, names=["c0", "c5"]), method)
    width, width_of_votes = (np.mean((found.high - found.low)[1:5]) for found in (together, few))
    assert width < width_of_votes


class TestProperties:
    def test_another_rating_scale_moves_no_score(self):
        votes, ratings = both.votes(), both.ratings()
        plain = scale(votes, ratings)
        other = scale(votes, ratings.assign(rating=3 - 10 * ratings["rating"]))
        assert other.jod == pytest.approx(plain.jod, abs=1e-6)
        assert other.low == pytest.approx(plain.low, abs=1e-6)
        assert other.steps.value == pytest.approx(-10 * plain.steps.value, abs=1e-5)
        assert other.noise.value == pytest.approx(plain.noise.value, abs=1e-6)
        assert "is a low rating the better one" in " ".join(other.warnings)

    def test_the_order_of_rows_does_not_matter(self):
        votes, ratings = both.votes(), both.ratings()
        mixed = scale(votes.sample(frac=1, random_state=1), ratings.sample(frac=1, random_state=2))
        plain = scale(votes, ratings)
        assert mixed.jod == pytest.approx(plain.jod, abs=1e-9)
        assert mixed.high == pytest.approx(plain.high, abs=1e-9)


def test_ratings_that_say_otherwise_are_told():
    found = scale(both.votes(20, 4), both.ratings(20, 4, scores=both.SCORES[[0, 1, 5, 3, 4, 2]]))
    assert found.agreement.p < 0.001
    assert "do not agree on one scale" in " ".join(found.warnings)


def test_observers_of_both_are_drawn_as_one_person():
    ratings = both.ratings()
    same = ratings.assign(observer=ratings["observer"].str.replace("r", "v"))
    assert scale(both.votes(), ratings).people == (12, 12, 0)
    assert scale(both.votes(), same).people == (0, 0, 12)


@pytest.mark.parametrize(
    ("votes", "ratings", "words"),
    [
        (both.votes(), both.ratings(names=["c1"]), "share fewer than 2 conditions"),
        (both.votes().assign(is_A_selected=1), both.ratings(), "no finite JOD scale"),
        (both.votes(scores=[-1, 0, 9]), both.ratings(names=["c0", "c1"]), "nothing fixes how far c2"),
        (both.votes().assign(simulated=1), both.ratings(), "never pooled"),
    ],
)
def test_what_has_no_common_scale_is_one_sentence(votes, ratings, words):
    with pytest.raises(UplappError, match=words):
        scale(votes, ratings)


def test_several_criteria_need_a_choice():
    ratings = pd.concat([both.ratings().assign(criterion=name) for name in ("sharp", "noise")])
    ratings = ratings.reset_index(drop=True)
    with pytest.raises(UplappError, match="name one: sharp, noise"):
        scale(both.votes(), ratings)
    with pytest.raises(UnknownName, match="criterion"):
        scale(both.votes(), ratings, criterion="colour")
    assert scale(both.votes(), ratings, criterion="noise").criterion == "noise"


class TestOnTheCommandLine:
    @pytest.fixture
    def files(self, tmp_path):
        votes = made.write(tmp_path, both.votes().to_csv(index=False), "both_votes.csv")
        return votes, made.write(tmp_path, both.ratings().to_csv(index=False), "ratings.csv")

    def test_text_json_and_csv_say_the_same(self, files, tmp_path):
        text = run(*files, "--bootstraps", 40, "--csv", tmp_path / "out.csv")
        output = json.loads(run(*files, "--bootstraps", 40, "--json"), parse_constant=pytest.fail)
        table = pd.read_csv(tmp_path / "out.csv")
        assert "Intervals speak of other observers, these stimuli." in text
        assert "one JOD is" in text
        assert [row["condition"] for row in output["scores"]] == table["condition"].to_list()
        assert [row["jod"] for row in output["scores"]] == pytest.approx(table["jod"].to_list(), abs=1e-6)
        assert output["observers"] == {"votes": 12, "ratings": 12, "both": 0}
        assert set(table["scope"]) == {"other observers, these stimuli"}

    def test_options_of_rows_count_for_both_files(self, tmp_path):
        ratings, votes = both.ratings(), both.votes()
        noisy = ratings.assign(lab="q", rating="NA")
        parts = pd.concat([ratings.assign(lab="p"), ratings.assign(lab="p", rating="NA"), noisy])
        parts = parts.assign(observer=[f"{who}-{n}" for n, who in enumerate(parts["observer"])])
        table = "A study of 2026\n\n" + parts.to_csv(index=False)
        files = (
            made.write(tmp_path, "Votes of 2026\n\n" + votes.assign(trap=0).to_csv(index=False), "v.csv"),
            made.write(tmp_path, table, "r.csv"),
        )
        words = ["--where", "lab=p", "--where", "trap=0", "--drop", "NA", "--header", 3]
        output = json.loads(run(*files, *words, "--bootstraps", 40, "--json"))
        assert output["observers"] == {"votes": 12, "ratings": len(ratings), "both": 0}
        for option in (["--where", "cage=1"], ["--ignore", "cage"]):
            with pytest.raises(UplappError, match=r"v\.csv has no column 'cage'"):
                run(*files, *words, *option)

    def test_an_observer_of_either_file_can_be_left_out(self, files):
        words = ["--exclude", "v03=asleep", "--exclude", "r01=late", "--bootstraps", 40, "--json"]
        output = json.loads(run(*files, *words))
        assert output["observers"] == {"votes": 11, "ratings": 11, "both": 0}
        assert [row["reason"] for row in output["excluded"]] == ["asleep", "late"]
        with pytest.raises(UnknownName, match="zoe"):
            run(*files, "--exclude", "zoe=late")
