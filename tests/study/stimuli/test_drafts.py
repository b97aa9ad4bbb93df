import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.study.tiny import CONDITIONS, NOW, SCENES, write_study
from uplapp.errors import BadStudy
from uplapp.study.definition import load
from uplapp.study.stimuli import drafts, package, stimuli
from uplapp.study.stimuli.drafts import Pictures
from uplapp.study.stimuli.facts import contact_sheet
from uplapp.values import REFERENCE

TABLES = {"protocol": {"phase_ms": 125, "pairs": "random:5", "catch": 3}, "access": {"quota": 9}}
TABLES |= {"consent": {"internal_test": True}}


@pytest.fixture
def pictures(tmp_path) -> Path:
    """A folder of pictures without a definition."""
    folder = write_study(tmp_path / "pictures")
    (folder / "study.toml").unlink()
    return folder


@pytest.fixture
def archive(tmp_path, pictures) -> Path:
    return zipped(pictures, tmp_path / "faces.zip")


@pytest.fixture
def room(tmp_path) -> Path:
    return tmp_path / "drafts"


@pytest.fixture
def scenes(pictures):
    return [
        Pictures(
            scene,
            pictures / REFERENCE / f"{scene}.png",
            {name: pictures / name / f"{scene}.png" for name in CONDITIONS},
        )
        for scene in SCENES
    ]


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as written:
        for path in sorted(folder.rglob("*.*")):
            written.write(path, path.relative_to(folder))
    return target


def test_a_zip_becomes_a_checked_draft_with_the_tables_that_were_asked_for(room, archive):
    draft = drafts.from_zip(room, archive, "faces", "Which?", TABLES)
    assert draft.definition.protocol.phase_ms == 125
    assert draft.definition.access.quota == 9
    assert (draft.facts.scenes, draft.facts.conditions, draft.facts.main_trials) == (2, 4, 5)
    assert not draft.sealed


def test_a_published_draft_is_frozen_among_the_studies_and_leaves_nothing_behind(room, archive, tmp_path):
    draft = drafts.from_zip(room, archive, "faces", "Which?", TABLES)
    folder = drafts.publish(draft, tmp_path / "studies", NOW)
    assert folder == tmp_path / "studies" / "faces"
    assert load(folder) == draft.definition
    assert stimuli.read(folder)["edition"] == 1
    assert [path.name for path in (tmp_path / "studies").iterdir()] == ["faces"]
    assert list(room.iterdir()) == []


def test_a_packed_study_keeps_its_own_definition_and_seal(room, tmp_path):
    folder = write_study(tmp_path / "faces")
    stimuli.freeze(folder, NOW)
    package.pack(folder, folder, tmp_path / "packed.zip")
    draft = drafts.from_zip(room, tmp_path / "packed.zip", "again", "ignored", TABLES)
    assert draft.sealed
    assert draft.definition.title == "Which changes less?"
    published = drafts.publish(draft, tmp_path / "studies", NOW + 5)
    assert stimuli.read(published)["frozen_at"] == NOW


def test_collected_pictures_become_scenes_and_labels(room, scenes):
    draft = drafts.from_pictures(room, scenes, {"l1": "L1 loss"}, "mine", "Which?", TABLES)
    assert [scene.name for scene in draft.definition.scenes] == sorted(SCENES)
    assert draft.definition.conditions[0].label == "L1 loss"
    assert [path.name for path in draft.folder.parent.iterdir()] == ["mine"]


def refusal(make) -> str:
    """The sentence in which it is refused, which tells no path of the server."""
    with pytest.raises(BadStudy) as caught:
        make()
    assert "/tmp" not in str(caught.value)
    return str(caught.value)


def test_a_scene_that_lacks_a_condition_is_told_by_name(room, scenes):
    short = Pictures("third", scenes[0].reference, {"l1": scenes[0].conditions["l1"]})
    sentence = refusal(lambda: drafts.from_pictures(room, [*scenes, short], {}, "mine", "t", {}))
    assert "'third' has l1," in sentence
    assert list(room.iterdir()) == []


