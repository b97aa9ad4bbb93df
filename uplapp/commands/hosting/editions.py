"""`python -m uplapp study editions` and `adopt`: which edition of a study new people get."""

import time
from typing import Annotated, Any

import typer

from uplapp.commands.shared import Json, Name, opened, print_result, user
from uplapp.errors import UplappError
from uplapp.plain import to_json

COLUMNS = ("edition", "manifest", "opened_utc", "new_people", "people", "finished", "under_way")


def editions(name: Name, as_json: Json = False) -> None:
    """List the editions of a study, which differ in what they show or ask, and who took part in each.

    Every verb that exports or counts takes one by `--edition` and its number, or the first digits of its
    manifest.

    Example: python -m uplapp study editions demo
    """
    from uplapp.study.session import editions as kept

    with opened(name) as (store, study):
        rows = [_line(row) for row in kept.listing(store, study.definition.name)]
    if as_json:
        typer.echo(to_json(rows, indent=None))
        return
    for row in (dict(zip(COLUMNS, COLUMNS, strict=True)), *rows):
        typer.echo("\t".join(str(row[column]) for column in COLUMNS))


def adopt(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Serve a study as it lies on the disk to new people. Who is under way finishes the edition before it.

    An app that runs on the same data folder serves it within seconds.

    Example: python -m uplapp study adopt demo --yes
    """
    from uplapp.commands.shared import folder_of
    from uplapp.settings import Settings
    from uplapp.study.session import editions as kept
    from uplapp.study.session import log
    from uplapp.workflows import opening

    settings = Settings.from_env()
    with opened(name) as (store, study):
        before = kept.listing(store, study.definition.name)
        disk = opening.read_disk(folder_of(name, settings), settings)
        if isinstance(disk.study, UplappError):
            raise disk.study
        if not yes:
            typer.confirm(f"Serve {disk.name} as it lies on the disk to new people?", abort=True)
        served = opening.serve(store, disk, time.time(), adopt=True)
        if served.present.id == study.id and len(before) == served.present.number:
            raise UplappError(f"no edit of '{disk.name}' waits; new people get what lies on the disk")
        log.note(store, disk.name, user(), "adopt", f"edition {served.present.number}", time.time())
    print_result(as_json, {"study": disk.name, "edition": served.present.number, "before": study.number})


def _line(row: dict[str, Any]) -> dict[str, Any]:
    opened_at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(row["opened_at"]))
    values = (row["number"], row["hash"][:12], opened_at, "yes" if row["present"] else "no")
    counts = (row["people"], row["finished"], row["under_way"])
    return dict(zip(COLUMNS, (*values, *counts), strict=True))
