"""Where an observer is and what comes next. The database decides, never the browser."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from uplapp.errors import Refused
from uplapp.study.answers import replies, response
from uplapp.study.answers.codes import code_of
from uplapp.study.answers.response import Response
from uplapp.study.session import lifecycle, marking, opening, panel
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import blinding
from uplapp.study.store.store import Row, Store, new_token
from uplapp.values import REFERENCE, Trial

ATTEMPTS = 2  # a trial with late frames is shown once more; a slow machine must not go round for ever
EVENTS = (
    *("screen", "focus", "blur", "hidden", "visible", "resize", "pixel_ratio", "connection", "break"),
    *("calibration", "max_view", "fullscreen"),
)
EVENTS_KEPT = 5000  # an hour of a restless window; a script could fill the disk
EVENTS_AT_FIRST, EVENTS_PER_ANSWER = 200, 100  # who only agrees, again and again, could fill it as well
DETAIL_KEPT = 256  # characters


class Unknown(Refused):
    """A session or a token that this study does not know. Says nothing about whose it might be."""

    def __init__(self, text: str, reason: str = "unknown") -> None:
        super().__init__(text, reason)


@dataclass(frozen=True)
class Shown:
    """A trial as the browser may know it: opaque tokens, no names. The size is in pixels.

    In a rating study `left` is the image; `original` is '' where the reference is hidden, `right` always.
    """

    token: str
    practice: bool
    first: str
    original: str
    left: str
    right: str
    width: int
    height: int


@dataclass(frozen=True)
class State:
    """What an observer's page shows next. `done` and `total` do not count practice.

    After the last trial `ask` says that questions wait; then come the code and where to go on, if any.
    `idle_s` is how long ago the observer answered or joined, `screened_out` where to go if nothing fits.
    """

    done: int
    total: int
    trial: Shown | None
    upcoming: Shown | None
    rest: bool = False
    code: str | None = None
    redirect: str | None = None
    correct: bool | None = None
    ask: bool = False
    practice_done: int = 0
    practice_total: int = 0
    idle_s: float = 0.0
    screened_out: str | None = None


def state(store: Store, study: OpenStudy, session: str, now: float | None = None) -> State:
    """Where the observer is. Asking changes nothing. NotNow if the study shows no further trial."""
    observer = _observer(store, study, session)
    reached = _unless_held(_state(store, study, observer), observer)
    return reached if now is None else replace(reached, idle_s=max(0.0, now - _last(store, observer)))


def answer(
    store: Store,
    study: OpenStudy,
    session: str,
    token: str,
    key: str,
    given: Response,
    now: float,
    jumps: Sequence[tuple[float, float]] = (),
) -> State:
    """Store one answer in one transaction. The same answer (same key) again is acknowledged, not stored.

    `jumps` are what the server's clock showed before and after it was set forward.

    A paused study stores it and then raises NotNow unless it was the last; a closed one only raises.
    """
    with store.transaction():
        observer = _observer(store, study, session)
        trial = _trial(store, observer, token)
        earlier = store.row("SELECT key FROM answers WHERE trial = :trial", trial=token)
        if earlier is None:
            lifecycle.take(observer)
            opening.tally(store, study, observer)
            flags = " ".join(marking.marks(store, study, observer, given, now, jumps))
            _store(store, study, observer, trial, key, given, now, flags)
            opening.extend(store, study, observer)
        elif earlier["key"] != key:
            raise Refused("this trial is answered already; load the page again")
        reached = _state(store, study, observer, _correct(trial, given))
    return _unless_held(reached, observer)


def picture(store: Store, study: OpenStudy, session: str, token: str) -> bytes:
    """The PNG behind an opaque token of the observer's own current or next trial."""
    observer = _observer(store, study, session)
    for row in opening.waiting(store, observer):
        for slot in study.presentation.slots(study.definition):
            if hmac.compare_digest(row[f"{slot}_token"].encode(), token.encode(errors="replace")):
                condition = REFERENCE if slot == "original" else row[slot]
                return blinding.encode(
                    study.stimuli.shown(row["scene"], condition, study.definition.protocol), token
                )
    raise Unknown("there is no such picture")


def reveal(store: Store, token: str) -> Trial:
    """The trial behind a token, with its names: for simulated observers and tests, never for a browser."""
    row = store.row("SELECT * FROM trials WHERE token = :token", token=token)
    if row is None:
        raise Unknown("there is no such trial")
    return Trial(**{entry.name: row[entry.name] for entry in fields(Trial)})


