"""The command line: `python -m uplapp VERB`."""

import sys

import typer

from uplapp.commands.agree import agree
from uplapp.commands.analyse import analyse
from uplapp.commands.deploy import deploy
from uplapp.commands.evaluate import evaluate
from uplapp.commands.model import app as model
from uplapp.commands.next import next_pair
from uplapp.commands.observers import observers
from uplapp.commands.plan import plan
from uplapp.commands.ratings import ratings
from uplapp.commands.restore import restore
from uplapp.commands.study import app as study
from uplapp.commands.train import train
from uplapp.errors import UplappError

app = typer.Typer(
    help="Restore images, ask observers which looks best, and rank with honest intervals.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


for verb in (restore, train, evaluate, analyse, ratings, observers, agree, plan, deploy):
    app.command()(verb)
app.command("next")(next_pair)
app.add_typer(study, name="study")
app.add_typer(model, name="model")


@app.command()
def serve() -> None:
    """Serve the app; address and port are GRADIO_SERVER_NAME and GRADIO_SERVER_PORT.

    Example: python -m uplapp serve
    """
    from uplapp.settings import Settings
    from uplapp.web import page

    page.serve(Settings.from_env())


def main() -> None:
    """Run a verb; bad input ends with exit code 2 and one line on stderr."""
    try:
        app()
    except UplappError as error:
        print("; ".join(filter(None, (f"error: {error}", error.hint))), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
