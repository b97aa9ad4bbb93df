"""A study with its stimuli checked, open for observers."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from uplapp.study.definition.definition import Definition
from uplapp.study.plans.adaptive import Chooser, Tally
from uplapp.study.stimuli import blinding, frozen, stimuli
from uplapp.study.stimuli.stimuli import Stimuli
from uplapp.study.store.store import Store


@dataclass(frozen=True)
class OpenStudy:
    """A frozen study that observers can join; `chooser` serves an adaptive one, `tallies` its counts."""

    id: str
    definition: Definition
    stimuli: Stimuli
    chooser: Chooser | None = None
    tallies: tuple[Tally, Tally] = field(default_factory=lambda: (Tally(), Tally()), compare=False)


def open_study(
    store: Store, definition: Definition, root: Path, now: float, chooser: Chooser | None = None
) -> OpenStudy:
    """Check the stimuli and freeze the manifest; a changed manifest is a new study, its answers apart.

    BadStudy if the study's folder is frozen and a file changed since.
    """
    checked = stimuli.check(definition, root)
    edition = frozen.verify(root, checked)
    manifest = checked.manifest(definition, edition)
    digest = checked.digest(definition, edition)
    query = "SELECT id FROM studies WHERE name = :name AND hash = :hash"
    with store.transaction():
        known = store.row(query, name=definition.name, hash=digest)
        study = known["id"] if known else blinding.token()
        if not known:
            row = {"id": study, "name": definition.name, "hash": digest, "manifest": manifest}
            quota = definition.access.quota or None
            store.insert(
                "studies", {**row, "secret": secrets.token_hex(32), "opened_at": now, "quota": quota}
            )
    return OpenStudy(study, definition, checked, chooser)
