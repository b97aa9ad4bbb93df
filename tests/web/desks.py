"""The researcher's desk without a browser: studies of tiny pictures, a gate with a known token."""

import zipfile
from dataclasses import replace
from pathlib import Path

from tests.study.tiny import NOW, write_study
from uplapp.settings import DATABASE, Settings
from uplapp.study.store.store import Store
from uplapp.web.researcher.desk import Desk, Entry
from uplapp.web.researcher.gate import Gate
from uplapp.web.shelf import Shelf

TOKEN = "correct horse battery staple"
ENTRY = Entry("https://lab.example")


def settings(folder: Path, **changes) -> Settings:
    """Data and studies below `folder`."""
    own = Settings.from_env({"UPLAPP_DATA": str(folder / "data")})
    return replace(own, studies=folder / "studies", admin_token=TOKEN, **changes)


def open_desk(folder: Path, mirror=None, **changes) -> Desk:
    """A desk with the study `tiny` open. Close its store afterwards."""
    chosen = settings(folder, **changes)
    write_study(chosen.studies / "tiny")
    shelf = Shelf(chosen, Store(chosen.data / DATABASE))
    shelf.open_all()
    # Without a component, which outside of a running loop would open one and leave it open.
    return Desk(shelf, Gate(TOKEN), mirror, None, clock=lambda: NOW + 100)


def zip_of_pictures(folder: Path, name: str = "faces.zip", **study) -> Path:
    """A ZIP with reference/ and one folder a condition."""
    pictures = write_study(folder / "pictures", **study)
    with zipfile.ZipFile(folder / name, "w") as written:
        for path in sorted(pictures.rglob("*.png")):
            written.write(path, path.relative_to(pictures))
    return folder / name
