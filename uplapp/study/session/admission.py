"""Whether a study takes one more person now: its state, its dates, its quota with places that are held.

A place is held from the consent for as long as the definition says after the last answer, then it is given
back. Whoever comes back later goes on all the same. Several people of one address who have not answered
yet hold none: a stranger who agrees again and again fills no study.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from uplapp.study.definition import Access
from uplapp.study.session.lifecycle import OPEN, TURNED_AWAY, NotNow
from uplapp.study.store.phrases import LAST_SIGN, PEOPLE
from uplapp.study.store.store import Row, Store

FULL = "full"  # open, with as many people as the quota allows
EARLY, OVER = "early", "over"  # open, outside of its dates
SENTENCES: Mapping[str, str] = {
    **TURNED_AWAY,
    FULL: "This study has all the observers it needs. Thank you for your interest.",
    EARLY: "This study begins on {opens}. Please come back then with the same link.",
    OVER: "This study took new people until {closes}. Thank you for your interest.",
}
HOLDERS = f"""SELECT session, EXISTS (SELECT 1 FROM trials AS one JOIN answers ON answers.trial = one.token
    WHERE one.observer = observers.id) AS answered FROM observers
    WHERE study = :study AND {PEOPLE} AND excluded = ''
    AND (finished_at IS NOT NULL OR joined_at > :since OR {LAST_SIGN} > :since)"""  # noqa: S608
Origins = Mapping[str, int]  # sessions to what stands for the address that they were begun at


def admit(store: Store, study: str, now: float, origins: Origins | None = None) -> bool:
    """NotNow unless the study takes one more person. Returns whether that person is one of a pilot.

    Call it in the transaction that adds the observer.
    """
    row = _row(store, study)
    door = _door(store, row, now, origins or {})
    if door != OPEN:
        dates = {name: in_words(getattr(access_of(row), name)) for name in ("opens", "closes")}
        raise NotNow(SENTENCES[door].format(**dates), door)
    return bool(row["pilot"])


def entrance(store: Store, study: str, now: float, origins: Origins | None = None) -> str:
    """What a newcomer finds: `open`, `paused`, `closed`, `full`, `early` before its dates or `over` after."""
    return _door(store, _row(store, study), now, origins or {})


def access_of(row: Row) -> Access:
    """Who may take part, from a row of `studies` with its `manifest` or, shorter, its `access`."""
    said: Mapping[str, Any] | None = json.loads(row["access"]) if row.get("access") else None
    return Access(**(said or {}))


def in_words(date: str) -> str:
    """A date of a definition as an observer reads it, in UTC."""
    moment = Access.moment(date)
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(moment))


def _row(store: Store, study: str) -> Row:
    query = """SELECT id, state, quota, pilot, json_extract(manifest, '$.definition.access') AS access
        FROM studies WHERE id = :study"""
    return store.rows(query, {"study": study})[0]


def _door(store: Store, row: Row, now: float, origins: Origins) -> str:
    if row["state"] != OPEN or row["pilot"]:  # a pilot comes before the dates, and takes nobody's place
        return str(row["state"])
    access = access_of(row)
    opens, closes = Access.moment(access.opens), Access.moment(access.closes)
    if opens is not None and now < opens:
        return EARLY
    if closes is not None and now >= closes:
        return OVER
    if row["quota"] is None:
        return OPEN
    since = now - access.hold_s
    holders = store.rows(HOLDERS, {"study": row["id"], "since": since})
    return FULL if _places(holders, origins) >= row["quota"] else OPEN


def _places(holders: list[Row], origins: Origins) -> int:
    """How many places are taken: one for each holder, but for those at one address who have not answered."""
    silent = [row["session"] for row in holders if not row["answered"]]
    together = Counter(origins[session] for session in silent if session in origins)
    return len(holders) - sum(people for people in together.values() if people > 1)
