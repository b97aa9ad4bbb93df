"""Networks of one's own: from files or the Hub into the menus, by a researcher or the machine's owner."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.errors import UplappError
from uplapp.imaging.checkpoints import SEGMENT, Card, Checkpoints, adding
from uplapp.imaging.tasks import TASKS
from uplapp.values import Watch
from uplapp.web.researcher.desk import REFUSED, Desk, Entry
from uplapp.web.restore.panels import choices_of, info_of
from uplapp.web.widgets import sentence, working
from uplapp.workflows.networks import add_from_hub

ABOUT = """A network that you trained: its `.safetensors` and its card, a `.json` with name, recipe and hash.
Both are checked before use; a pickle is not read."""
EPHEMERAL = " On a Space it is gone after a restart."
LOOPBACK = ("127.0.0.1", "::1")
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
STOPPED = "Stopped."


@dataclass(frozen=True)
class Fields:
    """The fields that a person fills in."""

    files: gr.File
    repo: gr.Textbox
    file: gr.Textbox
    name: gr.Textbox

    @property
    def all(self) -> list[gr.components.Component]:
        """List the fields in the order in which `take` gets them."""
        return [self.files, self.repo, self.file, self.name]


def build(desk: Desk) -> gr.State:
    """Lay out the part inside the Blocks that are open, and connect it.

    Returns the names that this browser added, a tuple: where it changes, menus refresh by `menu`.
    """
    settings = desk.shelf.settings
    with gr.Accordion(
        "Your own network", open=False, visible=settings.own_machine, elem_id="own-model"
    ) as shown:
        gr.Markdown(ABOUT + EPHEMERAL * settings.space)
        fields = _lay_out_fields()
        with gr.Row():
            add = gr.Button("Check and add", min_width=140, elem_id="add-model")
            stop = gr.Button("Stop", min_width=80, elem_id="stop-model")
        said = gr.HTML(elem_id="model-said")
    added = gr.State(())

    # Gradio finds the request by its annotation, which a partial would hide.
    def bring_in(request: gr.Request, *values: Any) -> Generator[Any, None, None]:
        yield from take(desk, request, *values)

    run = add.click(
        bring_in,
        [desk.entry, added, *fields.all],
        [added, said, *fields.all],
        concurrency_id="own-model",
        concurrency_limit=1,
        **PRIVATE,
    )
    stop.click(lambda: paragraph(STOPPED), None, said, cancels=[run], **PRIVATE)
    if not settings.own_machine:
        desk.entry.change(
            lambda entry: gr.update(visible=isinstance(entry, Entry)), desk.entry, shown, **PRIVATE
        )
    return added


def _lay_out_fields() -> Fields:
    files = gr.File(
        label="The .safetensors and its card, together",
        file_count="multiple",
        file_types=[".safetensors", ".json"],
        type="filepath",
        height=120,
        elem_id="model-files",
    )
    line: dict[str, Any] = {"max_lines": 1, "min_width": 140}
    repo = gr.Textbox(
        label="Or a model on the Hugging Face Hub: OWNER/NAME", max_length=200, elem_id="model-repo", **line
    )
    with gr.Row():
        file = gr.Textbox(label="Its file, if it has several", max_length=100, **line)
        name = gr.Textbox(label="Name here, if not its card's", max_length=64, **line)
    return Fields(files, repo, file, name)


def menu(checkpoints: Checkpoints, task: str, ticked: Sequence[str], added: Sequence[str]) -> tuple[Any, Any]:
    """Update the checkboxes of a task, and the note that it has no networks.

    What was ticked stays so, the network just added joins. Where that changes nothing no value is sent: it
    would undo what a visitor ticked in the meantime.
    """
    cards = checkpoints.cards(task)
    chosen = {*ticked, *added[-1:]}
    shown = [card.name for card in cards if card.name in chosen]
    changed: dict[str, Any] = {"value": shown} if set(shown) != set(ticked) else {}
    boxes = gr.update(choices=choices_of(cards), info=info_of(cards), visible=bool(cards), **changed)
    return boxes, gr.update(visible=not cards)


def take(
    desk: Desk,
    request: gr.Request,
    entry: object,
    added: tuple[str, ...],
    files: Sequence[str] | None,
    repo: str,
    file: str,
    name: str,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 (Gradio finds it by this default)
) -> Generator[Any, None, None]:
    """Check a network and add it.

    The last yield holds the names so far and a sentence.
    """
    if not _may(desk, entry, request):
        raise gr.Error(REFUSED, print_exception=False)
    checkpoints = Checkpoints(desk.shelf.settings.models)
    paths, repo, file, name = [Path(path) for path in files or ()], repo.strip(), file.strip(), name.strip()
    try:
        card = yield from working(
            lambda watch: bring(checkpoints, paths, repo, file, name, watch), progress, "fetching the weights"
        )
    except UplappError as error:
        yield gr.skip(), paragraph(f"Not added: {sentence(error)}."), *[gr.skip()] * 4
        return
    yield (*added, card.name), paragraph(". ".join([_describe(card), *adding.notes(card)])), None, "", "", ""


def bring(
    checkpoints: Checkpoints, paths: Sequence[Path], repo: str, file: str, name: str, watch: Watch
) -> Card:
    """Add the network of two files, or of a repository.

    UplappError is raised where neither or both are given.
    """
    if bool(paths) == bool(repo):
        raise UplappError("give either the two files or a model on the Hub")
    if repo:
        return add_from_hub(checkpoints, repo, name, file, watch)
    by_suffix = {path.suffix: path for path in paths}
    if len(paths) != 2 or set(by_suffix) != {".safetensors", ".json"}:
        raise UplappError("choose two files, a .safetensors and its card, a .json")
    content = adding.read_files(by_suffix[".safetensors"], by_suffix[".json"])
    watch(0, 1)  # the last moment to stop
    return adding.add(checkpoints, *content, name)


def paragraph(sentence: str) -> str:
    """Draw a sentence as a paragraph.

    The name of a stranger's file stays text.
    """
    return f"<p>{escape(sentence)}</p>"


def _describe(card: Card) -> str:
    task = TASKS[card.task]
    place = f"is in the menus of {task.label}"
    if card.purpose == SEGMENT:
        place = "judges what others restore"
    return f"{card.label} {place}: {card.parameters:,} parameters; its name is {card.name}."


def _may(desk: Desk, entry: object, request: gr.Request) -> bool:
    """Whether this visitor may add networks.

    A researcher may, and on one's own machine, where there is no token to enter, whoever sits at it.
    """
    if isinstance(entry, Entry):
        return True
    host = getattr(request.client, "host", "")
    forwarded = any(name.startswith(("x-forwarded", "forwarded")) for name in request.headers)
    return desk.shelf.settings.own_machine and host in LOOPBACK and not forwarded
