import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hub.lines import REPO
from tests.study.tiny import NOW, open_tiny, response
from uplapp.errors import UplappError
from uplapp.settings import DATABASE
from uplapp.study.session import joining, session
from uplapp.web import safekeeping


def take_part(store, folder, answers):
    study = open_tiny(store, folder)
    observer = joining.join(store, study, study.definition.consent.version, NOW)
    for n in range(answers):
        shown = session.state(store, study, observer).trial
        session.answer(store, study, observer, shown.token, f"{n:032}", response(), NOW + n)
    return observer


def content(settings):
    connection = sqlite3.connect(settings.data / DATABASE)
    try:
        return sorted(line for line in connection.iterdump() if '"_sqlite_migrations"' not in line)
    finally:
        connection.close()


def lose_the_disk(settings):
    shutil.rmtree(settings.data)


def test_a_restart_with_an_empty_disk_restores_everything_and_goes_on(settings, hub, endpoint, tmp_path):
    store, loop = safekeeping.open_store(settings, endpoint)
    observer = take_part(store, tmp_path / "tiny", 5)
    safekeeping.close(store, loop)
    before = content(settings)
    lose_the_disk(settings)
    store, loop = safekeeping.open_store(settings, endpoint)
    study = open_tiny(store, tmp_path / "tiny")
    assert content(settings) == before
    assert session.state(store, study, observer).done == 4  # one of five was practice
    assert loop.mirror.status.unsynced == 0
    safekeeping.close(store, loop)


def test_a_hub_down_for_the_whole_study_and_then_up_has_each_row_once(settings, hub, endpoint, tmp_path):
    store, loop = safekeeping.open_store(settings, endpoint)
    hub.down = True
    take_part(store, tmp_path / "tiny", 14)
    safekeeping.close(store, loop)
    assert loop.mirror.status.unsynced > 14
    store, loop = safekeeping.open_store(settings, endpoint)
    hub.down = False
    safekeeping.close(store, loop)
    before = content(settings)
    lose_the_disk(settings)
    safekeeping.close(*safekeeping.open_store(settings, endpoint))
    assert content(settings) == before
    lines = [line for data in hub.repos["dataset", REPO].values() for line in data.splitlines()]
    assert len(lines) == len(set(lines)) == 1 + 1 + 14 + 14 + 1  # study, observer, trials, answers, the end


def test_an_empty_disk_without_the_hub_stays_closed_and_leaves_no_database(settings, hub, endpoint):
    hub.down = True
    with pytest.raises(UplappError, match="stays closed"):
        safekeeping.open_store(settings, endpoint)
    assert not (settings.data / DATABASE).exists()


def test_a_truncated_copy_never_becomes_a_smaller_study(settings, hub, endpoint, tmp_path):
    store, loop = safekeeping.open_store(settings, endpoint)
    take_part(store, tmp_path / "tiny", 3)
    safekeeping.close(store, loop)
    lose_the_disk(settings)
    hub.faults = [("resolve", "truncated")] * 3
    with pytest.raises(UplappError, match="other bytes"):
        safekeeping.open_store(settings, endpoint)
    assert not Path(settings.data).exists()


def test_without_a_dataset_there_is_a_store_and_no_loop(settings):
    store, loop = safekeeping.open_store(replace(settings, answers_repo=None))
    assert loop is None
    safekeeping.close(store, loop)
