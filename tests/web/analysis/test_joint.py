"""A second file beside the votes of the page, on one scale with them."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.web.analysis.showing import FIELDS, upload, visible
from uplapp.analysis.reading.published import FOLDER
from uplapp.analysis.reading.votes import read_votes
from uplapp.analysis.writing.report import report
from uplapp.values import Method
from uplapp.web.analysis import analysis_tab, joint_view
from uplapp.web.analysis.source import UPLOAD, read
from uplapp.web.analysis.state import NO_VOTES, Analysed

FAST = Method(bootstraps=60)


def found(path):
    data = read_votes(Path(path))
    return Analysed("upload", data, report(data, FAST))


@pytest.mark.parametrize("files", joint_view.EXAMPLES.values(), ids=lambda files: files[1])
def test_a_second_file_gives_what_the_command_gives_and_files_to_download(files):
    said, listed, *others = joint_view.show(found(FOLDER / files[0]), str(FOLDER / files[1]), "", "")
    assert "were not found to disagree on one scale" in said
    assert visible(listed)
    of_triplets = "triplets" in files[0]
    assert [visible(one) for one in others] == [of_triplets, of_triplets, True, True]
    csv, json = (one["value"] for one in others[2:])
    table = pd.read_csv(csv)
    assert set(table["bootstraps"]) == {60}
    assert json.endswith(".json")


def test_whom_the_page_leaves_out_is_left_out_of_the_second_file_too():
    votes = found(FOLDER / "votes.csv")
    rater = str(pd.read_csv(FOLDER / "ratings.csv")["observer"].iloc[0])
    votes = replace(votes, exclude={rater: "tired"})
    whole = pd.read_csv(FOLDER / "ratings.csv")
    csv = joint_view.show(votes, str(FOLDER / "ratings.csv"), "", "")[4]["value"]
    table = pd.read_csv(csv)
    assert table["ratings"].sum() == (whole["observer"] != rater).sum()
    assert set(table["excluded"]) == {f"{rater}: tired"}


def test_what_has_no_common_scale_is_one_sentence(tmp_path):
    votes, ratings = found(upload(tmp_path)), str(FOLDER / "ratings.csv")
    assert "one file holds people and the other simulated" in joint_view.show(votes, ratings, "", "")[0]
    assert joint_view.show(votes, None, "", "")[0] == ""
    assert joint_view.show(None, ratings, "", "")[0] == NO_VOTES
    assert "matrix" in joint_view.show(analysis_tab.analyse_published(), ratings, "", "")[0]
    wrong = joint_view.show(
        found(FOLDER / "plain_triplets.csv"), str(FOLDER / "boosted_triplets.csv"), "", "original"
    )
    assert "unknown source" in wrong[0]
    assert not any(visible(one) for one in wrong[1:])


def marked(folder, name, **others):
    """A file of the examples with a column that marks every other row, and perhaps other names of columns."""
    table = pd.read_csv(FOLDER / name).rename(columns=others)
    table.assign(half=[place % 2 for place in range(len(table))]).to_csv(folder / name, index=False)
    return str(folder / name)


def second_of(fields, path):
    """The scale of the votes that these fields name with a second file."""
    data = read(fields, None)
    found = Analysed(UPLOAD, data, report(data, FAST))
    return pd.read_csv(joint_view.show(found, path, "", "", *fields)[4]["value"])


def test_rows_that_count_and_names_of_columns_hold_for_both_files(tmp_path):
    votes = marked(tmp_path, "votes.csv", observer="who")
    ratings = marked(tmp_path, "ratings.csv")
    fields = FIELDS._replace(source=UPLOAD, upload=votes, simulated=True, observer=["who"])
    whole = second_of(fields, ratings)
    half = second_of(fields._replace(where="half=0"), ratings)
    unmarked = second_of(fields._replace(where="half=0"), str(FOLDER / "ratings.csv"))
    assert half["ratings"].sum() == whole["ratings"].sum() / 2
    assert unmarked["ratings"].sum() == whole["ratings"].sum()  # it has no such column
    named = marked(tmp_path, "ratings.csv", observer="who")
    said = joint_view.show(found(FOLDER / "votes.csv"), named, "", "", *fields)[0]
    assert "no column 'observer'" in said  # ratings have no fields of their own: it is asked about
