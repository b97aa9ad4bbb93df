"""Build a study: pictures in, facts and a contact sheet to look at, then frozen and open at once."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from uplapp.analysis.asking.detectable import expectation
from uplapp.errors import BadStudy
from uplapp.study.stimuli import drafts, package
from uplapp.study.stimuli.drafts import Draft
from uplapp.study.stimuli.facts import Row, contact_sheet
from uplapp.web.researcher.build import collecting, form, more
from uplapp.web.researcher.build.collecting import Collected
from uplapp.web.researcher.desk import FORGETFUL, Desk, Entry
from uplapp.web.researcher.watch.drawing import tile, warning

ZIP, RESULTS = "Folders or a ZIP", "Results of the Restore tab"
LONG_MIN = 30
OBSERVERS = 20  # of whom the page says what they will find
FLASHES_MS = 1000 / 6  # more than three flashes a second are shown below this (WCAG 2.3.1)
ABOUT = """Drop a folder `reference` and one folder per condition on the field, the same file names in each:
all at once, the folder that holds them, or a ZIP of it. A ZIP that `uplapp study pack` wrote keeps its own
settings. More than 256 MB, and folders on the server's disk: `uplapp study new`."""
FIELD: dict[str, Any] = {
    "label": "Folders or a ZIP",
    "file_types": [".zip"],
    "type": "filepath",
    "height": 140,
    "elem_id": "pictures",
    "elem_classes": "packs-folders",
}
TITLE = "the question that observers answer, unless you write another"


def build(desk: Desk, collected: gr.State, watched: gr.Dropdown) -> None:
    """Lay out the view. `watched` is the menu of studies, which a new one joins."""
    gr.Markdown(ABOUT)
    source = gr.Radio([ZIP, RESULTS], value=ZIP, label="Pictures from")
    upload = gr.File(**FIELD)
    with gr.Column(visible=False) as results:
        listed = gr.Markdown(collecting.summary(Collected()))
        clear = gr.Button("Clear", size="sm")
    with gr.Row():
        name = gr.Textbox(label="Name, in its address", max_length=40, max_lines=1, elem_id="study-name")
        title = gr.Textbox(
            placeholder=TITLE, label="Title, for observers", max_length=200, max_lines=1, min_width=250
        )
    fields = form.build().fields
    check = gr.Button("Check", variant="primary", elem_id="check")
    facts = gr.HTML(elem_id="facts")
    forced = gr.Checkbox(label="Open it although answers will be lost", visible=False)
    freeze = gr.Button("Freeze and open", variant="primary", visible=False, elem_id="freeze")
    said = gr.HTML(elem_id="opened")
    draft = gr.State(None, delete_callback=_forget)

    def look(entry: Entry, old: Draft | None, *values: Any) -> tuple[Any, ...]:
        made = drafted(desk, *values)
        _forget(old)
        facts = shown(made, desk.preview(made.definition, made.stimuli))
        return made, facts, gr.update(visible=True), gr.update(visible=forgetful), ""

    def publish(entry: Entry, made: Draft | None, forced: bool) -> tuple[Any, ...]:
        address = published(desk, entry, made, forced)
        hidden, opened = gr.update(visible=False), gr.update(choices=desk.shelf.names(), value=_name(made))
        return None, "", hidden, hidden, address, opened, None, Collected(), ""

    used = [upload, collected, name]
    forgetful = desk.shelf.settings.forgetful
    inputs = [source, upload, collected, name, title, *fields]
    desk.on(check.click, look, [draft, *inputs], [draft, facts, freeze, forced, said])
    desk.on(freeze.click, publish, [draft, forced], [draft, facts, freeze, forced, said, watched, *used])
    desk.on(clear.click, lambda entry: Collected(), [], collected)
    source.change(
        lambda source: (gr.update(visible=source == ZIP), gr.update(visible=source == RESULTS)),
        source,
        [upload, results],
        api_visibility="private",
    )
    desk.on(collected.change, lambda entry, now: collecting.summary(now), [collected], listed)


