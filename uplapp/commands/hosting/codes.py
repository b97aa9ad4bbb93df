"""`python -m uplapp study codes`: completion codes with their outcomes, to pay people by."""

import time
from typing import Annotated

import typer

from uplapp.commands.shared import Name


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

    Example: uplapp study codes demo
    """
    from uplapp.commands.shared import folder_of
    from uplapp.plain import to_csv
    from uplapp.settings import Settings
    from uplapp.study.definition import load
    from uplapp.study.exports import codes as exported
    from uplapp.study.store.store import DATABASE, reading

    settings = Settings.from_env()
    plan = load(folder_of(name, settings))
    with reading(settings.data / DATABASE) as reader:
        table = exported.listing(reader, plan.name, time.time(), panel)
    typer.echo(to_csv(exported.checked(table, code) if code else table), nl=False)
