"""Verbs that change how a study that runs takes people: pause, resume, close, quota, pilot."""

from typing import Annotated

import typer

from uplapp.commands.shared import Edition, Name, acting


def pause(name: Name, edition: Edition = "") -> None:
    """Turn new observers away. Hold those who have begun at their next comparison.

    Of a study with several editions it holds all, or the one of --edition.

    Example: python -m uplapp study pause demo
    """
    from uplapp.study.session import lifecycle

    _change(name, lifecycle.PAUSED, edition)


def resume(name: Name, edition: Edition = "") -> None:
    """Go on after a pause, or open a closed study again.

    Example: python -m uplapp study resume demo
    """
    from uplapp.study.session import lifecycle

    _change(name, lifecycle.OPEN, edition)


def close(name: Name, edition: Edition = "") -> None:
    """End a study: it stores no answer any more. Who has finished still gets the completion code.

    Of a study with several editions it ends all, or the one of --edition.

    Example: python -m uplapp study close demo
    """
    from uplapp.study.session import lifecycle

    _change(name, lifecycle.CLOSED, edition)


def quota(
    name: Name,
    people: Annotated[int | None, typer.Argument(min=0, help="How many; nothing for no limit.")] = None,
) -> None:
    """Take at most so many people who finish, or hold a place for the time that the definition says.

    Excluded ones and those of a pilot are not counted.

    Example: python -m uplapp study quota demo 30
    """
    from uplapp.study.session import lifecycle

    with acting(name, "quota", f"{people}") as (store, study):
        lifecycle.limit(store, study.id, people)
    typer.echo(f"quota: {people}")


def pilot(
    name: Name,
    end: Annotated[bool, typer.Option("--end", help="Who joins from now on counts.")] = False,
) -> None:
    """Mark who joins from now on as one of a pilot: their answers are never pooled with others.

    `study export --pilot` writes them. They take no place of the quota, and no date keeps them out.

    Example: python -m uplapp study pilot demo
    """
    from uplapp.study.session import lifecycle

    with acting(name, "pilot ends" if end else "pilot begins") as (store, study):
        lifecycle.pilot(store, study.id, not end)
    typer.echo("the pilot has ended" if end else "who joins from now on is one of the pilot")


def _change(name: str, state: str, edition: str) -> None:
    from uplapp.study.session import editions, lifecycle

    with acting(name, state, f"edition {edition}" if edition else "", edition) as (store, study):
        rows = [] if edition else editions.listing(store, study.definition.name)
        for one in [row["id"] for row in rows] or [study.id]:
            lifecycle.change(store, one, state)
    typer.echo(f"{study.definition.name}: {state}")