def note(
    store: Store, study: OpenStudy, session: str, events: Sequence[Mapping[str, Any]], now: float
) -> None:
    """Keep what happened around the trials: focus, visibility, window. Each answer makes room for more."""
    with store.transaction():  # the observer too, or one who withdraws meanwhile would leave an event
        observer = _observer(store, study, session)
        query = """SELECT (SELECT count(*) FROM events WHERE observer = :id) AS kept,
            (SELECT count(*) FROM trials JOIN answers ON trial = token WHERE observer = :id) AS answered"""
        (counts,) = store.rows(query, {"id": observer["id"]})
        most = min(EVENTS_KEPT, EVENTS_AT_FIRST + EVENTS_PER_ANSWER * counts["answered"])
        for event in events[: max(0, most - counts["kept"])]:
            if event.get("kind") not in EVENTS:
                raise response.BadResponse(f"an event's kind must be one of: {', '.join(EVENTS)}")
            at_ms = response.finite(event.get("at_ms"), "at_ms", 0.0, 1e12)
            detail = json.dumps(event.get("detail", {}))[:DETAIL_KEPT]
            row = {"id": new_token(), "observer": observer["id"], "kind": event["kind"]}
            store.insert("events", {**row, "at_ms": at_ms, "detail": detail, "received_at": now})


def reply(store: Store, study: OpenStudy, session: str, body: Mapping[str, object], now: float) -> State:
    """Keep the replies to the questions, once. Refused before the last trial is answered."""
    with store.transaction():
        observer = _observer(store, study, session)
        if opening.waiting(store, observer):
            raise Refused("the questions come after the last trial; load the page again")
        rows = replies.questions(study.definition, observer["language"])
        replies.keep(store, observer, replies.read(body, rows), now)
        return _state(store, study, observer)


def withdraw(store: Store, study: OpenStudy, session: str, now: float) -> None:
    """Delete what this observer said and did. The session is unknown afterwards."""
    query = "SELECT id FROM observers WHERE session = :session AND study = :study AND excluded != :gone"
    with store.transaction():
        row = store.row(query, session=session, study=study.id, gone=lifecycle.WITHDRAWN)
        if row is None:
            raise Unknown("this session is not known here; start again")
        lifecycle.withdraw(store, study.id, row["id"], now)


def withdraw_by_code(store: Store, study: OpenStudy, code: str, now: float) -> None:
    """Delete what the person with a completion code said and did, in whichever edition of the study.

    Unknown for a code that nobody was shown.
    """
    query = """SELECT observers.id, study, secret FROM observers JOIN studies ON studies.id = observers.study
        WHERE name = :name AND simulated = 0 AND finished_at IS NOT NULL AND excluded != :gone"""
    wanted = code.strip().upper().encode(errors="replace")
    with store.transaction():
        for row in store.rows(query, {"name": study.definition.name, "gone": lifecycle.WITHDRAWN}):
            if hmac.compare_digest(code_of(row).encode(), wanted):
                lifecycle.withdraw(store, row["study"], row["id"], now)
                return
        raise Unknown("this code is not known here", "code_unknown")


def _last(store: Store, observer: Row) -> float:
    """When the observer answered last, or joined."""
    query = """SELECT max(answered_at) AS at FROM answers JOIN trials ON trials.token = answers.trial
        WHERE observer = :id"""
    row = store.row(query, id=observer["id"])
    return float((row and row["at"]) or observer["joined_at"])


def _unless_held(reached: State, observer: Row) -> State:
    if reached.trial is not None:
        lifecycle.hold(observer)
    return reached


def _observer(store: Store, study: OpenStudy, session: str) -> Row:
    query = """SELECT observers.*, studies.secret, studies.state
        FROM observers JOIN studies ON studies.id = observers.study
        WHERE session = :session AND study = :study AND (excluded = '' OR excluded LIKE :judged)"""
    row = store.row(query, session=session, study=study.id, judged=f"{lifecycle.LEFT_OUT}%")
    if row is None:
        raise Unknown("this session is not known here; start again")
    return row


def _trial(store: Store, observer: Row, token: str) -> Row:
    query = "SELECT * FROM trials WHERE token = :token AND observer = :observer"
    row = store.row(query, token=token, observer=observer["id"])
    if row is None:
        raise Unknown("there is no such trial")
    return row


