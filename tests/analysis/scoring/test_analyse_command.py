"""The command: one input, one output, one sentence when it cannot."""

import json
from pathlib import Path

import pytest

import uplapp.analysis.reading
from tests.analysis.made import PUBLISHED_JOD, table, write
from tests.calling import caller, printer
from uplapp.commands.analyse import analyse
from uplapp.errors import UplappError

EXAMPLES = Path(uplapp.analysis.reading.__file__).parent / "examples"
VOTES = "observer,condition_A,condition_B,is_A_selected\n" + "o,x,y,1\no,x,y,0\np,x,y,1\np,y,x,1\nq,x,y,1\n"

run = printer(analyse)


@pytest.mark.parametrize(("name", "prior"), PUBLISHED_JOD)
def test_the_published_scores_come_from_the_command_line(name, prior):
    votes = {"denoising": "112", "mri": EXAMPLES / "mri_votes_per_pair.csv"}[name]
    options = ["--winner", "column", "--votes-per-pair", votes, "--prior", prior, "--bootstraps", 20]
    output = json.loads(run("--counts", EXAMPLES / f"{name}.csv", *options, "--json"))
    assert output["jod"] == pytest.approx(PUBLISHED_JOD[name, prior], abs=1e-3)


def test_votes_become_a_readable_table(tmp_path):
    text = run(write(tmp_path, VOTES), "--bootstraps", 100)
    warnings = [line.startswith("warning: ") for line in text.splitlines()]
    assert text.splitlines()[warnings.index(False)].startswith("5 comparisons, 3 observers")
    assert not any(warnings[warnings.index(False) :])
    assert "rank condition" in text


def test_every_option_reaches_the_result(tmp_path):
    options = [
        "--prior",
        "none",
        "--interval",
        "percentile",
        "--bootstraps",
        70,
        "--seed",
        3,
        "--anchor",
        "y",
    ]
    output = json.loads(run(write(tmp_path, VOTES), *options, "--json"))
    method = (output["prior"], output["interval"], output["bootstraps"], output["seed"], output["anchor"])
    assert method == ("none", "percentile", 70, 3, "y")


