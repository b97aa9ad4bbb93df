"""What several verbs share: options, a study by its name, votes from a file, results as text or JSON."""

import getpass
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.commands.data.layout import Layout
from uplapp.errors import UnknownName, UplappError
from uplapp.plain import to_json
from uplapp.settings import Settings
from uplapp.values import Comparisons, Votes

if TYPE_CHECKING:
    from uplapp.study.session.opening import OpenStudy
    from uplapp.study.store.store import Store

Name = Annotated[str, typer.Argument(help="The study: its name in studies/, or the path of its folder.")]
Edition = Annotated[
    str, typer.Option("--edition", help="An edition by its number or digits, as `study editions` lists them.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def folder_of(name: str, settings: Settings) -> Path:
    """The folder of a study given by name or by path."""
    return Path(name).resolve() if (Path(name) / "study.toml").is_file() else settings.studies / name


@contextmanager
def opened(name: str, edition: str = "") -> "Iterator[tuple[Store, OpenStudy]]":
    """Open a study and its store: the edition that new people get, or the one called by number or digits.

    A study that nobody joined is as it lies on the disk, and is checked before the database is touched.
    """
    from uplapp.study.session import editions
    from uplapp.study.store.store import Store, exists
    from uplapp.workflows import opening

    settings = Settings.from_env()
    disk = opening.read_disk(folder_of(name, settings), settings)
    if isinstance(disk.study, UplappError) and not exists(settings.answers):
        raise disk.study
    store = Store(settings.answers)
    try:
        if edition:
            yield store, editions.described(editions.choose(editions.listing(store, disk.name), edition))
        else:
            yield store, opening.open_current(store, disk, time.time())
    finally:
        store.close()


@contextmanager
def acting(name: str, what: str, detail: str = "", edition: str = "") -> "Iterator[tuple[Store, OpenStudy]]":
    """Open a study for one transaction that changes it, which is written into its log."""
    from uplapp.study.session import log

    with opened(name, edition) as (store, study), store.transaction():
        yield store, study
        log.note(store, study.definition.name, user(), what, detail, time.time())


def user() -> str:
    """The name of who is at this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown user"


def print_result(as_json: bool, result: dict[str, object]) -> None:
    """Print a result as JSON, or as one line per key."""
    lines = (
        to_json(result, indent=None)
        if as_json
        else "\n".join(f"{key}: {_text(value)}" for key, value in result.items())
    )
    typer.echo(lines)


def _text(value: object) -> str:
    return "; ".join(map(str, value)) or "none" if isinstance(value, tuple | list) else str(value)


PATIENCE_S = 2.0


def watcher(noun: str) -> Callable[[int, int], None]:
    """Build a listener that rewrites one line, once PATIENCE_S have passed.

    What comes after the last but one, and is not counted, repeats it: then the line says that tests follow.
    """
    begun, before = monotonic(), (0, 0)

    def report(done: int, total: int) -> None:
        nonlocal before
        if monotonic() - begun > PATIENCE_S:
            follows = ", tests follow" if (done, total) == before else ""
            print(f"{done} of {total} {noun}{follows}", end="\n" if done >= total else "\r", file=sys.stderr)
        before = done, total

    return report


VOTES = typer.Argument(
    help="CSV with observer, condition_A, condition_B, is_A_selected, or as --columns says."
)
EXCLUDE = typer.Option(help="NAME=REASON: leave out this observer; repeatable.")
EDITION = typer.Option("--edition", help="Take one edition of the study, by its number.")
SIMULATED = typer.Option("--simulated", help="Take the simulated observers, not the people.")
COUNTS = typer.Option(help="Instead of votes: a matrix, conditions in its first row and column.")
WINNER = typer.Option(help="Whose votes a cell of the matrix counts: row or column.")
VOTES_PER_PAIR = typer.Option(help="The cells are probabilities of so many votes (number or matrix file).")
PRIOR = typer.Option(help="distance or none.")
INTERVAL = typer.Option(help="t or percentile; both resample observers.")
REPLICATES = typer.Option(help="Number of bootstrap replicates.")
SEED = typer.Option(help="Seed of the replicates.")
JSON = typer.Option("--json", help="Print JSON and nothing else.")
NO_TITLE = typer.Option("--no-title", help="Leave titles and notes out of pictures, for captions.")


def conditions_of(texts: Sequence[str]) -> dict[str, Path]:
    """Read folders by the names of conditions, from NAME=FOLDER."""
    pairs = [text.partition("=") for text in texts]
    for text, (key, _, folder) in zip(texts, pairs, strict=True):
        if not key or not folder:
            raise UplappError(f"--condition {text!r} must be NAME=FOLDER")
    return {key: Path(folder) for key, _, folder in pairs}


def parse_reasons(texts: Sequence[str]) -> dict[str, str]:
    """Read `NAME=REASON` texts."""
    reasons: dict[str, str] = {}
    for text in texts:
        name, _, reason = (part.strip() for part in text.partition("="))
        if not name or not reason:
            raise UplappError(f"--exclude '{text}' gives no reason; write it as NAME=REASON")
        if name in reasons:
            raise UplappError(f"--exclude names '{name}' twice")
        reasons[name] = reason
    return reasons


def check_folders(*files: Path | None) -> None:
    """Refuse before the work files that could not be written after it."""
    for path in files:
        if path is not None and not path.parent.is_dir():
            raise UplappError(f"there is no folder '{path.parent}' for '{path.name}'")


def leave_out(
    exclude: Sequence[str], groups: Sequence[tuple[Any, set[str], Callable[..., Any]]]
) -> list[Any]:
    """Leave observers in `NAME=REASON` texts out of tables of answers that share them.

    A group is such a table, the names in it, and the function that leaves out of it a mapping of reasons.
    """
    reasons, known = parse_reasons(exclude), {name for _, names, _ in groups for name in names}
    for name in reasons:
        if name not in known:
            raise UnknownName("observer", name, known)
    return [
        without(table, {name: reason for name, reason in reasons.items() if name in names})
        for table, names, without in groups
    ]


def read_all(path: Path, layout: Layout, simulated: bool, edition: str = "") -> Votes:
    """Read votes of people, or of simulated observers, laid out as the options say."""
    from uplapp.analysis.reading.votes import read_votes

    columns, rows = layout.read
    return read_votes(path, simulated or None, columns, edition, rows)


def read_kept(
    path: Path, layout: Layout, exclude: Sequence[str], simulated: bool, edition: str = ""
) -> Votes:
    """Read votes as `read_all` does, without the observers in `NAME=REASON` texts."""
    from uplapp.analysis.reading.votes import without

    reasons = parse_reasons(exclude)
    return without(read_all(path, layout, simulated, edition), reasons)


def read_counts(path: Path, winner: str | None, votes_per_pair: str | None) -> Comparisons:
    """Read a matrix. Whose votes a cell counts must be given, since a wrong guess turns every sign."""
    from uplapp.analysis.reading.matrices import read_matrix

    if winner is None:
        raise UplappError("--counts needs --winner row or --winner column: who was chosen in a cell?")
    return read_matrix(path, winner, votes_per_pair)


def draw(chart: Any, path: Path, title: bool, names: Iterable[str]) -> None:
    """Write a chart to a file, and print which of `names` no font of this machine can draw.

    Without `title` the picture has none, and it is printed as a caption.
    """
    from uplapp.analysis.plots.figures import kind_of, save
    from uplapp.analysis.plots.fonts import box_notes
    from uplapp.analysis.plots.style import untitled

    if not title:
        chart, caption = untitled(chart)
        typer.echo(f"caption: {caption}", err=True)
    save(chart, path)
    for note in box_notes(names, kind_of(path)):
        typer.echo(f"note: {note}", err=True)
