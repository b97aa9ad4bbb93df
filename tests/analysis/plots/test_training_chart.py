"""Curves of training hold the numbers of the logs, for one run and for many."""

import json
from html import unescape

import pandas as pd
import pytest
import vl_convert

from uplapp.analysis.plots.training import training_chart


def log(steps=3, validated=True):
    numbers = range(1, steps + 1)
    scores = [20.0 + n if validated and n % 2 else None for n in numbers]
    table = {"step": [100 * n for n in numbers], "loss": [1 / n for n in numbers], "validation_psnr": scores}
    return pd.DataFrame(table | {"validation_loss": [score and 2 / score for score in scores]})


def rows(chart):
    return [row for table in json.loads(chart.to_json())["datasets"].values() for row in table]


def test_every_number_of_a_log_is_drawn_and_nothing_where_there_is_none():
    chart = training_chart({"run": log()})
    psnr = {(row["step"], row["validation_psnr"]) for row in rows(chart) if "run" in row}
    assert psnr == {(100, 21.0), (300, 23.0)}
    assert {row["step"] for row in rows(chart)} == {100, 200, 300}


@pytest.mark.parametrize("logs", [{"a": log(1)}, {"a": log(4, False)}, {f"r{n}": log() for n in range(15)}])
def test_any_number_of_runs_can_be_drawn_with_scores_and_without(logs):
    chart = training_chart(logs).to_json()
    drawn = unescape(vl_convert.vegalite_to_svg(chart))
    assert all(name in drawn for name in logs)
    assert (">PSNR<" in drawn) == logs[min(logs)]["validation_psnr"].notna().any()
    assert vl_convert.vegalite_to_png(chart)


def test_no_two_runs_of_a_table_look_alike():
    chart = json.loads(training_chart({f"r{n:02}": log() for n in range(14)}).to_json())
    encodings = [
        layer["encoding"] for layer in walk(chart) if {"color", "strokeDash"} <= set(layer["encoding"])
    ]
    for encoding in encodings:
        looks = zip(
            *(map(str, encoding[name]["scale"]["range"]) for name in ("color", "strokeDash")), strict=True
        )
        assert len(set(looks)) == 14
    assert encodings


def walk(node):
    """Every part of a chart that encodes something."""
    if isinstance(node, dict):
        if "encoding" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)
