"""A new observer: consent, a number, the first trials, a secret session."""

import secrets

from uplapp.errors import Refused
from uplapp.study import blinding, lifecycle, trials
from uplapp.study.opening import OpenStudy
from uplapp.study.store import Store


def join(store: Store, study: OpenStudy, consent_version: str, now: float, simulated: bool = False) -> str:
    """Add an observer who agreed to the consent text; returns the secret session token."""
    if consent_version != study.definition.consent.version:
        raise Refused("the consent text has changed; load the page again")
    query = "SELECT count(*) AS count FROM observers WHERE study = :study AND simulated = :simulated"
    session = blinding.token()
    letter = "s" if simulated else "o"  # so that no reader of a table takes the id for a number
    with store.transaction():
        if not simulated:
            lifecycle.admit(store, study.id)
        number = (store.row(query, study=study.id, simulated=simulated) or {"count": 0})["count"]
        observer = {
            "id": letter + secrets.token_hex(5),
            "study": study.id,
            "number": number,
            "session": session,
            "simulated": int(simulated),
            "consent_version": consent_version,
            "joined_at": now,
        }
        store.insert("observers", observer)
        if study.definition.protocol.adaptive:
            trials.tally(store, study, observer)
            trials.extend(store, study, observer)
        else:
            for trial in trials.plan(study, observer):
                trials.add(store, observer["id"], trial, attempt=1)
    return session
