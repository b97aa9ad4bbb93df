"""What the documentation shows runs as it stands there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from tests.calling import caller
from uplapp.__main__ import app
from uplapp.study.definition import PANELS, Panel, parse
from uplapp.study.session.panel import entry

HOUSE = Path(__file__).resolve().parent.parent
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    """Fenced blocks of one language in all pages, of none with ""."""
    text = "\n".join(page.read_text() for page in PAGES)
    fenced = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [block for kind, block in fenced if kind == language]


def verbs() -> list[str]:
    """Lines that call the program, continued ones joined."""
    lines = "\n".join(blocks("")).replace("\\\n", " ").splitlines()
    return [line.split(" uplapp ", 1)[1] for line in lines if " -m uplapp " in line]


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_documentation_runs(code, capsys):
    exec(compile(code, "docs", "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("line", [line for line in verbs() if "votes.csv" not in line])
def test_commands_of_the_documentation_run(line, monkeypatch):
    monkeypatch.chdir(HOUSE)
    assert caller(app)(*shlex.split(line)).stderr == ""


@pytest.mark.parametrize("text", blocks("toml"))
def test_definitions_of_the_documentation_are_studies(text):
    assert parse(tomllib.loads(text), "mine", "docs").main_trials > 0


@pytest.mark.parametrize("name", PANELS)
def test_every_panel_has_a_page_with_the_address_that_the_board_shows(name):
    page = (HOUSE / "docs" / f"panel-{name}.md").read_text()
    assert entry(Panel(name), "https://HOST/study/NAME") in page
    assert all(f"`{one}`" in page for one in PANELS[name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_house_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
