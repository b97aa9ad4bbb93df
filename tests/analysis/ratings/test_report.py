"""A report on ratings says what it rests on, in tables, in JSON and in a picture."""

import csv
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.analysis import made, rated
from tests.analysis.plots.drawn import NASTY, rows, svg
from tests.calling import caller, printer
from uplapp.analysis.plots.ratings import rating_chart, rating_panels
from uplapp.analysis.ratings.report import headline, rating_report, to_csv
from uplapp.analysis.reading.ratings import from_table
from uplapp.commands.ratings import ratings
from uplapp.errors import UnknownName, UplappError
from uplapp.values import Method

QUICK = Method(bootstraps=100)

run = printer(ratings)


def two_criteria(observers=8, **changes):
    both = [
        rated.table(rated.draw(observers, 4, seed), name) for seed, name in enumerate(("quality", "sharp"))
    ]
    return pd.concat(both, ignore_index=True).assign(**changes)


def write(folder, table):
    return made.write(folder, table.to_csv(index=False), "ratings.csv")


def report(table, method=QUICK, **options):
    return rating_report(from_table(table), method, **options)


def test_the_headline_names_the_best_of_every_criterion():
    said = headline(report(two_criteria()))
    assert said.startswith("quality: c is rated highest, ")
    assert "sharp: c is rated highest" in said
    assert "clearly above 2 of 2 others" in said
    assert said.endswith("(8 observers).")


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        ({"x": (3, 3), "y": (4, 2)}, "rating: x and y are rated highest, 3.00 (2 observers)."),
        ({"x": (3, 4), "y": (4, 2)}, "rating: x is rated highest, 3.50, perhaps by chance (2 observers)."),
        ({"x": (3, 4)}, "rating: x is rated highest, 3.50 (2 observers)."),
        ({"reference": (5, 4)}, "rating: only the reference was rated (2 observers)."),
    ],
)
def test_the_headline_claims_no_more_than_the_ratings_show(ratings, said):
    rows = [(f"o{k}", name, value) for name, both in ratings.items() for k, value in enumerate(both)]
    result = report(pd.DataFrame(rows, columns=["observer", "condition", "rating"]))
    assert headline(result) == said


@pytest.mark.parametrize(
    ("observers", "interval", "words"),
    [
        (1, "t", "one observer: no interval"),
        (4, "t", "of 4 observers hold only if people's means scatter normally"),
        (4, "percentile", "percentile intervals of 4 observers cover about 75 to 80%"),
    ],
)
def test_few_observers_come_with_a_warning(observers, interval, words):
    result = report(two_criteria(observers), Method(interval=interval, bootstraps=100))
    assert words in " ".join(result.warnings)


def test_enough_observers_of_all_images_come_without():
    assert report(two_criteria(6)).warnings == ()


def test_images_that_some_did_not_rate_are_mentioned():
    assert "not every observer rated every image" in report(two_criteria().iloc[1:]).warnings[0]


@pytest.mark.parametrize(
    ("method", "error"),
    [
        (Method(interval="exact"), UnknownName),
        (Method(bootstraps=1), UplappError),
        (Method(seed=-1), UplappError),
    ],
)
def test_what_is_not_on_the_menu_is_refused(method, error):
    with pytest.raises(error):
        report(two_criteria(), method)


def test_a_reason_stands_in_every_row_and_no_cell_is_a_formula():
    table = two_criteria().replace({"condition": {"a": "=1+1"}})
    lines = list(csv.DictReader(io.StringIO(to_csv(report(table, exclude={"o03": "asleep"})))))
    assert {line["excluded"] for line in lines} == {"o03: asleep"}
    assert {line["condition"] for line in lines} == {"'=1+1", "b", "c"}
    assert {line["all_observers"] for line in lines} == {"7"}


