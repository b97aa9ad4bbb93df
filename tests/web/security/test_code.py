"""What no line of the app may do, read off its source: run what a file says, or ask a shell."""

import ast
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[3]
FILES = sorted((HOUSE / "uplapp").rglob("*.py"))
SCRIPTS = sorted((HOUSE / "uplapp" / "web").rglob("*.js"))
BANNED_MODULES = {
    "pickle",
    "shelve",
    "marshal",
    "dill",
    "joblib",
    "yaml",
    "h5py",
    "nibabel",
    "xml",
    "pydicom",
}
# The readers of scans, whose tests feed them lying and damaged files.
READERS = {
    "files/kspace.py": {"h5py", "xml"},
    "files/scans.py": {"nibabel"},
    "formats/nifti.py": {"nibabel"},
    "formats/whole.py": {"nibabel"},
    "formats/raw.py": {"h5py", "xml"},
    "formats/dicom.py": {"pydicom"},
    "formats/blinding.py": {"pydicom"},
    "files/volumes.py": {"nibabel"},
}
BANNED_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "archive.extractall"}
SINKS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc")


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """(name, node) of every call, as it is written: `eval`, `torch.load`."""
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def modules(tree: ast.AST) -> set[str]:
    names = [node.names for node in ast.walk(tree) if isinstance(node, ast.Import)]
    plain = {alias.name.split(".")[0] for group in names for alias in group}
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return plain | {name.split(".")[0] for name in named}


def keyword(node: ast.Call, name: str) -> object:
    return next((getattr(word.value, "value", None) for word in node.keywords if word.arg == name), None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
class TestEachModule:
    def test_unpickles_nothing_and_runs_no_text(self, path):
        tree = ast.parse(path.read_text())
        assert modules(tree) & BANNED_MODULES == READERS.get("/".join(path.parts[-2:]), set())
        assert [name for name, _ in calls(tree) if name in BANNED_CALLS] == []

    def test_reads_arrays_and_weights_without_running_them(self, path):
        loads = calls(ast.parse(path.read_text()))
        assert [name for name, node in loads if name == "np.load" and keyword(node, "allow_pickle")] == []
        unsafe = [node for name, node in loads if name == "torch.load" and not keyword(node, "weights_only")]
        assert unsafe == []

    def test_asks_no_shell(self, path):
        assert [name for name, node in calls(ast.parse(path.read_text())) if keyword(node, "shell")] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_of_the_page_turns_text_into_markup(path):
    assert [sink for sink in SINKS if sink in path.read_text()] == []


def test_the_page_holds_no_script_and_no_style_of_its_own():
    page = (HOUSE / "uplapp/web/observer/static/page.html").read_text()
    assert "<script>" not in page
    assert " onclick=" not in page
    assert " style=" not in page
