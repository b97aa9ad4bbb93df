"""A table of runs: exactly the recipes it says, and nothing that it cannot mean."""

import json
import tomllib
from dataclasses import replace

import pytest

from uplapp.errors import UplappError
from uplapp.imaging.recipes.spec import RunSpec, Schedule, Stage
from uplapp.imaging.recipes.table import choose_rows, rate_line, read_table
from uplapp.imaging.training.learners import build_loss

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
    start, schedule = Stage("l2", Schedule(steps=20)), Schedule(steps=10, learning_rate=1.0)
    first, faster, shallow = (
        RunSpec("denoise", "unet", (start, last), 3, {"width": 6})
        for last in (
            Stage("l1", schedule),
            Stage("flip", replace(schedule, learning_rate=2e-3)),
            Stage("upl", schedule, {"depth": 3}),
        )
    )
    assert [row.spec for row in rows] == [first, faster, shallow]
    assert [row.spec.digest for row in rows] == [first.digest, faster.digest, shallow.digest]
    assert {row.source for row in rows} == {"photographs"}


def test_a_run_may_have_a_title(tmp_path):
    titled = GROUP.replace("l1 = {}", 'l1 = { title = "For research" }')
    assert [row.title for row in read_table(write(tmp_path, titled))] == ["For research", "", ""]
    specs = [row.spec for row in read_table(write(tmp_path, GROUP))]
    assert [row.spec for row in read_table(write(tmp_path, titled))] == specs


def test_the_shipped_table_holds_seven_losses_a_task_whose_recipes_can_be_built(house):
    rows = read_table(house / "checkpoints" / "runs.toml")
    common = {"l2", "l1", "ms_ssim", "lpips_l2", "adaptive", "upl"}
    compared = [row for row in rows if row.spec.network == "unet"]
    by_task = {
        task: {row.spec.loss for row in compared if row.spec.task == task} for task in ("denoise", "mri")
    }
    assert by_task == {"denoise": common | {"flip"}, "mri": common | {"flip_gray"}}
    assert all(row.spec.before.loss == "l2" for row in compared)
    assert all(row.source for row in rows)
    assert [build_loss(row.spec) for row in rows]
    assert all(RunSpec.from_json(json.loads(json.dumps(row.spec.to_json()))) == row.spec for row in rows)


def test_runs_that_compare_volumes_can_be_built_and_share_one_start(house):
    tables = house / "checkpoints" / "runs.toml", house / "benchmarks" / "volume_runs.toml"
    shipped, compared = (
        [row.spec for row in read_table(table) if row.spec.task == "volume"] for table in tables
    )
    assert [build_loss(spec) for spec in (*shipped, *compared)]
    going_on = [spec for spec in (*shipped, *compared) if spec.before]
    assert len({spec.before.digest for spec in going_on if spec.seed == 0}) == 1
    first, second = ([spec.name for spec in going_on if spec.seed == seed] for seed in (0, 1))
    assert second == [f"{name}_second" for name in first[: len(second)]]


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
        ('[a]\ntask = "fly"', r"\[a\]: unknown task 'fly'; choose one of: denoise, inpaint, mri"),
        ("[a]\n", r"\[a\]: 'task' is missing"),
        ('[a]\ntask = "mri"\nsteps = 3', r"\[a\]: unknown key 'steps'; allowed: draw, losses, network"),
        ('[a]\ntask = "mri"\nlosses = { x = {} }', r"\[a\] losses\.x: unknown loss 'x'"),
        ('[a]\ntask = "mri"\nlosses = { l1 = 3 }', r"\[a\]: losses\.l1 must be a table"),
        ('[a]\ntask = "mri"\nlosses = { l1 = { rate = 3 } }', r"losses\.l1: unknown key 'rate'"),
        ('[a]\ntask = "mri"\nstart = {}', r"\[a\] start: unknown loss ''"),
        (
            '[a]\ntask = "mri"\nschedule = { batch = 1.5 }\nlosses = { l1 = {} }',
            "schedule: batch = 1.5 must be a whole number",
        ),
        (
            '[a]\ntask = "mri"\nschedule = { step = 1 }\nlosses = { l1 = {} }',
            "schedule: unknown key 'step'; allowed: batch, beta2",
        ),
        (
            '[a]\ntask = "mri"\nlosses = { l1 = {} }\n[b]\ntask = "mri"\nlosses = { l1 = {} }',
            "the same run twice; give each its own seed, loss or options",
        ),
        ("a = 1", r"\[a\] must be a table"),
        ('[a]\ntask = "mri"\nstages = 3', r"\[a\]: stages = 3 must be a list"),
        (
            '[a]\ntask = "mri"\nstages = [{ loss = "x" }]\nlosses = { l1 = {} }',
            r"stages\[0\]: unknown loss 'x'",
        ),
        ('[a]\ntask = "mri"\nnetwork = "vgg"', r"\[a\]: unknown network 'vgg'"),
    ],
)
def test_what_a_table_cannot_mean_is_told(text, sentence, tmp_path):
    with pytest.raises(UplappError, match=sentence):
        read_table(write(tmp_path, text))


def test_a_table_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UplappError, match=r"none\.toml cannot be read as a table of runs"):
        read_table(tmp_path / "none.toml")


STAGES = """
[two]
task = "denoise"
schedule = { steps = 10 }
draw = { grey_share = 0.5 }
stages = [{ loss = "l2" }, { loss = "l1", learner = "adversarial", learner_options = { weight = 0.1 } }]
losses = { l1 = { draw = { grey_share = 0.2 } }, sharp = { loss = "flip" } }
"""


def test_a_group_may_have_stages_before_each_of_its_losses(tmp_path):
    last, named = [row.spec for row in read_table(write(tmp_path, STAGES))]
    first, second = Stage("l2"), Stage("l1", learner="adversarial", options={"weight": 0.1})
    assert last.stages == (first, second, Stage("l1", Schedule(steps=10), draw={"grey_share": 0.2}))
    assert named.stages[-1] == Stage("flip", Schedule(steps=10), draw={"grey_share": 0.5})
    assert [last.name, named.name] == ["denoise-unet-l1", "denoise-unet-sharp"]


@pytest.mark.parametrize("difference", ["seed = 1", "network_options = { width = 6 }"])
def test_runs_of_one_name_are_told_apart_by_their_digests(difference, tmp_path):
    group = '[{}]\ntask = "mri"\n{}\nlosses = {{ l1 = {{}}, l2 = {{}} }}\n'
    rows = read_table(write(tmp_path, group.format("a", "") + group.format("b", difference)))
    names = [row.spec.name for row in rows]
    assert len(set(names)) == 4
    assert all(name.startswith(f"mri-unet-{row.spec.loss}-") for name, row in zip(names, rows, strict=True))
    [chosen] = choose_rows(rows, [names[2]])
    assert chosen == rows[2]


def test_a_name_that_is_there_once_stays_short(tmp_path):
    assert next(row.spec.name for row in read_table(write(tmp_path, GROUP))) == "denoise-unet-l1"