BAD = {
    "nothing": ([], "give one input"),
    "both": (["v.csv", "--counts", "m.csv", "--winner", "row"], "give one input"),
    "no winner": (["--counts", "m.csv"], "needs --winner row or --winner column"),
    "winner of votes": (["v.csv", "--winner", "row"], "--winner belongs to --counts"),
    "simulated matrix": (["--counts", "m.csv", "--winner", "row", "--simulated"], "belongs to votes"),
    "votes' options": (
        ["--counts", "m.csv", "--winner", "row", "--per-scene", "--ties", "threshold"],
        "--per-scene and --ties belong to votes, not to --counts",
    ),
    "scenes of a matrix": (
        ["--counts", "m.csv", "--winner", "row", "--resample", "observers,scenes"],
        "--resample belongs to votes, not to --counts",
    ),
    "groups of a matrix": (
        ["--counts", "m.csv", "--winner", "row", "--groups", "age"],
        "--groups belongs to votes, not to --counts",
    ),
    "no reason": (["v.csv", "--exclude", "anna"], "gives no reason"),
    "two outputs": (["v.csv", "--json", "--methods"], "give one of them"),
    "format": (["v.csv", "--format", "bmp"], "unknown picture format 'bmp'"),
    "no folder": (["v.csv", "--csv", "nowhere/x.csv"], "there is no folder 'nowhere'"),
    "no file": (["nowhere.csv"], "there is no file 'nowhere.csv'"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence(arguments, sentence):
    with pytest.raises(UplappError, match=sentence):
        run(*arguments)


def test_help_shows_an_example():
    assert "Example" in run("--help")


@pytest.fixture
def votes(tmp_path):
    path = tmp_path / "votes.csv"
    table(("p", "q", "r", "s"), ("one", "two")).to_csv(path, index=False)
    return path


QUICK = ("--bootstraps", 20)


def test_the_text_tells_letters_fit_scenes_and_both_rankings(votes):
    text = run(votes, *QUICK, "--exclude", "q=late", "--per-scene")
    heads = ("rank condition", "letters", "goodness of fit: G2", "side bias", "JOD by scene", "jod_all")
    assert [head for head in heads if head not in text] == []
    assert "left out: q (late)" in text


def test_scores_that_the_votes_leave_open_are_dashes_in_the_text(tmp_path):
    lonely = write(tmp_path, VOTES.replace("q,x,y,1", "q,v,w,1"))
    text = run(lonely, *QUICK, "--prior", "none")
    assert not {"nan", "NA", "<NA>", "None"} & set(text.replace("\n", " ").split(" "))
    assert " - " in text


def test_tables_and_pictures_go_where_they_are_told(votes, tmp_path):
    files = ["--csv", tmp_path / "r.csv", "--latex", tmp_path / "t.tex", "--figures", tmp_path / "new" / "f"]
    output = json.loads(run(votes, *QUICK, *files, "--json"))
    assert (tmp_path / "r.csv").read_text().startswith("rank,condition,jod")
    assert "\\toprule" in (tmp_path / "t.tex").read_text()
    assert {path.name for path in (tmp_path / "new" / "f").iterdir()} >= {"scores.svg", "votes.svg"}
    assert output["observers"] == 4


def test_groups_of_observers_are_compared_in_every_output(tmp_path):
    frame = table(("p", "q", "r", "s"), ("one", "two"))
    frame["device"] = frame["observer"].map({"p": "phone", "q": "phone", "r": "screen", "s": "screen"})
    path = write(tmp_path, frame.to_csv(index=False))
    files = ["--latex", tmp_path / "t.tex", "--figures", tmp_path / "f"]
    text = run(path, *QUICK, "--groups", "device", *files)
    assert "groups by device, phone (2) and screen (2): likelihood ratio" in text
    assert "sd of scores over observers" in text
    assert "tab:groups" in (tmp_path / "t.tex").read_text()
    assert (tmp_path / "f" / "groups.svg").is_file()
    output = json.loads(run(path, *QUICK, "--groups", "device", "--json"))
    assert set(output["groups"]["groups"]) == {"phone", "screen"}
    assert output["groups"]["test"]["df"] == 2
    assert len(output["observer_spread"]["sd"]) == 3


def test_scores_go_with_a_number_of_each_condition_in_every_output(votes, tmp_path):
    numbers = ["--covariate", "rate: a=1,b=2,c=4", "--covariate-log"]
    text = run(votes, *QUICK, *numbers, "--figures", tmp_path / "f")
    assert "scores against rate" in text
    assert "per doubling of rate" in text
    assert (tmp_path / "f" / "covariate.svg").is_file()
    made = json.loads(run(votes, *QUICK, *numbers, "--json"))["covariate"]
    assert (made["values"], made["log2"], made["bend"]) == ([1, 2, 4], True, None)
    assert made["slope"]["low"] < made["slope"]["value"] < made["slope"]["high"]


def test_the_methods_are_all_that_is_printed_when_asked_for(votes):
    text = run(votes, *QUICK, "--methods")
    assert text.startswith("4 observers made ")
    assert "References" in text
    assert "rank condition" not in text


def test_options_of_the_model_reach_the_result(votes):
    output = json.loads(run(votes, *QUICK, "--side-bias", "--ties", "threshold", "--json"))
    assert (output["method"]["ties"], output["method"]["side_bias"]) == ("threshold", True)
    assert output["side_bias"]["jod"] is not None


def test_scenes_are_resampled_where_asked(votes):
    both, usual = (
        json.loads(run(votes, *QUICK, "--json", *options))
        for options in (["--resample", "observers,scenes"], [])
    )
    assert (both["resample"], both["scope"]) == ("observers,scenes", "other observers, other scenes")
    assert (usual["resample"], usual["scope"]) == ("observers", "other observers, these scenes")
    assert both["jod"] == usual["jod"]
    assert all(x["se"] >= y["se"] for x, y in zip(both["pairs"], usual["pairs"], strict=True))


SIMPLER = "goodness of fit and Bradley-Terry scores take ties as half votes and have no side term"


@pytest.mark.parametrize(
    ("options", "said"),
    [([], False), (["--side-bias"], True), (["--ties", "threshold"], True)],
    ids=["usual", "side bias", "ties"],
)
def test_checks_of_a_simpler_model_than_that_of_the_scores_are_said_to_be(votes, options, said):
    assert (SIMPLER in run(votes, *QUICK, *options).splitlines()) is said
    assert (SIMPLER[1:] in run(votes, *QUICK, *options, "--methods")) is said


def test_a_file_with_other_column_names_is_read(votes, tmp_path):
    other = tmp_path / "other.csv"
    renamed = votes.read_text().replace("condition_A,condition_B,is_A_selected", "left,right,chosen", 1)
    other.write_text(renamed)
    columns = "condition_A=left,condition_B=right,is_A_selected=chosen"
    assert run(other, *QUICK, "--columns", columns, "--json") == run(votes, *QUICK, "--json")


def test_short_work_says_nothing_on_the_way(votes):
    assert caller(analyse)(votes, "--bootstraps", 20, "--json").stderr == ""


@pytest.mark.parametrize("options", [(), ("--methods",)], ids=["text", "methods"])
def test_a_line_break_in_a_reason_breaks_no_sentence(votes, options):
    assert "q (late\\nagain)" in run(votes, *QUICK, "--exclude", "q=late\nagain", *options)
