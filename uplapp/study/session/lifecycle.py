"""What a researcher decides of a study and its people: open, pause, close, leave out. The way to withdraw.

A pause turns new observers away and holds those who have begun at their next comparison, where they go on
later. A closed study takes no answer any more. Who has finished gets the completion code at any time.
"""

from collections.abc import Callable

from uplapp.errors import Refused, UplappError
from uplapp.study.store.store import Row, Store

OPEN, PAUSED, CLOSED = "open", "paused", "closed"
STATES = (OPEN, PAUSED, CLOSED)
WITHDRAWN = "withdrawn"
LEFT_OUT, LONGEST_REASON = "left out: ", 200  # by the researcher; the person goes on
TURNED_AWAY = {
    PAUSED: "This study is paused. Please come back later with the same link.",
    CLOSED: "This study has ended. Thank you for your interest.",
}
HELD = {
    PAUSED: "This study is paused. Your answers so far are stored; come back later with the same link on "
    "this device, and you go on where you stopped.",
    CLOSED: "This study has ended. Your answers so far are stored; thank you for taking part.",
}


class NotNow(Refused):
    """A study that does not take this observer or this answer at present. The reason says why."""


def hold(observer: Row) -> None:
    """NotNow if the study of an observer (with its `state`) shows no further comparison to people."""
    if observer["state"] != OPEN and not observer["simulated"]:
        raise NotNow(HELD[observer["state"]], observer["state"])


def take(observer: Row) -> None:
    """NotNow if the study of an observer (with its `state`) stores no answer any more."""
    if observer["state"] == CLOSED:
        hold(observer)


def change(store: Store, study: str, state: str) -> None:
    """Open, pause or close a study. Seen by the next request, also of another process."""
    if state not in STATES:
        raise UplappError(f"a study cannot be '{state}'; choose one of: {', '.join(STATES)}")
    store.update("studies", study, {"state": state})


def pilot(store: Store, study: str, on: bool) -> None:
    """Mark who joins from now on as one of a pilot, or no more. Its answers are never pooled with others."""
    store.update("studies", study, {"pilot": int(on)})


def limit(store: Store, study: str, quota: int | None) -> None:
    """Take at most `quota` people who finish or hold a place, those excluded not counted. 0 for no limit."""
    if quota is not None and quota < 0:
        raise UplappError(f"a quota of {quota} is not possible; give 1 or more, or 0 for no limit")
    store.update("studies", study, {"quota": quota or None})


def withdraw(store: Store, study: str, observer: str, now: float) -> int:
    """Delete what an observer said, did and saw, leaving a tombstone. Returns the number of answers deleted.

    Again on the same observer deletes nothing. The tombstone is a row, and so a line of the journal, that
    wins over the observer's older lines when a database is rebuilt. `erasure.erase` then takes the bytes out
    of the files. UplappError for an unknown observer.
    """
    values = {"study": study, "observer": observer}
    with store.transaction():
        if not store.rows("SELECT id FROM observers WHERE id = :observer AND study = :study", values):
            raise UplappError(f"this study has no observer '{observer}'; `study export` lists them")
        mine = "IN (SELECT token FROM trials WHERE observer = :observer)"
        gone = store.rows(f"DELETE FROM answers WHERE trial {mine} RETURNING trial", values)  # noqa: S608
        for table in ("events", "replies", "trials", "panel"):
            store.rows(f"DELETE FROM {table} WHERE observer = :observer RETURNING 1", values)  # noqa: S608
        if not store.rows("SELECT observer FROM withdrawals WHERE observer = :observer", values):
            store.insert("withdrawals", {**values, "withdrawn_at": now})
            rest = {"excluded": WITHDRAWN, "join_key": None, "agent": "", "language": ""}
            store.update("observers", observer, rest)
    return len(gone)


def edition_of_observer(store: Store, study: str, observer: str) -> str:
    """The id of the edition of a study that an observer began. UplappError for an unknown observer."""
    query = """SELECT study FROM observers WHERE id = :observer AND study IN
        (SELECT id FROM studies WHERE name = (SELECT name FROM studies WHERE id = :study))"""
    row = store.row(query, observer=observer, study=study)
    if row is None:
        raise UplappError(f"this study has no observer '{observer}'; `study export` lists them")
    return str(row["study"])


def under_way(store: Store, session: str) -> Row | None:
    """Study and id of the person whose session it is, if it has trials left and counts. Else None."""
    query = """SELECT study, id FROM observers WHERE session = :session AND finished_at IS NULL
        AND excluded = ''"""
    return store.row(query, session=session)


def leave_out(store: Store, study: str, observer: str, reason: str) -> None:
    """Keep an observer's answers where they are, and out of fits and exports, with the reason. Reversible.

    Who is under way goes on and gets the code; the place in the quota is free. UplappError without a reason,
    for an unknown observer and for one who is out already.
    """
    text = " ".join(reason.split())
    if not 0 < len(text) <= LONGEST_REASON:
        raise UplappError(f"give a reason of 1 to {LONGEST_REASON} characters")
    _judge(store, study, observer, lambda excluded: excluded == "", f"{LEFT_OUT}{text}")


def take_back(store: Store, study: str, observer: str) -> None:
    """Undo `leave_out`. UplappError for an observer who was not left out in that way."""
    _judge(store, study, observer, lambda excluded: excluded.startswith(LEFT_OUT), "")


def _judge(store: Store, study: str, observer: str, fits: Callable[[str], bool], excluded: str) -> None:
    with store.transaction():
        query = "SELECT excluded FROM observers WHERE id = :observer AND study = :study"
        row = store.row(query, observer=observer, study=study)
        if row is None:
            raise UplappError(f"this study has no observer '{observer}'; `study export` lists them")
        if not fits(row["excluded"]):
            raise UplappError(
                f"observer '{observer}' is {row['excluded'] or 'not left out'}; nothing changed"
            )
        store.update("observers", observer, {"excluded": excluded})
