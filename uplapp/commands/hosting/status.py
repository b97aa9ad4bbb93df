"""`python -m uplapp study list`, `status`, `log`, `rebuild`, `take-in`: which studies there are, how far."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from uplapp.commands.shared import Edition, Json, Name, opened, print_result
from uplapp.errors import UplappError
from uplapp.settings import Settings


def status(
    name: Name,
    edition: Edition = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until Ctrl-C, once every few seconds.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")] = 5.0,
    as_json: Json = False,
) -> None:
    """Report observers, progress, answers per minute, flags and exclusions, of people only.

    Who finished, is under way or gave up (silent for longer than a place is held) is counted apart. With
    --watch and --json it prints one object per line. A damaged database is refused, and what mends it said.

    Example: python -m uplapp study status demo --watch
    """
    from uplapp.study.session import status as progress
    from uplapp.study.store import recovery

    database = Settings.from_env().answers
    if isinstance(database, Path):
        recovery.require_whole(database)
    with opened(name, edition) as (store, study):
        while True:
            report = asdict(progress.status(store, study.id, time.time()))
            if watch and not as_json:
                typer.echo(f"\n{time.strftime('%H:%M:%S')}")
            print_result(as_json, {"study": study.definition.name, "edition": study.number, **report})
            if not watch:
                return
            time.sleep(every)


def log(name: Name, as_json: Json = False) -> None:
    """List who did what to a study, and when: as CSV, the oldest first.

    On the command line `who` is the user of the machine, on the Study tab the name before the researcher's
    token.

    Example: python -m uplapp study log demo
    """
    import pandas as pd

    from uplapp.plain import to_csv, to_json
    from uplapp.study.session import log as actions

    with opened(name) as (store, study):
        rows = actions.listing(store, study.definition.name)
    lines = [{**row, "done_at": time.strftime(UTC_FORM, time.gmtime(row["done_at"]))} for row in rows]
    table = pd.DataFrame(lines, columns=list(actions.COLUMNS)).rename(columns={"done_at": "done_utc"})
    typer.echo(to_json(table.to_dict("records"), indent=None) if as_json else to_csv(table), nl=as_json)


def list_studies(as_json: Json = False) -> None:
    """List the studies in studies/ with their titles, states and people: as CSV, or as JSON.

    Example: python -m uplapp study list
    """
    import pandas as pd

    from uplapp.plain import to_csv, to_json
    from uplapp.study.definition import load
    from uplapp.study.session.status import overview
    from uplapp.study.store.store import exists, reading

    settings, states = Settings.from_env(), {}
    if exists(settings.answers):
        with reading(settings.answers) as reader:
            states = overview(reader)
    rows = []
    for folder in sorted(path.parent for path in settings.studies.glob("[!.]*/study.toml")):
        state, people = states.get(folder.name, ("not opened yet", 0))
        try:
            title = load(folder).title
        except UplappError as error:
            title, state = "", f"invalid: {error}"
        rows.append({"study": folder.name, "state": state, "people": people, "title": title})
    table = pd.DataFrame(rows, columns=["study", "state", "people", "title"])
    typer.echo(to_json(rows, indent=None) if as_json else to_csv(table), nl=as_json)


UTC_FORM = "%Y-%m-%d %H:%M:%S"


def rebuild(as_json: Json = False) -> None:
    """Bring back what the database lacks from the journals beside it, after a loss or a damage.

    Stop the app first. A damaged database is put aside and kept. Nothing is ever there twice.

    Example: python -m uplapp study rebuild
    """
    from uplapp.study.store import recovery, replay
    from uplapp.study.store.holding import holding

    settings = Settings.from_env()
    database, data = settings.answers, settings.data
    if not isinstance(database, Path):
        raise UplappError("the answers are in UPLAPP_DATABASE, which has no journals; restore a backup of it")
    with holding(data):
        made = recovery.rebuild(database, data / replay.FOLDER)
    moved = {} if made.moved is None else {"damaged_database": str(made.moved)}
    counts = {"rows_restored": made.replayed.added, "lines_damaged": made.replayed.damaged}
    print_result(
        as_json, {"database": str(database), **counts, "rows_left_out": made.replayed.orphans, **moved}
    )


def take_in(
    source: Annotated[Path, typer.Argument(help="The file uplapp.db of a data folder.")],
    as_json: Json = False,
) -> None:
    """Copy every study and answer of a file of SQLite to the empty PostgreSQL database of UPLAPP_DATABASE.

    Stop the app first. The file stays as it is. The other way round is `study export --format sqlite`.

    Example: python -m uplapp study take-in data/uplapp.db
    """
    from uplapp.study.store.holding import holding

    place = Settings.from_env().answers
    if isinstance(place, Path):
        raise UplappError("set UPLAPP_DATABASE=postgresql://... to the database that takes the answers in")
    if not source.is_file():
        raise UplappError(f"there is no file {source}; name the uplapp.db of a data folder")
    from uplapp.study.store import postgres

    with holding(source.resolve().parent):
        rows = postgres.take_in(source, place)
    print_result(as_json, {"file": str(source), "rows": rows})
