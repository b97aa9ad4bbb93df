"""The house rules that a reader cannot see in one file: who imports whom, and how large things grow."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
FILES = sorted((HOUSE / "uplapp").rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION = 350, 45
MOST_MODULES = 15  # in one folder
MEDIAN_FILE, MEDIAN_FUNCTION = 120, 8

GROUND = {
    "described",
    "errors",
    "foreign",
    "packed",
    "plain",
    "registry",
    "settings",
    "typed",
    "values",
    "whole",
}
MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    "imaging": GROUND,
    "study": GROUND,
    "analysis": GROUND,
    "hub": GROUND,
    "workflows": GROUND | {"imaging", "study", "analysis", "hub"},
    "web": GROUND | {"imaging", "study", "analysis", "hub", "workflows"},
    "commands": GROUND | {"imaging", "study", "analysis", "hub", "workflows"},
    "__main__": GROUND | {"web", "commands"},
}
# Which room of a part may import which of its sisters; a room further down imports none above it.
ROOMS: dict[str, dict[str, set[str]]] = {
    "imaging": {
        "device": set(),
        "networks": {"physics"},
        "physics": set(),
        "scheduler": set(),
        "case": {"physics"},
        "files": {"device", "physics"},
        "losses": {"case"},
        "metrics": {"case", "losses", "physics"},
        "fitting": {"device", "physics"},
        "restorers": {"case", "device", "fitting", "networks", "physics"},
        "tasks": {"case", "files", "networks", "physics"},
        "experiments": {
            "device",
            "fitting",
            "metrics",
            "networks",
            "physics",
            "restorers",
            "scheduler",
            "tasks",
        },
        "recipes": {"losses", "networks", "tasks"},
        "checkpoints": {"device", "losses", "metrics", "networks", "recipes", "restorers", "tasks"},
        "evaluation": {"case", "checkpoints", "files", "fitting", "metrics", "physics", "restorers", "tasks"},
        "lending": {"case", "device", "evaluation", "restorers"},
        "training": {
            "case",
            "checkpoints",
            "device",
            "evaluation",
            "losses",
            "metrics",
            "networks",
            "physics",
            "recipes",
            "restorers",
            "scheduler",
            "tasks",
        },
    },
    "study": {
        "definition": set(),
        "store": set(),
        "answers": {"definition", "store"},
        "plans": {"definition", "store"},
        "stimuli": {"definition"},
        "exports": {"answers", "definition", "store"},
        "presentations": {"answers", "definition", "exports", "plans"},
        "session": {"answers", "definition", "plans", "presentations", "stimuli", "store"},
        "simulation": {"answers", "definition", "presentations", "session", "store"},
    },
    "analysis": {
        "reading": set(),
        "model": {"reading"},
        "scoring": {"model", "reading"},
        "agreement": {"reading", "scoring"},
        "asking": {"model", "reading", "scoring"},
        "observers": {"model", "reading", "scoring"},
        "writing": {"model", "observers", "reading", "scoring"},
        "alternatives": {"model", "reading", "scoring", "writing"},
        "ratings": {"observers", "reading", "scoring", "writing"},
        "plots": {"model", "observers", "ratings", "reading", "scoring", "writing"},
    },
    "web": {
        "alarms": {"shelf"},
        "calls": {"restore", "widgets"},
        "kept": set(),
        "look": set(),
        "observer": set(),
        "patience": set(),
        "preview": {"observer"},
        "safekeeping": set(),
        "shelf": set(),
        "shield": set(),
        "upkeep": set(),
        "widgets": set(),
        "analysis": {"widgets"},
        "researcher": {"analysis", "observer", "preview", "shelf", "widgets"},
        "restore": {"observer", "researcher", "widgets"},
        "study": {"researcher", "widgets"},
        "uploads": {"observer"},
        "veil": set(),
        "page": {
            *("analysis", "observer", "patience", "researcher", "restore", "safekeeping", "shelf", "study"),
            *("alarms", "calls", "kept", "look", "preview", "shield", "upkeep", "uploads", "veil"),
        },
    },
}
HOMES = {
    "torch": "imaging",
    "sqlite_utils": "study",
    "sqlite3": "study",
    "psycopg": "study",
    "huggingface_hub": "hub",
    "gradio": "web",
    "fastapi": "web",
    "starlette": "web",
    "altair": "analysis",
    "choix": "analysis",
}
# The command that trains sets the number of threads; the page and the workflow name its tensors.
TORCH_GUESTS = {"render.py", "train.py"}


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    inside = path.relative_to(HOUSE / "uplapp")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def room_of(module: str) -> str:
    """The room of a module's part, such as `reading` of `uplapp.analysis.reading.votes`."""
    return ".".join(module.split(".")[2:3])


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(path.read_text())))


