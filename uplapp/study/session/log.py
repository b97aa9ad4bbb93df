"""Who did what to a study, and when: the decisions of its researchers, kept beside the answers."""

from typing import Any

from uplapp.study.store.store import Row, Store, new_token

LONGEST = 300
COLUMNS = ("done_at", "who", "what", "detail")


def note(store: Store, study: str, who: str, what: str, detail: str, now: float) -> None:
    """Write down an action on the study of that name. Call it in the transaction that acts."""
    row: dict[str, Any] = {"id": new_token(), "study": study, "who": who[:LONGEST], "what": what}
    store.insert("actions", {**row, "detail": " ".join(detail.split())[:LONGEST], "done_at": now})


def listing(store: Store, study: str) -> list[Row]:
    """Every action on the study of that name, the oldest first: done_at, who, what, detail."""
    query = """SELECT done_at, who, what, detail FROM actions WHERE study = :study
        ORDER BY done_at, rowid"""
    return store.rows(query, {"study": study})
