"""The studies of this process: those open to observers, and those that stay closed with the reason."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from uplapp import workflows
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.study import definition, stimuli
from uplapp.study.opening import OpenStudy
from uplapp.study.store import Store


@dataclass(frozen=True)
class Shelf:
    """Studies by name; both mappings change while the process runs, and are read at each request."""

    settings: Settings
    store: Store
    studies: dict[str, OpenStudy] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    def open_all(self) -> None:
        """Open every study that can be shown; what is wrong with the others is told on stderr."""
        for folder in self._folders():
            self.open(folder)
            if folder.name in self.closed:
                print(f"study {folder.name} stays closed: {self.closed[folder.name]}", file=sys.stderr)

    def open(self, folder: Path) -> None:
        """Open one study, its stimuli rendered if need be, or keep the reason why it stays closed."""
        try:
            plan, root = definition.load(folder), stimuli.find_root(folder, self.settings.data)
            if plan.render is not None and not workflows.rendered(plan, root):
                workflows.render_stimuli(plan, self.settings.checkpoints, root, _show)
            self.studies[plan.name] = workflows.open_study(self.store, plan, root, time.time())
            self.closed.pop(folder.name, None)
        except UplappError as error:
            self.closed[folder.name] = str(error)

    def get(self, name: object) -> OpenStudy:
        """The open study of that name; UplappError says why there is none."""
        study = self.studies.get(str(name))
        if study is None:
            why = self.closed.get(str(name), "there is no such study; choose one of the list")
            raise UplappError(f"study '{name}' is not open: {why}")
        return study

    def names(self) -> list[str]:
        """Those that are open, then those that stay closed."""
        return [*self.studies, *(name for name in self.closed if name not in self.studies)]

    def _folders(self) -> Iterator[Path]:
        yield from sorted(path.parent for path in self.settings.studies.glob("[!.]*/study.toml"))


def _show(done: int, total: int) -> None:
    print(f"rendering stimuli {done}/{total}", end="\n" if done == total else "\r", file=sys.stderr)