def _store(
    store: Store,
    study: OpenStudy,
    observer: Row,
    trial: Row,
    key: str,
    given: Response,
    now: float,
    flags: str,
) -> None:
    """Add the answer to the current trial. Where it does not count, the trial comes again at the end."""
    waiting = opening.waiting(store, observer)
    if not waiting or waiting[0]["token"] != trial["token"]:
        raise Refused("this is not the current trial; load the page again")
    again = trial["kind"] != "practice" and trial["attempt"] < ATTEMPTS
    lost = _lost(given, again)
    again = again and bool(lost)
    row = {
        name: json.dumps(value) if isinstance(value, tuple) else value
        for name, value in vars(given).items()
        if name not in ("inputs", "clock_ms")  # their flags say enough
    }
    row["ratings"] = json.dumps(dict(given.ratings)) if given.ratings else ""
    row |= {"trial": trial["token"], "key": key, "answered_at": now, "flags": flags}
    store.insert("answers", row | {"excluded": lost})
    if again:
        last = store.row("SELECT max(position) AS last FROM trials WHERE observer = :id", id=observer["id"])
        names = ("kind", "scene", "left", "right", "first")
        place = max((last or {"last": 0})["last"] + 1, len(opening.plan(study, observer)))
        repeat = Trial(position=place, **{name: trial[name] for name in names})
        opening.add(store, observer["id"], repeat, trial["attempt"] + 1)
    elif len(waiting) == 1:
        store.update("observers", observer["id"], {"finished_at": now})


def _lost(given: Response, again: bool) -> str:
    """Why an answer does not count, '' if it does: late frames only as long as the trial can come again."""
    if given.choice == "none":
        return "no answer in time" + (", shown again" if again else "")
    return "late frames, shown again" if again and response.is_broken(given) else ""


def _state(store: Store, study: OpenStudy, observer: Row, correct: bool | None = None) -> State:
    waiting = opening.waiting(store, observer)
    total, done, practice_total, practice_done = _counted(store, study, observer)
    ask = not waiting and _asks(store, study, observer)
    shown = [_shown(study, row) for row in waiting] + [None, None]
    every = study.definition.protocol.break_every
    code = None if waiting or ask else code_of(observer)
    addresses = study.definition.completion.addresses if not waiting or not done else {}
    onward = {
        name: _onward(store, study, observer, address, code or "") for name, address in addresses.items()
    }
    return State(
        done=done,
        total=total,
        trial=shown[0],
        upcoming=shown[1],
        rest=bool(waiting and every and done and done % every == 0),
        code=code if study.definition.completion.code else None,
        redirect=onward.get("redirect") if code else None,
        screened_out=onward.get("screened_out") if waiting else None,
        correct=correct,
        ask=ask,
        practice_done=practice_done,
        practice_total=practice_total,
    )


def _onward(store: Store, study: OpenStudy, observer: Row, address: str, code: str) -> str:
    """Where to go on, with the code and the ids of a panel filled in."""
    missing = dict.fromkeys(study.definition.panel.names, "")
    return panel.filled(address, {**missing, **panel.ids_of(store, observer["id"]), "code": code})


def _counted(store: Store, study: OpenStudy, observer: Row) -> tuple[int, int, int, int]:
    """Trials and answers without practice, then practice trials and answers."""
    query = """SELECT kind = 'practice' AS practice, count(*) AS total, count(answers.trial) AS done,
        count(*) FILTER (WHERE attempt = 1) AS here
        FROM trials LEFT JOIN answers ON answers.trial = trials.token
        WHERE observer = :id GROUP BY kind = 'practice'"""
    nothing = {"total": 0, "done": 0, "here": 0}
    counts = {row["practice"]: row for row in store.rows(query, {"id": observer["id"]})}
    main, practice = counts.get(0, nothing), counts.get(1, nothing)
    total = main["total"]
    if study.definition.protocol.adaptive:
        total += sum(trial.kind != "practice" for trial in opening.plan(study, observer)) - main["here"]
    return total, main["done"], study.definition.protocol.practice, practice["done"]


def _asks(store: Store, study: OpenStudy, observer: Row) -> bool:
    rows = replies.questions(study.definition, observer["language"])
    return bool(rows) and not replies.replied(store, observer)


def _shown(study: OpenStudy, row: Row) -> Shown:
    height, width = study.stimuli.shown_size(row["scene"], study.definition.protocol)
    tokens = {slot: row[f"{slot}_token"] for slot in study.presentation.slots(study.definition)}
    return Shown(
        token=row["token"],
        practice=row["kind"] == "practice",
        first=row["first"],
        original=tokens.get("original", ""),
        left=tokens["left"],
        right=tokens.get("right", ""),
        width=width,
        height=height,
    )


def _correct(trial: Row, given: Response) -> bool | None:
    """Feedback in practice only. Every other answer gets the same reply whichever side was chosen."""
    if trial["kind"] != "practice" or given.choice == "rated":
        return None
    return given.choice in ("left", "right") and trial[given.choice] == REFERENCE
