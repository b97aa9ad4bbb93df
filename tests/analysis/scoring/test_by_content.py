"""Bradley-Terry scores content by content, from a file to the JSON of the command."""

import json

import choix
import numpy as np
import pytest

from tests.analysis.made import table, write
from tests.analysis.real import data_file
from tests.calling import printer
from uplapp.commands.analyse import analyse

SHARPENING = "pairwise/krasula_sharpening_pc.csv"  # 31 observers, 5 contents of 8 versions each
# Log strengths of its first content by minorisation from equal strengths, mean 0.
CAPS = (0.62829, 1.674381, 1.452766, 0.447138, 0.131909, -0.518306, -1.484655, -2.331524)
COLUMNS = "condition_A=asset_id,condition_B=other_asset_id,is_A_selected=value,scene=content"
OPTIONS = ["--per-scene", "--prior", "none", "--interval", "percentile", "--bootstraps", 20, "--json"]

run = printer(analyse)


def by_choix(names, rows):
    """Scores of one content in JOD by Newton's method on (winner, loser), mean 0."""
    place = {name: at for at, name in enumerate(names)}
    pairs = [(place[winner], place[loser]) for winner, loser in rows]
    scores = choix.opt_pairwise(len(names), pairs, alpha=0, tol=1e-9)
    return (scores - scores.mean()) / np.log(3)


def centred(scene):
    own = np.array(scene["bradley_terry"])
    return own - own.mean()


def test_each_content_has_the_scores_of_choix(tmp_path):
    votes = table(("o", "p"), ("barba", "caps"), names="abcd", seed=4)
    scenes = json.loads(run(write(tmp_path, votes.to_csv(index=False)), *OPTIONS))["scenes"]
    assert sorted(scenes) == ["barba", "caps"]
    for name, scene in scenes.items():
        own = votes[votes["scene"] == name]
        won = own["is_A_selected"] == "1"
        pairs = (
            np.where(won, own["condition_A"], own["condition_B"]),
            np.where(won, own["condition_B"], own["condition_A"]),
        )
        assert centred(scene) == pytest.approx(
            by_choix(scene["conditions"], zip(*pairs, strict=True)), abs=1e-5
        )


def test_votes_on_sharpened_images_have_the_log_strengths_of_an_independent_fit():
    named = ["--columns", COLUMNS, "--values", "A=1,B=0"]
    scenes = json.loads(run(data_file(SHARPENING), *named, *OPTIONS))["scenes"]
    assert len(scenes) == 5
    assert centred(scenes["Caps"]) * np.log(3) == pytest.approx(CAPS, abs=1e-4)
