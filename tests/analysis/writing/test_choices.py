"""Steps and both bad, from a file to every output."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from tests.analysis.made import write
from tests.calling import printer
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.writing.latex import to_latex
from uplapp.analysis.writing.methods import methods
from uplapp.analysis.writing.report import report, to_csv, to_dict
from uplapp.analysis.writing.summary import summary
from uplapp.commands.analyse import analyse
from uplapp.values import Method

SCORES = dict(zip("abc", (0.9, 0.0, -0.9), strict=True))
FAST = Method(bootstraps=60, ties="ordered")
run = printer(analyse)


def steps_table(observers=8, repeats=5, seed=1):
    """Votes in two steps of conditions with known scores; now and then both are bad."""
    generator = np.random.default_rng(seed)
    rows = []
    for observer in range(observers):
        for a, b in [("a", "b"), ("c", "a"), ("b", "c")] * repeats:
            z = SCORES[a] - SCORES[b] + 1.4826 * generator.normal()
            step = int(np.searchsorted([0.4, 1.6], abs(z)))
            cell = "0.5" if step == 0 else str(int(z > 0))
            bad = {a, b} == {"b", "c"} and generator.random() < 0.2
            rows.append((f"o{observer}", a, b, "both_bad" if bad else cell, "" if bad else str(step)))
    names = ["observer", "condition_A", "condition_B", "is_A_selected", "preference_strength"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def votes():
    return from_table(steps_table())


@pytest.fixture(scope="module")
def found(votes):
    return report(votes, FAST)


def test_known_scores_and_steps_lie_in_their_intervals(found):
    scores = found.scores
    assert (scores.low < list(SCORES.values())).all()
    assert (scores.high > list(SCORES.values())).all()
    truth = (0.4, 1.6)
    assert all(abs(fit.jod - true) < 4 * fit.se for fit, true in zip(scores.steps, truth, strict=True))


def test_json_gives_steps_and_both_bad(found):
    values = to_dict(found)
    assert [step["step"] for step in values["steps"]] == [1, 2]
    assert values["steps"][0]["from"]["jod"] == values["tie"]["jod"]
    both = values["both_bad"]
    assert both["counted_as"] == "tie"
    assert both["of"] == 120
    (pair,) = both["pairs"]
    assert (pair["a"], pair["b"], pair["answers"]) == ("b", "c", both["answers"])
    assert {row["condition"]: row["answers"] for row in both["conditions"]}["a"] == 0
    steps = sum(step["answers"] for step in values["steps"])
    assert steps + values["not_sure"] + both["answers"] == values["comparisons"]


@pytest.mark.parametrize("write_out", [summary, methods, to_latex], ids=lambda each: each.__name__)
def test_every_text_tells_of_steps_and_both_bad(found, write_out):
    text = write_out(found).lower()
    assert "step 2 begins at" in text
    assert "both bad" in text
    assert "count as ties" in text


def test_methods_cite_the_model_of_steps_only_where_it_was_used(votes, found):
    assert "cumulative probit" in methods(found)
    assert "Agresti, A. (1992)" in methods(found)
    plain = report(votes, Method(bootstraps=60))
    assert "Agresti" not in methods(plain)
    assert "take no account of these steps" in methods(plain)
    assert any("steps of the answers are not used" in warning for warning in plain.warnings)


def test_csv_gives_the_share_of_both_bad(found):
    table = pd.read_csv(io.StringIO(to_csv(found))).set_index("condition")
    assert table.loc["a", "both_bad_share"] == 0
    assert table.loc["b", "both_bad_share"] > 0


def test_what_is_dropped_still_stands_in_the_table(votes, found):
    dropped = report(votes, Method(bootstraps=60, ties="ordered", both_bad="drop"))
    bad = found.both_bad.total[0]
    assert dropped.both_bad.total == found.both_bad.total
    assert dropped.scores.comparisons == found.scores.comparisons - bad
    assert "left out of the scores" in summary(dropped)
    assert dropped.tally.not_sure == found.tally.not_sure


def test_the_command_takes_steps_where_votes_have_them(tmp_path):
    path = write(tmp_path, steps_table().to_csv(index=False))
    chosen = [json.loads(run(path, "--bootstraps", 60, "--json", *more)) for more in ([], ["--ties", "half"])]
    assert [result["ties"] for result in chosen] == ["ordered", "half"]
    assert chosen[0]["tie"]["jod"] > 0


def test_steps_of_another_file_are_named_by_its_cells(tmp_path):
    table = steps_table()
    sign = table["is_A_selected"].map({"1": 1, "0": -1}).fillna(0).astype(int)
    strength = table["preference_strength"].replace("", "0").astype(int)
    own = table.assign(is_A_selected=(sign * strength).astype(str)).drop(columns="preference_strength")
    path = write(tmp_path, own.to_csv(index=False))
    result = json.loads(run(path, "--values", "A=2|1,B=-2|-1,tie=0", "--bootstraps", 60, "--json"))
    assert [step["answers"] for step in result["steps"]] == [(strength == k).sum() for k in (1, 2)]
