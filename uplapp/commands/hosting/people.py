"""`python -m uplapp study exclude`, `include`, `withdraw`, `clear`, `codes`: who counts, who is paid."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from uplapp.commands.shared import Json, Name, acting, opened, print_result, user

if TYPE_CHECKING:
    from uplapp.study.store.store import Store

Observer = Annotated[str, typer.Argument(help="The observer's id, as `export` writes it.")]


def exclude(
    name: Name,
    observer: Observer,
    reason: Annotated[str, typer.Option(help="Why, as every export will say.")],
    as_json: Json = False,
) -> None:
    """Leave one observer's answers out of scores and exports, without deleting them.

    `study include` takes them back. An observer who has not finished goes on, and gets the completion code.

    Example: python -m uplapp study exclude demo o1a2b3c4d5e --reason "wore no glasses"
    """
    from uplapp.study.session import lifecycle

    with acting(name, "exclude", f"{observer}: {reason}") as (store, study):
        own = lifecycle.edition_of_observer(store, study.id, observer)
        lifecycle.leave_out(store, own, observer, reason)
    print_result(as_json, {"study": name, "observer": observer, "left_out": reason})


def include(name: Name, observer: Observer, as_json: Json = False) -> None:
    """Take an observer back whom `exclude` left out.

    Example: python -m uplapp study include demo o1a2b3c4d5e
    """
    from uplapp.study.session import lifecycle

    with acting(name, "include", observer) as (store, study):
        own = lifecycle.edition_of_observer(store, study.id, observer)
        lifecycle.take_back(store, own, observer)
    print_result(as_json, {"study": name, "observer": observer, "left_out": ""})


def withdraw(name: Name, observer: Observer, as_json: Json = False) -> None:
    """Delete answers, events, replies and trials of one observer. What stays is the time of the withdrawal.

    Journals and database are overwritten, so that no byte is left in the data folder. The copy on the Hub
    follows, with its history, when an app that runs copies next, or at the next start.

    Example: python -m uplapp study withdraw demo o1a2b3c4d5e
    """
    from uplapp.study.session import lifecycle, log

    with opened(name) as (store, study):
        with store.transaction():
            own = lifecycle.edition_of_observer(store, study.id, observer)
            gone = lifecycle.withdraw(store, own, observer, time.time())
            log.note(store, study.definition.name, user(), "withdraw", observer, time.time())
        done = _erased(store)
    told = {"study": name, "observer": observer, "answers_deleted": gone, "files_overwritten": done}
    print_result(as_json, told)


def clear(
    name: Name,
    question: Annotated[
        list[str] | None, typer.Option(help="Also the replies to this question, once per question.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Delete ids of panels, browsers and labels of links of everybody in a study. Answers stay.

    The app does the same by itself on the day that [retention] in study.toml names.

    Example: python -m uplapp study clear demo --question name
    """
    from uplapp.errors import UnknownName
    from uplapp.study.session import log, retention

    with opened(name) as (store, study):
        known = {row.name for row in study.definition.questions}
        for asked in question or ():
            if asked not in known:
                raise UnknownName("question", asked, sorted(known))
        with store.transaction():
            every = store.rows("SELECT id FROM studies WHERE name = :name", {"name": study.definition.name})
            rows = sum(retention.clear(store, row["id"], question or (), time.time()) for row in every)
            log.note(store, study.definition.name, user(), "clear", ", ".join(question or ()), time.time())
        done = _erased(store)
    print_result(as_json, {"study": name, "rows_cleared": rows, "files_overwritten": done})


def _erased(store: "Store") -> bool:
    """Overwrite the files. False where somebody reads: an app that runs, or the next start, finishes it."""
    from uplapp.study.store import erasure
    from uplapp.study.store.store import StoreBusy

    with suppress(StoreBusy):
        erasure.erase(store)
    return not erasure.due(store)


def codes(
    name: Name,
    code: Annotated[list[str] | None, typer.Argument(help="Codes to check; default: everybody.")] = None,
    panel: Annotated[
        bool, typer.Option("--panel", help="Also the ids of the panel. They name people: keep them apart.")
    ] = False,
) -> None:
    """Write code, outcome and times of every person as CSV, or of the codes that people hand in.

    The outcome is finished, under way, given up, withdrawn or why somebody was left out; unknown for a code
    that nobody was shown. Labels of personal links stand beside. Who has a code can
    withdraw that person's answers.

    Example: python -m uplapp study codes demo
    """
    from uplapp.commands.shared import folder_of
    from uplapp.plain import to_csv
    from uplapp.settings import Settings
    from uplapp.study.definition import load
    from uplapp.study.exports import codes as exported
    from uplapp.study.store.store import reading

    settings = Settings.from_env()
    plan = load(folder_of(name, settings))
    with reading(settings.answers) as reader:
        table = exported.listing(reader, plan.name, time.time(), panel)
    typer.echo(to_csv(exported.checked(table, code) if code else table), nl=False)
