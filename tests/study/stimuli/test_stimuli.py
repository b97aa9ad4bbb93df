import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from uplapp.errors import BadStudy
from uplapp.study.definition import Access, Completion, Criterion, Question, Rating, load
from uplapp.study.stimuli import stimuli


def check(folder):
    return stimuli.check(load(folder), folder)


def test_a_complete_study_knows_its_sizes_and_pixels(folder):
    checked = check(folder)
    assert checked.sizes == {"astronaut": (48, 64), "chelsea": (48, 64)}
    with Image.open(folder / "l2" / "chelsea.png") as image:
        np.testing.assert_array_equal(checked.pixels("chelsea", "l2"), np.asarray(image))


def spoil(path, how):
    if how == "missing":
        path.unlink()
    elif how == "text":
        path.write_text("not a picture")
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:200])
    else:
        size, mode = {"size": ((65, 48), "RGB"), "grey": ((64, 48), "L"), "alpha": ((64, 48), "RGBA")}.get(
            how, ((4000, 3000), "RGB")
        )
        Image.new(mode, size).save(path)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "is missing"),
        ("text", "cannot be read as a PNG"),
        ("truncated", "cannot be read as a PNG"),
        ("size", "is 65x48 RGB but"),
        ("grey", "is 64x48 grey but"),
        ("alpha", "has mode RGBA"),
        ("huge", "the limit is 4000000 pixels"),
    ],
)
def test_a_bad_stimulus_is_named_with_what_is_allowed(folder, how, message):
    path = folder / "ms_ssim" / "chelsea.png"
    spoil(path, how)
    with pytest.raises(BadStudy, match=r"ms_ssim.chelsea\.png") as caught:
        check(folder)
    assert message in str(caught.value)


def test_a_picture_that_changes_under_an_open_study_is_refused(folder):
    checked = check(folder)
    Image.new("RGB", (64, 48)).save(folder / "l1" / "chelsea.png")
    with pytest.raises(BadStudy, match="changed while the study was open"):
        checked.pixels("chelsea", "l1")


def test_pictures_are_looked_for_in_the_study_then_in_the_data(folder, tmp_path):
    assert stimuli.find_root(folder, tmp_path) == folder
    assert stimuli.find_root(tmp_path / "demo", tmp_path) == tmp_path / "stimuli" / "demo"


def test_a_study_that_uses_nothing_new_keeps_the_manifest_of_older_versions(folder):
    held = json.loads(check(folder).manifest(load(folder)))["definition"]
    assert set(held) == {"name", "title", "conditions", "scenes", "protocol", "consent", "render"}
    assert len(held["protocol"]) == 10


@pytest.mark.parametrize(
    "change", [{"orders": 2}, {"zoom": 2}, {"answer_timeout_ms": 4000.0}, {"blank_ms": 500.0}]
)
def test_every_option_in_use_is_in_the_manifest(folder, change):
    plain = load(folder)
    changed = replace(plain, protocol=replace(plain.protocol, **change))
    (name, value) = next(iter(change.items()))
    assert json.loads(check(folder).manifest(changed))["definition"]["protocol"][name] == value


def test_tables_in_use_keep_the_keys_of_older_versions_until_a_younger_one_is_used(folder):
    changed = replace(load(folder), access=Access(links_only=True), completion=Completion(code=False))
    held = json.loads(check(folder).manifest(changed))["definition"]
    assert held["access"] == {"links_only": True, "quota": 0}
    assert held["completion"] == {"code": False, "redirect": ""}
    changed = replace(changed, access=Access(links_only=True, returning="block"))
    assert json.loads(check(folder).manifest(changed))["definition"]["access"]["returning"] == "block"


def test_links_questions_and_ratings_in_use_are_in_the_manifest(folder):
    rating = Rating((Criterion("quality", "How good?"),))
    changed = replace(
        load(folder), access=Access(links_only=True), questions=(Question("age", "?"),), rating=rating
    )
    held = json.loads(check(folder).manifest(changed))["definition"]
    assert held["access"]["links_only"]
    assert (held["questions"][0]["name"], held["rating"]["criteria"][0]["name"]) == ("age", "quality")
