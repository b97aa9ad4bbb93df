"""The addresses of the observer's page: the server decides, the browser shows and measures."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from uplapp.errors import Refused, UplappError
from uplapp.study.answers import response
from uplapp.study.session import admission, editions, joining, lifecycle, session
from uplapp.study.session.marking import Clock
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store, StoreBusy
from uplapp.web.observer.guards import Guard, TooLarge, read_json
from uplapp.web.observer.invitation import invite
from uplapp.web.observer.limits import Limiter, Limits, Origins, address

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".png": "image/png",
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
}
STATUS: dict[type[UplappError], int] = {
    response.BadResponse: 422,
    session.Unknown: 404,
    lifecycle.NotNow: 403,
    Refused: 409,
    TooLarge: 413,
    StoreBusy: 503,
}
EVENTS_AT_ONCE = 100
MOST_IDS, ID = 20, re.compile(r"[!-~]{1,100}")
AT_ONCE = 4  # calls of the study; more threads wait for each other's memory and take longer

# Marks in a User-Agent header; of two that fit, the first counts.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
    ("CrOS", "ChromeOS"),
)

Result = TypeVar("Result")


def build(
    store: Store,
    studies: Mapping[str, OpenStudy],
    clock: Callable[[], float] | None = None,
    limits: Limits | None = None,
    former: Mapping[str, Sequence[OpenStudy]] | None = None,
) -> Starlette:
    """The application to mount at /study: `studies` is read at each request, so one can open later.

    `former` are the editions of each that people began before the present one; they finish those. It needs
    no lifespan, as a mounted application's never runs.
    """
    routes = [
        Route("/static/{name:path}", static),
        Route("/api/{study}/welcome", welcome),
        Route("/api/{study}/join", join, methods=["POST"]),
        Route("/api/{study}/state", state),
        Route("/api/{study}/picture/{token}", picture),
        Route("/api/{study}/answer", answer, methods=["POST"]),
        Route("/api/{study}/events", events, methods=["POST"]),
        Route("/api/{study}/replies", reply, methods=["POST"]),
        Route("/api/{study}/withdraw", withdraw, methods=["POST"]),
        Route("/{study}", page),
    ]
    handlers: dict[Any, Any] = {UplappError: refuse}
    middleware = [Middleware(Guard), Middleware(Limiter, limits=limits)]
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=handlers)
    app.state.store, app.state.studies, app.state.clock = store, studies, clock or Clock()
    app.state.limiter, app.state.former = CapacityLimiter(AT_ONCE), {} if former is None else former
    app.state.files, app.state.origins = _read_files(), Origins()
    app.state.behind_proxy = limits is not None and limits.behind_proxy
    return app


async def page(request: Request) -> Response:
    """The page itself, which has the same bytes for every study."""
    if request.path_params["study"] not in request.app.state.studies:
        return PlainTextResponse("There is no open study at this address.", 404)
    return _file(request, "page.html")


async def static(request: Request) -> Response:
    """A script or style of the page, by its exact path in the folder `static`."""
    return _file(request, request.path_params["name"])


async def welcome(request: Request) -> Response:
    """The words that an observer reads before agreeing, and the sizes that must fit the screen."""
    study = await _own_study(request)
    now, origins = request.app.state.clock(), request.app.state.origins
    door = await _call(
        request, lambda store, _: admission.entrance(store, study.id, now, origins), study=study
    )
    language = request.query_params.get("language", "")
    return JSONResponse(invite(study, language, door))


async def join(request: Request) -> Response:
    """Store the consent and begin a session, or go on with that of a personal link."""
    body = await read_json(request)
    version = _text(body, "consent_version")
    who = joining.Newcomer(
        key=_text(body, "key") if body.get("key") else "",
        link=_text(body, "link") if body.get("link") else "",
        language=str(body.get("language", "")),
        agent=browser_and_system(request.headers.get("user-agent", "")),
        instead_of=_text(body, "instead_of") if body.get("instead_of") else "",
        panel=_panel_ids(body),
    )
    now, origins = request.app.state.clock(), request.app.state.origins
    token = await _call(request, joining.join, version, now=now, who=who, origins=origins)
    origins.keep(token, address(request.scope, request.headers, request.app.state.behind_proxy))
    return JSONResponse({"session": token}, 201)


async def state(request: Request) -> Response:
    """The place that the session has reached."""
    now = request.app.state.clock()
    return JSONResponse(asdict(await _for_observer(request, session.state, now=now)))


async def picture(request: Request) -> Response:
    """The pixels behind an opaque token."""
    png = await _for_observer(request, session.picture, request.path_params["token"])
    return Response(png, media_type="image/png")


async def answer(request: Request) -> Response:
    """Store one answer and reply with the place that the session has reached."""
    body, study = await read_json(request), await _own_study(request)
    measured = study.presentation.read(body, study.definition)
    token, key = _text(body, "token"), _text(body, "key")
    now, jumps = request.app.state.clock(), tuple(getattr(request.app.state.clock, "jumps", ()))
    reply = await _call(
        request, session.answer, _session(request), token, key, measured, now=now, jumps=jumps, study=study
    )
    return JSONResponse(asdict(reply))


async def events(request: Request) -> Response:
    """Keep a handful of events around the trials."""
    entries = (await read_json(request)).get("events")
    if not isinstance(entries, list) or len(entries) > EVENTS_AT_ONCE:
        raise response.BadResponse(f"'events' must be a list of at most {EVENTS_AT_ONCE}")
    if not all(isinstance(entry, dict) for entry in entries):
        raise response.BadResponse("an event must be an object")
    await _for_observer(request, session.note, entries, now=request.app.state.clock())
    return Response(status_code=204)


async def reply(request: Request) -> Response:
    """Keep the replies to the questions at the end."""
    body, now = await read_json(request), request.app.state.clock()
    return JSONResponse(asdict(await _for_observer(request, session.reply, body, now=now)))


async def withdraw(request: Request) -> Response:
    """Delete all that this observer answered and did. Who has no session any more gives the code."""
    body, now = await read_json(request), request.app.state.clock()
    if body.get("code"):
        await _call(request, session.withdraw_by_code, _text(body, "code"), now=now)
    else:
        await _for_observer(request, session.withdraw, now=now)
    return JSONResponse({"withdrawn": True})


def refuse(request: Request, error: Exception) -> Response:
    """Reply with one sentence and a status, which for a fault of the study say nothing about it."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    text = str(error) if status != 500 else "this study has a fault; please contact the researcher"
    headers = {"Retry-After": "2"} if status == 503 else None
    reason = getattr(error, "reason", "other") if status != 500 else "other"
    return JSONResponse({"error": text, "reason": reason}, status, headers)


