"""A finished result at an address of its own, kept for some days for whoever has the address."""

import json
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from uplapp.errors import UplappError
from uplapp.imaging.evaluation.job import Job
from uplapp.imaging.evaluation.text import cautions, fits, format_job
from uplapp.imaging.tasks import TASKS
from uplapp.settings import Settings
from uplapp.study.store.store import new_token
from uplapp.web.observer.guards import HEADERS, POLICY
from uplapp.web.observer.limits import Buckets, Rate, address
from uplapp.web.researcher.desk import entry_of
from uplapp.web.restore.compare_pane import WORDS, Picture
from uplapp.web.widgets import errors_on_screen

PATH = "result"
PAGE_FILE, ARCHIVE = "index.html", "result.zip"
MB, DAY_S, HOUR_S = 2**20, 86_400.0, 3600.0
MOST_MB, ALL_MB = 64, 2048
AN_ADDRESS = Rate(20, 1)  # links that one address makes
NAME = re.compile(r"\d{1,3}\.png|result\.zip")
TOKEN = re.compile(r"[0-9a-f]{32}")
ABOUT = (
    "Whoever has the address sees these pictures, scores and files for {days}; then they are deleted. "
    "The name of your file is left out."
)
GONE = "There is no result at this address. Links are kept for some days and then deleted."
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Restored by uplapp</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<link rel="icon" href="data:,"><link rel="stylesheet" href="../study/static/base/style.css">
<link rel="stylesheet" href="../study/static/compare/compare.css">
<script type="module" src="../study/static/compare/compare.js"></script></head>
<body class="compare"><script id="pictures" type="application/json">{pictures}</script>
<main id="compare" aria-label="Comparison"></main>
<section class="under"><div class="wide"><table>{table}</table></div>{notes}
<p>{downloads}</p><p class="fine">{said} <a href="../">uplapp</a></p></section></body></html>"""


@dataclass(frozen=True)
class Linkable:
    """What a link shows: pictures as files, the ZIP of all files, the table of scores, notes."""

    name: str
    pictures: tuple[Picture, ...]
    archive: Path
    table: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """The results that are linked: each a folder below `folder`, for `days`, 0 for no links.

    Pages of the origins `embedders` may show one in a frame.
    """

    folder: Path
    days: float
    embedders: tuple[str, ...] = ()
    clock: Callable[[], float] = time.time

    def keep(self, result: Linkable) -> str:
        """Store a result and return its token. UplappError if that would take too much room."""
        self.sweep()
        sizes = [Path(picture.path).stat().st_size for picture in result.pictures]
        size = sum(sizes) + result.archive.stat().st_size
        if size > MOST_MB * MB:
            raise UplappError(
                f"this result takes {size / MB:.0f} MB; a link keeps at most {MOST_MB} MB: download the ZIP"
            )
        kept = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        if kept + size > ALL_MB * MB or shutil.disk_usage(self.folder).free < ALL_MB * MB:
            raise UplappError("the links of all visitors take the room that they may have; some end each day")
        token, until_s = new_token(), self.clock() + self.days * DAY_S
        home = self.folder / token
        home.mkdir()
        for number, picture in enumerate(result.pictures):
            shutil.copyfile(picture.path, home / f"{number}.png")
        without_name(result.archive, result.name, home / ARCHIVE)
        # The page comes last, and its time is when it ends: without it the folder is no result.
        page = home / PAGE_FILE
        page.write_text(page_of(result, token, until_s), encoding="utf-8")
        os.utime(page, (until_s, until_s))
        return token

    def drop(self, token: str) -> None:
        """Delete a result before its time."""
        if TOKEN.fullmatch(token):
            shutil.rmtree(self.folder / token, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what has ended, and what was left half written an hour ago."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for home in self.folder.iterdir():
            page, now_s = home / PAGE_FILE, self.clock()
            ends_s = page.stat().st_mtime if page.exists() else home.stat().st_mtime + HOUR_S
            if ends_s <= now_s:
                self.drop(home.name)

    def home(self, token: str) -> Path | None:
        """Give the folder of a result that has not ended."""
        page = self.folder / token / PAGE_FILE
        there = TOKEN.fullmatch(token) is not None and page.exists()
        return page.parent if there and page.stat().st_mtime > self.clock() else None

    def app(self) -> Starlette:
        """Give the application to mount at PATH."""
        policy = " ".join((POLICY, *self.embedders))
        headers = {**HEADERS, "Content-Security-Policy": policy, "X-Robots-Tag": "noindex"}

        def page(request: Request) -> Response:
            home = self.home(request.path_params["token"])
            if home is None:
                return PlainTextResponse(GONE, 404, headers)
            return HTMLResponse((home / PAGE_FILE).read_bytes(), headers=headers)

        def file(request: Request) -> Response:
            home, name = self.home(request.path_params["token"]), request.path_params["name"]
            if home is None or not NAME.fullmatch(name) or not (home / name).exists():
                return PlainTextResponse(GONE, 404, headers)
            return FileResponse(home / name, headers=headers)

        return Starlette(routes=[Route("/{token}", page), Route("/{token}/{name}", file)])


def links_of(settings: Settings) -> Links:
    """Give the links of a process."""
    return Links(settings.data / "results", settings.link_days, settings.embedders)


def linkable(job: Job, pictures: Sequence[Picture], archive: str) -> Linkable | None:
    """Give what a link may show of a job: nothing of volumes and projections, which hold a head's surface."""
    if job.case.space is not None or TASKS[job.case.task].degrading.operator == "projection":
        return None
    lines = [line for line in format_job(job).splitlines() if line.startswith("| ")]
    table = tuple(tuple(line[2:-2].split(" | ")) for line in lines if not line.startswith("| ---"))
    notes = tuple(note.replace("**", "") for note in (*fits(job), *cautions(job)))
    return Linkable(job.case.name, tuple(pictures), Path(archive), table, notes)


