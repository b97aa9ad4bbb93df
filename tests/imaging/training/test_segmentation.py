"""The learner of segmenters: what it learns from, is scored on, and that it goes on where it was stopped."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.imaging import tiny
from tests.imaging.discs import TINY, disc_file, recipe
from tests.imaging.tiny import ALONE, changed
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.case import Batch
from uplapp.imaging.checkpoints import Checkpoints
from uplapp.imaging.losses.pixel import CrossEntropy
from uplapp.imaging.training.run import Places, Run, finished, lesson_of, make_checkpoint, train


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "labelled"
    home.mkdir()
    disc_file(home / "three.npz", patient=np.array(["A", "B", "B"]))
    disc_file(home / "other.npz")
    return home


def learned(folder, tmp_path, name, spec, listener=None):
    data = lesson_of(spec).load(folder, **spec.last.options)
    return train(spec, data, tmp_path / name, ALONE, listener, save_every=2)


@pytest.mark.parametrize("stop_at", [1, 2, 5])
def test_a_segmenter_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(folder, tmp_path, stop_at):
    spec = recipe()
    unbroken = learned(folder, tmp_path, "unbroken", spec)
    with pytest.raises(Cancelled, match=f"stopped at step {stop_at}"):
        learned(folder, tmp_path, "broken", spec, lambda progress: progress.step < stop_at)
    resumed = learned(folder, tmp_path, "broken", spec)
    ours, theirs = (each.learner.network.state_dict() for each in (resumed, unbroken))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_segmenter_learns_a_disc_and_is_scored_on_the_patients_held_out(folder, tmp_path):
    spec = changed(recipe(held_out=("other",)), schedule=replace(TINY, steps=40, learning_rate=3e-2))
    places = Places(folder, tmp_path / "runs", tmp_path / "out", folder)
    card = make_checkpoint(spec, places, "discs")
    assert card.data == {"source": "discs", "patients": ["A", "B"]}
    assert (card.scores["patients"], card.scores["images"]) == (["other"], "labelled (2)")
    # Forty steps of eight channels: bright discs on a dim ground.
    assert card.scores["dice"] > 0.8
    assert finished(Run(spec, places, "discs")) == card
    network = Checkpoints((tmp_path / "out",)).load(card)
    assert network.segment(torch.rand(1, 1, 30, 34)).shape == (1, 30, 34)


def test_what_is_learned_does_not_hold_the_patients_held_out(folder, tmp_path):
    spec = recipe(held_out=("A", "B"))
    data = lesson_of(spec).load(folder, **spec.last.options)
    assert [one.patient for one in data] == ["other"]
    with pytest.raises(UplappError, match=r"every patient of .* is held out"):
        lesson_of(spec).load(folder, held_out=["A", "B", "other"])
    with pytest.raises(UplappError, match="none of the patients held out: Z"):
        lesson_of(spec).score(None, folder, held_out=["Z"])


def test_a_recipe_that_no_learner_can_teach_is_refused(folder, tmp_path):
    with pytest.raises(UplappError, match="'segmenter' is to segment, which the learner 'supervised'"):
        train(changed(recipe(), learner="supervised", options={}), [], tmp_path, ALONE)
    with pytest.raises(UplappError, match="network 'unet' is to restore, which the learner 'segmentation'"):
        train(changed(tiny.SPEC, learner="segmentation"), [], tmp_path, ALONE)
    with pytest.raises(UplappError, match="the loss 'l2' sees no labels"):
        train(changed(recipe(), loss="l2"), [], tmp_path, ALONE)


def test_cross_entropy_by_hand_and_its_refusal_of_what_is_no_score():
    picture, loss = torch.ones(1, 1, 1, 2), CrossEntropy()
    batch = Batch(picture, picture, extras={"labels": picture})
    scores = torch.tensor([[[[0.0, 0.0]], [[0.0, math.log(3)]]]])  # shares of 1/2 and 3/4 for class 1
    assert loss(scores, batch).item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)
    with pytest.raises(UplappError, match="a score per class"):
        loss(scores[:, :1], batch)
