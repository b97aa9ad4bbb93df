"""Ids by which a panel knows its people: only those that a study names, kept apart from the answers."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from uplapp.study.definition import Panel
from uplapp.study.session.lifecycle import LEFT_OUT, NotNow
from uplapp.study.session.opening import OpenStudy
from uplapp.study.store.store import Store

NEEDED = "This study is for people of a panel: please open it from there."
BEGAN_AGAIN = "began again"  # why the first try of a person does not count
ELSEWHERE = "You have taken part in this study already. Thank you."
PREVIEW = "ASSIGNMENT_ID_NOT_AVAILABLE"  # what MTurk sends before a worker accepts
# What to enter at a panel after the address of the study. MTurk and CloudResearch append the ids themselves.
QUERIES: Mapping[str, str] = {
    "prolific": ("?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"),
    "mturk": "",
    "cloudresearch": "",
    "sona": "?survey_code=%SURVEY_CODE%",
}


class Comer(Protocol):
    """Who wants to take part."""

    @property
    def link(self) -> str:
        """The personal link, or nothing."""

    @property
    def simulated(self) -> bool:
        """Whether it is no person."""

    @property
    def panel(self) -> Mapping[str, str]:
        """The ids that came along."""


def read(panel: Panel, who: Comer) -> dict[str, str]:
    """The ids of a newcomer that the study names. NotNow where the person's is needed and missing."""
    ids = {name: who.panel[name] for name in panel.names if who.panel.get(name)}
    known = panel.names[:1] == tuple(ids)[:1] and PREVIEW not in ids.values()
    if panel.name and panel.required and not (known or who.link or who.simulated):
        raise NotNow(NEEDED, "panel_needed")
    return ids


def claim(store: Store, study: OpenStudy, ids: Mapping[str, str]) -> str | None:
    """The session of the person who came with the same id before, or None. One person takes part once.

    It may be of another edition. NotNow for one who finished another.
    """
    person = study.definition.panel.names[:1]
    if not person or person[0] not in ids:
        return None
    query = """SELECT observers.session, observers.study, finished_at
        FROM panel JOIN observers ON observers.id = panel.observer
        JOIN studies ON studies.id = observers.study
        WHERE panel.name = :name AND value = :value AND studies.name = :study
        AND (excluded = '' OR excluded LIKE :left_out) AND excluded != :again
        ORDER BY observers.study = :own DESC, joined_at DESC"""
    row = store.row(
        query,
        name=person[0],
        value=ids[person[0]],
        study=study.definition.name,
        own=study.id,
        left_out=f"{LEFT_OUT}%",
        again=f"{LEFT_OUT}{BEGAN_AGAIN}",
    )
    if row and row["study"] != study.id and row["finished_at"] is not None:
        raise NotNow(ELSEWHERE, "took_part")
    return row["session"] if row else None


def keep(store: Store, observer: str, ids: Mapping[str, str]) -> None:
    """Store the ids of an observer."""
    for name, value in ids.items():
        row = {"id": f"{observer}:{name}", "observer": observer, "name": name, "value": value}
        store.insert("panel", row)


def ids_of(store: Store, observer: str) -> dict[str, str]:
    """The ids of an observer by their names."""
    query = "SELECT name, value FROM panel WHERE observer = :observer"
    return {row["name"]: row["value"] for row in store.rows(query, {"observer": observer})}


def filled(address: str, values: Mapping[str, str]) -> str:
    """An address with `{NAME}` of each value replaced by it, safe for an address."""
    for name, value in values.items():
        address = address.replace(f"{{{name}}}", quote(value, safe=""))
    return address


def entry(panel: Panel, study_address: str) -> str:
    """The address to enter at a panel, which fills the ids in or appends them."""
    if panel.ids or panel.name not in QUERIES:
        return study_address + "?" + "&".join(f"{name}=..." for name in panel.names)
    return study_address + QUERIES[panel.name]
