"""Whom BT.500 and P.913 leave out: by hand, beside plain loops, on simulated raters."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis import rated
from uplapp.analysis.ratings.norms import dropouts, norms
from uplapp.analysis.reading.ratings import from_table
from uplapp.errors import UnknownName


def table(ratings):
    rows = [(f"o{k:02d}", f"c{e % 5}", f"s{e // 5}", value) for (k, e), value in np.ndenumerate(ratings)]
    return pd.DataFrame(rows, columns=["observer", "condition", "scene", "rating"])


def drawn(observers=12, images=20, seed=0):
    rng = np.random.default_rng(seed)
    scores = np.repeat(np.linspace(1.2, 4.8, 5)[None], images // 5, axis=0).ravel()
    noise = rng.uniform(0.2, 0.9, observers)[:, None] * rng.normal(size=(observers, images))
    return np.clip(np.rint(scores + noise), 1, 5)


def slow_bt500(ratings):
    """Far ratings above and below, as the recommendation goes: image by image, rating by rating."""
    above, below = np.zeros(len(ratings)), np.zeros(len(ratings))
    for image in ratings.T:
        kurtosis = stats.kurtosis(image, fisher=False)
        limit = (2 if 2 <= kurtosis <= 4 else 20**0.5) * image.std(ddof=1)
        for observer, rating in enumerate(image):
            if image.std() > 0:
                above[observer] += rating >= image.mean() + limit
                below[observer] += rating <= image.mean() - limit
    return above, below


@pytest.mark.parametrize("seed", range(3))
def test_far_ratings_are_those_of_a_plain_loop(seed):
    ratings = drawn(seed=seed)
    ratings[0] = np.random.default_rng(seed).integers(1, 6, ratings.shape[1])
    found = norms(from_table(table(ratings)), "rating")
    above, below = slow_bt500(ratings)
    assert found["bt500_far"].to_numpy() == pytest.approx((above + below) / ratings.shape[1])
    some = above + below > 0
    lean = np.abs(above - below)[some] / (above + below)[some]
    assert found["bt500_lean"].to_numpy()[some] == pytest.approx(lean)


def test_correlations_are_those_of_numpy():
    ratings = drawn(seed=4)
    found = norms(from_table(table(ratings)), "rating")
    by_image = [np.corrcoef(row, ratings.mean(axis=0))[0, 1] for row in ratings]
    conditions = ratings.reshape(12, 4, 5).mean(axis=1)
    by_condition = [np.corrcoef(row, conditions.mean(axis=0))[0, 1] for row in conditions]
    assert found["p913_images"].to_numpy() == pytest.approx(by_image)
    assert found["p913_conditions"].to_numpy() == pytest.approx(by_condition)


def test_one_far_rating_each_way_of_ten_images_is_out_as_by_hand():
    # Nine agree but for one step each way; the tenth rates one image far above, one far below.
    others = np.tile([[2.0], [3.0], [4.0]], (3, 10))
    last = np.full((1, 10), 3.0)
    last[0, 0], last[0, 1] = 6.0, 0.0
    found = norms(from_table(table(np.vstack([others, last]))), "rating")
    # of these ten ratings: sd 1.25, kurtosis 3.5, so 2 sd = 2.5 above the mean of 3.3
    assert found.loc["o09", "bt500_far"] == 0.2
    assert found.loc["o09", "bt500_lean"] == 0
    assert found["bt500_out"].to_list() == [False] * 9 + [True]


@pytest.mark.parametrize("screening", ["bt500", "p913"])
def test_a_rater_who_answers_anything_is_out_and_others_stay(screening):
    ratings = drawn(16, 60, seed=2)
    ratings[3] = np.random.default_rng(1).integers(1, 6, 60)
    (out,) = dropouts(from_table(table(ratings)), screening)
    assert out.observer == "o03"
    assert out.reason.startswith(screening.upper().replace("BT", "BT.").replace("P9", "P.9"))


def test_where_everybody_would_be_out_nobody_is():
    ratings = np.random.default_rng(1).integers(1, 6, (30, 60)).astype(float)
    found = norms(from_table(table(ratings)), "rating")
    assert found["p913_out"].all()
    assert dropouts(from_table(table(ratings)), "p913") == ()


def test_the_reason_names_the_criterion():
    ratings = drawn(16, 60, seed=2)
    ratings[3] = np.random.default_rng(1).integers(1, 6, 60)
    both = pd.concat(
        [table(drawn(16, 60)).assign(criterion="sharp"), table(ratings).assign(criterion="noise")]
    )
    (out,) = dropouts(from_table(both.reset_index(drop=True)), "p913")
    assert out.reason.endswith("on noise")


def test_no_correlation_with_two_conditions():
    found = norms(from_table(rated.table(rated.draw(6, 4, 0)[:, :2])), "quality")
    assert found["p913_conditions"].isna().all()
    assert not found["p913_out"].any()


def test_an_unknown_screening_is_refused():
    with pytest.raises(UnknownName, match="screening"):
        dropouts(from_table(table(drawn())), "bt501")