def _read_files() -> dict[str, bytes]:
    """Read the files of the page: exact path, such as `base/api.js`, to content."""
    paths = [path for path in STATIC.rglob("*") if path.suffix in TYPES]
    return {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in paths}


def _file(request: Request, name: str) -> Response:
    body = request.app.state.files.get(name)
    if body is None:
        return PlainTextResponse("There is nothing here.", 404)
    return Response(body, media_type=TYPES[Path(name).suffix])


def _study(request: Request) -> OpenStudy:
    study = request.app.state.studies.get(request.path_params["study"])
    if study is None:
        raise session.Unknown("there is no open study at this address", "not_open")
    return study  # type: ignore[no-any-return]


def browser_and_system(agent: str) -> str:
    """Name browser and system from a User-Agent header, such as `Chrome, Windows`, or `other`.

    Without versions that explains differences in timing, and is too little to identify people.
    """
    browser = next((name for mark, name in BROWSERS if mark in agent), "other")
    system = next((name for mark, name in SYSTEMS if mark in agent), "other")
    return f"{browser}, {system}"


def _session(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise response.BadResponse(f"'{key}' must be a text of 1 to 64 characters")
    return value


def _panel_ids(body: Mapping[str, Any]) -> dict[str, str]:
    """The ids of a panel that a page sends along. Which of them are kept is the study's to say."""
    given = body.get("panel") or {}
    fits = isinstance(given, dict) and len(given) <= MOST_IDS
    if not fits or not all(isinstance(value, str) and ID.fullmatch(value) for value in given.values()):
        raise response.BadResponse(f"'panel' must hold at most {MOST_IDS} ids of 1 to 100 characters")
    return {str(name): value for name, value in given.items()}


async def _call(
    request: Request,
    function: Callable[..., Result],
    *arguments: object,
    study: OpenStudy | None = None,
    **options: object,
) -> Result:
    """Run a blocking function of the study, by default the one for new people, off the event loop."""
    work = partial(function, request.app.state.store, study or _study(request), *arguments, **options)
    return await to_thread.run_sync(work, limiter=request.app.state.limiter)


async def _for_observer(
    request: Request, function: Callable[..., Result], *arguments: object, **options: object
) -> Result:
    """Run a blocking function of the session's own edition of the study."""
    study = await _own_study(request)
    return await _call(request, function, _session(request), *arguments, study=study, **options)


async def _own_study(request: Request) -> OpenStudy:
    """The edition that the session was begun in, without one the edition for new people."""
    present, held = _study(request), _session(request)
    held_open: Sequence[OpenStudy] = request.app.state.former.get(request.path_params["study"], ())
    former = {one.id: one for one in held_open if one.stimuli.sizes}  # others lost their pictures
    if not former or not held:
        return present
    own = await _call(request, lambda store, _: editions.edition_of(store, held))
    return former.get(own or "", present)
