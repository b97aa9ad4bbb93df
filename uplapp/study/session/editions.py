"""The editions of a study: which one new people get, and that everybody finishes the one they began.

A change of wording leaves an edition what it is. Any other change makes another one, which waits as long as
people are under way in the edition that is served, until the researcher decides.
"""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from uplapp.errors import UplappError
from uplapp.study.plans.adaptive import Chooser
from uplapp.study.session import lifecycle, opening
from uplapp.study.session.opening import Candidate, OpenStudy
from uplapp.study.stimuli import kept
from uplapp.study.stimuli.kept import PicturesGone
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.study.store.store import Row, Store

LISTING = """SELECT studies.*, count(observers.id) AS people, count(finished_at) AS finished,
    count(*) FILTER (WHERE observers.excluded = :withdrawn) AS withdrawn,
    count(*) FILTER (WHERE finished_at IS NULL AND observers.excluded = '') AS under_way
    FROM studies LEFT JOIN observers ON observers.study = studies.id AND simulated = 0
    WHERE name = :name GROUP BY studies.id ORDER BY opened_at, studies.rowid"""
WAITS = (
    "{n} of its observers have begun, so the edit waits, and new people get the edition before it too. Serve "
    "the edit to new people (those under way finish what they began), close it first, or restore the files"
)
SHORTEST_DIGITS, DIGITS = 4, 12


@dataclass(frozen=True)
class Disk:
    """A study as it lies on the disk: checked, or what is wrong with it.

    `root` is where its pictures lie, `copies` where those of each edition are kept.
    """

    name: str
    study: Candidate | UplappError
    root: Path
    copies: Path


@dataclass(frozen=True)
class Served:
    """What a process serves under the name of a study: `present` to new people, `former` to those in it.

    `waiting` says that an edit waits for the researcher, `wrong` why the disk cannot be served at all,
    `lost` who cannot go on.
    """

    present: OpenStudy
    former: tuple[OpenStudy, ...]
    waiting: str
    wrong: str
    lost: tuple[str, ...]


def listing(store: Store, name: str) -> list[Row]:
    """Every edition of a study, the oldest first: its row with `number`, `people`, `under_way` and `present`.

    People are counted without simulated observers. `present` marks the one that new people get.
    """
    rows = store.rows(LISTING, {"name": name, "withdrawn": lifecycle.WITHDRAWN})
    times = [row["served_at"] or row["opened_at"] for row in rows]
    last = max(range(len(rows)), key=lambda place: (times[place], place), default=None)
    return [row | {"number": place + 1, "present": place == last} for place, row in enumerate(rows)]


def served(store: Store, name: str) -> str | None:
    """The id of the edition of a study that new people get, None for a study that nobody opened."""
    query = """SELECT id FROM studies WHERE name = :name
        ORDER BY coalesce(served_at, opened_at) DESC, rowid DESC LIMIT 1"""
    row = store.row(query, name=name)
    return None if row is None else str(row["id"])


def choose(rows: Sequence[Row], wanted: str) -> Row:
    """The edition called by its number or by the first digits of its manifest's hash."""
    fitting = [row for row in rows if wanted == str(row["number"])]
    if not fitting and len(wanted) >= SHORTEST_DIGITS:
        fitting = [row for row in rows if row["hash"].startswith(wanted.lower())]
    if len(fitting) != 1:
        names = ", ".join(f"{row['number']} ({row['hash'][:DIGITS]})" for row in rows) or "none"
        raise UplappError(f"there is no edition '{wanted}'; choose one of: {names}")
    return fitting[0]


def described(row: Row, chooser: Chooser | None = None) -> OpenStudy:
    """An edition of `listing` without its pictures, to be counted and exported."""
    hashes = {_place(name): digest for name, digest in json.loads(row["manifest"])["stimuli"].items()}
    definition = kept.restored(row["name"], row["manifest"])
    return OpenStudy(row["id"], definition, Stimuli(Path(), hashes, {}), chooser, row["number"])


def secure(store: Store, name: str, root: Path, copies: Path) -> None:
    """Keep what is left in `root` of the pictures of each edition, before they are made anew."""
    for row in listing(store, name):
        if row["people"]:
            with suppress(UplappError):
                kept.keep(row["manifest"], [root], copies / row["id"])


