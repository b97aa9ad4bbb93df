"""What keeps its intervals where few votes hold a condition."""

from dataclasses import replace

import numpy as np
import pytest

from tests.analysis.made import study
from uplapp.analysis.scoring import analyse, ranks
from uplapp.analysis.scoring.bootstrap import Draws
from uplapp.analysis.scoring.firmness import firm_labels
from uplapp.errors import Cancelled
from uplapp.values import Comparisons, Method

METHOD = Method("none", bootstraps=200)


def hanging(votes=2):
    """Eight observers who find a, b and c alike, and prefer all of them to d but for a few `votes` for it."""
    made = study(np.zeros(3), 8, 8, seed=1)
    wins = np.zeros((8, 4, 4))
    wins[:, :3, :3] = made.wins
    wins[:, :3, 3] = 4
    for observer in range(votes):
        wins[observer, 2, 3], wins[observer, 3, 2] = 3, 1
    return Comparisons(tuple("abcd"), made.observers, wins)


def test_a_condition_that_two_votes_hold_costs_the_others_nothing():
    scores = analyse(hanging(), METHOD)
    assert np.isfinite(scores.jod).all()
    assert np.isfinite(scores.low).tolist() == [True, True, True, False]
    assert np.isfinite([pair.se for pair in scores.pairs]).tolist() == [True, True, False, True, False, False]
    assert "but within a, b, c" in scores.warnings[-1]
    assert scores.interval == "t"


@pytest.mark.parametrize("votes", [0, 1, 2, 8])
def test_the_intervals_of_a_firm_part_are_those_of_the_votes_inside_it(votes):
    made = hanging(votes)
    inside = analyse(Comparisons(tuple("abc"), made.observers, made.wins[:, :3, :3]), METHOD)
    pairs = {(pair.a, pair.b): pair.se for pair in analyse(made, METHOD).pairs}
    expected = [pair.se for pair in inside.pairs]
    assert [pairs[pair.a, pair.b] for pair in inside.pairs] == pytest.approx(expected, rel=0.15)


def answered():
    """The votes of `hanging` one by one, every other one with its pair turned round, and a few "not sure"."""
    made = hanging()
    answers = np.zeros((8, 3, 4, 4))
    turned = np.indices(made.wins.shape).sum(axis=0) % 2
    upright = np.floor((made.wins + turned) / 2)
    answers[:, 0], answers[:, 2] = upright, (made.wins - upright).swapaxes(1, 2)
    answers[:, 1, [0, 1, 2], [1, 2, 0]] = 1
    half = answers[:, 1] / 2
    wins = made.wins + half + half.swapaxes(1, 2)
    return Comparisons(made.conditions, made.observers, wins, answers=answers)


@pytest.mark.parametrize("options", [{"ties": "threshold"}, {"side_bias": True}])
def test_firm_parts_of_answers_have_intervals_and_errors_of_their_parameters(options):
    scores = analyse(answered(), replace(METHOD, **options))
    assert np.isfinite(scores.low).tolist() == [True, True, True, False]
    assert np.isfinite(scores.side.se if "side_bias" in options else scores.tie.se)
    plain = {(pair.a, pair.b): pair.se for pair in analyse(answered(), METHOD).pairs}
    for pair in scores.pairs:
        assert pair.se == pytest.approx(plain[pair.a, pair.b], rel=0.2, nan_ok=True)


def stops_after(calls):
    """A listener that a person stops after so many calls."""
    heard = []

    def watch(done, total):
        heard.append((done, total))
        if len(heard) > calls:
            raise Cancelled("stopped")

    return watch, heard


def test_whoever_watches_can_stop_firm_parts_and_score_tests():
    watch, heard = stops_after(np.inf)
    analyse(hanging(), METHOD, watch)
    beats = [place for place, (done, total) in enumerate(heard) if done == total - 1]
    assert len(beats) > 1
    for calls in (beats[0], beats[-1]):
        watch, _ = stops_after(calls)
        with pytest.raises(Cancelled, match="stopped"):
            analyse(hanging(), METHOD, watch)


def test_firm_labels_by_hand():
    ring = np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
    torn = np.array([[0.0, 1, 0], [1, 0, 1], [0, 0, 0]])  # c never won
    draws = Draws.of(np.stack([ring] * 9 + [torn]))
    assert firm_labels(draws, np.zeros(3, dtype=int), True).tolist() == [0, 0, 2]
    assert firm_labels(draws, np.zeros(3, dtype=int), False).tolist() == [0, 0, 0]


def test_a_firm_part_has_ranks_where_its_order_to_the_others_is_known():
    made = hanging()
    scores = analyse(made, METHOD)
    assert not len(scores.replicates)
    whole = ranks(scores)
    assert whole.best[3] == 0
    assert (whole.low[3], whole.high[3]) == (4, 4)  # d lost 94 of 96: below the others, how far is open
    leaders = scores.firm.scores[:, :3].argmax(axis=1)
    assert whole.best[:3] == pytest.approx(np.bincount(leaders, minlength=3) / len(leaders))
    assert whole.probability.sum(axis=1) == pytest.approx(np.ones(4))


def test_parts_whose_order_the_tests_leave_open_have_no_ranks():
    scores = analyse(hanging(), METHOD)
    unsure = tuple(replace(pair, significant=False) for pair in scores.pairs)
    assert np.isnan(ranks(replace(scores, pairs=unsure)).best).all()
