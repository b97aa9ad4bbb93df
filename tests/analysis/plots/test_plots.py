"""Charts hold the numbers, with units, for few and for many conditions of any name."""

import json
import re
from dataclasses import replace
from io import BytesIO
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.analysis.made import counts, matrix, study
from tests.analysis.plots.drawn import NASTY, rows, svg
from uplapp.analysis.observers.spread import Spread
from uplapp.analysis.plots.agreement import agreement_chart, agreement_panels
from uplapp.analysis.plots.figures import picture
from uplapp.analysis.plots.observers import observer_chart, spread_chart
from uplapp.analysis.plots.power import power_chart
from uplapp.analysis.plots.scenes import scene_chart
from uplapp.analysis.plots.scores import SHADES, jod_chart, win_chart
from uplapp.analysis.plots.style import COLUMN_PX, DASHES, PAGE_PX, PALETTE, SHAPES, untitled
from uplapp.analysis.plots.triangle import triangle_chart
from uplapp.analysis.reading.published import published
from uplapp.analysis.scoring import analyse, ranking
from uplapp.values import Comparisons, Method

QUICK = Method(bootstraps=20)
OF_SCORES = [jod_chart, win_chart, triangle_chart]


def title(chart):
    told = chart.to_dict()["title"]
    text = told if isinstance(told, str) else told["text"]
    return " ".join([text] if isinstance(text, str) else text)


def named(names, seed=0, **options):
    made = counts(np.linspace(1, -1, len(names)), 12, np.random.default_rng(seed))
    return analyse(Comparisons(tuple(names), (), made[None], **options), QUICK)


def screened(observers=6):
    distances = np.linspace(0, 3, observers)
    names = [NASTY[k % len(NASTY)] + str(k) for k in range(observers)]
    table = pd.DataFrame({"observer": names, "answers": 60, "dist_pairs": distances[::-1]})
    return table.assign(dist_trials=distances, looks=["" if far < 1.5 else "unlike" for far in distances])


def differing(names=NASTY):
    sd = np.append(np.nan, np.linspace(0, 1, len(names) - 1))
    return Spread(tuple(names), sd, sd / 2, sd * 2, 0.6, 0.4, 0.9, 12)


def planned(comparisons=3):
    return pd.DataFrame(
        [
            (n, f'{NASTY[0]} - c{k} "{k}"', 0.1 * k, 0.3, 0.2, 0.4)
            for k in range(comparisons)
            for n in (6, 12, 24)
        ],
        columns=["observers", "comparison", "difference_jod", "power", "power_low", "power_high"],
    )


def measured(names=NASTY):
    table = pd.DataFrame({"condition": names, "scene": "", "value": np.arange(len(names)) ** 2.0})
    table = table.assign(jod=np.linspace(1, -1, len(names)), jod_low=-2.0, jod_high=2.0)
    return pd.concat([table.assign(metric=metric) for metric in ("psnr", NASTY[1])], ignore_index=True)


ALL = {
    "jod": lambda: jod_chart(named(NASTY), COLUMN_PX),
    "win": lambda: win_chart(named(NASTY), COLUMN_PX),
    "triangle": lambda: triangle_chart(named(NASTY), COLUMN_PX),
    "scenes": lambda: scene_chart({NASTY[0]: named(NASTY), NASTY[1]: named(NASTY, 1)}, named(NASTY, 2)),
    "observers": lambda: observer_chart(screened()),
    "spread": lambda: spread_chart(differing(), named(NASTY)),
    "power": lambda: power_chart(planned()),
    "agreement": lambda: agreement_chart(measured(), NASTY[1]),
    "panels": lambda: agreement_panels(measured()),
}


@pytest.mark.parametrize("draw", ALL.values(), ids=ALL)
def test_names_of_any_characters_stand_in_the_picture_and_never_in_a_field(draw):
    chart = draw()
    picture = svg(chart)
    assert any(name in picture for name in NASTY)
    fields = re.findall(r'"field": "([^"]*)"', chart.to_json())
    assert [field for field in fields if not field.replace("_", "").isalpha()] == []


def test_a_browser_saves_every_picture_under_a_name_of_its_own():
    kept = [draw().to_dict()["usermeta"]["embedOptions"]["downloadFileName"] for draw in ALL.values()]
    names = [
        "scores",
        "votes",
        "triangles",
        "scenes",
        "observers",
        "spread",
        "power",
        "agreement",
        "agreement",
    ]
    assert kept == [f"uplapp-{name}" for name in names]


