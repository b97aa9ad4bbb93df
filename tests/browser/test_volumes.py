"""Volumes on the Restore tab: planes with a linked cross-hair, projections, comparison, files."""

import gzip
import io

import nibabel
import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from tests.browser.launching import both_sizes
from tests.browser.moves import download, fits, restored
from tests.imaging.volumes import ball
from uplapp.imaging.files.views import as_bytes, view_of
from uplapp.web.observer.routes import build
from uplapp.web.restore.volume_viewer import frame_of

pytestmark = pytest.mark.browser
SIDES = (7, 6, 8)
CLEAN, NOISY = (torch.rand(1, *SIDES, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
GREYS = """(canvas) => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const row = (y) => Array.from({ length: width }, (_, x) => data[4 * (y * width + x)]);
  return Array.from({ length: height }, (_, y) => row(y));
}"""
UPLOAD = "input[type=file][accept*=nii]:not([accept*=h5])"
SIZES = [pytest.param(1280, id="desktop"), pytest.param(390, id="phone")]


@pytest.fixture
def viewer(serve, open_page):
    """`viewer(width)` shows two volumes and returns their frame once it has drawn one."""

    def shown(width=1280, spacing=(1.0, 1.0, 1.0), sides=SIDES):
        volumes = {"0": as_bytes(CLEAN), "1": as_bytes(NOISY)}
        frame = frame_of(sides, spacing, {"Reference": "voxels/0", "Noisy <b>": "voxels/1"})

        async def page(request):
            return HTMLResponse('<meta name="viewport" content="width=device-width"><body>' + frame)

        async def voxels(request):
            return Response(volumes[request.path_params["name"]])

        routes = [Mount("/study", app=build(None, {})), Route("/", page), Route("/voxels/{name}", voxels)]
        opened = open_page(width)
        opened.goto(serve(Starlette(routes=routes)))
        frame = opened.frame_locator("iframe")
        frame.locator("#axial figcaption").get_by_text("slice").wait_for()
        frame.locator("#first").select_option(label="Reference")
        frame.locator("#axial .view span").get_by_text("Reference").wait_for()
        return frame

    return shown


def greys(frame, plane, place=0):
    return np.array(frame.locator(f"#{plane} canvas").nth(place).evaluate(GREYS))


def wanted(volume, view):
    picture = view_of(volume, view)
    return np.frombuffer(as_bytes(picture[:, None]), np.uint8).reshape(picture.shape[1:])


def caption(frame, plane):
    return frame.locator(f"#{plane} figcaption").inner_text()


def cross(frame, plane):
    """Column and row of the cross-hair, in voxels of the picture."""
    shares = frame.locator(f"#{plane} .view").first.evaluate(
        "(view) => ['--x', '--y'].map((name) => parseFloat(view.style.getPropertyValue(name)) / 100)"
    )
    height, width = greys(frame, plane).shape
    return int(shares[0] * width), int(shares[1] * height)


@pytest.mark.parametrize("width", SIZES)
def test_three_planes_show_the_slices_through_the_middle(viewer, width):
    frame = viewer(width)
    for plane in ("axial", "coronal", "sagittal"):
        np.testing.assert_array_equal(greys(frame, plane), wanted(CLEAN, f"slice:{plane}"))
    assert frame.locator("#axial .view span").inner_text() == "Reference"
    assert fits(frame.locator("body").page)
    assert frame.locator("body").evaluate("(body) => body.scrollWidth <= innerWidth + 1")


def test_wheel_keys_and_slider_go_through_slices_and_stop_at_the_ends(viewer):
    frame = viewer()
    mouse = frame.locator("body").page.mouse
    frame.locator("#axial .views").hover()
    mouse.wheel(0, 100)
    frame.locator("#axial figcaption").get_by_text("slice 4 of 0 to 6").wait_for()
    np.testing.assert_array_equal(greys(frame, "axial"), wanted(CLEAN, "slice:axial:4"))
    frame.locator("#axial .views").press("ArrowDown")
    assert "slice 3 " in caption(frame, "axial")
    frame.locator("#axial .views").press("PageUp")
    assert "slice 6 " in caption(frame, "axial")
    frame.locator("#sagittal .views").press("ArrowUp")
    assert "slice 5 " in caption(frame, "sagittal")
    frame.locator("#coronal input").fill("1")
    np.testing.assert_array_equal(greys(frame, "coronal"), wanted(CLEAN, "slice:coronal:1"))


def test_the_cross_hair_of_one_plane_moves_the_others(viewer):
    frame = viewer()
    box = frame.locator("#axial .picture").bounding_box()
    frame.locator("#axial .picture").click(
        position={"x": 6.5 / 8 * box["width"], "y": 1.5 / 6 * box["height"]}
    )
    assert cross(frame, "axial") == (6, 1)
    np.testing.assert_array_equal(greys(frame, "coronal"), wanted(CLEAN, "slice:coronal:1"))
    np.testing.assert_array_equal(greys(frame, "sagittal"), wanted(CLEAN, "slice:sagittal:6"))
    assert cross(frame, "coronal") == (6, 3)
    assert cross(frame, "sagittal") == (1, 3)
    frame.locator("#axial .views").press("ArrowUp")
    assert cross(frame, "coronal") == (6, 2), "the head is up"


def test_projections_are_maxima_and_turn_from_the_front_to_the_side(viewer):
    frame = viewer()
    frame.locator("#mode").select_option("projections")
    for plane in ("axial", "coronal", "sagittal"):
        np.testing.assert_array_equal(greys(frame, plane), wanted(CLEAN, f"mip:{plane}"))
    for _ in range(15):
        frame.locator("#coronal .views").press("ArrowUp")
    turned = greys(frame, "coronal")
    np.testing.assert_array_equal(turned[:, 2:8], wanted(CLEAN, "mip:sagittal"))
    assert not turned[:, :2].any()


def test_a_projection_turns_by_itself_until_it_is_stopped(viewer):
    frame = viewer()
    frame.locator("#mode").select_option("projections")
    frame.locator("#rotate").click()
    frame.locator("#coronal .view.turned").wait_for()
    frame.locator("#rotate").click()
    before = greys(frame, "coronal")
    frame.locator("body").page.wait_for_timeout(400)  # three steps of a turn
    np.testing.assert_array_equal(greys(frame, "coronal"), before)


def test_a_click_in_a_projection_goes_to_the_brightest_voxel_behind_it(viewer):
    frame = viewer()
    frame.locator("#mode").select_option("projections")
    box = frame.locator("#axial .picture").bounding_box()
    frame.locator("#axial .picture").click(
        position={"x": 2.5 / 8 * box["width"], "y": 3.5 / 6 * box["height"]}
    )
    frame.locator("#mode").select_option("slices")
    frame.locator("#axial figcaption").get_by_text("slice").wait_for()
    assert f"slice {int(CLEAN[0, :, 3, 2].argmax())} " in caption(frame, "axial")


def test_window_and_level_stretch_the_greys(viewer):
    frame = viewer()
    frame.locator("#window").fill("50")
    whole = wanted(CLEAN, "slice:axial").astype(float)
    stretched = ((whole - 255 * 0.25) / 0.5).clip(0, 255)
    np.testing.assert_allclose(greys(frame, "axial"), stretched, atol=0.5)
    frame.locator("#whole").click()
    np.testing.assert_array_equal(greys(frame, "axial"), wanted(CLEAN, "slice:axial"))


@pytest.mark.parametrize("width", SIZES)
def test_two_volumes_stand_side_by_side_at_the_same_slice(viewer, width):
    frame = viewer(width)
    frame.locator("#second").select_option(label="Noisy <b>")
    frame.locator("#axial .view span").nth(1).get_by_text("Noisy <b>").wait_for()
    for place, volume in enumerate((CLEAN, NOISY)):
        np.testing.assert_array_equal(greys(frame, "sagittal", place), wanted(volume, "slice:sagittal"))
    boxes = [frame.locator("#axial canvas").nth(place).bounding_box() for place in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert frame.locator("body").evaluate("(body) => body.scrollWidth <= innerWidth + 1")


@pytest.mark.parametrize("mode", ["slices", "projections"])
def test_two_volumes_flicker_in_one_place_by_a_key(viewer, mode):
    frame = viewer()
    frame.locator("#mode").select_option(mode)
    frame.locator("#coronal .views").press("f")
    frame.locator("#viewer.flickering").wait_for()
    assert frame.locator("#coronal canvas").count() == 1
    kind = "slice" if mode == "slices" else "mip"
    both = {wanted(volume, f"{kind}:coronal").tobytes() for volume in (CLEAN, NOISY)}
    seen = set()
    for _ in range(100):
        seen.add(greys(frame, "coronal").astype(np.uint8).tobytes())
        if seen == both:
            break
        frame.locator("body").page.wait_for_timeout(60)
    assert seen == both


def test_keys_choose_which_volume_is_shown(viewer):
    frame = viewer()
    frame.locator("#axial .views").press("2")
    frame.locator("#axial .view span").get_by_text("Noisy <b>").wait_for()
    np.testing.assert_array_equal(greys(frame, "axial"), wanted(NOISY, "slice:axial"))


def test_wide_voxels_are_drawn_wide(viewer):
    frame = viewer(spacing=(3.0, 1.0, 1.0))
    box = frame.locator("#coronal canvas").bounding_box()
    assert box["height"] / box["width"] == pytest.approx(3 * 7 / 8, rel=0.02)


def test_a_volume_that_is_gone_is_said_in_a_sentence(serve, open_page):
    frame = frame_of(SIDES, (1.0, 1.0, 1.0), {"Reference": "gone"})

    async def page(request):
        return HTMLResponse("<body>" + frame)

    opened = open_page()
    opened.goto(serve(Starlette(routes=[Mount("/study", app=build(None, {})), Route("/", page)])))
    inside = opened.frame_locator("iframe")
    inside.get_by_text("could not be loaded; restore it once more").wait_for()
    assert inside.locator("canvas").count() == 0


def restore_volume(page, path) -> None:
    """Upload a volume and restore it by the Gaussian alone."""
    page.get_by_label("Volume denoising").check()
    page.locator(UPLOAD).set_input_files(path)
    page.get_by_text(path.name).wait_for()
    for network in page.locator("#checkpoints-volume label").filter(has_text="U-Net").all():
        network.locator("input").uncheck()
    page.locator("#methods-volume label").filter(has_text="Gaussian").locator("input").check()
    page.locator("#restore").click()
    restored(page, 2)


@pytest.mark.slow
@both_sizes
def test_a_volume_is_restored_looked_at_and_downloaded_where_it_was(page, tmp_path):
    affine = np.array([[-1.5, 0, 0, 4], [0, 0, 2.0, 5], [0, 1.5, 0, -6], [0, 0, 0, 1]])
    path = tmp_path / "head.nii.gz"
    nibabel.save(nibabel.Nifti1Image(ball((20, 22, 12)).astype(np.float32), affine), path)
    restore_volume(page, path)
    frame = page.frame_locator("#compare iframe")
    frame.locator("#coronal figcaption").get_by_text("slice").wait_for()
    names = frame.locator("#first option").all_inner_texts()
    assert names == ["Reference", "Noisy", "Gaussian"]
    assert greys(frame, "axial").max() > 0
    assert fits(page)
    content = download(page, page.locator("#niftis a[download]").last)
    restored = nibabel.Nifti1Image.from_stream(io.BytesIO(gzip.decompress(content)))
    np.testing.assert_array_equal(restored.affine, affine)
    assert restored.shape == (20, 22, 12)


@pytest.mark.slow
def test_a_file_that_is_no_volume_is_one_sentence(page, tmp_path):
    page.get_by_label("Volume denoising").check()
    page.get_by_text("vessels.nii.gz").first.wait_for()
    (tmp_path / "broken.nii").write_bytes(b"no volume")
    page.locator(UPLOAD).set_input_files(tmp_path / "broken.nii")
    page.get_by_text("broken.nii is not a NIfTI file").first.wait_for()
    assert page.get_by_text("vessels.nii.gz").first.is_visible()
