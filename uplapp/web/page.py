"""The page: three tabs, and the observers' application beside them in one process."""

import signal

import gradio as gr
import pandas as pd
from gradio.components import Component
from gradio.utils import get_upload_folder
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from uplapp.hub.mirror import Mirror
from uplapp.settings import Settings, behind_own_proxy, believe_no_header, reach_itself
from uplapp.study.store.holding import holding
from uplapp.web import alarms, following, safekeeping, upkeep
from uplapp.web.analysis import analysis_tab
from uplapp.web.observer import routes
from uplapp.web.observer.limits import Limits
from uplapp.web.patience import be_patient
from uplapp.web.researcher.build.collecting import Collected
from uplapp.web.researcher.desk import Desk
from uplapp.web.researcher.gate import Gate, gate
from uplapp.web.researcher.watch import drawing
from uplapp.web.restore import restore_tab
from uplapp.web.shelf import Shelf
from uplapp.web.study import study_tab
from uplapp.web.uploads import Uploads
from uplapp.web.veil import Veil

DEMO = "demo"
UPLOAD_LIMIT = "256mb"  # k-space of a scan; pictures and studies have limits of their own
KEEP_FILES_S = 6 * 3600
MOST_CONNECTIONS = 2000  # of one address, which may be a school behind one router
SYSTEM_FONT = ("system-ui", "sans-serif")
INTRODUCTION = """# uplapp
**Which image restoration looks best to people, and how sure are we?** Restore a photograph, an MR
slice or a volume with networks that differ only in their loss and with classical methods, compare the results
blind as an observer, then read the ranking."""
STYLE = """
.gradio-container { max-width: 1240px !important; margin: 0 auto; }
.prose h3 { margin: 0.6em 0 0; font-size: 1em; }
#metrics, .numbers { overflow: auto; max-height: 460px; }
#metrics table, .numbers table { font-variant-numeric: tabular-nums; width: 100%; }
#metrics table { white-space: nowrap; }
#metrics td, #metrics th, .numbers td, .numbers th { padding: 0.35em 0.7em; text-align: left; }
#metrics td:not(:first-child), #metrics th:not(:first-child) { text-align: right; }
.numbers :is(table, tr, td, th) { border: 0 !important; }
.numbers { border: 1px solid var(--border-color-primary); border-radius: 8px; }
.numbers th { position: sticky; top: 0; background: var(--background-fill-primary); font-weight: 600; }
.numbers tr:nth-child(even) td { background: var(--background-fill-secondary); }
.dark .vega-embed .marks { filter: invert(1) hue-rotate(180deg); mix-blend-mode: screen; }
footer { display: none !important; }
@media (max-width: 640px) {
  .numbers table { font-size: 0.85em; }
  .numbers td, .numbers th { padding: 0.35em 0.4em; }
  .gradio-container .main { padding: 12px !important; }
  .gradio-container main { max-width: calc(100vw - 24px); }
}
"""
THEME = gr.themes.Soft(primary_hue="teal", font=SYSTEM_FONT, font_mono=("ui-monospace", "monospace")).set(
    block_title_background_fill="none",
    block_title_padding="0",
    block_title_text_color="*neutral_600",
    block_title_text_weight="600",
    block_label_background_fill="*neutral_50",
    block_label_text_color="*neutral_600",
)


def serve(settings: Settings) -> None:
    """Open store and studies, build the page, launch, and stay until stopped."""
    # A Space is stopped by SIGTERM; as Ctrl-C it leaves time to copy the last answers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    believe_no_header(settings)
    reach_itself()
    be_patient(most=None if settings.space or behind_own_proxy() else MOST_CONNECTIONS)
    with holding(settings.data, wait=settings.space):
        _serve(settings)


def _serve(settings: Settings) -> None:
    store, loop = safekeeping.open_store(settings)
    try:
        with upkeep.keeping(store):
            shelf, mirror = Shelf(settings, store), loop.mirror if loop else None
            with alarms.watching(shelf, mirror), following.following(shelf):
                _launch(shelf, mirror)
    finally:
        safekeeping.close(store, loop)


def _launch(shelf: Shelf, mirror: Mirror | None) -> None:
    shelf.open_all()
    limits = Limits(behind_proxy=shelf.settings.space)
    observer_app = routes.build(shelf.store, shelf.studies, limits=limits, former=shelf.former)
    build(shelf, gate(shelf.settings), mirror).launch(
        app_kwargs={
            "routes": [Mount("/study", app=observer_app)],
            "middleware": [
                Middleware(Shield),
                Middleware(Veil, folder=get_upload_folder),
                Middleware(Uploads, folder=get_upload_folder, behind_proxy=shelf.settings.space),
            ],
            "openapi_url": None,
            "docs_url": None,
            "redoc_url": None,
        },
        ssr_mode=False,
        show_error=False,
        enable_monitoring=False,
        max_file_size=UPLOAD_LIMIT,
        theme=THEME,
        # Not `css`: that is scoped to the inside of the page, which leaves its padding out of reach.
        head=f"<style>{STYLE}{restore_tab.STYLE}{drawing.STYLE}</style>",
        footer_links=[],
    )


def build(shelf: Shelf, door: Gate, mirror: Mirror | None = None) -> gr.Blocks:
    """Build the three tabs as one Blocks page. No component holds a value that names a condition."""

    def live_votes(simulated: bool) -> pd.DataFrame:
        return study_tab.labelled_votes(shelf.store, shelf.studies.get(DEMO), simulated)

    page: gr.Blocks = gr.Blocks(
        title="uplapp", analytics_enabled=False, delete_cache=(KEEP_FILES_S // 6, KEEP_FILES_S)
    )
    with page:
        gr.Markdown(INTRODUCTION)
        desk, collected = Desk(shelf, door, mirror, gr.State(None)), gr.State(Collected())
        with gr.Tab("Restore"):
            restore_tab.build(desk, collected)
        with gr.Tab("Study"):
            study_tab.build(desk, collected, DEMO)
        with gr.Tab("Analysis") as tab:
            analysis_tab.build(live_votes, tab)
    _show_progress_once(page)
    return page


def _show_progress_once(page: gr.Blocks) -> None:
    """Let each listener show how far it is on the first widget that it fills.

    At each step of a listener, the script of the page searches all widgets for each that ever showed some.
    """
    for listener in page.fns.values():
        filled = [each for each in listener.outputs if isinstance(each, Component)]
        seen = [each for each in filled if not isinstance(each, gr.State)]
        listener.show_progress_on = listener.show_progress_on or seen[:1]


HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self' https://huggingface.co",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Gradio's own: calls by name, of which there are none, their description, a stream that never ends, figures.
CLOSED = (
    *("/gradio_api/call", "/gradio_api/openapi.json", "/gradio_api/mcp"),
    *("/gradio_api/dev", "/dev", "/gradio_api/monitoring", "/monitoring"),
)


class Shield:
    """ASGI middleware: adds the headers that an answer does not have yet, hides what is CLOSED."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        shut = scope["type"] == "http" and _is_closed(scope["path"])
        await (PlainTextResponse("There is nothing here.", 404) if shut else self.app)(
            scope, receive, send_with_headers
        )


def _is_closed(path: str) -> bool:
    return any(path == door or path.startswith(f"{door}/") for door in CLOSED)
