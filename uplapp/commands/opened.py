"""What every verb of `study` needs: the study by its name, its store open, the answer as text or JSON."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.settings import Settings
from uplapp.study.definition.definition import load
from uplapp.study.session import opening
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import DATABASE, Store

Name = Annotated[str, typer.Argument(help="The study: its name in studies/, or the path of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def folder_of(name: str, settings: Settings) -> Path:
    """The folder of a study given by name or by path."""
    return Path(name).resolve() if (Path(name) / "study.toml").is_file() else settings.studies / name


@contextmanager
def opened(name: str) -> Iterator[tuple[Store, OpenStudy]]:
    """The study and its store; the definition is checked before the database is touched."""
    settings = Settings.from_env()
    folder = folder_of(name, settings)
    definition, root = load(folder), stimuli.find_root(folder, settings.data)
    stimuli.check(definition, root)
    store = Store(settings.data / DATABASE)
    try:
        yield store, opening.open_study(store, definition, root, time.time(), next_pairs)
    finally:
        store.close()


def tell(as_json: bool, found: dict[str, object]) -> None:
    """Print a result as JSON, or as one line a key."""
    lines = (
        json.dumps(found) if as_json else "\n".join(f"{key}: {_text(value)}" for key, value in found.items())
    )
    typer.echo(lines)


def _text(value: object) -> str:
    return "; ".join(map(str, value)) or "none" if isinstance(value, tuple | list) else str(value)
