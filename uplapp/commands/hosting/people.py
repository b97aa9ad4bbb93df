"""`python -m uplapp study exclude` and `include`: people whose answers stay and do not count."""

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