def test_the_last_slanted_name_over_the_columns_is_not_cut_off():
    """The edge of the picture stays white."""
    chart = win_chart(named([f"condition {k} x" for k in range(6)]), COLUMN_PX)
    pixels = np.asarray(Image.open(BytesIO(picture(chart, "png"))).convert("L"))
    assert pixels.min() < 100
    assert (pixels[:, -6:] == 255).all()


@pytest.mark.parametrize("draw", [*ALL.values()], ids=ALL)
def test_a_title_can_become_a_caption(draw):
    chart = draw()
    bare, caption = untitled(chart)
    assert caption.startswith(title(chart))
    assert "subtitle" not in json.dumps(bare.to_dict().get("title", {}))
    assert "title" not in bare.to_dict()


def test_that_observers_were_simulated_stays_in_the_picture():
    bare, _ = untitled(jod_chart(named("abc", simulated=True)))
    assert bare.to_dict()["title"]["text"] == "SIMULATED observers"


@pytest.mark.parametrize("draw", ALL.values(), ids=ALL)
def test_letters_are_large_enough_to_print(draw):
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)px"', svg(draw()))) >= 10


@pytest.mark.parametrize("draw", OF_SCORES)
@pytest.mark.parametrize("conditions", [2, 50])
def test_two_and_fifty_conditions_have_a_picture(draw, conditions):
    chart = draw(named([f"condition number {k}" for k in range(conditions)]), COLUMN_PX)
    assert "condition" in svg(chart)


@pytest.mark.parametrize("draw", [jod_chart, win_chart])
def test_rows_of_many_conditions_keep_room_for_their_names(draw):
    heights = [draw(named([f"c{k}" for k in range(n)])).to_dict()["height"] for n in (6, 50)]
    assert heights[0] / 6 >= heights[1] / 50 >= 16


TALLEST_PX = 1056  # 11 inches


def many_observers(count):
    table = screened()
    rows = [table.iloc[[0]].assign(observer=f"o{k:03d}", dist_pairs=k / 100) for k in range(count)]
    return pd.concat(rows, ignore_index=True)


def alike(scenes, conditions):
    one = named([f"c{k}" for k in range(conditions)])
    return scene_chart({f"s{k:03d}": one for k in range(scenes)}, one)


LARGE = {
    "jod": lambda: jod_chart(named([f"c{k}" for k in range(60)]), COLUMN_PX),
    "win": lambda: win_chart(named([f"c{k}" for k in range(60)]), COLUMN_PX),
    "scenes": lambda: alike(300, 4),
    "conditions": lambda: alike(5, 50),
    "observers": lambda: observer_chart(many_observers(400), COLUMN_PX),
}


@pytest.mark.parametrize("draw", LARGE.values(), ids=LARGE)
def test_a_picture_of_a_large_study_fits_a_page(draw):
    height = float(re.search(r'<svg[^>]* height="([\d.]+)', svg(draw()))[1])
    assert height <= TALLEST_PX


def test_of_many_conditions_the_best_and_the_last_keep_their_ranks():
    scores = named([f"c{k}" for k in range(60)])
    shown = {row["over_rank"] for row in rows(win_chart(scores)) if "over_rank" in row}
    assert shown == {*range(1, 26), *range(36, 61)}
    assert "The middle 10 of 60 are left out." in svg(jod_chart(scores, PAGE_PX))


def test_the_spread_of_each_condition_stands_best_first_where_it_is_known():
    chart = spread_chart(differing(), named(NASTY))
    known = [row for row in rows(chart) if "sd" in row]
    order = [name for name in ranking(named(NASTY))["condition"] if name != NASTY[0]]
    assert [row["condition"] for row in known] == order
    assert {row["overall"] for row in rows(chart) if "overall" in row} == {0.6}
    assert all(row["low"] <= row["sd"] <= row["high"] for row in known)
    scale = chart.to_dict()["layer"][1]["encoding"]["x"]["scale"]
    assert scale["domain"][0] < 0  # a mark at 0 does not touch the name
    assert scale["domain"][1] > max(row["high"] for row in known)


