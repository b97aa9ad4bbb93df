"""Triplets of JPEG AIC-3, read as votes for the less distorted version."""

import pytest

from tests.analysis.made import write
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.errors import BadVotes, OtherNames

HEAD = (
    "worker,method,img_num,codec_left,codec_pivot,codec_right,"
    "dlevel_left,dlevel_pivot,dlevel_right,is_trap,response"
)
ROWS = [
    "7,BTC,2,6,0,6,3,0,1,0,left",
    "7,BTC,2,1,0,6,2,0,4,0,right",
    "8,BTC,2,0,0,6,0,0,4,0,Not sure",
    "8,BTC,2,0,0,6,0,0,10,1,left",
    "8,BTC,2,6,0,6,3,0,4,0,skip",
    "8,BTC,2,6,0,6,3,0,3,0,left",
]


def read(folder, *rows, head=HEAD):
    return read_votes(write(folder, "\n".join([head, *rows]) + "\n"))


def test_the_more_distorted_side_loses(tmp_path):
    votes = read(tmp_path, *ROWS)
    table = votes.table[["observer", "scene", "condition_A", "condition_B", "is_A_selected", "kind"]].astype(
        str
    )
    assert table.to_numpy().tolist() == [
        ["7", "2", "6-3", "6-1", "0.0", "main"],
        ["7", "2", "1-2", "6-4", "1.0", "main"],
        ["8", "2", "reference", "6-4", "0.5", "main"],
        ["8", "2", "reference", "6-10", "0.0", "catch"],
    ]


def test_what_is_left_out_and_boosted_is_said(tmp_path):
    notes = " ".join(count(read(tmp_path, *ROWS)).notes)
    assert "1 triplet is left out, without an answer" in notes
    assert "1 triplet is left out, with one version on both sides" in notes
    assert "BOOSTED views (zoom, amplification and flicker" in notes


def test_plain_triplets_are_not_called_boosted(tmp_path):
    notes = " ".join(count(read(tmp_path, *(row.replace("BTC", "PTC") for row in ROWS))).notes)
    assert "BOOSTED" not in notes


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("7,BTC,2,6,0,6,3,0,1,0,both", "line 2, column 'response': 'both' is not left, right"),
        ("7,BTC,2,6,6,6,3,2,1,0,left", "line 2, column 'dlevel_pivot'.*source in the middle"),
    ],
)
def test_other_triplets_are_one_sentence(tmp_path, row, words):
    with pytest.raises(BadVotes, match=words):
        read(tmp_path, row)


def test_a_file_of_votes_with_such_columns_is_read_as_votes(tmp_path):
    head = HEAD.replace("worker", "observer").replace("img_num", "scene")
    with pytest.raises(OtherNames, match="condition_A"):
        read(tmp_path, ROWS[0], head=head)
