"""`python -m uplapp study links ...`: personal links, made, listed and revoked."""

import json
import time
from typing import Annotated

import typer

from uplapp.commands.shared import Json, Name, acting, opened
from uplapp.errors import UplappError

app = typer.Typer(help="Personal links: each lets one observer in, and back to where that observer stopped.")

Site = Annotated[str, typer.Option(help="The app's address, such as https://lab.example/.")]
HERE = "http://127.0.0.1:7860"


@app.command()
def make(
    name: Name,
    count: Annotated[int, typer.Option("--count", "-n", min=0, max=10_000, help="How many.")] = 0,
    label: Annotated[list[str] | None, typer.Option(help="Instead: one link a label, as P07.")] = None,
    site: Site = HERE,
    as_json: Json = False,
) -> None:
    """Make links and print label and address of each. The address is secret.

    Example: python -m uplapp study links make demo --count 20 --site https://lab.example
    """
    from uplapp.study.session import links

    if bool(count) == bool(label):
        raise UplappError("give either --count N or --label NAME, once a link")
    with acting(name, "make links", f"{count or len(label or ())}") as (store, study):
        last = len(links.listing(store, study.id))
        labels = label or [f"P{last + number:02d}" for number in range(1, count + 1)]
        made = links.make(store, study.id, labels, time.time())
    rows = [
        {"label": text, "address": links.address(site, study.definition.name, link)}
        for text, link in zip(labels, made, strict=True)
    ]
    _print(rows, as_json)


@app.command("list")
def show(name: Name, site: Site = HERE, as_json: Json = False) -> None:
    """List the links: label, whether it is unused, taken, through or revoked, its observer, its address.

    Example: python -m uplapp study links list demo
    """
    from uplapp.study.session import links

    with opened(name) as (store, study):
        entries = links.listing(store, study.id)
    rows = [
        {
            "label": row["label"],
            "state": links.state(row),
            "observer": row["observer"] or "",
            "address": links.address(site, study.definition.name, row["id"]),
        }
        for row in entries
    ]
    _print(rows, as_json)


@app.command()
def revoke(
    name: Name, label: Annotated[str, typer.Argument(help="The label, as `links list` prints it.")]
) -> None:
    """Let nobody in by the links of that label any more. Who came by one goes on.

    Example: python -m uplapp study links revoke demo P07
    """
    from uplapp.study.session import links

    with acting(name, "revoke a link", label) as (store, study):
        matches = [row["id"] for row in links.listing(store, study.id) if row["label"] == label]
        if not matches:
            raise UplappError(f"this study has no link '{label}'; `study links list` shows them")
        for link in matches:
            links.revoke(store, study.id, link, time.time())
    typer.echo(f"{label}: revoked")


def _print(rows: list[dict[str, str]], as_json: bool) -> None:
    typer.echo(json.dumps(rows) if as_json else "\n".join("\t".join(row.values()) for row in rows))
