"""What no line of the app may do, read off its source: run what a file says, or ask a shell."""

import ast
from functools import cache
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
    "formats/hdf5.py": {"h5py"},
    "formats/raw.py": {"h5py", "xml"},
    "formats/dicom.py": {"pydicom"},
    "formats/blinding.py": {"pydicom"},
    "files/volumes.py": {"nibabel"},
}
BANNED_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "archive.extractall"}
SINKS = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc")


@cache  # of what little the three laws ask: the trees of all modules would fill the memory
def read(path: Path) -> tuple[set[str], tuple[tuple[str, dict[str | None, object]], ...]]:
    """The modules that a file imports, and each call as it is written, with its constant keywords."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    written = tuple((ast.unparse(node.func), keywords(node)) for node in calls)
    return {name.split(".")[0] for name in names}, written


def keywords(node: ast.Call) -> dict[str | None, object]:
    return {word.arg: getattr(word.value, "value", None) for word in node.keywords}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
class TestEachModule:
    def test_unpickles_nothing_and_runs_no_text(self, path):
        modules, calls = read(path)
        assert modules & BANNED_MODULES == READERS.get("/".join(path.parts[-2:]), set())
        assert [name for name, _ in calls if name in BANNED_CALLS] == []

    def test_reads_arrays_and_weights_without_running_them(self, path):
        _, calls = read(path)
        assert [name for name, words in calls if name == "np.load" and words.get("allow_pickle")] == []
        assert [name for name, words in calls if name == "torch.load" and not words.get("weights_only")] == []

    def test_asks_no_shell(self, path):
        _, calls = read(path)
        assert [name for name, words in calls if words.get("shell")] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_of_the_page_turns_text_into_markup(path):
    assert [sink for sink in SINKS if sink in path.read_text()] == []


def test_the_page_holds_no_script_and_no_style_of_its_own():
    page = (HOUSE / "uplapp/web/observer/static/page.html").read_text()
    assert "<script>" not in page
    assert " onclick=" not in page
    assert " style=" not in page
