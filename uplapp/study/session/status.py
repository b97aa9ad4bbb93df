"""How far a study is: people by what became of them, and their answers."""

from dataclasses import dataclass

from uplapp.study.session.lifecycle import WITHDRAWN
from uplapp.study.store.phrases import FINISHED, GIVEN_UP, OUTCOME, PEOPLE, UNDER_WAY
from uplapp.study.store.store import Reader, Store

RECENT_S = 60.0


@dataclass(frozen=True)
class Status:
    """Counts of people and of their answers, flagged or excluded, without simulated observers and pilots.

    Of the people who are not excluded, `finished`, `under_way` and `given_up` add up to all: who gave up
    has been silent for longer than a place is held. `answers_a_minute` counts the last minute;
    `answers_to_others` are those to other editions of the study.
    """

    state: str
    quota: int | None
    pilot: bool
    observers: int
    finished: int
    under_way: int
    given_up: int
    observers_excluded: int
    withdrawn: int
    answers: int
    answers_a_minute: int
    flagged: int
    answers_excluded: int
    answers_to_others: int
    pilot_observers: int


COUNTED = f"""SELECT count(*) AS observers, count(*) FILTER (WHERE outcome = '{FINISHED}') AS finished,
    count(*) FILTER (WHERE outcome = '{UNDER_WAY}') AS under_way,
    count(*) FILTER (WHERE outcome = '{GIVEN_UP}') AS given_up,
    count(*) FILTER (WHERE excluded != '') AS observers_excluded,
    count(*) FILTER (WHERE excluded = :withdrawn) AS withdrawn
    FROM (SELECT excluded, CASE WHEN excluded = '' THEN {OUTCOME} END AS outcome
    FROM observers WHERE study = :study AND {PEOPLE}) AS people"""  # noqa: S608
OF_PEOPLE = f"""FROM answers JOIN trials ON trials.token = answers.trial
    JOIN observers ON observers.id = trials.observer JOIN studies ON studies.id = observers.study
    WHERE {PEOPLE}"""
ANSWERS = f"""SELECT count(*) AS answers, count(*) FILTER (WHERE answered_at > :recent) AS answers_a_minute,
    count(*) FILTER (WHERE flags != '') AS flagged,
    count(*) FILTER (WHERE answers.excluded != '' OR observers.excluded != '') AS answers_excluded
    {OF_PEOPLE} AND study = :study"""
OTHERS = f"""SELECT count(*) AS answers_to_others {OF_PEOPLE} AND study != :study
    AND name = (SELECT name FROM studies WHERE id = :study)"""  # noqa: S608
PILOTS = "SELECT count(*) AS pilot_observers FROM observers WHERE study = :study AND pilot = 1"


EACH = f"""SELECT name, state, count(observers.id) AS people FROM studies
    LEFT JOIN observers ON observers.study = studies.id AND {PEOPLE} GROUP BY studies.id
    ORDER BY opened_at, studies.rowid"""  # noqa: S608


def overview(reader: Reader) -> dict[str, tuple[str, int]]:
    """Give the state of the last edition of each study by its name, and the people of all its editions."""
    found: dict[str, tuple[str, int]] = {}
    for row in reader.rows(EACH, {}):
        found[row["name"]] = row["state"], row["people"] + found.get(row["name"], ("", 0))[1]
    return found


def status(store: Store, study: str, now: float) -> Status:
    """Count a study's people and answers at `now`, in seconds since 1970."""
    row = store.rows("SELECT state, quota, pilot FROM studies WHERE id = :study", {"study": study})[0]
    values = {"study": study, "now": now, "recent": now - RECENT_S, "withdrawn": WITHDRAWN}
    counts = {
        key: n for q in (COUNTED, ANSWERS, OTHERS, PILOTS) for key, n in store.rows(q, values)[0].items()
    }
    return Status(state=row["state"], quota=row["quota"], pilot=bool(row["pilot"]), **counts)
