"""Spoiled files of answers: a result, a question or one sentence, whatever was done to them."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uplapp.analysis.reading.layouts.columns import parse_columns
from uplapp.analysis.reading.matrices import read_matrix
from uplapp.analysis.reading.metric_table import read_metrics
from uplapp.analysis.reading.ratings import read_ratings
from uplapp.analysis.reading.votes import count, read_votes
from uplapp.errors import UplappError

EXAMPLES = 20  # of each kind, 200 and more of all
VOTES = {
    "votes": "observer,condition_A,condition_B,is_A_selected,scene,kind\na,x,y,1,s,main\nb,y,z,0.5,t,main\n",
    "winner and loser": "observer,winner,loser,trial\na,x,y,1\nb,y,z,2\na,x,y,1\n",
    "the chosen": "observer;condition_A;condition_B;winner\na;x;y;x\nb;y;z;z\n",
    "counts": "condition_A\tcondition_B\twin1\twin2\nx\ty\t3,5\t4,5\ny\tz\t2,5\t0,5\n",
    "one column per pair": "observer,x vs y,y vs z\na,1,1\nb,0,\n",
    "Qualtrics": 'Id,x vs y\n"Which\none?",Q\n"{""ImportId"":""a""}","{""ImportId"":""b""}"\nR,1\n',
    "rankings": "sep=;\nobserver;ranking\na;x > y = z\nb;z > x\n",
    "best and worst": "observer,items,best,worst\na,x | y | z,x,z\n",
    "triplets": "worker,img_num,codec_left,dlevel_left,codec_right,dlevel_right,response\n1,2,0,0,6,3,left\n",
}
OTHERS = {
    "ratings": ("observer,condition,rating\na,x,3\nb,y,4.5\n", read_ratings),
    "metrics": ("condition,psnr,lpips:lower\nx,30.1,0.2\ny,28,0.31\n", read_metrics),
    "matrix": (",x,y\nx,0,3\ny,4,0\n", lambda path: read_matrix(path, "row")),
}
KINDS = {name: (text, lambda path: count(read_votes(path))) for name, text in VOTES.items()} | OTHERS
PIECES = [*",;\t\n\r\"'={\0é", "\ufeff", "e\u0301", "1,000", "nan", "-1", "9e999"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("cut", "insert", "twice", "byte")),
        st.integers(0, 200),
        st.integers(1, 30),
        st.sampled_from(PIECES),
    ),
    min_size=1,
    max_size=4,
)


def spoil(data, steps):
    """Cut pieces out, put others in, repeat some, and change bytes."""
    for what, place, size, piece in steps:
        at = place % (len(data) + 1)
        if what == "cut":
            data = data[:at] + data[at + size :]
        elif what == "insert":
            data = data[:at] + piece.encode() + data[at:]
        elif what == "twice":
            data = data[:at] + data[max(0, at - size) :]
        else:
            data = data[:at] + bytes([size * 8 % 256]) + data[at + 1 :]
    return data


def read_or_refuse(reader, path):
    """Read a file, or check that what is said of it is one sentence."""
    said = "nothing"
    try:
        reader(path)
    except UplappError as error:
        said = str(error)
    assert said
    assert "\n" not in said
    assert len(said) < 1000


@pytest.mark.parametrize(("text", "reader"), KINDS.values(), ids=KINDS)
def test_a_spoiled_file_is_read_or_refused_in_one_sentence(tmp_path, text, reader):
    path = tmp_path / "any.csv"
    path.write_text(text, encoding="utf-8")
    reader(path)

    @settings(max_examples=EXAMPLES)
    @given(steps=STEPS)
    def spoiled(steps):
        path.write_bytes(spoil(text.encode(), steps))
        read_or_refuse(reader, path)

    spoiled()


@settings(max_examples=EXAMPLES)
@given(steps=STEPS)
def test_a_spoiled_packed_file_is_read_or_refused(tmp_path_factory, steps):
    path = tmp_path_factory.getbasetemp() / "any.csv.gz"
    path.write_bytes(spoil(gzip.compress(VOTES["votes"].encode()), steps))
    read_or_refuse(lambda each: count(read_votes(each)), path)


def words(text):
    return st.text(st.sampled_from(text), max_size=24)


@settings(max_examples=EXAMPLES)
@given(columns=words("observcndit_AB=+,'\" "), values=words('AB=1|,tie"'), pairs=words("{A}|B=,prefmod: ab"))
def test_any_text_of_options_is_read_or_refused_in_one_sentence(tmp_path_factory, columns, values, pairs):
    path = tmp_path_factory.getbasetemp() / "options.csv"
    path.write_text(VOTES["votes"])
    read_or_refuse(lambda each: read_votes(each, columns=parse_columns(columns, values, pairs)), path)
