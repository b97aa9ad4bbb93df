import pytest
from PIL import Image

from tests.study.tiny import write_study
from uplapp.errors import BadStudy
from uplapp.study.definition import load
from uplapp.study.stimuli import stimuli
from uplapp.study.stimuli.package import create_from_folders


@pytest.fixture
def source(tmp_path):
    return write_study(tmp_path / "source")


def conditions(source):
    return {name: source / name for name in ("l1", "l2")}


def test_folders_of_pictures_become_a_study(source, tmp_path):
    target = tmp_path / "studies" / "mine"
    made = create_from_folders(target, 'A "quoted" title', source / "reference", conditions(source))
    assert load(target) == made
    assert made.title == 'A "quoted" title'
    assert [scene.name for scene in made.scenes] == ["astronaut", "chelsea"]
    stimuli.check(made, target)


def missing(source):
    (source / "l2" / "chelsea.png").unlink()


def other_size(source):
    Image.new("RGB", (9, 9)).save(source / "l2" / "chelsea.png")


def no_picture(source):
    (source / "l2" / "chelsea.png").write_text("nothing")


def bad_name(source):
    for folder in ("reference", "l1", "l2"):
        (source / folder / "chelsea.png").rename(source / folder / "a b.png")


@pytest.mark.parametrize("spoil", [missing, other_size, no_picture, bad_name])
def test_a_study_that_cannot_be_made_leaves_nothing_behind(source, tmp_path, spoil):
    spoil(source)
    with pytest.raises(BadStudy):
        create_from_folders(tmp_path / "studies" / "mine", "t", source / "reference", conditions(source))
    assert list((tmp_path / "studies").glob("*")) == []


def test_an_existing_study_is_never_overwritten(source):
    with pytest.raises(BadStudy, match="exists already"):
        create_from_folders(source, "t", source / "reference", conditions(source))