def test_observers_who_are_left_out_of_a_picture_are_counted():
    chart = observer_chart(many_observers(400), PAGE_PX)
    assert {row["observer"] for row in rows(chart) if "observer" in row} == {
        f"o{k:03d}" for k in range(350, 400)
    }
    assert "350 observers who are less unlike are left out" in svg(chart)


def test_the_map_of_many_scenes_holds_every_score():
    scenes = {f"s{k:03d}": named("abcd", k % 3) for k in range(30)}
    drawn = {(row["scene"], row["condition"]): row["jod"] for row in rows(scene_chart(scenes, named("abcd")))}
    assert len(drawn) == 120
    assert drawn["s029", "b"] == pytest.approx(scenes["s029"].jod[1])


@pytest.mark.parametrize("draw", OF_SCORES)
def test_a_picture_without_finite_scores_is_empty_and_no_error(draw):
    undefined = analyse(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=2))
    assert "svg" in svg(draw(undefined))


@pytest.mark.parametrize("draw", OF_SCORES)
def test_a_picture_may_be_as_wide_as_its_place(draw):
    assert draw(named("abc"), "container").to_dict()["width"] == "container"


SIMULATED = {
    "jod": lambda scores: jod_chart(scores),
    "win": lambda scores: win_chart(scores),
    "triangle": lambda scores: triangle_chart(scores),
    "scenes": lambda scores: scene_chart({"s": scores}, scores),
    "observers": lambda scores: observer_chart(screened(), simulated=scores.simulated),
    "agreement": lambda scores: agreement_chart(measured(), "psnr", simulated=scores.simulated),
    "panels": lambda scores: agreement_panels(measured(), simulated=scores.simulated),
}


@pytest.mark.parametrize("draw", SIMULATED.values(), ids=SIMULATED)
def test_simulated_observers_are_named_in_the_title(draw):
    assert title(draw(named("abc", simulated=True))).startswith("SIMULATED observers: ")
    assert "SIMULATED" not in title(draw(named("abc")))


def test_the_jod_chart_holds_every_score_and_interval_and_letter():
    scores = analyse(published("denoising"), Method(bootstraps=50))
    drawn = {row["condition"]: row for row in rows(jod_chart(scores)) if "condition" in row}
    for name, jod, low in zip(scores.conditions, scores.jod, scores.low, strict=True):
        assert (drawn[name]["jod"], drawn[name]["jod_low"]) == pytest.approx((jod, low))
    assert [drawn[name]["letters"] for name in ("LPIPS+l2", "l2")] == ["a", "c"]


def test_the_axis_says_its_unit_and_where_zero_is():
    made = study(np.array([0.5, 0, -0.5]), 4, 6, seed=0)
    text = jod_chart(analyse(made, Method(bootstraps=20, anchor="b"))).to_json()
    assert "score in JOD (b = 0)" in text
    assert "75%" in text


GAPS = matrix((0, 3, 0), (1, 0, 2), (0, 2, 0))


def test_the_win_chart_holds_percent_of_votes_of_compared_pairs_only():
    found = rows(win_chart(analyse(GAPS, QUICK)))
    percent = {(row["chosen"], row["over"]): row["percent"] for row in found}
    assert percent == {("a", "b"): 75, ("b", "a"): 25, ("b", "c"): 50, ("c", "b"): 50}


def test_the_model_tells_a_percentage_of_every_pair():
    found = rows(win_chart(analyse(GAPS, QUICK), model=True))
    percent = {(row["chosen"], row["over"]): row["model_percent"] for row in found}
    assert len(percent) == 6
    assert percent["a", "c"] + percent["c", "a"] == pytest.approx(100)


def test_shades_of_percentages_grow_darker_so_that_grey_print_tells_them_apart():
    light = [sum(int(shade[k : k + 2], 16) for k in (1, 3, 5)) for shade in SHADES]
    assert light == sorted(light, reverse=True)


def test_looks_are_dealt_so_that_forty_two_scenes_differ():
    pairs = {(PALETTE[k % len(PALETTE)], SHAPES[k % len(SHAPES)]) for k in range(42)}
    assert len(pairs) == 42
    assert len(DASHES) == len(PALETTE)


