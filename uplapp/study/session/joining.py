"""A new observer: consent, a number, the first trials, a secret session."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from uplapp.errors import Refused
from uplapp.study.session import admission, lifecycle, links, opening, panel
from uplapp.study.session.lifecycle import NotNow
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Row, Store, new_token

BEGUN = "You have begun this study already, and it cannot be taken up again."
CONSENT_CHANGED = "the consent text has changed; load the page again"


@dataclass(frozen=True)
class Newcomer:
    """Who wants to take part: by which link if any, in which language, with which kind of browser.

    `key` is the browser's own: the same key again, after a lost reply, is the same observer. `instead_of` is
    the session that this device gives up where a study begins anew with whoever comes back. `panel` are ids.
    """

    key: str = ""
    link: str = ""
    language: str = ""
    agent: str = ""
    simulated: bool = False
    instead_of: str = ""
    panel: Mapping[str, str] = field(default_factory=dict)


def join(
    store: Store,
    study: OpenStudy,
    consent_version: str,
    now: float,
    who: Newcomer | None = None,
    origins: admission.Origins | None = None,
) -> str:
    """Add an observer who agreed to the consent text. Returns the secret session token.

    A key that was used before gives the session of its observer, and so do a personal link and the id of a
    panel where the study lets people resume, or they have finished. NotNow if the study takes nobody, a link
    or an id is needed or not known, or the person may not come back; Refused if the consent text changed.
    """
    who = who or Newcomer()
    if consent_version != study.definition.consent.version:
        raise Refused(CONSENT_CHANGED, "consent_changed")
    if study.definition.access.links_only and not (who.link or who.simulated):
        raise NotNow(links.NEEDED, "link_needed")
    with store.transaction():
        ids = panel.read(study.definition.panel, who)
        earlier = _same(store, study, who.key) or _identified(store, study, who, ids)
        if earlier:
            return earlier
        pilot = not who.simulated and admission.admit(store, study.id, now, origins)
        observer = _observer(store, study, consent_version, now, who) | {"pilot": int(pilot)}
        store.insert("observers", observer)
        if who.link:
            links.use(store, who.link, observer["id"])
        panel.keep(store, observer["id"], ids)
        _deal(store, study, observer)
    return str(observer["session"])


def _identified(store: Store, study: OpenStudy, who: Newcomer, ids: Mapping[str, str]) -> str | None:
    """The session to go on with of a person whom a link or an id names. None for whoever begins.

    NotNow for one who has begun and may not come back.
    """
    earlier = links.claim(store, study.id, who.link) if who.link else None
    earlier = earlier or panel.claim(store, study, ids)
    rule = study.definition.access.returning
    row = lifecycle.under_way(store, earlier or who.instead_of)
    if earlier and (row is None or rule == "resume"):
        return earlier
    if row and row["study"] == study.id and rule == "restart":
        lifecycle.leave_out(store, study.id, row["id"], panel.BEGAN_AGAIN)
    elif earlier:
        raise NotNow(BEGUN, "begun")
    return None


def _observer(store: Store, study: OpenStudy, consent_version: str, now: float, who: Newcomer) -> Row:
    query = """SELECT coalesce(max(number) + 1, 0) AS next FROM observers
        WHERE study = :study AND simulated = :simulated"""
    letter = "s" if who.simulated else "o"  # so that no reader of a table takes the id for a number
    languages = study.definition.languages
    return {
        "id": letter + secrets.token_hex(5),
        "study": study.id,
        "number": (store.row(query, study=study.id, simulated=who.simulated) or {"next": 0})["next"],
        "session": new_token(),
        "simulated": int(who.simulated),
        "consent_version": consent_version,
        "joined_at": now,
        "language": who.language if who.language in languages else languages[0],
        "agent": who.agent,
        "join_key": who.key or None,
    }


def _same(store: Store, study: OpenStudy, key: str) -> str | None:
    """The session that this key has begun already, in whichever edition."""
    query = f"SELECT session FROM observers WHERE join_key = :key AND study IN {links.EDITIONS}"  # noqa: S608
    row = store.row(query, key=key, study=study.id) if key else None
    return row["session"] if row else None


def _deal(store: Store, study: OpenStudy, observer: Row) -> None:
    """Store the observer's trials: all that are planned, or the first two that an adaptive study chooses."""
    if study.definition.protocol.adaptive:
        opening.tally(store, study, observer)
        opening.extend(store, study, observer)
    else:
        for trial in opening.plan(study, observer):
            opening.add(store, observer["id"], trial, attempt=1)
