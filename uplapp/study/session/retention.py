"""Personal fields deleted on the day that a study names, or when the researcher says so."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from uplapp.study.store import personal
from uplapp.study.store.store import Store, new_token

# Of every edition: people agreed to the day that theirs names. Also of studies whose folder is gone.
DAYS = """SELECT id, questions FROM (SELECT id,
    json_extract(manifest, '$.definition.retention.personal_until') AS until,
    json_extract(manifest, '$.definition.retention.questions') AS questions FROM studies) AS days
    WHERE until != '' AND until <= :today"""


def enforce(store: Store, now: float) -> int:
    """Clear every study whose day has come by `now`, seconds since 1970. Returns the rows that had something.

    The day begins in UTC. Asked again, it clears what came since. `erasure.erase` is next, for the files.
    """
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    rows = store.rows(DAYS, {"today": today})
    return sum(clear(store, row["id"], json.loads(row["questions"] or "[]"), now) for row in rows)


def clear(store: Store, study: str, questions: Sequence[str], now: float) -> int:
    """Delete ids of panels, browsers, labels of links and replies to `questions` of all who joined by `now`.

    Answers stay. Returns the number of rows that had something. Where none had, nothing is written.
    """
    row = {"id": new_token(), "study": study, "questions": json.dumps([*questions]), "cleared_at": now}
    with store.here_alone() as database:
        database.execute("SAVEPOINT tried")
        database.execute("INSERT INTO clearings VALUES (:id, :study, :questions, :cleared_at)", row)
        count = personal.clear(database)
        database.execute("ROLLBACK TO tried")
        if count:
            store.insert("clearings", row)
            personal.clear(database)
    return count