def without_name(archive: Path, name: str, target: Path) -> None:
    """Copy a ZIP of results, with `result` for the name of the file that was restored."""
    with zipfile.ZipFile(archive) as given, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as written:
        for member in given.namelist():
            content = given.read(member)
            if member.endswith(".json"):
                facts = {**json.loads(content), "understood": []}
                hashes = {_renamed(file, name): sha for file, sha in facts["files_sha256"].items()}
                content = json.dumps({**facts, "files_sha256": hashes}, indent=2).encode()
            written.writestr(_renamed(member, name), content)


def _renamed(member: str, name: str) -> str:
    return f"result{member.removeprefix(name)}"


def page_of(result: Linkable, token: str, until_s: float) -> str:
    """Write the page of a result. It opens in flicker; `#1,3` in its address names the two pictures."""
    shown = [(picture.name, f"{token}/{at}.png", picture.role) for at, picture in enumerate(result.pictures)]
    given = json.dumps({"pictures": shown, "words": WORDS, "way": "flicker"}).replace("<", "\\u003c")
    head, *rows = result.table
    table = _row("th", head) + "".join(_row("td", row) for row in rows)
    links = [
        f'<a href="{token}/{at}.png" download="{_slug(picture.name)}.png">{escape(picture.name)}</a>'
        for at, picture in enumerate(result.pictures)
    ]
    links.append(f'<a href="{token}/{ARCHIVE}" download>all files with provenance (ZIP)</a>')
    return PAGE.format(
        pictures=given,
        table=table,
        notes="".join(f"<p>{escape(note)}</p>" for note in result.notes),
        downloads=f"Download: {', '.join(links)}",
        said=f"Kept until {date(until_s)}, then deleted. Restored by",
    )


def date(seconds: float) -> str:
    """Write a time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %B %Y, %H:%M UTC")


def _row(kind: str, cells: Sequence[str]) -> str:
    marked = (re.sub(r"\*\*(.*?)\*\*", r"<b>\1</b>", escape(cell)) for cell in cells)
    return f"<tr>{''.join(f'<{kind}>{cell}</{kind}>' for cell in marked)}</tr>"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "picture"


def build(settings: Settings, result: gr.State) -> None:
    """Lay out the buttons that make and delete a link to the `result` on screen, a `Linkable` or None."""
    links, addresses = links_of(settings), Buckets(AN_ADDRESS)
    private: dict[str, Any] = {"api_visibility": "private"}
    with gr.Column(visible=False, elem_id="share") as column:
        with gr.Row():
            make = gr.Button("Make a link to this result", elem_id="link", min_width=160)
            drop = gr.Button("Delete the link", visible=False, elem_id="unlink", min_width=120)
        said = gr.Markdown(elem_id="linked")
    token = gr.State("")

    def show(shown: Linkable | None) -> tuple[Any, ...]:
        possible = shown is not None and links.days > 0
        return gr.update(visible=possible), ABOUT.format(days=in_days(links.days)), gr.update(visible=False)

    def link(shown: Linkable | None, request: gr.Request) -> tuple[Any, ...]:
        with errors_on_screen():
            if shown is None:
                raise UplappError("there is no result to link yet; press Restore first")
            asking: Any = request.request
            whose = address(asking.scope, asking.headers, settings.space)
            if addresses.wait_s(whose, time.monotonic()):
                raise UplappError("too many links were made from here; wait a minute")
            made = links.keep(shown)
        where = f"{entry_of(request).address}/{PATH}/{made}"
        until = date(links.clock() + links.days * DAY_S)
        return made, f"[{where}]({where})\n\nKept until {until}.", gr.update(visible=True)

    def end(made: str) -> tuple[Any, ...]:
        links.drop(made)
        return "", "The link and its files are deleted.", gr.update(visible=False)

    result.change(show, result, [column, said, drop], show_progress="hidden", **private)
    make.click(link, result, [token, said, drop], **private)
    drop.click(end, token, [token, said, drop], **private)


def in_days(days: float) -> str:
    """Say for how many days something is kept."""
    return "1 day" if days == 1 else f"{days:g} days"
