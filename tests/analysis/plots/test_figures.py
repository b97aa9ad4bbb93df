"""Pictures become files in the format and size asked for."""

import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.analysis.made import matrix, study, table
from uplapp.analysis.plots.figures import DPI, FORMATS, figure_files, picture, save
from uplapp.analysis.plots.scores import jod_chart
from uplapp.analysis.plots.style import COLUMN_PX
from uplapp.analysis.reading.votes import from_table
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
    assert set(figure_files(made)) == {"scores.svg", "triangles.svg", "votes.svg"}
    assert set(figure_files(full)) == {*figure_files(made), "scenes.svg", "observers.svg"}


def test_undefined_scores_leave_the_votes_to_show():
    undefined = report(matrix((0, 3, 0), (0, 0, 0), (0, 0, 0)), Method("none", bootstraps=2))
    assert set(figure_files(undefined, "png")) == {"votes.png"}