class TestOnTheCommandLine:
    def test_json_is_strict_and_alone(self, tmp_path):
        text = run(write(tmp_path, two_criteria(1)), "--bootstraps", 50, "--json")
        output = json.loads(text, parse_constant=pytest.fail)
        assert output["criteria"] == ["quality", "sharp"]
        assert len(output["means"]) == 6
        assert output["means"][0]["low"] is None
        assert (output["interval"], output["bootstraps"], output["seed"]) == ("t", 50, 0)

    def test_the_same_seed_gives_the_same_text(self, tmp_path):
        path = write(tmp_path, two_criteria())
        first, again, other = (run(path, "--bootstraps", 50, "--seed", seed) for seed in (3, 3, 4))
        assert first == again != other

    def test_the_text_tells_means_tests_and_whom_to_look_at(self, tmp_path):
        text = run(write(tmp_path, two_criteria()), "--exclude", "o02=asleep")
        assert "quality: mean rating, 95% interval (t), sd between observers" in text
        assert "3 of 3 differences significant (paired t, Holm-adjusted)" in text
        assert "  c above a by " in text
        assert "0 of 8 observers to look at; nobody is left out automatically" in text
        assert "left out: o02 (asleep)" in text

    @pytest.mark.parametrize("name", ["x", "reference"])
    def test_one_condition_has_a_mean_and_no_test(self, tmp_path, name):
        table = rated.table(rated.draw(6, 2, 0)[:, :1]).assign(condition=name)
        text = run(write(tmp_path, table))
        assert "significant" not in text
        assert "0 of 6 observers to look at" in text

    def test_the_text_says_whom_the_results_speak_of_and_how_raters_differ(self, tmp_path):
        text = run(write(tmp_path, two_criteria()), "--bootstraps", 50)
        assert "Intervals and tests speak of other observers, these stimuli." in text
        assert text.count("inconsistency of raters 0.") == 2

    def test_images_and_raters_have_files_of_their_own(self, tmp_path):
        images, raters = tmp_path / "images.csv", tmp_path / "raters.csv"
        run(write(tmp_path, two_criteria()), "--images", images, "--raters", raters, "--bootstraps", 50)
        by_image, by_rater = (pd.read_csv(path) for path in (images, raters))
        assert len(by_image) == 2 * 3 * 4
        assert len(by_rater) == 2 * 8
        assert set(by_image["scope"]) == {"other observers, these stimuli"}
        assert by_rater.groupby("criterion")["rater_bias"].sum().abs().max() < 1e-5

    def test_a_screening_leaves_out_with_its_reason(self, tmp_path):
        ratings = rated.draw(10, 12, 0)
        ratings[2] = np.random.default_rng(0).integers(1, 6, ratings[2].shape)
        path = write(tmp_path, rated.table(ratings))
        output = json.loads(run(path, "--screening", "p913", "--bootstraps", 50, "--json"))
        assert [who["observer"] for who in output["excluded"]] == ["o02"]
        assert output["excluded"][0]["reason"].startswith("P.913: correlation")
        assert (output["all_observers"], output["screening"]) == (9, "p913")

    def test_two_observers_have_no_scores_without_bias_and_a_warning(self, tmp_path):
        text = run(write(tmp_path, two_criteria(2)), "--bootstraps", 50)
        assert "no scores without the raters' bias on quality and sharp: they need 3 observers" in text

    def test_simulated_observers_are_called_so(self, tmp_path):
        text = run(write(tmp_path, two_criteria(simulated="True")))
        assert "warning: SIMULATED observers" in text

    @pytest.mark.parametrize(
        ("name", "start"), [("out.svg", b"<svg"), ("out.png", b"\x89PNG"), ("out.pdf", b"%PDF")]
    )
    def test_a_figure_is_drawn_beside_a_table(self, tmp_path, name, start):
        path = write(tmp_path, two_criteria())
        run(path, "--figure", tmp_path / name, "--csv", tmp_path / "means.csv")
        assert (tmp_path / name).read_bytes().startswith(start)
        assert (tmp_path / "means.csv").read_text().startswith("criterion,condition,mean,low,high,sd")

    def test_a_figure_without_a_title_comes_with_its_caption(self, tmp_path):
        path, picture = write(tmp_path, two_criteria()), tmp_path / "out.svg"
        result = caller(ratings)(path, "--figure", picture, "--no-title", "--bootstraps", 20)
        assert "caption: Mean ratings with 95% intervals (t)." in result.stderr
        assert "95% intervals" not in picture.read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--figure", "out.gif"], "unknown picture format 'gif'"),
            (["--figure", "nowhere/out.svg"], "there is no folder 'nowhere'"),
            (["--interval", "exact"], "unknown interval 'exact'"),
            (["--exclude", "o02"], "gives no reason"),
            (["--exclude", "zoe=asleep"], "unknown observer 'zoe'"),
            (["--columns", "rating=score"], "has no column 'score'"),
            (["--bootstraps", "1"], "must be from 2"),
            (["--likelihood", "map"], "unknown likelihood 'map'"),
            (["--screening", "bt501"], "unknown screening 'bt501'"),
            (["--images", "nowhere/out.csv"], "there is no folder 'nowhere'"),
        ],
    )
    def test_what_is_wrong_is_one_sentence(self, tmp_path, words, sentence):
        with pytest.raises(UplappError, match=sentence) as caught:
            run(write(tmp_path, two_criteria()), *words)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("chart", [rating_chart, rating_panels])
class TestCharts:
    def test_hold_every_mean_and_interval(self, chart):
        result = report(two_criteria())
        table = rows(chart(result))
        means = {(row["criterion"], row["condition"]): row["mean"] for row in table}
        expected = result.means.set_index(["criterion", "condition"])["mean"].to_dict()
        assert means == pytest.approx(expected)

    def test_show_names_whatever_characters_they_hold(self, chart):
        table = rated.table(rated.draw(6, 2, 0)).replace({"condition": dict(zip("abc", NASTY, strict=False))})
        text = svg(chart(report(table)))
        assert all(name in text for name in NASTY[:3])

    def test_say_when_nobody_looked(self, chart):
        assert "SIMULATED observers" in svg(chart(report(two_criteria(simulated="1"))))

    def test_of_very_many_conditions_the_ends_fit_a_page(self, chart):
        table = pd.concat([two_criteria(2).assign(condition=f"c{k:03d}") for k in range(80)])
        height = re.search(
            r'<svg[^>]* height="([\d.]+)', text := svg(chart(report(table, Method(bootstraps=2))))
        )
        assert float(height[1]) < 1056
        assert "of 80 are left out" in text

    def test_draw_one_observer_without_an_interval(self, chart):
        assert "mean rating" in svg(chart(report(two_criteria(1))))


def test_criteria_on_one_scale_share_an_axis():
    table = two_criteria()
    wider = table.assign(rating=table["rating"].where(table["criterion"] == "sharp", 10 * table["rating"]))
    axes = [
        {tuple(panel["layer"][0]["encoding"]["x"]["scale"]["domain"]) for panel in chart["concat"]}
        for chart in (rating_panels(report(each)).to_dict() for each in (table, wider))
    ]
    assert [len(ends) for ends in axes] == [1, 2]
