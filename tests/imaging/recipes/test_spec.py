"""Recipes: stages one after the other, digests that tell them apart, and the cards of the first form."""

import json
from dataclasses import replace

import pytest

from tests.imaging.tiny import SPEC, changed, then
from uplapp.errors import UplappError
from uplapp.imaging.recipes.spec import RunSpec, Schedule, Stage, one_stage

OLD = {
    "task": "denoise",
    "network": "unet",
    "loss": "upl",
    "seed": 3,
    "schedule": {"steps": 10, "learning_rate": 1.0},
    "network_options": {"width": 6},
    "loss_options": {"depth": 3},
    "start": {"task": "denoise", "network": "unet", "loss": "l2", "seed": 3, "schedule": {"steps": 20}},
}


def test_a_recipe_of_the_first_form_is_read_to_stages():
    spec = RunSpec.from_json(OLD)
    assert spec.stages == (
        Stage("l2", Schedule(steps=20)),
        Stage("upl", Schedule(steps=10, learning_rate=1.0), {"depth": 3}),
    )
    assert (spec.name, spec.seed, spec.network_options) == ("denoise-unet-upl", 3, {"width": 6})
    assert RunSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_a_recipe_of_the_first_form_may_name_nothing_but_its_loss():
    spec = RunSpec.from_json({"task": "mri", "network": "unet", "loss": "l1", "start": None})
    assert spec == one_stage("mri", "unet", "l1")


def test_starts_of_starts_come_first():
    older = {**OLD, "start": {**OLD["start"], "start": {**OLD["start"], "loss": "ssim"}}}
    assert [stage.loss for stage in RunSpec.from_json(older).stages] == ["ssim", "l2", "upl"]


def test_the_run_before_ends_where_the_last_stage_begins():
    spec = replace(then(SPEC, loss="l1"), label="sharp")
    assert spec.before == SPEC
    assert spec.before.digest == SPEC.digest
    assert SPEC.before is None
    assert (spec.loss, spec.last.loss, spec.name) == ("l1", "l1", "denoise-unet-sharp")


def test_fields_of_the_run_and_of_its_stage_are_told_apart():
    spec = one_stage(
        "mri", "unet", "upl", 4, loss_options={"depth": 2}, network_options={"width": 6}, label="x"
    )
    stage = Stage("upl", loss_options={"depth": 2})
    assert spec == RunSpec("mri", "unet", (stage,), 4, {"width": 6}, "x")


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 4},
        {"network_options": {"width": 12}},
        {"task": "mri"},
        {"label": "mine"},
        {"loss": "l1"},
        {"loss_options": {"depth": 1}},
        {"learner": "adversarial"},
        {"options": {"weight": 1}},
        {"draw": {"grey_share": 0.5}},
        {"schedule": Schedule(steps=11)},
    ],
)
def test_every_part_of_a_recipe_changes_its_digest(changes):
    assert changed(SPEC, **changes).digest != SPEC.digest
    assert then(SPEC).digest != SPEC.digest
    assert changed(SPEC).digest == SPEC.digest


def test_a_run_without_a_stage_is_refused():
    with pytest.raises(UplappError, match="a run has no stage; give one or more"):
        RunSpec("mri", "unet", ())
