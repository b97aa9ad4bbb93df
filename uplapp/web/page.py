"""The page: three tabs, and the observers' application beside them in one process."""

import signal

import gradio as gr
from gradio.components import Component
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware
from starlette.routing import Mount

from uplapp.hub.mirror import Mirror
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.settings import Settings, behind_own_proxy, believe_no_header, reach_itself
from uplapp.study.store.holding import holding
from uplapp.web import alarms, calls, look, safekeeping, upkeep
from uplapp.web.analysis import analysis_tab
from uplapp.web.kept import Kept, spare_visitors
from uplapp.web.observer import routes
from uplapp.web.observer.limits import Limits, Rate, Turnstile
from uplapp.web.patience import be_patient
from uplapp.web.preview import PATH, Previews, previewing
from uplapp.web.researcher.build.collecting import Collected
from uplapp.web.researcher.desk import DEMO, Desk
from uplapp.web.researcher.gate import Gate, gate
from uplapp.web.restore import restore_tab, sharing
from uplapp.web.shelf import Shelf, following
from uplapp.web.shield import Shield
from uplapp.web.study import study_tab
from uplapp.web.uploads import Uploads, fetch_nothing
from uplapp.web.veil import Veil

UPLOAD_LIMIT = "256mb"  # k-space of a scan; pictures and studies have limits of their own
KEEP_FILES_S = 6 * 3600
COSTLY = ("/", "/config")  # Gradio makes 700 kB, in which time nobody else gets an answer
PAGES = Rate(60, 20)  # of them for one address
MOST_CONNECTIONS = 2000  # of one address, which may be a school behind one router
INTRODUCTION = """# uplapp
**Which image restoration looks best to people, and how sure are we?** Restore a photograph, an MR
slice or a volume with networks that differ only in their loss and with classical methods, compare the results
blind as an observer, then read the ranking."""


def serve(settings: Settings) -> None:
    """Open store and studies, build the page, launch, and stay until stopped."""
    # A Space is stopped by SIGTERM; as Ctrl-C it leaves time to copy the last answers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    believe_no_header(settings)
    reach_itself()
    spare_visitors()
    fetch_nothing()
    be_patient(most=None if settings.space or behind_own_proxy() else MOST_CONNECTIONS)
    with holding(settings.data, wait=settings.space):
        _serve(settings)


def _serve(settings: Settings) -> None:
    store, loop = safekeeping.open_store(settings)
    try:
        with upkeep.keeping(store, sharing.links_of(settings).sweep):
            shelf, mirror = Shelf(settings, store), loop.mirror if loop else None
            shelf.open_all()  # before a thread follows the disk, which might open a study at the same time
            with alarms.watching(shelf, mirror), following(shelf), previewing() as previews:
                _launch(shelf, mirror, previews)
    finally:
        safekeeping.close(store, loop)


def _launch(shelf: Shelf, mirror: Mirror | None, previews: Previews) -> None:
    limits = Limits(behind_proxy=shelf.settings.space)
    observer_app = routes.build(shelf.store, shelf.studies, limits=limits, former=shelf.former)
    preview_app = previews.app(behind_proxy=shelf.settings.space)
    build(shelf, gate(shelf.settings), mirror, previews).launch(
        app_kwargs={
            "routes": [
                Mount("/study", app=observer_app),
                Mount(f"/{PATH}", app=preview_app),
                Mount(f"/{sharing.PATH}", app=sharing.links_of(shelf.settings).app()),
            ],
            "middleware": [
                Middleware(Shield),
                Middleware(Kept, paths=COSTLY),
                Middleware(Turnstile, costly=COSTLY, rate=PAGES, behind_proxy=shelf.settings.space),
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
        theme=look.THEME,
        head=look.head(),
        footer_links=[],
    )


def build(
    shelf: Shelf, door: Gate, mirror: Mirror | None = None, previews: Previews | None = None
) -> gr.Blocks:
    """Build the three tabs as one Blocks page. No component holds a value that names a condition."""
    page: gr.Blocks = gr.Blocks(
        title="uplapp", analytics_enabled=False, delete_cache=(KEEP_FILES_S // 6, KEEP_FILES_S)
    )
    with page:
        calls.build(
            Checkpoints(shelf.settings.models, shelf.settings.precision)
        )  # first: a listener of the same name would take the name
        gr.Markdown(INTRODUCTION)
        desk, collected = Desk(shelf, door, mirror, gr.State(None), previews), gr.State(Collected())
        with gr.Tab("Restore"):
            restore_tab.build(page, desk, collected)
        with gr.Tab("Study"):
            study_tab.build(desk, collected, DEMO)
        with gr.Tab("Analysis") as tab:
            analysis_tab.build(desk.votes, tab, desk.entry, desk.names)
    for block in page.blocks.values():
        if isinstance(block, gr.Tabs):
            block.overflow_behavior = "wrap"  # on a phone, where else a menu hides the last views
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
