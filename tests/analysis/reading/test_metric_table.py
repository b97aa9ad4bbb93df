"""Tables of metrics: which way each points, and one sentence for what cannot be used."""

import numpy as np
import pytest

from tests.analysis.made import write
from uplapp.analysis.reading.metric_table import check_study, of_scene, of_study, read_metrics
from uplapp.errors import BadVotes

PLAIN = "condition,psnr,lpips\nb,30,.2\na,31,.1\n"
SCENES = "condition,scene,psnr\na,s,30\nb,s,31\na,t,40\nb,t,44\n"


def read(tmp_path, text):
    return read_metrics(write(tmp_path, text, "m.csv"))


def test_rows_may_come_in_any_order(tmp_path):
    data = read(tmp_path, PLAIN)
    assert (data.names, data.conditions, data.scenes) == (("psnr", "lpips"), ("a", "b"), ("",))
    assert data.values.tolist() == [[[31.0, 30.0]], [[0.1, 0.2]]]


def test_values_follow_the_order_of_the_study_and_point_upwards(tmp_path):
    values = of_study(read(tmp_path, PLAIN), ("b", "a"))
    assert values.tolist() == [[30.0, 31.0], [-0.2, -0.1]]


def test_a_condition_gets_the_mean_of_its_scenes(tmp_path):
    metrics = read(tmp_path, SCENES)
    assert of_study(metrics, ("b", "a")).tolist() == [[37.5, 35.0]]
    assert of_scene(metrics, "t", ("b", "a")).tolist() == [[44.0, 40.0]]
    assert of_scene(metrics, "s", ("b",)).tolist() == [[31.0]]


def test_a_condition_gets_the_mean_of_the_scenes_with_votes_on_it(tmp_path):
    metrics = read(tmp_path, SCENES.replace("b,t,44\n", ""))
    assert of_study(metrics, ("b", "a"), {"s": ("a", "b"), "t": ("a",)}).tolist() == [[31.0, 35.0]]


def test_a_gap_is_refused_where_there_are_votes(tmp_path):
    metrics = read(tmp_path, SCENES.replace("b,t,44\n", ""))
    sentence = "m.csv has no row for condition 'b' in scene 't'; it needs every condition in every scene"
    for voted in (None, {"s": ("a", "b"), "t": ("a", "b")}):
        with pytest.raises(BadVotes, match=sentence):
            of_study(metrics, ("a", "b"), voted)


@pytest.mark.parametrize(
    ("name", "better"),
    [
        *[
            (name, "lower")
            for name in ("lpips", "LPIPS (alex)", "l1", "L2", "flip_gray", "l1_knee", "1:lower")
        ],
        *[(name, "higher") for name in ("psnr", "MS-SSIM", "ssim_brain", "vif", "lpips:higher", "x: Higher")],
    ],
)
def test_a_known_name_or_a_suffix_says_which_way_is_better(tmp_path, name, better):
    data = read(tmp_path, f"condition,{name}\na,1\nb,2\n")
    assert data.better == (better,)
    assert data.names == (name.partition(":")[0],)
    assert data.notes == ()


@pytest.mark.parametrize("name", ["sharpness", "psnrx", "l10"])
def test_an_unknown_metric_is_taken_as_higher_is_better_and_says_so(tmp_path, name):
    data = read(tmp_path, f"condition,{name}\na,1\nb,2\n")
    assert data.better == ("higher",)
    assert data.notes == (f"'{name}' is taken as higher is better; else call it '{name}:lower'",)


BAD = {
    "no condition": (
        "name,psnr\na,1\n",
        "m.csv needs the columns condition, perhaps scene, and one column per",
    ),
    "no metric": ("condition,scene\na,s\n", "and one column per metric; found: condition, scene"),
    "no rows": ("condition,psnr\n", "m.csv has no rows below its header"),
    "twice": ("condition,psnr\na,1\nb,2\na,1\n", "m.csv, line 4: condition 'a' is there twice"),
    "twice in a scene": (SCENES + "a,t,1\n", "line 6: condition 'a' in scene 't' is there twice"),
    "no number": ("condition,psnr\na,1\nb,high\n", "m.csv, line 3, column 'psnr': 'high' is not a number"),
    "infinite": ("condition,psnr\na,inf\nb,1\n", "m.csv, line 2, column 'psnr': 'inf' is not a number"),
    "no value": (
        "condition,psnr,vif\na,1,\nb,1,2\n",
        "line 2, column 'vif': the cell is empty; it needs a nu",
    ),
    "no name": ("condition,psnr\na,1\n ,2\n", "m.csv, line 3, column 'condition': the cell is empty"),
    "same column": ("condition,psnr,psnr\na,1,2\n", "m.csv has the column 'psnr' twice"),
    "same metric": ("condition,psnr,psnr:higher\na,1,2\n", "'psnr:higher': every metric needs a name of its"),
    "no way": ("condition,psnr:up\na,1\n", "column 'psnr:up': write :higher or :lower behind the name"),
}


@pytest.mark.parametrize(("text", "sentence"), BAD.values(), ids=BAD)
def test_a_bad_table_is_refused_in_one_sentence(tmp_path, text, sentence):
    with pytest.raises(BadVotes, match=sentence.replace("(", r"\(")):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("conditions", "scenes", "sentence"),
    [
        (("a", "b", "c"), (), "m.csv has no row for the condition 'c'; the votes compare: a, b, c"),
        (("a",), (), "m.csv has a row for an unknown condition 'b'; the votes compare: a"),
        (("a", "b"), ("s", "t", "u"), "m.csv has no row for the scene 'u'"),
        (("a", "b"), ("s",), "m.csv has a row for an unknown scene 't'"),
    ],
)
def test_metrics_and_votes_must_know_the_same_conditions_and_scenes(tmp_path, conditions, scenes, sentence):
    with pytest.raises(BadVotes, match=sentence):
        check_study(read(tmp_path, SCENES), conditions, scenes)


def test_values_are_numbers_whatever_the_separator(tmp_path):
    data = read(tmp_path, SCENES.replace(",", ";"))
    assert data.values == pytest.approx(np.array([[[30.0, 31], [40, 44]]]))
