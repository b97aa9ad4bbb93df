"""The researcher's views of a study whose images are rated."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.study.rated import CONDITIONS, GRADING, SCENES
from tests.study.tiny import NOW, write_study
from tests.web.desks import ENTRY, settings
from uplapp.settings import DATABASE
from uplapp.study.simulation import observers
from uplapp.study.store.store import Store
from uplapp.web.researcher.desk import Desk
from uplapp.web.researcher.gate import Gate
from uplapp.web.researcher.watch import board, data_view, ranking_view
from uplapp.web.shelf import Shelf


@pytest.fixture
def desk(tmp_path):
    """A desk with an expert grading that twelve simulated observers finished."""
    chosen = settings(tmp_path)
    folder = write_study(chosen.studies / "grading", scenes=SCENES, size=(32, 24))
    (folder / "study.toml").write_text((GRADING / "study.toml").read_text())
    shelf = Shelf(chosen, Store(chosen.data / DATABASE))
    shelf.open_all()
    study = shelf.studies["grading"]
    observers.simulate(shelf.store, study, observers.even_scores(study.definition), 12, 3, NOW)
    yield Desk(shelf, Gate("a token"), None, None, clock=lambda: NOW + 100)
    shelf.store.close()


def test_an_export_holds_the_ratings(desk):
    paths = {kind: Path(data_view.written(desk, "grading", kind, False, True)) for kind in data_view.SUFFIXES}
    table = pd.read_csv(paths[data_view.CSV])
    lines = [json.loads(line) for line in paths[data_view.LINES].read_text().splitlines()]
    assert paths[data_view.CSV].name == "grading-ratings.csv"
    assert len(table) == len(lines) == 12 * 26 * 3
    assert set(table["condition"]) == {*CONDITIONS, "reference"}
    assert table["rating"].tolist() == [line["rating"] for line in lines]


def test_the_standing_is_mean_ratings_with_labels_for_names(desk):
    study = desk.shelf.studies["grading"]
    report = ranking_view.mean_ratings(desk, study, simulated=True)
    labels = [condition.label for condition in study.definition.conditions]
    means = report.means[report.means["criterion"] == "structure"]
    assert means["condition"].tolist() == ["reference", *labels]
    assert report.people == 12


def test_before_the_first_rating_there_is_no_standing(desk):
    assert ranking_view.mean_ratings(desk, desk.shelf.studies["grading"], simulated=False) is None


def test_the_board_is_drawn_for_a_rating_study_too(desk):
    assert 'class="tile' in "".join(board.draw(desk, ENTRY, "grading", board.HOUR))
