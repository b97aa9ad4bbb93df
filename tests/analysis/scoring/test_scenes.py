"""Every scene by itself."""

import numpy as np
import pandas as pd
import pytest

from uplapp.analysis.model.objective import preference
from uplapp.analysis.reading.comparisons import count
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring.analyse import analyse
from uplapp.analysis.scoring.scenes import analyse_scenes
from uplapp.errors import Cancelled, UplappError
from uplapp.values import Method

METHOD = Method(bootstraps=60)


def votes(scenes, observers=6, each=4, drop=()):
    """Votes of observers on scenes with their own scores of a, b and c."""
    generator, rows = np.random.default_rng(0), []
    for scene, scores in scenes.items():
        for i, j in ((0, 1), (0, 2), (1, 2)):
            first, second = "abc"[i], "abc"[j]
            if {first, second} & set(drop if scene == "sea" else ()):
                continue
            chosen = generator.random((observers, each)) < preference(np.array(scores[i] - scores[j]))
            rows += [
                (f"o{k}", scene, first, second, str(int(x))) for k in range(observers) for x in chosen[k]
            ]
    columns = ["observer", "scene", "condition_A", "condition_B", "is_A_selected"]
    return from_table(pd.DataFrame(rows, columns=columns))


TWO = {"sea": (0.9, 0.0, -0.9), "fog": (-0.9, 0.0, 0.9)}


def test_scenes_keep_their_own_order_of_conditions():
    found = analyse_scenes(votes(TWO, observers=20), METHOD)
    assert list(found) == ["fog", "sea"]
    assert (np.diff(found["sea"].jod) < 0).all()
    assert (np.diff(found["fog"].jod) > 0).all()


def test_the_only_scene_is_the_whole_study():
    made = votes({"sea": TWO["sea"]})
    whole = analyse(count(made), METHOD)
    (alone,) = analyse_scenes(made, METHOD).values()
    assert (alone.jod == whole.jod).all()
    assert (alone.low == whole.low).all()


def test_a_scene_scores_only_the_conditions_that_it_showed():
    found = analyse_scenes(votes(TWO, drop="c"), METHOD)
    assert found["sea"].conditions == ("a", "b")
    assert found["fog"].conditions == ("a", "b", "c")


def test_an_anchor_that_a_scene_did_not_show_is_refused_by_the_scenes_name():
    with pytest.raises(UplappError, match="scene 'sea': the anchor 'c' is no condition"):
        analyse_scenes(votes(TWO, drop="c"), Method(anchor="c", bootstraps=60))


def test_whoever_watches_hears_of_all_scenes_together():
    heard = []
    method = Method(ties="threshold", bootstraps=60)
    analyse_scenes(votes(TWO), method, lambda done, total: heard.append((done, total)))
    assert heard == [(60, 120), (120, 120)]


def test_whoever_watches_can_stop_it():
    def stop(done, total):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled, match=r"^stopped$"):
        analyse_scenes(votes(TWO), Method(ties="threshold", bootstraps=60), stop)