def test_lines_of_the_triangle_join_each_condition_to_the_next_two_with_its_verdict():
    scores = analyse(published("denoising"), Method(bootstraps=50))
    order = [scores.conditions[k] for k in np.argsort(scores.jod)]
    lines = {
        frozenset((row["lower"], row["upper"])): row for row in rows(triangle_chart(scores)) if "lower" in row
    }
    expected = {frozenset((order[k], order[k + step])) for step in (1, 2) for k in range(len(order) - step)}
    assert set(lines) == expected
    tests = {frozenset((pair.a, pair.b)): pair.significant for pair in scores.pairs}
    assert {pair: row["verdict"] == "significant" for pair, row in lines.items()} == {
        pair: tests[pair] for pair in lines
    }


def test_two_conditions_share_a_bar_of_the_triangle_exactly_where_they_do_not_differ():
    scores = analyse(published("mri"), Method(bootstraps=50))
    dots = [row for row in rows(triangle_chart(scores)) if set(row) == {"condition", "jod", "y"}]
    bars = [{dot["condition"] for dot in dots if dot["y"] == y} for y in {dot["y"] for dot in dots}]
    tied = {frozenset((pair.a, pair.b)) for pair in scores.pairs if not pair.significant}
    together = {frozenset(both) for bar in bars for both in combinations(bar, 2)}
    assert together == tied


def test_the_picture_of_scenes_holds_each_score_of_each_scene():
    some = {"s": named("abc"), "t": named("abc", 1)}
    chart = scene_chart(some, named("abc", 2))
    found = {(row["scene"], row["condition"]): row["jod"] for row in rows(chart) if "scene" in row}
    expected = {
        (scene, name): jod
        for scene, scores in some.items()
        for name, jod in zip(scores.conditions, scores.jod, strict=True)
    }
    assert found == pytest.approx(expected)


def test_an_observer_at_infinity_lies_at_the_edge_and_an_unknown_distance_nowhere():
    table = screened(4)
    table.loc[1, "dist_pairs"], table.loc[2, "dist_trials"] = np.inf, np.nan
    found = [row for row in rows(observer_chart(table)) if "distance" in row]
    assert len(found) == 7
    edge = max(row["distance"] for row in found)
    assert [row["shown"] for row in found if row["distance"] == edge] == ["inf"]


def test_observers_to_look_at_carry_an_asterisk_and_the_reason():
    found = {row["name"]: row["looks"] for row in rows(observer_chart(screened())) if "name" in row}
    assert {name.endswith(" *"): looks for name, looks in found.items()} == {True: "unlike", False: ""}


def test_of_many_comparisons_the_power_chart_names_as_many_as_colours():
    chart = power_chart(planned(30))
    colours = set(re.findall(r'stroke="(#[0-9a-f]{6})"', svg(chart)))
    assert {"#0072b2", "#e69f00"} <= colours
    assert f"{len(PALETTE)} of 30 comparisons are named" in chart.to_json()


def test_power_of_a_difference_that_is_not_known_is_left_out():
    table = planned(2)
    table.loc[table["observers"] == 24, "power"] = np.nan
    assert {row["observers"] for row in rows(power_chart(table)) if "observers" in row} == {6, 12}


def test_the_agreement_tells_the_rank_correlation_or_what_was_found():
    table = measured()
    found = pd.DataFrame({"metric": ["psnr"], "better": "lower", "level": "conditions", "spearman": 0.9})
    found = found.assign(spearman_low=0.5, spearman_high=1.0)
    assert title(agreement_chart(table, "psnr")) == "psnr: Spearman -1.00, 6 conditions"
    told = title(agreement_chart(table, "psnr", agreement=found))
    assert told == "psnr: lower is better, Spearman 0.90 [0.50, 1.00]"


def test_a_metric_that_is_not_known_everywhere_is_drawn_where_it_is():
    table = measured()
    table.loc[0, "value"] = np.nan
    found = [row for row in rows(agreement_chart(table, "psnr")) if "value" in row]
    assert {row["condition"] for row in found} == set(NASTY[1:])


def test_intervals_that_are_not_known_leave_the_points():
    scores = named("abc")
    unknown = replace(scores, low=np.full(3, np.nan), high=np.full(3, np.nan))
    found = [row for row in rows(jod_chart(unknown)) if "jod_low" in row]
    assert {row["jod_low"] for row in found} == {None}
    assert svg(jod_chart(unknown)).count('aria-roledescription="point"') == 3
