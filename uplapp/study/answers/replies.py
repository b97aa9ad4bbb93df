"""The questions after the last trial, and what an observer replies to them."""

from collections.abc import Mapping

from uplapp.study.answers.response import BadResponse, finite
from uplapp.study.definition import Definition, Question
from uplapp.study.store.store import Reader, Row, Store

LONGEST = 2000  # characters
LARGEST = 1e15  # of a number
COLUMNS = ("observer", "question", "reply", "replied_at")  # of `listing`


def questions(definition: Definition, language: str) -> tuple[Question, ...]:
    """The questions in their order. A row in the observer's language goes before one for all."""
    by_name: dict[str, Question] = {}
    for entry in definition.questions:
        if entry.language == language or (entry.language == "" and entry.name not in by_name):
            by_name[entry.name] = entry
    return tuple(by_name.values())


def read(body: Mapping[str, object], rows: tuple[Question, ...]) -> dict[str, str]:
    """Read one reply per question, '' where it was skipped. BadResponse names one that does not fit."""
    given = body.get("replies")
    if not isinstance(given, Mapping) or not given.keys() <= {entry.name for entry in rows}:
        names = ", ".join(entry.name for entry in rows)
        raise BadResponse(f"'replies' must be an object with some of: {names}")
    return {entry.name: _reply(entry, given.get(entry.name)) for entry in rows}


def keep(store: Store, observer: Row, replies: Mapping[str, str], now: float) -> None:
    """Store the replies of an observer, once: whoever has replied is not asked again."""
    with store.transaction():
        if not replied(store, observer):
            for name, reply in replies.items():
                row = {"id": f"{observer['id']}:{name}", "observer": observer["id"], "question": name}
                store.insert("replies", {**row, "reply": reply, "replied_at": now})


def replied(store: Store, observer: Row) -> bool:
    """Whether the observer has replied, or skipped, the questions."""
    query = "SELECT count(*) AS n FROM replies WHERE observer = :observer"
    return bool((store.row(query, observer=observer["id"]) or {"n": 0})["n"])


def listing(
    store: Store | Reader,
    study: str,
    simulated: bool = False,
    everything: bool = False,
    pilot: bool = False,
) -> list[Row]:
    """The replies of people, of a pilot, or of simulated observers to a study's questions: rows of `columns`.

    Those of excluded observers are left out unless `everything`, then `excluded` says why.
    """
    query = """SELECT observer, question, reply, replied_at, excluded FROM replies
        JOIN observers ON observers.id = replies.observer
        WHERE observers.study = :study AND simulated = :simulated AND pilot = :pilot
        AND (:everything = 1 OR excluded = '')
        ORDER BY joined_at, observer, question"""
    values = {"study": study, "simulated": int(simulated), "everything": int(everything), "pilot": int(pilot)}
    return [{name: row[name] for name in columns(everything)} for row in store.rows(query, values)]


def columns(everything: bool) -> tuple[str, ...]:
    """The columns of `listing`."""
    return (*COLUMNS, "excluded") if everything else COLUMNS


def _reply(question: Question, value: object) -> str:
    if value in (None, ""):
        if question.required:
            raise BadResponse(f"question '{question.name}' needs a reply")
        return ""
    if question.kind == "number":
        return f"{finite(value, question.name, -LARGEST, LARGEST):.10g}"
    if not isinstance(value, str) or len(value) > LONGEST:
        raise BadResponse(f"question '{question.name}' needs a text of at most {LONGEST} characters")
    if question.kind == "choice" and value not in question.options:
        raise BadResponse(f"question '{question.name}' must be one of: {', '.join(question.options)}")
    return value
