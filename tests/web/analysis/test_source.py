"""What an upload to the Analysis tab is read as."""

import pytest

from tests.web.analysis.showing import FIELDS, live
from uplapp.errors import BadVotes
from uplapp.web.analysis import source

HEADER = "observer,condition_A,condition_B,is_A_selected,edition,manifest,stimuli"


@pytest.fixture
def export(tmp_path):
    """An export with answers to two editions, which showed other pictures."""
    rows = [
        f"{who},x,y,1,{edition},aaaa{edition},s{edition}" for who, edition in zip("opq", "122", strict=True)
    ]
    (tmp_path / "votes.csv").write_text("\n".join([HEADER, *rows]))
    return str(tmp_path / "votes.csv")


def read(upload, edition):
    return source.read(FIELDS._replace(source="upload", upload=upload, edition=edition), live)


def test_an_export_of_several_editions_is_read_once_one_is_chosen(export):
    with pytest.raises(BadVotes, match="editions: 1, 2"):
        read(export, None)
    assert sorted(read(export, "2").table["observer"]) == ["p", "q"]


def test_the_menu_of_editions_is_there_only_for_a_file_with_several(export, tmp_path):
    offered = source._editions(export)
    assert (offered["choices"], offered["visible"]) == (["1", "2"], True)
    (tmp_path / "plain.csv").write_text("observer,condition_A,condition_B,is_A_selected\no,x,y,1")
    assert not source._editions(str(tmp_path / "plain.csv"))["visible"]
    assert not source._editions(None)["visible"]


def test_a_choice_of_the_file_before_is_forgotten(tmp_path, export):
    (tmp_path / "plain.csv").write_text("observer,condition_A,condition_B,is_A_selected\no,x,y,1")
    assert len(read(str(tmp_path / "plain.csv"), "2").table) == 1
