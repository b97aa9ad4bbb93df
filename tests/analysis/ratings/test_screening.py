"""What stands beside each observer of ratings, and who is looked at."""

import numpy as np
import pandas as pd
import pytest

from tests.analysis import rated
from tests.analysis.rated import BY_HAND
from uplapp.analysis.ratings.screening import screen
from uplapp.analysis.reading.ratings import from_table


def rows(table):
    return screen(from_table(table)).set_index("observer")


def test_a_small_table_is_screened_as_by_hand():
    table = rows(BY_HAND)
    # anna: a river (4 + 2) / 2 = 3, bridge 5; b 2, 1; reference 5. bob: 3, 3, 2, 2, 4.
    assert table["images"].to_dict() == {"anna": 5, "bob": 5}
    assert table["bias"].to_dict() == pytest.approx({"anna": 0.4, "bob": -0.4})
    assert table.loc["anna", ["repeats_shown", "repeats_same", "repeats_apart"]].to_list() == [1, 0.0, 2.0]
    assert table["reference_shown"].to_dict() == {"anna": 1, "bob": 1}
    assert table["reference_below"].to_dict() == {"anna": 0.0, "bob": 0.0}
    assert "repeats 2.0 steps apart" in table.loc["anna", "looks"]


def test_what_is_not_recorded_is_unknown():
    listing = rows(rated.table(rated.draw(3, 2, 0)))
    assert listing[["repeats_same", "reference_below", "median_s"]].isna().all(axis=None)
    assert (listing[["repeats_shown", "reference_shown"]] == 0).all(axis=None)


@pytest.mark.parametrize("seed", range(4))
def test_an_observer_who_answers_anything_is_looked_at_and_others_are_not(seed):
    ratings = rated.draw(10, 12, seed)
    ratings[2] = np.random.default_rng(seed).integers(1, 6, ratings[2].shape)
    listing = rows(rated.table(ratings))
    assert listing.loc["o02", "looks"].startswith("agreement with the others")
    assert (listing["looks"].drop("o02") == "").all()


def test_an_observer_who_gives_one_rating_throughout_is_looked_at():
    ratings = rated.draw(5, 3, 1)
    ratings[1] = 3
    listing = rows(rated.table(ratings))
    assert listing.loc["o01", "looks"] == "the same rating throughout"
    assert np.isnan(listing.loc["o01", "agreement"])


def test_an_observer_who_rates_the_hidden_reference_low_is_looked_at():
    table = rated.table(rated.draw(4, 3, 1)).assign(kind="main")
    hidden = table[table["condition"] == "a"].assign(condition="reference", kind="catch", rating=5.0)
    hidden.loc[hidden["observer"] == "o03", "rating"] = 1.0
    listing = rows(pd.concat([table, hidden], ignore_index=True))
    assert listing["reference_below"].drop("o03").max() == 0
    assert listing.loc["o03", "reference_below"] > 0.5
    assert "reference below" in listing.loc["o03", "looks"]


def test_the_pace_is_the_median_of_the_images():
    table = rated.table(rated.draw(2, 3, 1)).assign(response_ms=[1000.0] * 9 + [4000.0] * 9)
    assert rows(table)["median_s"].to_dict() == {"o00": 1.0, "o01": 4.0}