@cache
def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    names = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in nodes(path) if isinstance(node, kinds)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
class TestEachFile:
    def test_imports_only_what_lies_below_it(self, path):
        part = part_of(path)
        parts = {name.split(".")[1] for name in imported(path) if name.startswith("uplapp.")}
        allowed = MAY_IMPORT.get(part, GROUND) | {part, "__version__"}
        assert parts <= allowed

    def test_imports_only_the_rooms_that_its_room_may(self, path):
        part, inside = part_of(path), path.relative_to(HOUSE / "uplapp")
        if part not in ROOMS or (inside.name == "__init__.py" and len(inside.parts) == 2):
            return
        room = inside.with_suffix("").parts[1]
        sisters = {room_of(name) for name in imported(path) if name.startswith(f"uplapp.{part}.")}
        assert sisters <= ROOMS[part][room] | {room}

    def test_uses_a_heavy_library_only_in_its_home(self, path):
        roots = {name.split(".")[0] for name in imported(path)}
        strangers = {name for name in roots if HOMES.get(name, part_of(path)) != part_of(path)}
        assert strangers <= ({"torch"} if path.name in TORCH_GUESTS else set())

    def test_is_one_thing_of_readable_size(self, path):
        assert len(path.read_text().splitlines()) <= LONGEST_FILE
        assert [node.name for node in functions(path) if length(node) > LONGEST_FUNCTION] == []


def test_the_house_stays_a_house_of_small_rooms():
    lines = sorted(len(path.read_text().splitlines()) for path in FILES)
    lengths = sorted(length(node) for path in FILES for node in functions(path))
    assert lines[len(lines) // 2] <= MEDIAN_FILE
    assert lengths[len(lengths) // 2] <= MEDIAN_FUNCTION


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=str)
def test_a_folder_is_seen_at_a_glance(folder):
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES


def test_no_module_imports_itself_in_a_circle():
    names = {".".join(path.relative_to(HOUSE).with_suffix("").parts): path for path in FILES}
    modules = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {name: imported(path) & set(modules) - {name} for name, path in modules.items()}
    while leaves := {name for name, below in graph.items() if not below}:
        graph = {name: below - leaves for name, below in graph.items() if name not in leaves}
    assert graph == {}


@pytest.mark.parametrize("part", ["study.session.session", "analysis.scoring.scores", "commands.analyse"])
def test_study_and_analysis_import_without_torch_or_gradio(part):
    code = f"import json, sys, uplapp.{part}; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HOUSE, check=True
    )
    assert not {"torch", "gradio"} & set(json.loads(result.stdout))


HELP = [
    "",
    "train",
    "trees",
    "sweep",
    "analyse",
    "ratings",
    "unify",
    "triplets",
    "observers",
    "agree",
    "next",
    "plan",
    "study",
    "model",
    "deploy",
]


@pytest.mark.parametrize("verb", HELP)
def test_help_imports_no_large_library(verb):
    words = [*verb.split(), "--help"]
    code = (
        "import json, sys\nfrom uplapp.__main__ import app\n"
        f"try:\n    app({words!r})\nexcept SystemExit:\n    print(json.dumps(sorted(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=HOUSE, check=True
    )
    modules = set(json.loads(result.stdout.splitlines()[-1]))
    assert not {"torch", "pandas", "scipy", "gradio"} & modules


def test_only_settings_read_the_environment():
    readers = [path.name for path in FILES if "environ" in path.read_text() or "getenv" in path.read_text()]
    assert readers == ["settings.py"]
