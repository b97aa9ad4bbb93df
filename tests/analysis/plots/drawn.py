"""What a chart holds, and names that are hard to draw."""

import json
from html import unescape

import vl_convert

NASTY = ("a\"b'c", "x[0].y\\z", "<b>&amp;</b>", "${datum.q}", "=1+1", "ä — 漢")


def rows(chart):
    return [row for table in json.loads(chart.to_json())["datasets"].values() for row in table]


def svg(chart):
    return unescape(vl_convert.vegalite_to_svg(chart.to_json()))