def test_a_picture_that_is_gone_is_told(room, scenes):
    scenes[1].reference.unlink()
    sentence = refusal(lambda: drafts.from_pictures(room, scenes, {}, "mine", "t", {}))
    assert SCENES[1] in sentence
    assert "restore it again" in sentence
    assert list(room.iterdir()) == []


def test_nothing_collected_is_told(room):
    sentence = refusal(lambda: drafts.from_pictures(room, [], {}, "mine", "t", {}))
    assert "no results are collected yet" in sentence
    assert not room.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "api", "reference", "x" * 41, "a b"])
def test_a_name_that_is_no_folder_of_its_own_is_refused_before_anything_is_written(room, archive, name):
    sentence = refusal(lambda: drafts.from_zip(room, archive, name, "t", {}))
    assert "cannot be used as a study's name" in sentence
    assert not room.exists()


def test_a_zip_without_a_reference_is_told_by_its_file_name(room, pictures, tmp_path):
    shutil.rmtree(pictures / REFERENCE)
    archive = zipped(pictures, tmp_path / "broken.zip")
    sentence = refusal(lambda: drafts.from_zip(room, archive, "faces", "t", {}))
    assert "broken.zip has no folder reference/" in sentence
    assert list(room.iterdir()) == []


def test_pictures_that_do_not_agree_are_told_by_their_place_in_the_study(room, pictures, tmp_path):
    Image.new("RGB", (10, 10)).save(pictures / "l2" / f"{SCENES[0]}.png")
    archive = zipped(pictures, tmp_path / "sizes.zip")
    sentence = refusal(lambda: drafts.from_zip(room, archive, "faces", "t", {}))
    assert f"l2/{SCENES[0]}.png is 10x10 RGB" in sentence
    assert list(room.iterdir()) == []


def test_what_is_no_zip_is_told(room, tmp_path):
    (tmp_path / "no.zip").write_text("nothing")
    assert "no.zip" in refusal(lambda: drafts.from_zip(room, tmp_path / "no.zip", "faces", "t", {}))
    assert list(room.iterdir()) == []


@pytest.mark.parametrize(
    ("tables", "word"),
    [({"protocol": {"pairs": "some"}}, "pairs"), ({"protocol": {"catch": 101}}, "catch")],
)
def test_a_table_that_does_not_fit_is_told(room, archive, tables, word):
    assert word in refusal(lambda: drafts.from_zip(room, archive, "faces", "t", tables))
    assert list(room.iterdir()) == []


def test_a_name_that_is_taken_is_told_and_the_draft_stays(room, archive, tmp_path):
    draft = drafts.from_zip(room, archive, "faces", "Which?", TABLES)
    write_study(tmp_path / "studies" / "faces")
    sentence = refusal(lambda: drafts.publish(draft, tmp_path / "studies", NOW))
    assert "'faces' exists already" in sentence
    assert draft.folder.is_dir()


def test_discarded_and_swept_drafts_leave_the_disk(room, archive):
    drafts.discard(drafts.from_zip(room, archive, "one", "t", {}))
    assert list(room.iterdir()) == []
    drafts.from_zip(room, archive, "two", "t", {})
    drafts.sweep(room)
    assert not room.exists()


def test_two_files_of_one_scene_are_told(room, pictures, tmp_path):
    Image.new("RGB", (64, 48)).save(pictures / "l1" / f"{SCENES[0]}.jpg")
    archive = zipped(pictures, tmp_path / "twice.zip")
    sentence = refusal(lambda: drafts.from_zip(room, archive, "faces", "t", {}))
    assert "are one scene by their name" in sentence
    assert list(room.iterdir()) == []


def test_the_contact_sheet_has_a_row_a_scene_the_reference_first(room, archive):
    draft = drafts.from_zip(room, archive, "faces", "t", {})
    sheet = contact_sheet(draft.definition, draft.stimuli)
    assert [row.scene for row in sheet] == sorted(SCENES)
    assert [label for label, _ in sheet[0].pictures] == ["Reference", *sorted(CONDITIONS)]
    assert sheet[0].pictures[0][1].startswith(b"\xff\xd8")
