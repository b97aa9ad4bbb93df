"""The command line: `python -m uplapp VERB`."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from uplapp.errors import UplappError

# Where each verb lives; it is imported when it is asked for, so that the analysis starts without torch.
VERBS = {
    "restore": "uplapp.commands.restore:restore",
    "train": "uplapp.commands.train:train",
    "evaluate": "uplapp.commands.evaluate:evaluate",
    "score": "uplapp.commands.data.score:score",
    "sis": "uplapp.commands.sis:sis",
    "trees": "uplapp.commands.data.trees:trees",
    "sweep": "uplapp.commands.sweep:sweep",
    "analyse": "uplapp.commands.analyse:analyse",
    "ratings": "uplapp.commands.ratings:ratings",
    "unify": "uplapp.commands.scales.unify:unify",
    "triplets": "uplapp.commands.scales.triplets:triplets",
    "observers": "uplapp.commands.observers:observers",
    "agree": "uplapp.commands.agree:agree",
    "next": "uplapp.commands.next:next_pair",
    "plan": "uplapp.commands.plan:plan",
    "study": "uplapp.commands.study:app",
    "model": "uplapp.commands.model:app",
    "deploy": "uplapp.commands.hosting.deploy:deploy",
    "serve": "uplapp.__main__:serve",
}
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells report it


class Verbs(TyperGroup):
    """The verbs of VERBS, each imported on its first use."""

    def list_commands(self, ctx: Any) -> list[str]:
        """List the verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a verb as the list of verbs needs it, None for an unknown one."""
        return _command(cmd_name, "without_degradations") if cmd_name in VERBS else None

    def invoke(self, ctx: Any) -> Any:
        """Run a verb, and end it with one sentence where a person stops it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print(
                "stopped by Ctrl-C before the end; files that were written before are whole", file=sys.stderr
            )
            raise typer.Exit(INTERRUPTED) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Give the verb that is called all its options."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _command(name, "completed") if name in VERBS else command, rest


def serve() -> None:
    """Serve the app.

    GRADIO_SERVER_NAME and GRADIO_SERVER_PORT set address and port.

    Example: python -m uplapp serve
    """
    from uplapp.settings import Settings
    from uplapp.web import page

    page.serve(Settings.from_env())


def preview(
    name: Annotated[str, typer.Argument(help="A study below studies/.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of this machine; 0 takes a free one.")] = 7870,
) -> None:
    """Try a study as observers see it, on this machine. Nothing of it is stored.

    Example: python -m uplapp study preview demo
    """
    from uplapp.commands.shared import folder_of
    from uplapp.settings import Settings
    from uplapp.web.preview import serve_one

    settings = Settings.from_env()
    serve_one(settings, folder_of(name, settings), "127.0.0.1", port)


# Verbs of a verb that stand here, where the page may be imported.
WITH_PAGE: dict[str, dict[str, Any]] = {"study": {"preview": preview}}

app = typer.Typer(
    cls=Verbs,
    help="Restore images, ask observers which looks best, and rank with honest intervals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Restore images, ask observers which looks best, and rank with honest intervals."""


def main() -> None:
    """Run a verb.

    Bad input ends with exit code 2 and one line on stderr.
    """
    try:
        app()
    except UplappError as error:
        print("; ".join(filter(None, (f"error: {error}", error.hint))), file=sys.stderr)
        sys.exit(2)


def _command(name: str, form: str) -> Any:
    """Make a command of a verb's function, or of its app with verbs of its own.

    `form` is the function of commands.options that gives a verb which degrades its options.
    """
    module, _, function = VERBS[name].partition(":")
    verb = getattr(import_module(module), function)
    if hasattr(verb, "without"):
        from uplapp.commands import options

        verb = getattr(options, form)(verb)
    if isinstance(verb, typer.Typer):
        verb.rich_markup_mode = None
        known = [one.name for one in verb.registered_commands]
        for own, function_of_page in WITH_PAGE.get(name, {}).items():
            if own not in known:
                verb.command(own)(function_of_page)
        command = typer.main.get_command(verb)
    else:
        single = typer.Typer(pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
        single.command(name)(verb)
        command = typer.main.get_command(single)
    command.name = name
    return command


if __name__ == "__main__":
    main()
