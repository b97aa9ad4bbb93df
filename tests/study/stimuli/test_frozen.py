import pytest
from PIL import Image

from tests.study.tiny import NOW, write_study
from uplapp.errors import BadStudy
from uplapp.study.definition import load
from uplapp.study.exports import votes
from uplapp.study.session import opening
from uplapp.study.simulation import observers
from uplapp.study.stimuli import stimuli
from uplapp.study.stimuli.facts import facts
from uplapp.study.store.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "data" / "uplapp.db")
    yield store
    store.close()


def opened(store, folder):
    return opening.open_study(store, load(folder), folder, NOW).id


def test_a_manifest_holds_every_file_the_seed_the_protocol_and_the_versions(folder):
    made = stimuli.freeze(folder, NOW)
    assert len(made["files"]) == 1 + 5 * 2
    assert made["seed"] == made["protocol"]["seed"] == load(folder).protocol.seed
    assert set(made["versions"]) == {"uplapp", "python", "numpy", "pillow"}
    assert stimuli.read(folder) == made


def test_the_code_in_every_export_is_that_of_the_manifest(folder, store):
    made = [stimuli.freeze(folder, NOW, again=bool(edition)) for edition in range(2)][-1]
    study = opening.open_study(store, load(folder), folder, NOW)
    row = store.row("SELECT hash FROM studies ORDER BY opened_at DESC, rowid DESC")
    assert row["hash"] == made["hash"]
    observers.simulate(store, study, observers.even_scores(study.definition), 1, 0, NOW)
    assert set(votes.votes(store, study.id, simulated=True)["manifest"]) == {made["hash"][:12]}


@pytest.mark.parametrize("name", ["l1/chelsea.png", "reference/astronaut.png", "study.toml"])
def test_a_frozen_study_whose_files_changed_names_them_and_does_not_open(folder, store, name):
    stimuli.freeze(folder, NOW)
    path = folder / name
    if path.suffix == ".png":
        Image.new("RGB", (64, 48)).save(path)
    else:
        path.write_text(path.read_text() + "\n# a word\n")
    with pytest.raises(BadStudy, match=f"changed since: {name};"):
        opened(store, folder)


def test_freezing_keeps_the_study_and_freezing_again_makes_another(folder, store):
    first = opened(store, folder)
    stimuli.freeze(folder, NOW)
    assert opened(store, folder) == first
    with pytest.raises(BadStudy, match="frozen already"):
        stimuli.freeze(folder, NOW)
    stimuli.freeze(folder, NOW, again=True)
    assert opened(store, folder) != first


PLACES = ("purpose", "contact", "retention", "questions")


def told(*names):
    return "\n".join(f'{name} = "{name} of it"' for name in names)


@pytest.mark.parametrize("missing", PLACES)
def test_a_study_whose_consent_leaves_a_place_empty_is_not_frozen(tmp_path, missing):
    others = [name for name in PLACES if name != missing]
    folder = write_study(tmp_path / "asks", consent=told(*others))
    with pytest.raises(BadStudy, match=rf"consent does not say {missing}; .* internal_test = true"):
        stimuli.freeze(folder, NOW)
    assert not (folder / "manifest.json").exists()


@pytest.mark.parametrize("consent", [told(*PLACES), 'text = "My own."', "internal_test = true"])
def test_one_that_says_all_or_has_a_text_of_its_own_or_is_a_test_is_frozen(tmp_path, consent):
    folder = write_study(tmp_path / "asks", consent=consent)
    assert stimuli.freeze(folder, NOW)["edition"] == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"edition": "1", "files": {}}'])
def test_a_damaged_manifest_is_not_taken_for_an_unfrozen_study(folder, store, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(BadStudy, match="damaged"):
        opened(store, folder)


def test_a_study_without_stimuli_of_its_own_is_not_frozen(tmp_path, folder):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "study.toml").write_text((folder / "study.toml").read_text())
    with pytest.raises(BadStudy, match="no stimuli of its own"):
        stimuli.freeze(bare, NOW)


def test_pixel_identical_conditions_are_named_though_their_files_differ(folder):
    with Image.open(folder / "l1" / "chelsea.png") as image:
        image.save(folder / "l2" / "chelsea.png", compress_level=0)
    summary = facts(load(folder), stimuli.check(load(folder), folder))
    assert summary.identical == ("l1 and l2 are pixel-identical in scene chelsea",)
    assert (summary.main_trials, summary.trials) == (12, 14)
    assert summary.minutes == 1.6  # 14 trials of 7 s
