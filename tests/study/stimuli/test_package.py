import stat
import zipfile

import pytest

from tests.study.tiny import NOW
from uplapp import packed as packing
from uplapp.errors import BadStudy
from uplapp.study.definition import load
from uplapp.study.stimuli import package, stimuli


@pytest.fixture
def packed(folder, tmp_path):
    package.pack(folder, folder, tmp_path / "tiny.zip")
    return tmp_path / "tiny.zip"


def add(path, name, data=b"x", kind=stat.S_IFREG):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (kind | 0o644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, data)


def test_a_packed_study_unpacks_to_the_same_study(folder, tmp_path):
    stimuli.freeze(folder, NOW)
    count = package.pack(folder, folder, tmp_path / "out" / "t.zip", {"votes.csv": "observer\n"})
    target = tmp_path / "other" / "tiny"
    assert package.unpack(tmp_path / "out" / "t.zip", target) == load(folder)
    files = {path.relative_to(target) for path in target.rglob("*") if path.is_file()}
    assert len(files) == count == 1 + 1 + 10 + 1
    assert (target / "answers" / "votes.csv").read_text() == "observer\n"
    assert stimuli.read(target) == stimuli.read(folder)
    assert stimuli.check(load(target), target).hashes == stimuli.check(load(folder), folder).hashes


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil.png", "no plain path"),
        ("tiny/../../evil.png", "no plain path"),
        ("/evil.png", "no plain path"),
        ("tiny\\..\\evil.png", "no plain path"),
        ("C:evil.png", "no plain path"),
        ("tiny/L1/chelsea.png", "differ in case only"),
        ("TINY/evil.png", "differ in case only"),
    ],
)
def test_names_that_leave_the_study_or_clash_are_refused_and_leave_nothing(packed, tmp_path, name, message):
    add(packed, name)
    (tmp_path / "new").mkdir()
    with pytest.raises(BadStudy, match=message):
        package.unpack(packed, tmp_path / "new" / "mine")
    assert list((tmp_path / "new").iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(packed, tmp_path, kind):
    add(packed, "tiny/l3", b"/etc/passwd", kind)
    with pytest.raises(BadStudy, match="link or a device"):
        package.unpack(packed, tmp_path / "mine")


def test_a_bomb_is_refused_by_its_header(packed, tmp_path):
    add(packed, "tiny/zeros", bytes(8 * 2**20))
    with pytest.raises(BadStudy, match="200 times the packed size"):
        package.unpack(packed, tmp_path / "mine")


@pytest.mark.parametrize(("limit", "value"), [("MAX_FILES", 5), ("MAX_BYTES", 1000)])
def test_the_caps_hold_for_the_whole_file(packed, tmp_path, monkeypatch, limit, value):
    monkeypatch.setattr(packing, limit, value)
    with pytest.raises(BadStudy, match="too large; allowed: 10000 files, 2 GiB"):
        package.unpack(packed, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


@pytest.mark.parametrize("keep", [0, 100, -200])
def test_a_truncated_zip_is_one_sentence_and_leaves_nothing(packed, tmp_path, keep):
    packed.write_bytes(packed.read_bytes()[:keep])
    with pytest.raises(BadStudy, match="cannot be read as a ZIP"):
        package.unpack(packed, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_manifest_that_does_not_fit_the_pictures_is_refused(folder, tmp_path):
    stimuli.freeze(folder, NOW)
    package.pack(folder, folder, tmp_path / "t.zip")
    with zipfile.ZipFile(tmp_path / "t.zip") as old, zipfile.ZipFile(tmp_path / "u.zip", "w") as new:
        for name in old.namelist():
            source = name.replace("l1/", "l2/")  # the pictures of another condition under its name
            new.writestr(name, old.read(source))
    with pytest.raises(BadStudy, match=r"changed since: l1/astronaut\.png, l1/chelsea\.png"):
        package.unpack(tmp_path / "u.zip", tmp_path / "mine")


@pytest.mark.parametrize("inside", ["", "pictures/"])
def test_a_zip_of_folders_becomes_a_new_study(folder, tmp_path, inside):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, inside + str(path.relative_to(folder)))
        archive.writestr("__MACOSX/._x", b"")
    made = package.create_from_zip(tmp_path / "p.zip", tmp_path / "studies" / "mine", "Title")
    assert {condition.name for condition in made.conditions} == {"l1", "l2", "ms_ssim", "flip"}
    assert sorted(path.name for path in (tmp_path / "studies").iterdir()) == ["mine"]


def test_a_zip_without_a_reference_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("l1/a.png", b"")
        archive.writestr("l2/a.png", b"")
    with pytest.raises(BadStudy, match="no folder reference/"):
        package.create_from_zip(tmp_path / "p.zip", tmp_path / "studies" / "mine", "Title")


def test_a_zip_that_is_no_study_is_named_itself(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "pics.zip", "w") as archive:
        archive.write(folder / "l1" / "chelsea.png", "pics/chelsea.png")
    with pytest.raises(BadStudy, match=r"pics\.zip has no study\.toml; .*unpacked$"):
        package.unpack(tmp_path / "pics.zip", tmp_path / "mine")


def test_nothing_is_overwritten(folder, packed):
    with pytest.raises(BadStudy, match="exists already"):
        package.unpack(packed, folder)
    with pytest.raises(BadStudy, match="exists already"):
        package.pack(folder, folder, packed)
