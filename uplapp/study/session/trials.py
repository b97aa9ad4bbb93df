"""The trials of one observer in the database: planned when joining, or chosen as the study goes on."""

from uplapp.study.plans import adaptive, pairs
from uplapp.study.session.opening import OpenStudy
from uplapp.study.stimuli import blinding
from uplapp.study.store.store import Row, Store
from uplapp.values import Trial


def waiting(store: Store, observer: Row) -> list[Row]:
    """The observer's current trial and the next one, if there are any."""
    query = """SELECT trials.* FROM trials LEFT JOIN answers ON answers.trial = trials.token
        WHERE trials.observer = :observer AND answers.trial IS NULL ORDER BY position LIMIT 2"""
    return store.rows(query, {"observer": observer["id"]})


def plan(study: OpenStudy, observer: Row) -> tuple[Trial, ...]:
    """All trials of this observer, of an adaptive study as if nobody had answered."""
    return pairs.plan(study.definition, observer["number"], study.definition.protocol.seed)


def tally(store: Store, study: OpenStudy, observer: Row) -> None:
    """Count what others answered, before this transaction adds a row that it may take back."""
    if study.definition.protocol.adaptive:
        simulated = bool(observer["simulated"])
        adaptive.count(store, study.id, simulated, study.tallies[simulated])


def extend(store: Store, study: OpenStudy, observer: Row) -> None:
    """In an adaptive study, choose trials until the current and the next are there."""
    if not study.definition.protocol.adaptive:
        return
    planned, counted = plan(study, observer), study.tallies[bool(observer["simulated"])]
    query = """SELECT position, kind, scene, "left", "right", first, answers.trial AS answered FROM trials
        LEFT JOIN answers ON answers.trial = trials.token
        WHERE observer = :id AND attempt = 1 ORDER BY position"""
    rows = store.rows(query, {"id": observer["id"]})
    open_now = sum(row.pop("answered") is None for row in rows)
    own = [Trial(**row) for row in rows]
    seed = study.definition.protocol.seed + observer["number"]
    for _ in range(min(2 - open_now, len(planned) - len(own))):
        own.append(adaptive.choose(study.definition, planned, own, counted.answers, study.chooser, seed))
        add(store, observer["id"], own[-1], attempt=1)


def add(store: Store, observer: str, trial: Trial, attempt: int) -> None:
    """Store a trial under fresh opaque tokens."""
    slots = ("token", "original_token", "left_token", "right_token")
    tokens = {slot: blinding.token() for slot in slots}
    store.insert("trials", {**tokens, **vars(trial), "observer": observer, "attempt": attempt})
