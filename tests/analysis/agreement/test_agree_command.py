"""`agree` on the command line: which metric agrees with people."""

import json
from pathlib import Path

import pytest

import uplapp.analysis.reading
from tests.analysis.made import write
from tests.calling import printer
from uplapp.commands.agree import agree
from uplapp.errors import UplappError

EXAMPLES = Path(uplapp.analysis.reading.__file__).parent / "examples"
PAIRS = ["x,y,1", "x,z,1", "y,z,1", "x,y,1", "z,x,0", "z,y,0"]
AGAINST = {"anna": "y,x,1", "bob": "z,y,1", "cleo": "x,y,0"}
VOTES = "observer,scene,condition_A,condition_B,is_A_selected\n" + "".join(
    f"{name},{scene},{pair}\n" for name in AGAINST for scene in "st" for pair in (*PAIRS, AGAINST[name])
)
METRICS = "condition,psnr,lpips\nx,33,.1\ny,32,.2\nz,30,.3\n"
SCENES = "condition,scene,psnr\n" + "".join(
    f"{name},{scene},{value}\n" for scene in "st" for name, value in (("x", 33), ("y", 31), ("z", 32))
)
FEW = ["--bootstraps", 30]

run = printer(agree)


def rows(text, level="conditions"):
    return {row["metric"]: row for row in json.loads(text)["metrics"] if row["level"] == level}


def test_a_metric_that_orders_as_people_do_agrees_fully(tmp_path):
    files = write(tmp_path, VOTES), write(tmp_path, METRICS, "metrics.csv")
    table = rows(run(*files, *FEW, "--json"))
    assert [table[name]["spearman"] for name in ("psnr", "lpips")] == pytest.approx([1, 1])
    text = run(*files, *FEW)
    assert text.splitlines()[1] == "3 conditions; 95% intervals over observers"


def test_metrics_of_scenes_are_compared_stimulus_by_stimulus(tmp_path):
    files = write(tmp_path, VOTES), write(tmp_path, SCENES, "metrics.csv")
    table = rows(run(*files, *FEW, "--json"), "stimuli")
    assert table["psnr"]["n"] == 6
    assert table["psnr"]["resampled"] == "observers and scenes"


@pytest.mark.parametrize(
    ("name", "metric", "spearman"), [("denoising", "lpips", 27 / 35), ("mri", "psnr_brain", -31 / 35)]
)
def test_the_published_studies_are_at_hand(name, metric, spearman):
    output = json.loads(run("--published", name, *FEW, "--json"))
    assert {row["metric"]: row["spearman"] for row in output["metrics"]}[metric] == pytest.approx(spearman)
    assert output["interval"] == "parametric"


def test_a_matrix_and_its_metrics_give_what_is_published():
    matrix = ["--counts", EXAMPLES / "denoising.csv", "--winner", "column", "--votes-per-pair", 112]
    output = run(EXAMPLES / "denoising_metrics.csv", *matrix, *FEW, "--json")
    assert output == run("--published", "denoising", *FEW, "--json")


def test_the_best_metric_stands_first():
    lines = run("--published", "denoising", *FEW).splitlines()
    assert lines[3].split()[0] == "lpips"


def test_the_scales_are_explained_and_parametric_intervals_warned_of_once():
    text = run("--published", "denoising", *FEW)
    assert text.startswith("correlations: +1 full agreement, 0 none, -1 the opposite; shares of pairs: 50%")
    assert text.count("intervals are parametric") == 1


def test_an_observer_left_out_changes_the_scores_and_is_named_with_the_reason(tmp_path):
    files = write(tmp_path, VOTES), write(tmp_path, METRICS, "metrics.csv")
    output = json.loads(run(*files, *FEW, "--exclude", "bob=late", "--json"))
    assert (output["observers"], output["excluded"]) == (2, [{"observer": "bob", "reason": "late"}])
    assert "left out: bob (late)" in run(*files, *FEW, "--exclude", "bob=late")


def test_simulated_observers_are_taken_where_asked(tmp_path):
    lines = VOTES.splitlines()
    marked = [f"{line},{int(not line.startswith('anna'))}" for line in lines[1:]]
    votes = write(tmp_path, "\n".join([f"{lines[0]},simulated", *marked]))
    files = votes, write(tmp_path, METRICS, "metrics.csv")
    output = json.loads(run(*files, *FEW, "--simulated", "--json"))
    assert (output["observers"], output["simulated"]) == (2, True)
    assert json.loads(run(*files, *FEW, "--json"))["observers"] == 1


BAD = {
    "no reason": (["v.csv", "m.csv", "--exclude", "bob"], "gives no reason"),
    "simulated counts": (
        ["m.csv", "--counts", "c.csv", "--winner", "row", "--simulated"],
        "--simulated belong to votes",
    ),
    "published and excluded": (["--published", "mri", "--exclude", "a=b"], "--published brings its own"),
    "nothing": ([], "give VOTES.csv and METRICS.csv"),
    "one": (["v.csv"], "give VOTES.csv and METRICS.csv"),
    "no winner": (["m.csv", "--counts", "c.csv"], "needs --winner row or --winner column"),
    "no metrics": (["--counts", "c.csv", "--winner", "row"], "one file beside it, METRICS.csv, not 0"),
    "winner of votes": (["v.csv", "m.csv", "--winner", "row"], "belong to --counts"),
    "columns of counts": (
        ["m.csv", "--counts", "c.csv", "--winner", "row", "--values", "A=1,B=2"],
        "belong to votes",
    ),
    "published and files": (["v.csv", "--published", "mri"], "--published brings its own"),
    "unknown study": (["--published", "ct"], "unknown published study 'ct'"),
    "no file": (["nowhere.csv", "m.csv"], "there is no file 'nowhere.csv'"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(*arguments)


def test_metrics_of_other_conditions_are_refused(tmp_path):
    files = write(tmp_path, VOTES), write(tmp_path, METRICS.replace("z,", "w,"), "metrics.csv")
    with pytest.raises(UplappError, match=r"metrics\.csv has no row for the condition 'z'"):
        run(*files, *FEW)


def test_help_shows_an_example():
    assert "Example" in run("--help")


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<svg"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_the_metrics_are_drawn_to_a_file(tmp_path, kind, start):
    run("--published", "denoising", *FEW, "--figure", tmp_path / f"metrics.{kind}")
    assert (tmp_path / f"metrics.{kind}").read_bytes().startswith(start)
