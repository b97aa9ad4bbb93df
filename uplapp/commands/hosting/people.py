"""`python -m uplapp study exclude`, `include` and `withdraw`: whose answers count, and whose are deleted."""

import time
from contextlib import suppress
from typing import Annotated

import typer

from uplapp.commands.shared import Json, Name, opened, print_result

Observer = Annotated[str, typer.Argument(help="The observer's id, as `export` writes it.")]


def exclude(
    name: Name,
    observer: Observer,
    reason: Annotated[str, typer.Option(help="Why, as every export will say.")],
    as_json: Json = False,
) -> None:
    """Leave one observer's answers out of scores and exports, without deleting them.

    `study include` takes them back. An observer who has not finished goes on, and gets the completion code.

    Example: uplapp study exclude demo o1a2b3c4d5e --reason "wore no glasses"
    """
    from uplapp.study.session import lifecycle

    with opened(name) as (store, study):
        lifecycle.leave_out(store, study.id, observer, reason)
    print_result(as_json, {"study": name, "observer": observer, "left_out": reason})


def include(name: Name, observer: Observer, as_json: Json = False) -> None:
    """Take an observer back whom `exclude` left out.

    Example: uplapp study include demo o1a2b3c4d5e
    """
    from uplapp.study.session import lifecycle

    with opened(name) as (store, study):
        lifecycle.take_back(store, study.id, observer)
    print_result(as_json, {"study": name, "observer": observer, "left_out": ""})


def withdraw(name: Name, observer: Observer, as_json: Json = False) -> None:
    """Delete answers, events, replies and trials of one observer. What stays is the time of the withdrawal.

    Journals and database are overwritten, so that no byte is left in the data folder. The copy on the Hub
    follows, with its history, when an app that runs copies next, or at the next start.

    Example: uplapp study withdraw demo o1a2b3c4d5e
    """
    from uplapp.study.session import lifecycle
    from uplapp.study.store import erasure
    from uplapp.study.store.store import StoreBusy

    with opened(name) as (store, study):
        gone = lifecycle.withdraw(store, study.id, observer, time.time())
        with suppress(StoreBusy):  # an app that runs, or the next start, finishes it
            erasure.erase(store)
        left = observer in erasure.pending(store)
    told = {"study": name, "observer": observer, "answers_deleted": gone, "files_overwritten": not left}
    print_result(as_json, told)
