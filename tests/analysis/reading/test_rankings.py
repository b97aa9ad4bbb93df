"""Rankings, and best and worst, are read as votes on pairs."""

import choix
import numpy as np
import pandas as pd
import pytest

from tests.analysis import made
from uplapp.analysis.reading.rankings import to_votes
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.analysis.scoring import analyse
from uplapp.errors import BadVotes
from uplapp.values import Method

SCORES = np.array([1.2, 0.5, 0.0, -0.6, -1.1])
SIGMA = 1.4826
QUICK = Method("none", bootstraps=50)


def ranked(people=30, times=4, most=5, seed=0):
    """Rankings of `most` of five conditions by impressions around SCORES, and the same as indices."""
    rng = np.random.default_rng(seed)
    rows, orders = [], []
    for k in range(people):
        for _ in range(times):
            some = rng.permutation(5)[:most]
            impressions = SCORES[some] + SIGMA / 2**0.5 * rng.normal(size=most)
            order = some[np.argsort(-impressions)]
            orders.append(order.tolist())
            rows.append((f"o{k:02d}", " > ".join(f"c{i}" for i in order)))
    return pd.DataFrame(rows, columns=["observer", "ranking"]), orders


def read(folder, table):
    return read_votes(made.write(folder, table.to_csv(index=False), "rankings.csv"))


def test_a_ranking_is_a_vote_on_each_of_its_pairs_as_by_hand():
    table = pd.DataFrame([("anna", "s1", "c > a = b")], columns=["observer", "scene", "ranking"])
    votes, understood = to_votes(table, "file")
    rows = votes[["condition_A", "condition_B", "is_A_selected"]].to_numpy().tolist()
    assert rows == [["a", "b", 0.5], ["a", "c", 0.0], ["b", "c", 0.0]]
    assert set(votes["scene"]) == {"s1"}
    assert understood.startswith("1 rankings were read as 3 votes on pairs")


def test_best_and_worst_say_nothing_of_those_between_as_by_hand():
    table = pd.DataFrame(
        [("anna", "a | b | c | d", "d", "b")], columns=["observer", "items", "best", "worst"]
    )
    votes, _ = to_votes(table, "file")
    rows = {tuple(row) for row in votes[["condition_A", "condition_B", "is_A_selected"]].to_numpy()}
    assert rows == {("a", "b", 1.0), ("b", "c", 0.0), ("b", "d", 0.0), ("a", "d", 0.0), ("c", "d", 0.0)}


@pytest.mark.parametrize("most", [3, 5])
def test_rankings_of_known_scores_give_them_back(tmp_path, most):
    scores = analyse(count(read(tmp_path, ranked(40, 10, most)[0])), QUICK)
    assert scores.jod == pytest.approx(SCORES, abs=0.2)
    assert ((scores.low - 0.2 < SCORES) & (scores.high + 0.2 > SCORES)).all()


def test_scores_run_along_those_of_choix_from_whole_rankings(tmp_path):
    table, orders = ranked(40, 5)
    scores = analyse(count(read(tmp_path, table)), QUICK)
    assert np.corrcoef(scores.jod, choix.ilsr_rankings(5, orders))[0, 1] > 0.995


def test_what_was_understood_is_among_the_warnings_and_no_side_is(tmp_path):
    scores = analyse(count(read(tmp_path, ranked()[0])), QUICK)
    assert "were read as 1200 votes on pairs" in scores.warnings[0]
    assert abs(scores.side.jod) < 3 * scores.side.se


def test_order_of_conditions_within_a_tie_does_not_matter(tmp_path):
    one, other = (
        read(tmp_path, pd.DataFrame([("o", text)], columns=["observer", "ranking"]))
        for text in ("a = b > c", "b = a > c")
    )
    assert (count(one).wins == count(other).wins).all()


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("observer,ranking", "o,a", "line 2, column 'ranking': it needs two names or more"),
        ("observer,ranking", "o,a > > b", "line 2, column 'ranking': it needs two names or more"),
        ("observer,ranking", "o,a > b > a", "'a' stands there twice"),
        ("observer,items,best,worst", "o,a | b,c,b", "column 'best': 'c' is not one of a, b"),
        ("observer,items,best,worst", "o,a | b,a,a", "'a' is best and worst"),
        ("who,ranking", "o,a > b", "observer"),
    ],
)
def test_a_bad_ranking_is_one_sentence(tmp_path, header, row, words):
    with pytest.raises(BadVotes, match=words):
        read_votes(made.write(tmp_path, f"{header}\n{row}\n", "rankings.csv"))
