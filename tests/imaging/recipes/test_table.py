"""A table of runs: exactly the recipes it says, and nothing that it cannot mean."""

import json
import tomllib
from dataclasses import replace

import pytest

from uplapp.errors import UplappError
from uplapp.imaging.recipes.spec import RunSpec, Schedule
from uplapp.imaging.recipes.table import choose_rows, rate_line, read_table
from uplapp.imaging.training.loop import build_loss

GROUP = """
[photos]
task = "denoise"
seed = 3
network_options = { width = 6 }
source = "photographs"
start = { loss = "l2", schedule = { steps = 20 } }
schedule = { steps = 10, learning_rate = 1 }

[photos.losses]
l1 = {}
flip = { schedule = { learning_rate = 2e-3 } }
upl = { options = { depth = 3 } }
"""


def write(folder, text):
    path = folder / "runs.toml"
    path.write_text(text)
    return path


def test_a_table_says_whole_recipes(tmp_path):
    rows = read_table(write(tmp_path, GROUP))
    start = RunSpec("denoise", "unet", "l2", 3, Schedule(steps=20), {"width": 6})
    schedule = Schedule(steps=10, learning_rate=1.0)
    first = RunSpec("denoise", "unet", "l1", 3, schedule, {"width": 6}, {}, start)
    faster = replace(first, loss="flip", schedule=replace(schedule, learning_rate=2e-3))
    shallow = replace(first, loss="upl", loss_options={"depth": 3})
    assert [row.spec for row in rows] == [first, faster, shallow]
    assert [row.spec.digest for row in rows] == [first.digest, faster.digest, shallow.digest]
    assert {row.source for row in rows} == {"photographs"}


def test_the_shipped_table_holds_seven_losses_a_task_whose_recipes_can_be_built(house):
    rows = read_table(house / "checkpoints" / "runs.toml")
    common = {"l2", "l1", "ms_ssim", "lpips_l2", "adaptive", "upl"}
    by_task = {task: {row.spec.loss for row in rows if row.spec.task == task} for task in ("denoise", "mri")}
    assert by_task == {"denoise": common | {"flip"}, "mri": common | {"flip_gray"}}
    assert all(row.spec.start.loss == "l2" and row.source for row in rows)
    assert [build_loss(row.spec) for row in rows]
    assert all(RunSpec.from_json(json.loads(json.dumps(row.spec.to_json()))) == row.spec for row in rows)


def test_chosen_runs_keep_the_order_of_the_table_and_unknown_ones_are_refused(tmp_path):
    rows = read_table(write(tmp_path, GROUP))
    chosen = choose_rows(rows, ["denoise-unet-upl", "denoise-unet-l1"])
    assert [row.spec.loss for row in chosen] == ["l1", "upl"]
    assert choose_rows(rows, []) == rows
    with pytest.raises(UplappError, match="the table has no run 'x'; choose among: denoise-unet-l1, denoise"):
        choose_rows(rows, ["x"])


def test_the_line_of_a_rate_means_what_it_says(tmp_path):
    [row] = [row for row in read_table(write(tmp_path, GROUP)) if row.spec.loss == "upl"]
    line = rate_line(row.spec, 2e-4)
    assert tomllib.loads(line) == {"upl": {"options": {"depth": 3}, "schedule": {"learning_rate": 2e-4}}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a", "cannot be read as a table of runs"),
        ('[a]\ntask = "fly"', r"\[a\]: unknown task 'fly'; choose one of: denoise, mri"),
        ("[a]\n", r"\[a\]: unknown task ''"),
        ('[a]\ntask = "mri"\nsteps = 3', r"\[a\] has no key 'steps'; its keys are: task, network"),
        ('[a]\ntask = "mri"\nlosses = { x = {} }', r"\[a\] losses\.x: unknown loss 'x'"),
        ('[a]\ntask = "mri"\nlosses = { l1 = 3 }', r"\[a\] losses\.l1 is 3; it needs a table of: options"),
        ('[a]\ntask = "mri"\nlosses = { l1 = { rate = 3 } }', r"losses\.l1 has no key 'rate'"),
        ('[a]\ntask = "mri"\nstart = {}', r"\[a\] start: unknown loss ''"),
        (
            '[a]\ntask = "mri"\nschedule = { batch = 1.5 }\nlosses = { l1 = {} }',
            "batch is 1.5; it needs a value of kind int",
        ),
        (
            '[a]\ntask = "mri"\nschedule = { step = 1 }\nlosses = { l1 = {} }',
            "schedule has no key 'step'; its keys are: steps",
        ),
        (
            '[a]\ntask = "mri"\nlosses = { l1 = {} }\n[b]\ntask = "mri"\nlosses = { l1 = {} }',
            "two runs called mri-unet-l1",
        ),
        ("a = 1", r"\[a\] is 1; it needs a table"),
    ],
)
def test_what_a_table_cannot_mean_is_told(text, sentence, tmp_path):
    with pytest.raises(UplappError, match=sentence):
        read_table(write(tmp_path, text))


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UplappError, match=r"none\.toml cannot be read as a table of runs"):
        read_table(tmp_path / "none.toml")
