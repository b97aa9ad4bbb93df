import numpy as np
import pytest

from tests.study.rated import QUALITY, definition, open_grading
from tests.study.tiny import NOW
from uplapp.errors import UnknownName
from uplapp.study.answers import rating
from uplapp.study.exports import ratings
from uplapp.study.simulation import observers, raters
from uplapp.study.store.store import Store
from uplapp.values import REFERENCE, Trial

GRADE = {"name": "grade", "question": "Grade?", "scale": "grade3"}


def values(condition, score, bias=0.0, draws=2000, criteria=(QUALITY,)):
    """Ratings (draws, criteria) of one image."""
    rng, study = np.random.default_rng(3), definition(criteria=criteria)
    trial = Trial(0, "main", "chelsea", condition, REFERENCE)
    given = [raters.rate(study, trial, {"l1": score}, bias, rng).ratings for _ in range(draws)]
    return np.array([[value for _, value in ratings] for ratings in given])


def test_ratings_scatter_around_the_latent_score():
    assert values("l1", 3.0).mean() == pytest.approx(3.0, abs=0.05)  # 4 sd of 2000 draws
    assert values("l1", 3.0, bias=-1.0).mean() == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("score", [-3.0, 9.0])
def test_no_rating_leaves_the_scale(score):
    assert set(values("l1", score).ravel()) == {1 if score < 0 else 5}


def test_a_score_lies_at_the_same_place_of_every_scale():
    both = values("l1", 3.0, criteria=(QUALITY, GRADE)).mean(axis=0)
    assert both == pytest.approx([3.0, 1.5], abs=0.06)


def test_the_hidden_reference_is_rated_highest():
    assert values(REFERENCE, 3.0).mean() > 4.5


def test_even_scores_fall_from_the_first_condition_within_the_scale():
    study = definition()
    scores = list(observers.even_scores(study).values())
    assert scores == sorted(scores, reverse=True)
    scale = rating.values(rating.criteria(study, "en")[0])
    assert np.mean(scores) == pytest.approx(3.0)
    assert scale[0] < min(scores) < max(scores) < scale[-1]


def test_simulated_raters_are_marked_and_never_among_people(store, tmp_path):
    study = open_grading(store, tmp_path / "grading")
    observers.simulate(store, study, observers.even_scores(study.definition), 2, 0, NOW, spread=0.2)
    assert ratings.ratings(store, study.id).empty
    table = ratings.ratings(store, study.id, simulated=True)
    assert table["simulated"].all()
    assert table["kind"].value_counts().to_dict() == {
        kind: 2 * 3 * count for kind, count in {"main": 16, "catch": 4, "repeat": 4, "practice": 2}.items()
    }


def test_the_same_seed_gives_the_same_ratings(tmp_path):
    tables = []
    for name in "ab":
        store = Store(tmp_path / name / "answers.db")
        study = open_grading(store, tmp_path / name / "grading")
        observers.simulate(store, study, observers.even_scores(study.definition), 2, 11, NOW, spread=0.3)
        table = ratings.ratings(store, study.id, simulated=True)
        tables.append(table.groupby(["scene", "condition", "criterion", "kind"])["rating"].sum())
        store.close()
    assert tables[0].equals(tables[1])


def test_scores_without_a_condition_are_refused(store, tmp_path):
    study = open_grading(store, tmp_path / "grading")
    with pytest.raises(UnknownName, match="'flip'"):
        observers.simulate(store, study, {"l1": 2.0, "l2": 1.0, "ms_ssim": 1.0}, 1, 0, NOW)
