"""The house as a whole: README, table of losses, names that others rely on."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from uplapp.errors import UplappError
from uplapp.settings import Settings

TESTS = sorted(Path(__file__).parent.rglob("*.py"))


def test_the_space_runs_the_gradio_that_is_pinned(house):
    front = (house / "README.md").read_text().split("---")[1]
    pin = re.search(r"^gradio==(\S+)$", (house / "requirements.txt").read_text(), re.MULTILINE)
    assert f"sdk_version: {pin[1]}" in front


def test_the_readme_names_only_files_that_exist(house):
    text = (house / "README.md").read_text()
    paths = re.findall(r"`((?:uplapp|studies|checkpoints|tests|benchmarks)/[\w/.]*)`|\]\(([\w/.]+)\)", text)
    missing = [path for pair in paths for path in pair if path and not (house / path).exists()]
    assert missing == []


def test_settings_come_from_the_environment_with_defaults_for_a_fresh_clone(house):
    plain = Settings.from_env({})
    assert (plain.checkpoints, plain.studies) == (house / "checkpoints", house / "studies")
    assert (str(plain.data), plain.weights, plain.admin_token) == ("data", None, None)
    chosen = Settings.from_env({"UPLAPP_DATA": "/d", "UPLAPP_WEIGHTS": "/w", "UPLAPP_ADMIN_TOKEN": "t"})
    assert (str(chosen.data), str(chosen.weights), chosen.admin_token) == ("/d", "/w", "t")
    assert (plain.megapixels, Settings.from_env({"UPLAPP_MEGAPIXELS": "100"}).megapixels) == (16, 100)


@pytest.mark.parametrize("text", ["many", "0", "1e3", "nan", "-24", "1001"])
def test_a_largest_picture_that_is_no_size_is_refused_with_what_is_allowed(text):
    with pytest.raises(UplappError, match=r"UPLAPP_MEGAPIXELS is .*; it must be a number from 1 to 1000"):
        Settings.from_env({"UPLAPP_MEGAPIXELS": text})


def imported(path: Path) -> set[str]:
    """Modules, and names in modules, that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{name}" for node in nodes for name in ("", *(one.name for one in node.names))}


def fixtures(path: Path) -> list[ast.FunctionDef]:
    """The fixtures that a file defines."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    return [node for node in nodes if any("fixture" in ast.unparse(mark) for mark in node.decorator_list)]


def inside(fixture: ast.FunctionDef) -> str:
    """What a fixture does, without its docstring."""
    body = fixture.body[1:] if ast.get_docstring(fixture) else fixture.body
    return "\n".join(map(ast.unparse, body))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_no_file_of_tests_imports_from_another(path):
    words = [word for name in imported(path) for word in name.split(".")]
    assert [word for word in words if word.startswith("test_") or word == "conftest"] == []


def test_a_fixture_has_one_home():
    made = Counter((one.name, inside(one)) for path in TESTS for one in fixtures(path))
    assert [name for (name, _), times in made.items() if times > 1] == []


def test_what_runs_alone_lies_where_the_last_line_of_the_tests_looks_for_it(house):
    (folder,) = re.findall(r"pytest -q (\S+) -m quiet$", (house / "Makefile").read_text(), re.MULTILINE)
    quiet = [path for path in TESTS if "mark.quiet" in path.read_text() and path != Path(__file__)]
    assert quiet != []
    assert all(path.is_relative_to(house / folder) for path in quiet)
