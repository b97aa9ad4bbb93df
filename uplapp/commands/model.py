"""`python -m uplapp model ...`: networks of one's own, beside those that ship."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uplapp.commands.shared import Json, print_result, watcher
from uplapp.settings import Settings

if TYPE_CHECKING:
    from uplapp.imaging.checkpoints import Card, Checkpoints

app = typer.Typer(help="Networks of your own: add, list, remove.", no_args_is_help=True)


@app.command()
def add(
    source: Annotated[str, typer.Argument(help="FILE.safetensors, or OWNER/REPO on the Hugging Face Hub.")],
    name: Annotated[str, typer.Option(help="Its name here; default: that in its card.")] = "",
    card: Annotated[
        Path | None, typer.Option(help="The card of a file; default: FILE.json beside it.")
    ] = None,
    file: Annotated[str, typer.Option(help="Which network of a repository that holds several.")] = "",
    as_json: Json = False,
) -> None:
    """Check a network and add it to every menu: its hash, size, and the names and shapes of its tensors.

    Example: python -m uplapp model add lab/sharp-denoiser --name denoise-unet-sharp
    """
    from uplapp.imaging.checkpoints import adding

    checkpoints = _checkpoints()
    if source.endswith(".safetensors") or Path(source).is_file():
        made = adding.add(checkpoints, *adding.read_files(Path(source), card), name)
    else:
        from uplapp.workflows.networks import add_from_hub

        made = add_from_hub(checkpoints, source, name, file, watcher("bytes"))
    for note in adding.notes(made):
        typer.echo(note, err=True)
    print_result(as_json, _facts(made))


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List every checkpoint: its name, task, name in menus, parameters, where it is from, its terms.

    Example: python -m uplapp model list
    """
    from uplapp.imaging.checkpoints.adding import added

    checkpoints = _checkpoints()
    own, broken = added(checkpoints), checkpoints.broken()
    rows = [{**_facts(card), "added": card.name in own} for card in checkpoints.cards()]
    if as_json:
        typer.echo(json.dumps({"checkpoints": rows, "broken": broken}))
        return
    lines = [
        (
            row["name"],
            row["task"],
            row["label"],
            f"{row['parameters']:,} parameters",
            f"{'added' if row['added'] else 'ships'}{'  research only' * row['for_research']}",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for *words, size, terms in lines:
        padded = (word.ljust(width) for word, width in zip(words, widths, strict=False))
        typer.echo(f"{'  '.join(padded)}  {size:>{widths[3]}}  {terms}")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="A network that was added.")]) -> None:
    """Delete an added network from this machine. Studies keep the pictures that it made.

    Example: python -m uplapp model remove denoise-unet-sharp
    """
    from uplapp.imaging.checkpoints import adding

    adding.remove(_checkpoints(), name)
    typer.echo(f"removed {name}")


def _checkpoints() -> "Checkpoints":
    from uplapp.imaging.checkpoints import Checkpoints

    return Checkpoints(Settings.from_env().models)


def _facts(card: "Card") -> dict[str, Any]:
    network = card.spec.network if card.spec else card.kind
    names = {"name": card.name, "label": card.label, "task": card.task, "network": network}
    purpose = {"purpose": card.purpose, "loss": card.loss, "for_research": card.for_research}
    return {**names, **purpose, "parameters": card.parameters, "sha256": card.sha256}
