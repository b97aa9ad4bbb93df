"""Verbs of the command line, called in this process."""

from collections.abc import Callable

import typer
from click.testing import Result
from typer.testing import CliRunner


def caller(verb: typer.Typer | Callable[..., object]) -> Callable[..., Result]:
    """A function from the words after a verb to its result. An error of the verb is raised."""
    app = verb if isinstance(verb, typer.Typer) else typer.Typer()
    if app is not verb:
        app.command()(verb)

    def call(*words: object) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return call


def printer(verb: typer.Typer | Callable[..., object]) -> Callable[..., str]:
    """As `caller`, but only what is printed on standard output."""
    call = caller(verb)
    return lambda *words: call(*words).stdout
