"""Many runs: what is there is kept, what was stopped goes on, what fails is told and stops nothing."""

import sys
from dataclasses import replace

import pytest

from tests.imaging import tiny
from tests.imaging.tiny import SPEC, TINY, changed, then
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.training.log import read_log
from uplapp.imaging.training.run import finished, log_path, state_path
from uplapp.imaging.training.sweep import attempt, spread

L1 = then(SPEC, loss="l1")


def weights_file(run):
    return (run.places.checkpoints / f"{run.name}.safetensors").read_bytes()


def test_a_run_is_trained_once_and_kept_then(tmp_path):
    run = tiny.run_in(tmp_path)
    heard = []
    assert attempt(run, heard.append).state == "trained"
    again = attempt(run, heard.append)
    assert (again.state, again.card.name) == ("kept", "denoise-unet-l2")
    assert len(heard) == TINY.steps


def test_another_recipe_damaged_weights_or_missing_scores_are_no_finished_run(tmp_path):
    run = tiny.run_in(tmp_path)
    attempt(run)
    assert finished(run) is not None
    assert finished(replace(run, spec=replace(SPEC, seed=9))) is None
    assert finished(replace(run, places=replace(run.places, validate=run.places.data))) is None
    (run.places.checkpoints / f"{run.name}.safetensors").write_bytes(b"cut short")
    assert finished(run) is None


def test_a_card_says_what_is_not_measured_and_names_no_folder(tmp_path, monkeypatch):
    (tmp_path / "private").mkdir()
    monkeypatch.setenv("UPLAPP_WEIGHTS", str(tmp_path / "private"))
    run = tiny.run_in(tmp_path)
    card = attempt(replace(run, places=replace(run.places, validate=run.places.data))).card
    assert card.scores["warnings"] == ["lpips is not measured"]
    assert str(tmp_path) not in run.places.checkpoints.joinpath(f"{run.name}.json").read_text()


def test_a_stopped_run_goes_on(tmp_path):
    run = tiny.run_in(tmp_path)
    with pytest.raises(Cancelled):
        attempt(run, lambda told: told.step < 5)
    heard = []
    attempt(run, heard.append)
    assert [told.step for told in heard] == list(range(6, 13))
    whole = tiny.run_in(tmp_path / "whole")
    attempt(whole)
    assert weights_file(run) == weights_file(whole)


def test_a_run_that_fails_says_why(tmp_path):
    outcome = attempt(tiny.run_in(tmp_path, changed(SPEC, schedule=replace(TINY, crop_px=4096))))
    assert (outcome.state, outcome.card) == ("failed", None)
    assert "training needs 4096 px" in outcome.reason


def test_an_unexpected_error_is_an_outcome_too(tmp_path):
    def fail(told):
        raise RuntimeError("out of memory")

    assert attempt(tiny.run_in(tmp_path), fail).reason == "RuntimeError: out of memory"


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed", reason="spreading runs needs distributed")
    options = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": ":0"}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_a_scheduler_gets_the_checkpoints_of_one_process_and_trains_a_start_once(scheduler, tmp_path):
    bad = changed(L1, loss="upl", loss_options={"depth": 0})
    runs = [tiny.run_in(tmp_path, spec) for spec in (L1, changed(L1, loss="flip"), bad)]
    outcomes = {outcome.name: outcome for outcome in spread(runs, scheduler)}
    assert {name: outcome.state for name, outcome in outcomes.items()} == {
        "denoise-unet-l1": "trained",
        "denoise-unet-flip": "trained",
        "denoise-unet-upl": "failed",
    }
    assert "it needs a whole number from 1" in outcomes["denoise-unet-upl"].reason
    assert [row["step"] for row in read_log(log_path(runs[0].places.runs, SPEC))] == ["12"]
    here = tiny.run_in(tmp_path / "here", L1)
    attempt(here)
    assert weights_file(runs[0]) == weights_file(here)
    assert [outcome.state for outcome in spread(runs[:1], scheduler)] == ["kept"]


@pytest.mark.slow
def test_a_start_that_fails_fails_its_runs(scheduler, tmp_path):
    start = changed(SPEC, schedule=replace(TINY, crop_px=4096))
    run = tiny.run_in(tmp_path, then(start, loss="l1", schedule=TINY))
    [outcome] = spread([run], scheduler)
    assert outcome.state == "failed"
    assert "its start failed:" in outcome.reason
    assert not state_path(run.places.runs, run.spec).exists()


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    distributed = pytest.importorskip("distributed", reason="spreading runs needs distributed")

    def refuse(address, timeout):
        raise OSError(f"Timed out after {timeout}")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(UplappError, match=r"no dask scheduler answers at tcp://.*:1: Timed out"):
        list(spread([], "tcp://127.0.0.1:1"))


def test_without_distributed_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UplappError, match=r"--dask needs distributed; install uplapp with its extra"):
        list(spread([], "tcp://127.0.0.1:1"))
