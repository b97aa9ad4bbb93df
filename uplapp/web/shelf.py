"""The studies of this process: those open to observers, and those that stay closed with the reason."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from uplapp.errors import BadStudy, UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.settings import Settings
from uplapp.study.definition import load
from uplapp.study.exports import dashboard
from uplapp.study.session import lifecycle, opening
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import DATABASE, Store, reading
from uplapp.workflows import render
from uplapp.workflows.opening import open_study

UNREAD = "not read yet: press Read it from the disk again"


@dataclass(frozen=True)
class Shelf:
    """Studies by name. Both mappings change while the process runs, and are read at each request."""

    settings: Settings
    store: Store
    studies: dict[str, OpenStudy] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The file of answers."""
        return self.settings.data / DATABASE

    def open_all(self) -> None:
        """Open every study that can be shown, and print on stderr what is wrong with the others."""
        for folder in self._folders():
            self.open(folder)
            if folder.name in self.closed:
                print(f"study {folder.name} stays closed: {self.closed[folder.name]}", file=sys.stderr)
            elif folder.name in self.studies:
                self._report_left_behind(self.studies[folder.name])

    def _report_left_behind(self, opened: OpenStudy) -> None:
        people = opening.left_behind(self.store, opened)
        if people:
            print(
                f"study {opened.definition.name}: what it shows or asks changed; {people} observers who "
                "began before cannot go on, and their answers are kept apart; restore the files for them",
                file=sys.stderr,
            )

    def open(self, folder: Path) -> None:
        """Open one study, its stimuli rendered if need be, or keep the reason why it stays closed."""
        try:
            plan, root = load(folder), stimuli.find_root(folder, self.settings.data)
            if plan.render is not None and not render.rendered(plan, root):
                render.render_stimuli(plan, Checkpoints(self.settings.models), root, _show)
            opened = open_study(self.store, plan, root, time.time())
            self._keep_sessions(opened)
            self.studies[plan.name] = opened
            self.closed.pop(folder.name, None)
        except UplappError as error:
            self.closed[folder.name] = str(error)

    def get(self, name: object) -> OpenStudy:
        """Find the open study of that name, or raise UplappError with the reason why it is closed."""
        study = self.studies.get(str(name))
        if study is None:
            unknown = UNREAD if name in self.names() else "there is no such study; choose one of the list"
            why = self.closed.get(str(name), unknown)
            raise UplappError(f"study '{name}' is not open: {why}")
        return study

    def names(self) -> list[str]:
        """Those that are open, those that stay closed, those that came to the disk since."""
        names = (*self.studies, *self.closed, *(folder.name for folder in self._folders()))
        return list(dict.fromkeys(names))

    def _keep_sessions(self, opened: OpenStudy) -> None:
        """BadStudy if a changed study would leave people who are under way without theirs."""
        before = self.studies.get(opened.definition.name)
        if before is None or before.id == opened.id:
            return
        if lifecycle.entrance(self.store, before.id) == lifecycle.CLOSED:
            return
        with reading(self.database) as reader:
            people = dashboard.people(reader, before.id, before.definition)
        busy = sum(not person.finished and not person.excluded for person in people)
        if busy:
            raise BadStudy(
                f"{busy} of its observers have begun and could not go on in the changed study; "
                "close it first, or restore the files"
            )

    def _folders(self) -> Iterator[Path]:
        yield from sorted(path.parent for path in self.settings.studies.glob("[!.]*/study.toml"))


def _show(done: int, total: int) -> None:
    print(f"rendering stimuli {done}/{total}", end="\n" if done == total else "\r", file=sys.stderr)
