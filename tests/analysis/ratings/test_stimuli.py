"""Tables of images and raters, beside published values of real studies."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis import rated
from tests.analysis.rated import BY_HAND
from tests.analysis.real import data_file
from uplapp.analysis.ratings.stimuli import condition_scores, image_table, model_row, rater_model, rater_table
from uplapp.analysis.reading.ratings import from_table, read_ratings
from uplapp.errors import BadVotes

NFLX = "pairwise/nflx_public_raw.csv"  # 26 observers, 79 clips
AVT, AVT_PUBLISHED = "pairwise/avt_ai_images_2022_ratings.csv", "pairwise/avt_ai_images_2022_published.csv"


def by_image(table):
    return table.set_index(["condition", "scene"])


def test_images_that_a_person_can_compute_by_hand():
    ratings = from_table(BY_HAND)
    table = by_image(image_table(ratings, rater_model(ratings, "rating")))
    # a in the river: anna 4 and 2, bob 3; apart from their references 5 and 4 by -2 and -1
    river = table.loc[("a", "river")]
    assert (river["mos"], river["sd"], river["ratings"]) == (3, 1, 3)
    assert (river["dmos"], river["dmos_top"]) == (5 - 1.5, 5)
    assert river["dmos_se"] == pytest.approx(0.5)
    assert table.loc[("reference", "river"), "dmos"] == 5
    assert np.isnan(table.loc[("a", "bridge"), "dmos"])
    assert table["score"].isna().all()  # two observers


def test_the_last_step_of_the_scale_moves_the_dmos():
    ratings = from_table(BY_HAND)
    model = rater_model(ratings, "rating")
    moved = image_table(ratings, model, 10.0)["dmos"] - image_table(ratings, model)["dmos"]
    assert set(moved.dropna()) == {5.0}


def test_scores_of_conditions_are_means_of_their_images():
    ratings = from_table(rated.table(rated.draw(9, 4, 1)))
    model = rater_model(ratings, "quality")
    table = condition_scores(model).set_index("condition")
    images = image_table(ratings, model).groupby("condition")["score"].mean()
    assert table["score"].to_dict() == pytest.approx(images.to_dict())
    assert ((table["score_low"] < table["score"]) & (table["score"] < table["score_high"])).all()


def test_a_form_of_names_is_one_reference():
    table = rated.table(rated.draw(4, 2, 0))
    own = table.assign(condition=table["condition"].where(table["condition"] != "c", table["scene"] + "_raw"))
    ratings = from_table(own, reference="*_raw")
    assert ratings.reference == "reference"
    assert set(ratings.table["condition"]) == {"a", "b", "reference"}
    with pytest.raises(BadVotes, match="no condition of ratings has the form"):
        from_table(own, reference="*.png")
    with pytest.raises(BadVotes, match="more than one condition of scene"):
        from_table(own, reference="*")


@pytest.fixture(scope="module")
def nflx():
    return read_ratings(
        data_file(NFLX), columns="condition=file,scene=content,rating=score", reference="*fps*"
    )


class TestSureal:
    """Values of sureal's own tests (Netflix/sureal, test/subjective_model_test.py)."""

    def test_mean_ratings(self, nflx):
        table = image_table(nflx, rater_model(nflx, "rating"), 5.0)
        assert table["mos"].mean() == pytest.approx(3.544790652, abs=1e-8)
        assert table["se"].mean() == pytest.approx(0.1298664, abs=1e-7)
        assert table["sd"].mean() == pytest.approx(0.6621911699, abs=1e-8)
        assert table["dmos"].mean() == pytest.approx(3.7731256086, abs=1e-8)

    def test_likelihood_and_criteria_of_mean_ratings(self, nflx):
        row = model_row(rater_model(nflx, "rating"))
        assert row["mos_log_likelihood"] == pytest.approx(-0.9384709649, abs=1e-8)
        assert row["mos_aic"] == pytest.approx(2.0307880837, abs=1e-8)
        assert row["mos_bic"] == pytest.approx(2.4636761137, abs=1e-8)

    def test_bias_and_inconsistency(self, nflx):
        model = rater_model(nflx, "rating", "ml")
        raters = rater_table(nflx, model)
        assert model.fit.scores.sum() == pytest.approx(280.0384615, abs=1e-6)
        assert model.fit.scores.var() == pytest.approx(1.4355485, abs=1e-6)
        assert raters["rater_bias"].var(ddof=0) == pytest.approx(0.0890325856, abs=1e-7)
        assert raters["inconsistency"].sum() == pytest.approx(15.68176616, abs=1e-6)
        assert raters["inconsistency"].var(ddof=0) == pytest.approx(0.0125655848, abs=1e-7)
        assert raters["rater_bias_se"].sum() == pytest.approx(1.764336537, abs=1e-6)
        assert raters["inconsistency_se"].sum() == pytest.approx(1.247574329, abs=1e-6)

    def test_criteria_of_the_model_but_for_the_mean_bias_that_is_fixed(self, nflx):
        row = model_row(rater_model(nflx, "rating"))
        assert row["raters_log_likelihood"] == pytest.approx(-0.8967394356, abs=1e-8)
        assert row["raters_aic"] == pytest.approx(1.9210348595 - 2 / 2054, abs=1e-8)
        assert row["raters_bic"] == pytest.approx(2.2799483528 - np.log(2054) / 2054, abs=1e-8)


def test_means_of_the_study_of_generated_images_are_those_published():
    table = pd.read_csv(data_file(AVT))
    table = table[table["finished"] == 1].rename(columns={"image": "condition", "question": "criterion"})
    ratings = from_table(table)
    published = pd.read_csv(data_file(AVT_PUBLISHED)).set_index("image_key")
    names = {"image_appeal": "appeal", "realism": "realism", "prompt_matching": "prompt_matching"}
    for criterion, name in names.items():
        found = image_table(ratings, rater_model(ratings, criterion)).set_index("condition")
        expected = published.loc[found.index, f"{name}_mean"]
        assert np.abs(found["mos"] - expected).max() < 1e-12
