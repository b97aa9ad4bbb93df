"""A change of wording leaves a study as it is, over a restart too, and any other makes another study."""

from dataclasses import replace

import pytest

from tests.study.tiny import NOW, open_tiny, response, write_study
from uplapp.errors import BadStudy
from uplapp.study.definition import Access, Completion, Consent, Question, Translation, load, presets
from uplapp.study.session import editions, joining, session
from uplapp.study.stimuli import stimuli
from uplapp.study.store.store import Store
from uplapp.values import Condition

LABELS = tuple(Condition(name, f"New {name}") for name in ("l1", "l2", "ms_ssim", "flip"))
WORDING = {
    "title": {"title": "Which one changes less?"},
    "labels": {"conditions": LABELS},
    "consent": {"consent": Consent("2", "Please agree.")},
    "translation": {"translations": (Translation("de", "Was ändert sich?"),)},
    "access": {"access": Access(quota=3)},
    "last page": {"completion": Completion(redirect="https://panel.example/{code}")},
}
ASKED = {
    "conditions": {"conditions": LABELS[:3]},
    "question": {"questions": (Question("age", "How old?"),)},
}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "tiny"


def restarted(store, folder, **parts):
    """Open the study again in a new process' store, changed."""
    store.close()
    fresh = Store(folder.parent / "answers.db")
    return fresh, open_tiny(fresh, folder, parts=parts)


@pytest.mark.parametrize("parts", WORDING.values(), ids=WORDING.keys())
def test_observers_go_on_after_a_change_of_wording_and_a_restart(store, folder, parts):
    study = open_tiny(store, folder)
    who = joining.join(store, study, "1", NOW)
    store, changed = restarted(store, folder, **parts)
    assert changed.id == study.id
    trial = session.state(store, changed, who).trial
    assert session.answer(store, changed, who, trial.token, "a" * 32, response(), NOW).practice_done == 1
    row = store.row("SELECT * FROM studies")
    assert row["hash"] == changed.stimuli.digest(changed.definition)
    assert row["manifest"] == changed.stimuli.manifest(changed.definition)
    assert [row["under_way"] for row in editions.listing(store, "tiny")] == [1]
    store.close()


@pytest.mark.parametrize("parts", ASKED.values(), ids=ASKED.keys())
def test_a_change_of_what_is_shown_or_asked_makes_another_study_and_counts_those_left(store, folder, parts):
    study = open_tiny(store, folder)
    joining.join(store, study, "1", NOW)
    store, changed = restarted(store, folder, **parts)
    assert changed.id != study.id
    assert [row["under_way"] for row in editions.listing(store, "tiny")] == [1, 0]
    store.close()


def test_a_changed_quota_holds_and_one_that_was_set_on_the_page_stays(store, folder):
    study = open_tiny(store, folder, parts={"access": Access(quota=3)})
    store.update("studies", study.id, {"quota": 9})
    open_tiny(store, folder, parts={"access": Access(quota=3), "title": "Other?"})
    assert store.row("SELECT quota FROM studies")["quota"] == 9
    open_tiny(store, folder, parts={"access": Access(quota=4), "title": "Other?"})
    assert store.row("SELECT quota FROM studies")["quota"] == 4


def test_another_consent_text_needs_another_version_once_somebody_agreed(store, folder):
    study = open_tiny(store, folder, parts={"consent": Consent("1", "Please agree.")})
    open_tiny(store, folder, parts={"consent": Consent("1", "Please do agree.")})  # nobody agreed yet
    joining.join(store, study, "1", NOW)
    with pytest.raises(BadStudy, match=r"the consent text changed, but 1 observers agreed .* version '1'"):
        open_tiny(store, folder, parts={"consent": Consent("1", "You agree.")})
    assert open_tiny(store, folder, parts={"consent": Consent("2", "You agree.")}).id == study.id


def formerly(definition):
    """The study as versions up to 0.1 wrote it into its manifest."""
    text = presets.FORMER_CONSENTS[presets.PAIRS]
    return replace(definition, consent=replace(definition.consent, text=text))


def test_a_study_of_a_former_version_stays_the_same_study(store, folder):
    definition = load(write_study(folder, consent=""))
    checked = stimuli.check(definition, folder)
    old = {"hash": checked.digest(formerly(definition)), "manifest": checked.manifest(formerly(definition))}
    store.insert("studies", {"id": "old", "name": "tiny", **old, "secret": "00", "opened_at": NOW})
    opened = open_tiny(store, folder)
    assert opened.id == "old"
    assert store.row("SELECT hash, manifest FROM studies") == old
    assert opened.definition.consent_in("en") == presets.consent(False, "en")
    assert open_tiny(store, folder, parts={"title": "Which?"}).id == "old"


def test_a_frozen_study_shows_the_consent_text_of_its_manifest(store, folder, monkeypatch):
    made = stimuli.freeze(write_study(folder), NOW)
    monkeypatch.setattr(presets, "CONSENTS", {presets.PAIRS: {"en": "A later standard text."}})
    opened = open_tiny(store, folder)
    assert opened.definition.consent_in("en") == made["consents"]["en"]
    assert store.row("SELECT hash FROM studies")["hash"] == made["hash"]
