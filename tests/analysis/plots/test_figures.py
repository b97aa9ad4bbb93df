"""Pictures become files in the format and size asked for."""

import re
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.analysis.made import matrix, study, table
from uplapp.analysis.plots.figures import CAPTIONS, DPI, FORMATS, figure_files, picture, save
from uplapp.analysis.plots.fonts import box_notes, length, missing
from uplapp.analysis.plots.scores import jod_chart, win_chart
from uplapp.analysis.plots.style import COLUMN_PX
from uplapp.analysis.reading.votes import from_table
from uplapp.analysis.scoring import analyse
from uplapp.analysis.writing.report import report
from uplapp.errors import UnknownName
from uplapp.values import Method

QUICK = Method(bootstraps=20)
STARTS = {"svg": b"<svg", "pdf": b"%PDF", "png": b"\x89PNG"}


@pytest.fixture(scope="module")
def made():
    return report(study(np.array([0.5, 0.0, -0.5]), 6, 8, seed=0), QUICK)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_is_what_its_suffix_says(made, kind, tmp_path):
    save(jod_chart(made.scores, COLUMN_PX), tmp_path / f"scores.{kind}")
    assert (tmp_path / f"scores.{kind}").read_bytes().startswith(STARTS[kind])


def test_a_picture_in_print_is_as_wide_as_a_column_and_its_letters_keep_their_size(made):
    chart = jod_chart(made.scores, COLUMN_PX)
    svg, png = picture(chart, "svg").decode(), Image.open(BytesIO(picture(chart, "png")))
    assert re.search(r'<svg[^>]* width="(\d+)', svg)[1] == str(COLUMN_PX)
    assert png.width == COLUMN_PX / 96 * DPI
    assert min(int(size) for size in re.findall(r'font-size="(\d+)', svg)) >= 10


def test_another_format_is_refused_by_name(made, tmp_path):
    with pytest.raises(UnknownName, match="picture format 'bmp'; choose one of: pdf, png, svg"):
        save(jod_chart(made.scores), tmp_path / "scores.bmp")


def test_a_report_has_a_picture_for_each_thing_it_says(made):
    votes = from_table(table(("p", "q", "r", "s", "t"), ("one", "two")))
    full = report(votes, QUICK, per_scene=True)
    assert set(figure_files(made)) == {"scores.svg", "triangles.svg", "votes.svg", "ranks.svg"}
    assert set(figure_files(full)) == {*figure_files(made), "scenes.svg", "observers.svg", "spread.svg"}


def test_without_titles_the_captions_are_a_file_of_their_own(made):
    titled, bare = figure_files(made), figure_files(made, title=False)
    captions = bare.pop(CAPTIONS).decode().splitlines()
    assert set(bare) == set(titled)
    assert b"Scores with 95" in titled["scores.svg"]
    assert b"Scores with 95" not in bare["scores.svg"]
    assert [line.split(":")[0] for line in captions] == [name.removesuffix(".svg") for name in bare]
    assert any(line.startswith("scores: Scores with 95% intervals (t).") for line in captions)


def test_a_name_in_characters_that_no_font_has_is_said_for_drawn_formats_alone():
    nobody_has = "\U000e0fff\u0378x"
    assert missing(["plain", "\u00e9t\u00e9"]) == []
    assert length("\u6f22x") == 3
    boxes = missing([nobody_has])
    assert bool(box_notes([nobody_has], "png")) == bool(boxes)
    assert box_notes([nobody_has], "svg") == []


def test_a_name_stays_text_in_svg_so_that_the_reader_has_the_font():
    made = study(np.array([0.5, 0.0]), 6, 8, seed=0)
    chart = win_chart(analyse(replace(made, conditions=("\u6f22\u5b57", "b")), QUICK), COLUMN_PX)
    assert ">\u6f22\u5b57</text>" in picture(chart, "svg").decode()


def test_undefined_scores_leave_the_votes_to_show():
    undefined = report(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=2))
    assert set(figure_files(undefined, "png")) == {"votes.png"}
