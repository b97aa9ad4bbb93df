"""Labelled files: what is read of them, how it is scaled, and the sentence for each kind of wrong data."""

import numpy as np
import pytest

from tests.imaging.discs import arrays, disc_file
from uplapp.errors import BadImage
from uplapp.imaging.files.labelled import has_labels, read_labelled


@pytest.mark.parametrize(
    ("names", "anatomy"), [(("image", "label"), "ventricle"), (("flair", "mask"), "tumour")]
)
def test_images_and_labels_are_read_by_their_names(tmp_path, names, anatomy):
    path = disc_file(tmp_path / "one.npz", names)
    [one] = read_labelled(path)
    assert has_labels(path)
    assert (one.anatomy, one.patient, one.file, one.places) == (anatomy, "one", "one.npz", (0, 1, 2))
    assert np.array_equal(one.labels, arrays()[1].astype(bool))
    assert one.marked == [0, 1]
    assert 0 <= one.images.min() < one.images.max() == 1


def test_only_label_one_is_the_anatomy(tmp_path):
    labels = arrays()[1]
    path = disc_file(tmp_path / "one.npz", label=np.where(labels == 0, 2, 1).astype(np.uint8))
    assert np.array_equal(read_labelled(path)[0].labels, labels.astype(bool))


def test_patients_are_parted_and_scaled_one_by_one(tmp_path):
    images, _ = arrays()
    brighter = images * np.array([1, 1, 10])[:, None, None]
    path = disc_file(tmp_path / "two.npz", image=brighter, patient=np.array(["B", "B", "A"]))
    first, second = read_labelled(path)
    assert [(one.patient, one.places) for one in (first, second)] == [("B", (0, 1)), ("A", (2,))]
    assert first.images.max() == second.images.max() == 1


def test_one_slice_is_read_as_it_is(tmp_path):
    images, labels = arrays()
    path = disc_file(tmp_path / "one.npz", image=images[0], label=labels[0])
    assert read_labelled(path)[0].images.shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": np.ones((3, 16, 32), np.uint8)}, "images of 3x32x32 and labels of 3x16x32; both need one"),
        ({"label": np.full((3, 32, 32), 2, np.uint8)}, "labels nothing: 1 marks the left-ventricle cavity"),
        ({"label": np.array(["a"])}, "has labels of <U1, 1 axes"),
        (
            {"label_names": np.array(["background", "White matter"])},
            "labels background, White matter;",
        ),
        ({"patient": np.array(["A", "B"])}, "names 2 patients of 3 slices"),
        ({"image": np.full((3, 32, 32), np.nan)}, "not finite"),
        ({"image": np.zeros((3, 32, 32))}, "is empty"),
    ],
)
def test_wrong_data_get_a_sentence(tmp_path, changes, sentence):
    with pytest.raises(BadImage, match=sentence) as caught:
        read_labelled(disc_file(tmp_path / "one.npz", **changes))
    assert str(caught.value).startswith("one.npz ")


def test_what_lacks_images_or_labels_says_how_to_save_them(tmp_path):
    np.savez(tmp_path / "bare.npz", image=arrays()[0])
    np.savez(tmp_path / "strange.npz", picture=arrays()[0], mask=arrays()[1])
    (tmp_path / "cut.npz").write_bytes((tmp_path / "bare.npz").read_bytes()[:100])
    for name, sentence in (("bare", "no labels; label or mask"), ("strange", "no images; image or flair")):
        with pytest.raises(BadImage, match=sentence):
            read_labelled(tmp_path / f"{name}.npz")
    assert not has_labels(tmp_path / "bare.npz")
    with pytest.raises(BadImage, match=r"cut.npz is damaged"):
        read_labelled(tmp_path / "cut.npz")
    with pytest.raises(BadImage, match=r"head.nii holds no labels; .npz files"):
        read_labelled(tmp_path / "head.nii")


def test_labels_that_name_the_anatomy_are_taken(tmp_path):
    path = disc_file(tmp_path / "one.npz", label_names=np.array(["background", "ventricle"]))
    assert read_labelled(path)[0].marked == [0, 1]
