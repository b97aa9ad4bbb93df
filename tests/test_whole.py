"""Files are written as a whole or not at all, by one module."""

import ast
from pathlib import Path

import pytest

from uplapp import whole

HOUSE = Path(__file__).resolve().parent.parent
FILES = sorted((HOUSE / "uplapp").rglob("*.py"))


class Broken(Exception):
    """What stops a writer half-way."""


def break_half_way(path: Path) -> None:
    with whole.replacing(path) as partial:
        partial.write_text("ne")
        raise Broken


def break_folder_half_way(path: Path) -> None:
    with whole.new_folder(path) as draft:
        draft.mkdir()
        (draft / "a").touch()
        raise Broken


def test_a_file_and_its_folder_come_with_one_call(tmp_path):
    path = whole.write_bytes(tmp_path / "deep" / "er" / "file.bin", b"\0\1")
    assert path.read_bytes() == b"\0\1"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.bin"]


def test_a_text_is_utf8_and_its_line_ends_stay(tmp_path):
    path = whole.write_text(tmp_path / "text.csv", "Größe\r\n1\n")
    assert path.read_bytes() == "Größe\r\n1\n".encode()


def test_an_error_half_way_leaves_the_old_file_alone(tmp_path):
    path = whole.write_text(tmp_path / "file.txt", "old")
    with pytest.raises(Broken):
        break_half_way(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "file.txt"
    with whole.replacing(path) as first, whole.replacing(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the outer block ends last
    assert list(tmp_path.iterdir()) == [path]


def test_the_inner_of_two_files_comes_first(tmp_path):
    card, weights = tmp_path / "a.json", tmp_path / "a.safetensors"
    with whole.replacing(card) as upper:
        upper.write_text("{}")
        whole.write_bytes(weights, b"")
        assert [path.exists() for path in (weights, card)] == [True, False]
    assert card.exists()


def test_a_file_has_the_permissions_of_any_other(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    path = whole.write_bytes(tmp_path / "whole", b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    link.symlink_to(target)
    whole.write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_directly():
    whole.write_text(Path("/dev/null"), "away")
    assert Path("/dev/null").is_char_device()


def test_a_folder_appears_filled_or_not_at_all(tmp_path):
    with whole.new_folder(tmp_path / "in" / "study") as draft:
        draft.mkdir()
        (draft / "a").touch()
        assert draft.name == "study"
        assert not (tmp_path / "in" / "study").exists()
    assert [path.name for path in (tmp_path / "in").rglob("*")] == ["study", "a"]


def test_an_error_half_way_leaves_no_folder(tmp_path):
    with pytest.raises(Broken):
        break_folder_half_way(tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_no_other_module_writes_to_a_partial_file(path):
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    partial = [text for text in texts if isinstance(text, str) and text.endswith((".partial", ".part"))]
    assert partial == [] or path.name == "whole.py"
