"""A study with its stimuli checked, open for observers, and the trials of each observer."""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from uplapp.errors import BadStudy
from uplapp.study.definition import Definition, Protocol, consents_of
from uplapp.study.plans import adaptive
from uplapp.study.plans.adaptive import Chooser, Tally
from uplapp.study.presentations import Presentation, presentation_of
from uplapp.study.stimuli import stimuli
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.study.store.store import Row, Store, new_token
from uplapp.values import Trial


@dataclass(frozen=True)
class OpenStudy:
    """A study that observers can join. An adaptive one has a `chooser` and keeps counts in `tallies`.

    `number` is that of its edition: 1 for the first that was opened under its name.
    """

    id: str
    definition: Definition
    stimuli: Stimuli
    chooser: Chooser | None = None
    number: int = 1
    tallies: tuple[Tally, Tally] = field(default_factory=lambda: (Tally(), Tally()), compare=False)

    @property
    def presentation(self) -> Presentation:
        """How the study presents its pictures: as pairs, or one at a time to be rated."""
        return presentation_of(self.definition)


@dataclass(frozen=True)
class Candidate:
    """A study as it lies on the disk, checked, with the row that it would have in the database.

    `former` is the hash that versions up to 0.1 gave it.
    """

    definition: Definition
    stimuli: Stimuli
    row: Row
    former: str


def prepare(definition: Definition, root: Path) -> Candidate:
    """Check the stimuli and make the manifest, without a look at the database.

    BadStudy if the study's folder is frozen and a file changed since.
    """
    checked = stimuli.check(definition, root)
    edition = stimuli.verify(root, checked)
    worded = stimuli.with_consents(root, definition)
    row = {
        "name": definition.name,
        "hash": checked.digest(worded, edition),
        "manifest": checked.manifest(worded, edition),
    }
    former = checked.digest(definition.as_formerly(), edition)
    if (stimuli.read(root) or {}).get("hash") == former:
        row |= {"hash": former, "manifest": checked.manifest(definition.as_formerly(), edition)}
    return Candidate(worded, checked, row, former)


def open_study(
    store: Store, definition: Definition, root: Path, now: float, chooser: Chooser | None = None
) -> OpenStudy:
    """Check the stimuli, freeze the manifest and find the study's row, or add one.

    After a change of wording alone the study is the same: its row gets the new manifest, and observers go
    on. After any other change it is a new study, its answers apart. BadStudy if the study's folder is frozen
    and a file changed since, or if the consent text changed under the version that observers agreed to.
    """
    candidate = prepare(definition, root)
    with store.transaction():
        study = find(store, candidate) or register(store, candidate, now)
    return OpenStudy(study, candidate.definition, candidate.stimuli, chooser)


def core(manifest: str) -> str:
    """The part of a manifest that makes a study: what is shown and asked, without its wording.

    Wording is the title, labels of conditions, consent and translations, and the texts of the questions at
    the end. Who may take part and the last page may change as well. The criteria of a rating study count
    in the study's own language.
    """
    held = json.loads(manifest)
    said = held["definition"]
    own = ("", said["protocol"].get("language", Protocol.language))
    rating = said.get("rating") or {"criteria": []}
    questions = [row for row in said.get("questions", []) if row.get("language", "") in own]
    shown = {
        "conditions": [row["name"] for row in said["conditions"]],
        "criteria": [row for row in rating["criteria"] if row.get("language", "") in own],
        "reference": rating.get("reference"),
        "questions": [{**row, "text": ""} for row in questions],
        **{name: said.get(name) for name in ("scenes", "protocol", "render")},
        **{name: held.get(name) for name in ("stimuli", "edition")},
    }
    return json.dumps(shown, sort_keys=True)


def find(store: Store, candidate: Candidate) -> str | None:
    """The id of the same study in the database, whose manifest is brought up to date. None for a new one.

    BadStudy if the consent text changed under the version that observers agreed to.
    """
    row = candidate.row
    query = "SELECT * FROM studies WHERE name = :name ORDER BY opened_at DESC, rowid DESC"
    rows = store.rows(query, {"name": row["name"]})
    for held in rows:
        if held["hash"] in (row["hash"], candidate.former):
            return str(held["id"])
    for held in rows:
        if core(held["manifest"]) == core(row["manifest"]):
            _check_consent(store, held, row)
            new = {"hash": row["hash"], "manifest": row["manifest"]}
            if _quota(held) != _quota(row):  # else the one that the researcher may have set on the page stays
                new["quota"] = _quota(row)
            store.update("studies", held["id"], new)
            return str(held["id"])
    return None


def register(store: Store, candidate: Candidate, now: float) -> str:
    """Add the row of a study that the database does not have, served from now on. Returns its id."""
    study, row = new_token(), candidate.row
    times = {"opened_at": now, "served_at": now}
    made = {"id": study, **row, "secret": secrets.token_hex(32), **times, "quota": _quota(row)}
    store.insert("studies", made)
    return study


def _quota(row: Row) -> int | None:
    """The number of people that the manifest of a study asks for, if it has a limit."""
    return json.loads(row["manifest"])["definition"].get("access", {}).get("quota") or None


def _check_consent(store: Store, held: Row, row: Row) -> None:
    """BadStudy if observers agreed to another text under the version that the study has now."""
    before, after = (consents_of(json.loads(one["manifest"])["definition"]) for one in (held, row))
    query = """SELECT count(*) AS n FROM observers
        WHERE study = :study AND consent_version = :version AND simulated = 0"""
    version = after.pop("version")
    if before.pop("version") != version or all(after.get(key, text) == text for key, text in before.items()):
        return
    agreed = (store.row(query, study=held["id"], version=version) or {"n": 0})["n"]
    if agreed:
        raise BadStudy(
            f"the consent text changed, but {agreed} observers agreed to the old one as version '{version}'; "
            "give the new text another version in [consent], or restore the old text"
        )


def waiting(store: Store, observer: Row) -> list[Row]:
    """The observer's current trial and the next one, if there are any."""
    query = """SELECT trials.* FROM trials LEFT JOIN answers ON answers.trial = trials.token
        WHERE trials.observer = :observer AND answers.trial IS NULL ORDER BY position LIMIT 2"""
    return store.rows(query, {"observer": observer["id"]})


def plan(study: OpenStudy, observer: Row) -> tuple[Trial, ...]:
    """All trials of this observer, of an adaptive study as if nobody had answered."""
    return study.presentation.plan(study.definition, observer["number"], study.definition.protocol.seed)


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
    tokens = {slot: new_token() for slot in slots}
    store.insert("trials", {**tokens, **vars(trial), "observer": observer, "attempt": attempt})
