"""Stimuli from recipes: what is rendered is what the restorer gives, cropped."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.imaging.checkpoints.made import make
from uplapp.errors import BadStudy, UnknownName, UplappError
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.files.aligned import read_head
from uplapp.imaging.files.pictures import encode_png, read_image, tensor_to_array
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.files.volumes import read_volume
from uplapp.imaging.physics import GaussianNoise, Projection, Undersampling, draw_tree
from uplapp.imaging.restorers import photographs
from uplapp.imaging.restorers.consistency import consistent
from uplapp.imaging.restorers.network import restore_by_tiles
from uplapp.study.definition import Definition, Render, Scene
from uplapp.study.stimuli import stimuli
from uplapp.values import REFERENCE, Condition
from uplapp.workflows.render import (
    LIBRARIES,
    case_of,
    degradation_options,
    framed,
    render_stimuli,
    rendered,
)

TWO = (Condition("l1", "L1"), Condition("l2", "L2"))


def plan(source: str = "skimage:coffee", crop: tuple[int, ...] = (10, 20, 64, 48), **changes) -> Definition:
    scenes = (Scene("cup", source, crop),)
    return Definition(
        **{"name": "try", "title": "?", "conditions": TWO, "scenes": scenes, "render": Render()} | changes
    )


def test_rendered_stimuli_are_the_restorations_and_can_be_shown(tmp_path):
    networks = {loss: make(tmp_path / "ckpt", loss, seed)[1] for seed, loss in enumerate(("l1", "l2"))}
    definition, seen = plan(), []
    assert not rendered(definition, tmp_path / "root")
    render_stimuli(
        definition, Checkpoints((tmp_path / "ckpt",)), tmp_path / "root", lambda *done: seen.append(done)
    )
    assert rendered(definition, tmp_path / "root")
    assert seen == [(1, 3), (2, 3), (3, 3)]
    clean = read_image(sample_path("coffee")).pixels
    noisy = GaussianNoise(25, 0).measure(clean).seen
    expected = tensor_to_array(restore_by_tiles(networks["l2"], noisy)[:, 10:74, 20:68])
    stored = np.asarray(Image.open(tmp_path / "root" / "l2" / "cup.png"))
    np.testing.assert_array_equal(stored, expected)
    checked = stimuli.check(definition, tmp_path / "root")
    assert checked.sizes == {"cup": (64, 48)}


def test_a_head_is_rendered_as_its_projections_at_one_angle(tmp_path):
    for loss in ("l1", "l2"):
        make(tmp_path / "ckpt", loss, task="xray")
    recipe = Render(task="xray", degradation={"angle": 60.0, "beam": "cone"})
    heads = plan("uplapp:phantom_head", None, render=recipe)
    render_stimuli(heads, Checkpoints((tmp_path / "ckpt",)), tmp_path / "root")
    truth = Projection(60, "cone").picture(read_head(sample_path("phantom_head")))
    stored = np.asarray(Image.open(tmp_path / "root" / "reference" / "cup.png"))
    np.testing.assert_array_equal(stored, tensor_to_array(truth))
    assert rendered(heads, tmp_path / "root")


def test_a_tree_is_drawn_for_its_scene(tmp_path):
    methods = (Condition("gaussian", "Gaussian"), Condition("tv", "TV"))
    scene, recipe = Scene("cup", "tree:roots-3-20x24x28", view="mip:axial"), Render(task="volume")
    trees = plan(scenes=(scene,), conditions=methods, render=recipe)
    render_stimuli(trees, Checkpoints((tmp_path,)), tmp_path / "root")
    drawn = draw_tree("roots", (20, 24, 28), 3).voxels[0].amax(0)[None]
    stored = np.asarray(Image.open(tmp_path / "root" / "reference" / "cup.png")).astype(int)
    assert np.abs(stored - tensor_to_array(drawn).squeeze()).max() <= 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("roots-3", "give kind, seed and size, as in roots-7-64x96x96"),
        ("roots-3-20x24", "give slices, rows and columns"),
        ("weeds-3-20x24x28", "unknown kind of tree 'weeds'"),
    ],
)
def test_a_tree_that_cannot_be_drawn_is_told(tmp_path, name, sentence):
    scene = Scene("cup", f"tree:{name}", view="mip:axial")
    with pytest.raises(UplappError, match=sentence):
        case_of(plan(scenes=(scene,)), Render(task="volume"), scene)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"render": None}, r"has no \[render\] table"),
        (
            {"scenes": (Scene("cup", "web:coffee"),)},
            "has source 'web:coffee'; write one of skimage, uplapp, sklearn, tree, a colon",
        ),
        (
            {"scenes": (Scene("cup", "skimage:coffee", (390, 0, 64, 64)),)},
            "ends at 64x454 px, the photograph at 600x400",
        ),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_told(tmp_path, changes, sentence):
    for loss in ("l1", "l2"):
        make(tmp_path, loss)
    with pytest.raises(BadStudy, match=sentence):
        render_stimuli(plan(**changes), Checkpoints((tmp_path,)), tmp_path / "root")
    assert not (tmp_path / "root" / "reference").exists()


@pytest.mark.parametrize("consistency", [True, False])
def test_a_study_of_mr_slices_shows_what_undersampling_left(tmp_path, consistency):
    networks = {loss: make(tmp_path / "ckpt", loss, seed, "mri")[1] for seed, loss in enumerate(("l1", "l2"))}
    render = Render("mri", acceleration=4, consistency=consistency)
    definition = plan(source="uplapp:middle", crop=(0, 0, 64, 64), render=render)
    render_stimuli(definition, Checkpoints((tmp_path / "ckpt",)), tmp_path / "root")
    clean = read_image(sample_path("middle")).with_channels(1)
    measurement = Undersampling(4).for_image("cup").measure(clean)
    restored = restore_by_tiles(networks["l1"], measurement.seen)
    restored = consistent(restored, measurement) if consistency else restored
    expected = tensor_to_array(restored[:, :64, :64])
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "root" / "l1" / "cup.png")), expected)


def test_a_condition_may_be_a_checkpoint_by_its_own_name(tmp_path):
    make(tmp_path, "l1")
    network = make(tmp_path, "l2")[1]
    definition = plan(conditions=(Condition("l1", "L1"), Condition("denoise-unet-l2", "Mine")))
    render_stimuli(definition, Checkpoints((tmp_path,)), tmp_path / "root")
    clean = read_image(sample_path("coffee")).pixels
    expected = tensor_to_array(
        restore_by_tiles(network, GaussianNoise(25).measure(clean).seen)[:, 10:74, 20:68]
    )
    stored = np.asarray(Image.open(tmp_path / "root" / "denoise-unet-l2" / "cup.png"))
    np.testing.assert_array_equal(stored, expected)


def test_a_condition_without_a_checkpoint_lists_the_choices(tmp_path):
    make(tmp_path, "l1")
    with pytest.raises(
        UnknownName, match="unknown checkpoint 'denoise-unet-l2'; choose one of: denoise-unet-l1"
    ):
        render_stimuli(plan(), Checkpoints((tmp_path,)), tmp_path / "root")


def test_a_recipe_may_write_its_degradation_as_a_table_of_options(tmp_path):
    first = Render("mri", acceleration=4, mask="equispaced", mask_seed=3)
    described = Render("mri", degradation={"acceleration": 4, "mask": "equispaced", "seed": 3})
    assert degradation_options(first) == degradation_options(described) == dict(described.degradation)
    scene = Scene("cup", "uplapp:middle", (0, 0, 64, 64))
    cases = [case_of(plan(), recipe, scene) for recipe in (first, described)]
    assert torch.equal(cases[0].seen, cases[1].seen)
    assert cases[0].degradation == Undersampling(4, "equispaced", 3).for_image("cup")


@pytest.mark.parametrize(
    ("degradation", "sentence"),
    [
        ({"speed": 3}, "has no option 'speed'"),
        ({"sigma": -1}, "sigma -1 cannot be drawn"),
    ],
)
def test_a_degradation_that_cannot_be_had_is_named_with_the_study(degradation, sentence):
    with pytest.raises(BadStudy, match=f"study 'try': .render. degradation: .*{sentence}"):
        case_of(plan(), Render(degradation=degradation), Scene("cup", "skimage:coffee"))


def test_a_condition_may_be_a_method_with_options(tmp_path):
    make(tmp_path, "l1")
    conditions = (Condition("l1", "L1"), Condition("tv", "Total variation"))
    definition = plan(conditions=conditions, render=Render(methods={"tv": {"sigma": 10.0}}))
    render_stimuli(definition, Checkpoints((tmp_path,)), tmp_path / "root")
    seen = GaussianNoise(25).measure(read_image(sample_path("coffee")).pixels).seen
    expected = tensor_to_array(photographs.tv(seen, 10 / 255)[:, 10:74, 20:68])
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "root" / "tv" / "cup.png")), expected)


@pytest.mark.parametrize(("task", "baseline"), [("inpaint", "biharmonic"), ("superresolution", "bicubic")])
def test_gaps_and_small_pictures_are_rendered_by_methods(task, baseline, tmp_path, monkeypatch):
    corner = read_image(sample_path("coffee")).pixels[:, :40, :48]
    (tmp_path / "corner.png").write_bytes(encode_png(corner))
    monkeypatch.setitem(LIBRARIES, "here", lambda name, _: tmp_path / f"{name}.png")
    conditions = tuple(Condition(name, name) for name in (baseline, "tv", "deep_decoder"))
    recipe = Render(task=task, methods={"deep_decoder": {"iterations": 3, "k": 8}})
    definition = plan(conditions=conditions, scenes=(Scene("cup", "here:corner"),), render=recipe)
    render_stimuli(definition, Checkpoints(()), tmp_path / "root")
    pictures = {path.parent.name: path.read_bytes() for path in (tmp_path / "root").rglob("*.png")}
    assert set(pictures) == {"reference", baseline, "tv", "deep_decoder"}
    assert len(set(pictures.values())) == 4


@pytest.mark.slow
def test_the_demo_ships_what_its_recipe_makes(house, tmp_path):
    from uplapp.study.definition import load

    definition = load(house / "studies" / "demo")
    render_stimuli(definition, Checkpoints((house / "checkpoints",)), tmp_path)
    for path in sorted(tmp_path.rglob("*.png")):
        shipped = read_image(house / "studies" / "demo" / path.relative_to(tmp_path)).pixels
        # Another processor may round a sample the other way.
        assert torch.abs(shipped - read_image(path).pixels).max() <= 1.01 / 255, path.name


def test_a_surround_restores_only_the_crop_and_what_is_around_it(house):
    from uplapp.study.definition import load

    definition = load(house / "studies" / "untrained")
    scene = definition.scenes[1]
    whole = case_of(definition, definition.render, scene)
    case, place = framed(whole, scene, 16)
    top, left, height, width = scene.crop
    assert place.crop == (16, 16, height, width)
    assert case.seen.shape == (3, height + 32, width + 32)
    assert torch.equal(case.seen, whole.seen[:, top - 16 : top + height + 16, left - 16 : left + width + 16])
    assert torch.equal(case.measurement.data, case.seen)
    assert case.reference.shape == case.seen.shape


def test_a_surround_at_the_edge_of_a_picture_is_what_there_is(house):
    from uplapp.study.definition import load

    definition = load(house / "studies" / "untrained")
    scene = definition.scenes[0]
    case, place = framed(case_of(definition, definition.render, scene), scene, 16)
    assert place.crop == (0, 16, 160, 160)
    assert case.seen.shape == (3, 176, 192)


def test_a_surround_of_kspace_is_refused(house):
    from uplapp.study.definition import load

    definition = load(house / "studies" / "mr")
    scene = definition.scenes[0]
    with pytest.raises(BadStudy, match="surround_px cuts measurements of pixels, and this one is of kspace"):
        framed(case_of(definition, definition.render, scene), scene, 8)


def test_a_volume_is_rendered_as_the_views_of_its_scenes(tmp_path):
    scenes = (
        Scene("projection", "uplapp:vessels", (), "mip:coronal"),
        Scene("slice", "uplapp:vessels", (8, 8, 64, 48), "slice:axial:20"),
    )
    conditions = (Condition("gaussian", "Gaussian"), Condition("tv", "TV"))
    recipe = Render(task="volume", degradation={"level": 0.1})
    definition = plan(scenes=scenes, conditions=conditions, render=recipe)
    render_stimuli(definition, Checkpoints((tmp_path / "ckpt",)), tmp_path / "root")
    checked = stimuli.check(definition, tmp_path / "root")
    assert checked.sizes == {"projection": (48, 96), "slice": (64, 48)}
    clean = read_volume(sample_path("vessels")).voxels
    shown = read_image(tmp_path / "root" / REFERENCE / "slice.png").pixels
    torch.testing.assert_close(shown, clean[:, 20, 8:72, 8:56], atol=1 / 255, rtol=0)


def test_a_view_of_a_picture_is_refused(tmp_path):
    definition = plan(
        scenes=(Scene("cup", "skimage:coffee", (), "mip:axial"),), conditions=(Condition("tv", "TV"),)
    )
    with pytest.raises(BadStudy, match="no view 'mip:axial'"):
        render_stimuli(definition, Checkpoints((tmp_path,)), tmp_path / "root")
