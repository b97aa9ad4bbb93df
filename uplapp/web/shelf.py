"""The studies of this process: those open to observers, and those that stay closed with the reason."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.settings import Settings
from uplapp.study.definition import load
from uplapp.study.exports import streaming
from uplapp.study.session import editions
from uplapp.study.session.editions import Disk
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import Store, reading
from uplapp.workflows import opening, render

FOLLOW_EVERY_S = 2.0
LOST = "study {name}: {people} cannot go on, for their pictures are gone; restore the files for them"
UNREAD = "not read yet: press Read it from the disk again"


@dataclass(frozen=True)
class Shelf:
    """Studies by name. The mappings change while the process runs, and are read at each request.

    `studies` are those that new people get, `former` the editions that others began, `closed` says why what
    lies on the disk is not shown, and `edits` are those that wait for the researcher's decision. `seen` holds
    when the definition and the manifest of each were written that were read last.
    """

    settings: Settings
    store: Store
    studies: dict[str, OpenStudy] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)
    former: dict[str, tuple[OpenStudy, ...]] = field(default_factory=dict)
    edits: set[str] = field(default_factory=set)
    seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def open_all(self) -> None:
        """Open every study that can be shown, and print on stderr what is wrong with the others."""
        for folder in self._folders():
            self.open(folder)
            editions.sweep(self.store, folder.name, self.settings.editions)
            name, why = folder.name, self.closed.get(folder.name)
            if name not in self.studies:
                print(f"study {name} stays closed: {why}", file=sys.stderr)
            elif why:
                print(f"study {name}: what is on the disk is not taken in: {why}", file=sys.stderr)

    def open(self, folder: Path, adopt: bool = False) -> None:
        """Open one study, its stimuli rendered if need be, or keep the reason why it stays closed.

        The edition that has people under way stays, unless the researcher decides to `adopt` the edit.
        """
        name = folder.name
        self.seen[name] = _written(folder)
        try:
            served = opening.serve(self.store, self._disk(folder), time.time(), adopt)
        except UplappError as error:
            self.closed[name] = str(error)
            return
        if self.studies.get(name) != served.present:
            self.studies[name] = served.present
        self.former[name] = served.former
        self.closed.pop(name, None)
        self.edits.discard(name)
        if served.waiting:
            self.edits.add(name)
        if why := served.wrong or served.waiting:
            self.closed[name] = why
        for people in served.lost:
            print(LOST.format(name=name, people=people), file=sys.stderr)

    def _disk(self, folder: Path) -> Disk:
        """The study in a folder, after its pictures are made if it has a recipe."""
        root, copies = stimuli.find_root(folder, self.settings.data), self.settings.editions
        try:
            plan = load(folder)
            if plan.render is not None and not render.rendered(plan, root):
                editions.secure(self.store, plan.name, root, copies)
                render.render_stimuli(plan, Checkpoints(self.settings.models), root, _show)
        except UplappError as error:
            return Disk(folder.name, error, root, copies)
        return opening.read_disk(folder, self.settings)

    def get(self, name: object) -> OpenStudy:
        """Find the open study or former edition of that name.

        UplappError with the reason why it is closed.
        """
        study = self.find(name)
        if study is None:
            unknown = UNREAD if name in self.names() else "there is no such study; choose one of the list"
            why = self.closed.get(str(name), unknown)
            raise UplappError(f"study '{name}' is not open: {why}")
        return study

    def answers(self, study: OpenStudy, simulated: bool) -> pd.DataFrame:
        """Give all answers of people, or of simulated observers, with the labels of the conditions."""
        labels = {condition.name: condition.label for condition in study.definition.conditions}
        with reading(self.settings.answers) as reader:
            table = streaming.table(reader, study, simulated)
        columns = [name for name in ("condition", "condition_A", "condition_B") if name in table.columns]
        return table.replace(dict.fromkeys(columns, labels))

    def adopt(self, name: str) -> None:
        """Serve the edit that waits on the disk to new people. UplappError if none waits, or it is wrong."""
        if name not in self.edits:
            raise UplappError(f"no edit of '{name}' waits on the disk; new people get what lies there")
        self.open(self.settings.studies / name, adopt=True)
        if name in self.closed:
            raise UplappError(self.closed[name])

    def follow(self) -> None:
        """Take in what the command line did meanwhile: a study that is new, mended, frozen or adopted.

        An edit of a study that is open waits until somebody decides.
        """
        for folder in self._folders():
            if self._is_news(folder):
                self.open(folder)
        for name, study in dict(self.studies).items():
            present = editions.served(self.store, name)
            if present is not None and present != study.id:
                self.open(self.settings.studies / name)

    def _is_news(self, folder: Path) -> bool:
        """Whether a study is new, was frozen since, or is closed and its definition was changed since."""
        seen, now = self.seen.get(folder.name), _written(folder)
        return seen is None or now[1] != seen[1] or (folder.name not in self.studies and now != seen)

    def find(self, name: object) -> OpenStudy | None:
        """The open study or former edition of that name, or None."""
        return self.studies.get(str(name)) or self._editions().get(str(name))

    def names(self) -> list[str]:
        """Those that are open, those that stay closed, those that came to the disk since, former editions."""
        names = (*self.studies, *self.closed, *(folder.name for folder in self._folders()))
        return list(dict.fromkeys((*names, *self._editions())))

    def _editions(self) -> dict[str, OpenStudy]:
        return {label(study): study for studies in self.former.values() for study in studies}

    def _folders(self) -> Iterator[Path]:
        yield from sorted(path.parent for path in self.settings.studies.glob("[!.]*/study.toml"))


def _written(folder: Path) -> tuple[int, int]:
    """When the definition and the manifest of a study were written, 0 for what is not there."""
    first, second = (folder / name for name in (stimuli.DEFINITION, stimuli.MANIFEST))
    return _changed_ns(first), _changed_ns(second)


def _changed_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def label(study: OpenStudy) -> str:
    """What a former edition is called on the page. No study can have such a name."""
    return f"{study.definition.name} (edition {study.number})"


def _show(done: int, total: int) -> None:
    print(f"rendering stimuli {done}/{total}", end="\n" if done == total else "\r", file=sys.stderr)


@contextmanager
def following(shelf: Shelf, every_s: float = FOLLOW_EVERY_S) -> Iterator[None]:
    """Serve what the command line makes: a thread looks every few seconds, as long as the block runs."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(every_s):
            try:
                shelf.follow()
            except UplappError as error:  # a busy database: the next look comes soon
                print(f"editions are not looked at: {error}", file=sys.stderr)

    thread = threading.Thread(target=run, name="following", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