def drafted(
    desk: Desk, source: str, upload: str | None, collected: Collected, name: str, title: str, *values: Any
) -> Draft:
    """Build and check what the form asks for, out of sight. BadStudy in a sentence if it cannot be."""
    tables, name, title = form.tables(*values), name.strip(), title.strip() or form.title_of(*values)
    if source == RESULTS:
        labels = dict(collected.labels)
        return drafts.from_pictures(desk.drafts, collected.scenes, labels, name, title, tables)
    if not upload:
        raise BadStudy("no folders and no ZIP are chosen yet")
    if values[-1] and package.is_packed(Path(upload)):
        raise BadStudy("this ZIP is a packed study, which keeps its own settings; empty the box 'More'")
    return drafts.from_zip(desk.drafts, Path(upload), name, title, tables)


def published(desk: Desk, entry: Entry, made: Draft | None, forced: bool) -> str:
    """Freeze a checked draft and open it. Returns its address, drawn."""
    if made is None:
        raise BadStudy("press Check first")
    if desk.shelf.settings.forgetful and not forced:
        raise BadStudy(f"{FORGETFUL} To open it nevertheless, tick the box")
    folder = drafts.publish(made, desk.shelf.settings.studies, desk.clock())
    desk.shelf.open(folder)
    desk.shelf.get(folder.name)  # an UplappError if it stays closed
    address = escape(entry.study(folder.name))
    link = f'<a href="study/{folder.name}" target="_blank">{address}</a>'
    return f'<div class="board"><div class="tiles">{tile("open", folder.name, "open")}</div>{link}</div>'


def shown(made: Draft, preview: str = "") -> str:
    """The facts as numbers, the link to try it, what to think about first, and the pictures."""
    facts, protocol = made.facts, made.definition.protocol
    cautions = [f"{text}." for text in facts.identical]
    if facts.minutes > LONG_MIN:
        cautions.append(f"{facts.minutes:.0f} minutes are long: more than {LONG_MIN} tire observers.")
    if protocol.phase_ms < FLASHES_MS:
        cautions.append("More than three flashes a second: the page warns people who are photosensitive.")
    if (empty := made.definition.consent.empty_places) and not made.sealed:
        what = f"The consent does not say {', '.join(empty)}"
        cautions.append(f"{what}: fill these in, or tick Internal test, and check again.")
    numbers = (
        tile(f"{facts.scenes}", "scenes"),
        tile(f"{facts.conditions}", "conditions"),
        tile(f"{facts.trials}", "trials per observer"),
        tile(f"{facts.minutes:.0f} min", "about"),
    )
    pictures = _sheet(contact_sheet(made.definition, made.stimuli), facts.scenes)
    notes = "".join(map(warning, cautions))
    items = "".join(f"<li>{escape(text)}</li>" for text in more.deviations(made.definition))
    notes += f"<p>Not as by default:</p><ul>{items}</ul>" if items else ""
    tiles = f'<div class="tiles">{"".join(numbers)}</div>'
    return f'<div class="board">{tiles}{_finds(made)}<p>{preview}</p>{notes}{pictures}</div>'


def _finds(made: Draft) -> str:
    """Say which differences the study will find. Of ratings nothing is known beforehand."""
    definition = made.definition
    if definition.rating:
        return ""
    said = expectation(len(definition.conditions), definition.main_trials, OBSERVERS)
    return f"<p>{escape(said)}</p>"


def _sheet(rows: Sequence[Row], scenes: int) -> str:
    """Draw the contact sheet, one row per scene, one column per condition. `scenes` is how many there are."""
    if not rows:
        return ""
    head = "".join(f"<th>{escape(label)}</th>" for label in ("Scene", *(one for one, _ in rows[0].pictures)))
    body = "".join(
        f"<tr><th>{escape(row.scene)}</th>"
        f"{''.join(_picture(row.scene, label, jpeg) for label, jpeg in row.pictures)}</tr>"
        for row in rows
    )
    more = f"<p>and {scenes - len(rows)} more scenes</p>" if scenes > len(rows) else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="sheet">{table}</div>{more}'


def _picture(scene: str, label: str, jpeg: bytes) -> str:
    caption = escape(f"{scene}, {label}")
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return f'<td><img src="{source}" alt="{caption}" title="{caption}"></td>'


def _name(made: Draft | None) -> str:
    return made.folder.name if made else ""


def _forget(made: Draft | None) -> None:
    if made is not None:
        drafts.discard(made)
