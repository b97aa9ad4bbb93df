"""Personal links: each lets one observer into a study, and back to where that observer stopped."""

from collections import Counter
from collections.abc import Sequence

from uplapp.errors import UplappError
from uplapp.study.session.lifecycle import LEFT_OUT, WITHDRAWN, NotNow
from uplapp.study.store.store import Row, Store, new_token

LABEL_LENGTH = 80
EDITIONS = "(SELECT id FROM studies WHERE name = (SELECT name FROM studies WHERE id = :study))"
NEEDED = "This study is by invitation: please open the personal link that you were sent."
UNKNOWN = "This personal link is not valid here any more. Please ask the researcher for another one."


def make(store: Store, study: str, labels: Sequence[str], now: float) -> list[str]:
    """Add one link per label, such as a participant's number. Returns secret ids, 32 hex digits each."""
    for label in labels:
        if not label.strip() or len(label) > LABEL_LENGTH or not label.isprintable():
            raise UplappError(f"label {label!r} must be 1 to {LABEL_LENGTH} printable characters")
    made = [new_token() for _ in labels]
    with store.transaction():
        counts = Counter([row["label"] for row in listing(store, study)] + list(labels))
        twice = sorted(label for label in labels if counts[label] > 1)
        if twice:
            raise UplappError(f"label '{twice[0]}' is taken; each link needs its own")
        for link, label in zip(made, labels, strict=True):
            store.insert("links", {"id": link, "study": study, "label": label, "made_at": now})
    return made


def listing(store: Store, study: str) -> list[Row]:
    """Every link of a study, whatever its edition: id, label, made_at, revoked_at.

    Then observer, finished_at and excluded of who came by it, or None.
    """
    query = f"""SELECT links.id, label, made_at, revoked_at, observer, finished_at, excluded FROM links
        LEFT JOIN observers ON observers.id = links.observer WHERE links.study IN {EDITIONS}
        ORDER BY made_at, label, links.id"""  # noqa: S608
    return store.rows(query, {"study": study})


def revoke(store: Store, study: str, link: str, now: float) -> None:
    """Let nobody in by this link any more. Who came by it goes on. UplappError if there is no such link."""
    with store.transaction():
        query = f"SELECT id FROM links WHERE id = :link AND study IN {EDITIONS}"  # noqa: S608
        if not store.row(query, link=link, study=study):
            raise UplappError("this study has no such link; `study links` lists them")
        store.update("links", link, {"revoked_at": now})


def claim(store: Store, study: str, link: str) -> str | None:
    """The session of the observer who came by this link, None for a fresh link. NotNow for a dead one.

    The session may be of another edition. Who was left out goes on.
    """
    query = f"""SELECT revoked_at, session, coalesce(excluded, '') AS excluded FROM links LEFT JOIN observers
        ON observers.id = links.observer WHERE links.id = :link AND links.study IN {EDITIONS}"""  # noqa: S608
    row = store.row(query, link=link, study=study)
    gone = row is not None and row["excluded"] and not row["excluded"].startswith(LEFT_OUT)
    if row is None or row["revoked_at"] is not None or gone:
        raise NotNow(UNKNOWN, "link_unknown")
    return row["session"]  # type: ignore[no-any-return]


def use(store: Store, link: str, observer: str) -> None:
    """Bind a link to the observer who came by it."""
    store.update("links", link, {"observer": observer})


def state(row: Row) -> str:
    """What became of a link of `listing`: unused, taken, through, revoked, or withdrawn."""
    if row["excluded"] == WITHDRAWN:
        return WITHDRAWN
    if row["finished_at"] is not None:
        return "through"
    if row["revoked_at"] is not None:
        return "revoked"
    return "taken" if row["observer"] else "unused"


def address(site: str, name: str, link: str) -> str:
    """The address of a link. A fragment never leaves the browser, so no log of a server holds it."""
    return f"{site.rstrip('/')}/study/{name}#l={link}"
