"""`python -m uplapp deploy`: the app on a Space of its own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from uplapp.hub.deploy import Plan

HOUSE = Path(__file__).resolve().parents[3]


def deploy(
    space: Annotated[str, typer.Argument(help="OWNER/SPACE on the Hugging Face Hub.")],
    answers: Annotated[
        str, typer.Option(help="The private dataset of answers; default: OWNER/SPACE-answers.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done; works without the Hub.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the Space runs.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Create or update a Space with the app, and its private dataset of answers. Repeating is safe.

    HF_TOKEN, or a login, must be allowed to write to both. Files that git tracks are sent as they lie here.

    Example: python -m uplapp deploy lab/flicker-study --dry-run
    """
    from uplapp.hub import deploy as hub
    from uplapp.hub.client import HubError

    wanted = (space, answers or f"{space}-answers", hub.tracked(HOUSE))
    try:
        planned = hub.plan(*wanted)
    except HubError as error:
        if not dry_run or isinstance(error, hub.PublicAnswers):
            raise
        planned = hub.plan_unasked(*wanted, str(error))
    if not dry_run:
        hub.carry_out(planned)
        if wait:
            hub.wait_until_running(space, lambda stage: typer.echo(f"the Space: {stage}", err=True))
    facts = {
        "space": planned.space,
        "answers": planned.answers,
        "dry_run": dry_run,
        "create": list(planned.create),
        "variables": dict(planned.variables),
        "files": planned.files,
        "send": sorted(planned.send),
        "megabytes": round(planned.megabytes, 1),
        "delete": sorted(planned.delete),
        "links": planned.links,
        "secrets": hub.SECRETS,
    }
    typer.echo(json.dumps(facts) if as_json else _summary(planned, dry_run, hub.SECRETS))


def _summary(planned: "Plan", dry_run: bool, secrets: dict[str, str]) -> str:
    """The plan in words, one thing a line."""
    would = "would " if dry_run else ""
    lines = [f"{would}create the {name}" for name in planned.create]
    lines += [
        f"{would}set the variable {name} of the Space to {value}" for name, value in planned.variables.items()
    ]
    lines += [f"{would}send {path}" for path in sorted(planned.send)]
    lines += [f"{would}delete {path}" for path in sorted(planned.delete)]
    lines += [f"{len(planned.send)} of {planned.files} files differ, {planned.megabytes:.1f} MB"]
    if planned.unknown:
        lines += [f"the Hub was not asked what is there already ({planned.unknown}); all counts as new"]
    links = planned.links
    lines += [f"the Space: {links['space']}", f"the app alone: {links['app']}"]
    lines += [f"a study, for observers: {links['app']}/study/NAME"]
    lines += [f"set these secrets at {links['settings']} (once):"]
    return "\n".join([*lines, *(f"  {name}: {what}" for name, what in secrets.items())])
