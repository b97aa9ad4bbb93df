"""What the documentation shows runs as it stands there."""

import re
import runpy
import subprocess
import tomllib

import pytest

from tests import given
from tests.printed import (
    HOUSE,
    OPTION,
    PAGES,
    PRINTED,
    blocks,
    call_would_begin,
    every_option,
    example_of,
    exists,
    verbs,
)
from uplapp.study.definition import PANELS, Panel, parse
from uplapp.study.session.panel import entry

# Whole commands that no test runs as printed, by how they begin, and why. Ours are checked up to their start.
DEAR = {
    "evaluate": "photographs and scans that do not ship, for minutes to hours",
    "sis": "all checkpoints on scans that do not ship",
    "sweep": "hours of fits",
    "train": "hours; the tests of training take three steps",
    "plan": "simulates studies for twenty seconds; the tests of plans take few",
    "study render": "minutes; the tests of workflows render small studies",
    "study take-in": "a PostgreSQL server, which the tests of the store start",
    "model add lab/denoisers": "asks the Hub, which the tests of the hub play",
    "restore (photo.png --task denoise --method deep|holes|scan|drawing)": "fits take minutes",
    "make": "`make -n` runs below",
    "python benchmarks/(?!paired)": "minutes to hours; each script is loaded below",
    "pytest -s tests/browser/observer/": "tests themselves",
    "(.venv/bin/)?python app.py": "every test of tests/browser starts it",
    "python3 -m venv": "installs",
    "(.venv/bin/)?pip install": "installs",
    "apt-get install": "installs",
    "sudo -u postgres": "changes the machine; tests/postgres.py makes the same database",
    "export": "sets variables of a shell",
    "dask": "a scheduler with GPUs; the tests of training start one of processes",
    "sha256sum": "a program of the system",
}
OWN = [one for one in PRINTED if one.words]
RUN = [one for one in PRINTED if one.whole and not any(map(one.begins, DEAR))]
SCRIPTS = sorted({name for one in PRINTED for name in re.findall(r"benchmarks/\w+\.py", one.line)})


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_documentation_runs(code, capsys):
    exec(compile(code, "docs", "exec"), {})
    assert capsys.readouterr().out


def test_every_fenced_block_names_its_language():
    assert blocks("") == []


@pytest.mark.parametrize("one", OWN, ids=str)
def test_every_verb_and_option_of_a_command_exists(one):
    (call_would_begin if one.whole else exists)(one.words)


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_the_example_of_every_verb_can_be_called(verb):
    words = example_of(verb)
    assert tuple(words[: len(verb)]) == verb
    call_would_begin(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_in_a_line_of_text_exists(page):
    assert set(OPTION.findall(page.read_text())) - every_option() == set()


def test_the_readme_lists_every_variable_that_settings_read():
    variables = re.compile(r"UPLAPP_[A-Z_]*[A-Z]")
    listed = re.findall(r"^\| `(UPLAPP_\w+)`", PAGES[0].read_text(), re.MULTILINE)
    named = {name for page in PAGES for name in variables.findall(page.read_text())}
    assert named == set(listed) == set(variables.findall((HOUSE / "uplapp" / "settings.py").read_text()))


@pytest.mark.parametrize("page", sorted({one.page for one in RUN}))
def test_commands_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    given.clone(tmp_path, monkeypatch)
    for one in (one for one in RUN if one.page == page):
        given.play(one, monkeypatch)


@pytest.mark.parametrize("pattern", DEAR)
def test_a_reason_is_given_for_commands_that_are_printed(pattern):
    assert [one for one in PRINTED if one.whole and one.begins(pattern)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_of_a_printed_command_loads(script, monkeypatch):
    monkeypatch.syspath_prepend(HOUSE / "benchmarks")
    assert runpy.run_path(str(HOUSE / script))["__doc__"]


@pytest.mark.parametrize("target", sorted({one.line.split()[1] for one in PRINTED if one.begins("make")}))
def test_every_target_of_make_can_be_made(target):
    subprocess.run(["make", "-n", target], cwd=HOUSE, check=True, capture_output=True)


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
