"""Studies from their folders: as they lie on the disk, and the edition that new people get."""

from pathlib import Path

from uplapp.analysis.asking.next_pair import next_pairs
from uplapp.errors import UplappError
from uplapp.settings import Settings
from uplapp.study.definition import load
from uplapp.study.session import editions, opening
from uplapp.study.session.editions import Disk, Served
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import Store


def read_disk(folder: Path, settings: Settings) -> Disk:
    """Read and check a study's folder. What is wrong with it is part of the result."""
    root = stimuli.find_root(folder, settings.data)
    try:
        plan = load(folder)
        return Disk(plan.name, opening.prepare(plan, root), root, settings.editions)
    except UplappError as error:
        return Disk(folder.name, error, root, settings.editions)


def open_current(store: Store, disk: Disk, now: float) -> OpenStudy:
    """Open the edition that new people get, its adaptive choices the analysis'. Raises as `current` does."""
    return editions.current(store, disk, now, next_pairs)


def serve(store: Store, disk: Disk, now: float, adopt: bool = False) -> Served:
    """Open every edition that somebody may ask for. Raises as `editions.serve` does."""
    return editions.serve(store, disk, now, next_pairs, adopt)