def serve(
    store: Store, disk: Disk, now: float, chooser: Chooser | None = None, adopt: bool = False
) -> Served:
    """Decide which edition new people get, and open it and those that people have begun.

    The edition that has people under way stays, unless the researcher decides to `adopt` the one on the
    disk. Raises what is wrong with the disk where no edition can be served in its place.
    """
    row, waiting, wrong = _decide(store, disk, now, adopt)
    try:
        present = _open(row, disk, chooser)
    except PicturesGone:
        row, waiting, wrong = _decide(store, disk, now, adopt=True)
        present = _open(row, disk, chooser)
    former, lost = [], []
    for other in listing(store, disk.name):
        if other["id"] == present.id or other["people"] == other["withdrawn"]:
            continue
        former.append(_open_former(other, disk, chooser))
        if not former[-1].stimuli.sizes and _busy(other):
            lost.append(f"{other['under_way']} observers of edition {other['number']}")
    return Served(present, tuple(former), waiting, wrong, tuple(lost))


def current(store: Store, disk: Disk, now: float, chooser: Chooser | None = None) -> OpenStudy:
    """The edition that new people get, for one who only looks: an edit waits as soon as anybody came."""
    row, *_ = _decide(store, disk, now, looking=True)
    if _is_on(row, disk) and isinstance(disk.study, Candidate):
        return OpenStudy(row["id"], disk.study.definition, disk.study.stimuli, chooser, row["number"])
    return _open_former(row, disk, chooser)


def sweep(store: Store, name: str, copies: Path) -> None:
    """Remove the pictures of editions that nobody began and new people do not get. For a start of the app."""
    for row in listing(store, name):
        if not row["present"] and row["people"] == row["withdrawn"]:
            shutil.rmtree(copies / row["id"], ignore_errors=True)


def edition_of(store: Store, session: str) -> str | None:
    """The id of the edition in which a session was begun, None for a session that nobody has."""
    query = "SELECT study FROM observers WHERE session = :session AND excluded != :withdrawn"
    row = store.row(query, session=session, withdrawn=lifecycle.WITHDRAWN)
    return row["study"] if row else None


def _decide(
    store: Store, disk: Disk, now: float, adopt: bool = False, looking: bool = False
) -> tuple[Row, str, str]:
    """The row of the edition for new people, that the edit on the disk waits, or what is wrong with it."""
    same, wrong = _find(store, disk)
    row = _present(listing(store, disk.name), same)
    if row is not None and row["id"] != same:
        stays = row["people"] > row["withdrawn"] if looking else _busy(row)
        if stays and (wrong or not adopt):
            return row, "" if wrong else WAITS.format(n=row["under_way"]), str(wrong or "")
    if not isinstance(disk.study, Candidate) or wrong:
        raise wrong or UplappError(f"study '{disk.name}' cannot be opened")
    with store.transaction():
        chosen = same or opening.register(store, disk.study, now)
        if row is not None and (row["id"] != chosen or row["served_at"] is None):
            store.update("studies", chosen, {"served_at": now})
    return next(one for one in listing(store, disk.name) if one["id"] == chosen), "", ""


def _find(store: Store, disk: Disk) -> tuple[str | None, UplappError | None]:
    """The id of the edition that lies on the disk, if the database has it, or what is wrong with the disk."""
    if isinstance(disk.study, UplappError):
        return None, disk.study
    try:
        with store.transaction():
            return opening.find(store, disk.study), None
    except UplappError as error:
        return None, error


def _present(rows: Sequence[Row], same: str | None) -> Row | None:
    """The edition that new people get. A version without editions served the one on the disk."""
    if same is not None and not any(row["served_at"] for row in rows):
        return next(row for row in rows if row["id"] == same)
    return next((row for row in rows if row["present"]), None)


def _busy(row: Row) -> bool:
    return bool(row["under_way"]) and row["state"] != lifecycle.CLOSED


def _is_on(row: Row, disk: Disk) -> bool:
    return isinstance(disk.study, Candidate) and row["hash"] in (disk.study.row["hash"], disk.study.former)


def _open(row: Row, disk: Disk, chooser: Chooser | None) -> OpenStudy:
    """Open an edition with its pictures, shown from a copy that nobody edits."""
    folder = disk.copies / row["id"]
    if _is_on(row, disk) and isinstance(disk.study, Candidate):
        definition, shown = disk.study.definition, kept.moved(disk.study.stimuli, row["manifest"], folder)
    else:
        definition, shown = kept.kept(row["name"], row["manifest"], [disk.root], folder)
    return OpenStudy(row["id"], definition, shown, chooser, row["number"])


def _open_former(row: Row, disk: Disk, chooser: Chooser | None) -> OpenStudy:
    try:
        return _open(row, disk, chooser)
    except PicturesGone:
        return described(row, chooser)


def _place(name: str) -> tuple[str, str]:
    condition, _, scene = name.partition("/")
    return scene, condition
