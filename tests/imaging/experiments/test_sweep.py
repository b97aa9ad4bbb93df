"""A sweep: what was stopped goes on to the same file, and a row is what its fit comes to."""

import csv
from functools import partial

import numpy as np
import pytest
import torch

from tests.imaging.experiments.small import PICTURE, course, lines, run
from tests.imaging.scans import head, kspace_of, write_fastmri
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.experiments import deep_decoder as experiment
from uplapp.imaging.experiments import run as running
from uplapp.imaging.experiments.crews import Alone, Processes, Scheduler
from uplapp.imaging.experiments.deep_decoder import Picture, open_picture
from uplapp.imaging.experiments.estimate import estimate_seconds
from uplapp.imaging.experiments.ledger import Ledger
from uplapp.imaging.fitting import Diverged, FitRecipe, fit, make_target, psnrs
from uplapp.imaging.networks import NETWORKS
from uplapp.imaging.physics.measurement import of_pixels


class Dying(Alone):
    """Ends the sweep after some fits, as a kill does."""

    def __init__(self, fits):
        super().__init__()
        object.__setattr__(self, "fits", fits)

    def work(self, jobs, halted):
        for done, result in enumerate(super().work(jobs, halted)):
            if done == self.fits:
                raise KeyboardInterrupt
            yield result


def rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    path = tmp_path_factory.mktemp("unbroken") / "sweep.csv"
    run(path)
    return path


@pytest.mark.parametrize("fits", [0, 1, 2, 5])
def test_a_killed_and_resumed_sweep_equals_an_unbroken_one(fits, tmp_path, unbroken):
    path = tmp_path / "sweep.csv"
    with pytest.raises(KeyboardInterrupt):
        run(path, Dying(fits))
    with path.open("a") as file:  # a row, or the first line, that the kill cut short
        file.write("head,123" if fits else "image,dig")
    assert run(path) == lines(unbroken)
    assert not list(tmp_path.glob("*.pictures"))


def test_a_finished_sweep_is_left_as_it_is(tmp_path, unbroken):
    path = tmp_path / "sweep.csv"
    path.write_bytes(unbroken.read_bytes())
    assert course(path).missing() == []
    run(path)
    assert path.read_bytes() == unbroken.read_bytes()


def test_a_stopped_fit_leaves_no_row(tmp_path):
    one = course(tmp_path / "sweep.csv")
    heard = iter([False] * 3 + [True] * 100)
    with pytest.raises(Cancelled):
        one.run(dict.fromkeys(one.missing(), 1.0), Alone(), lambda: next(heard))
    assert len(one.missing()) == one.fits


def test_a_grid_that_grew_keeps_its_rows(tmp_path, unbroken):
    path = tmp_path / "sweep.csv"
    run(path, k="6", iterations="4")
    assert run(path) == lines(unbroken)


def test_rows_whose_pictures_are_lost_are_fitted_again(tmp_path, unbroken):
    path = tmp_path / "sweep.csv"
    with pytest.raises(KeyboardInterrupt):
        run(path, Dying(1))
    [picture] = (tmp_path / "sweep.csv.pictures").iterdir()
    picture.unlink()
    assert run(path) == lines(unbroken)


def test_another_seed_gives_other_rows(tmp_path, unbroken):
    assert run(tmp_path / "sweep.csv", seed=7, k="4", targets="whole") not in lines(unbroken)


def test_a_row_is_what_the_fit_comes_to_alone(unbroken):
    [row] = [
        row
        for row in rows(unbroken)
        if (row["k"], row["target"], row["start"], row["iterations"]) == ("6", "2x2", "2", "4")
    ]
    recipe = FitRecipe(4, inputs="uniform", grid=(2, 2), seed=1, precision=row["precision"])
    clean = torch.from_numpy(PICTURE.pixels)
    build = partial(NETWORKS.build, "deep_decoder", channels=1, k=6, s=4, l=2)
    made = fit(build, make_target(of_pixels(clean)), recipe)
    assert float(row["psnr"]) == pytest.approx(float(psnrs(made.pictures, clean)), abs=1e-3)


def test_the_mean_picture_has_rows_with_the_variation_of_its_starts(unbroken):
    table = rows(unbroken)
    assert len(table) == 4 * 2 * (2 + 1)
    [first, second, mean] = [
        row for row in table if (row["k"], row["target"], row["iterations"]) == ("4", "whole", "6")
    ]
    psnr = np.array([float(first["psnr"]), float(second["psnr"])])
    assert (mean["start"], mean["starts"]) == ("mean", "2")
    assert float(mean["cv"]) == pytest.approx(psnr.std() / psnr.mean(), abs=1e-5)
    assert float(mean["seconds"]) == pytest.approx(float(first["seconds"]) + float(second["seconds"]))
    assert float(mean["psnr"]) > psnr.mean()


def test_a_fit_that_diverges_is_a_row_without_values(tmp_path, monkeypatch):
    def fails_beyond_four(build, target, recipe, listener):
        if recipe.iterations > 4 and recipe.seed == 1:
            raise Diverged("the fit diverged at iteration 5")
        return fit(build, target, recipe, listener)

    monkeypatch.setattr(experiment, "fit", fails_beyond_four)
    path = tmp_path / "sweep.csv"
    run(path, k="4", targets="whole")
    ends = {(row["start"], row["iterations"]): (row["ended"], bool(row["psnr"])) for row in rows(path)}
    assert ends["2", "4"] == ends["mean", "4"] == ends["1", "6"] == ("iterations", True)
    assert ends["2", "6"] == ends["mean", "6"] == ("diverged", False)
    assert course(path, k="4", targets="whole").missing() == []


@pytest.mark.parametrize(("device", "expected"), [("cpu", [(1,), (2,), (4,)]), ("cuda", [(1, 2), (4,)])])
def test_neighbours_are_fitted_in_one_batch_on_a_gpu(device, expected, monkeypatch):
    monkeypatch.setattr(experiment, "pick_device", lambda: torch.device(device))
    assert experiment.batches([1, 2, 4]) == expected


@pytest.fixture
def in_batches(monkeypatch):
    """All starts of a cell are fitted as a GPU does it."""
    monkeypatch.setattr(running, "batches", lambda starts: [tuple(starts)] if starts else [])


def test_a_batch_comes_to_the_rows_of_its_fits_one_by_one(tmp_path, unbroken, in_batches):
    path = tmp_path / "sweep.csv"
    assert len(course(path).missing()) == 4
    assert run(path) == lines(unbroken)


def test_a_batch_in_which_a_fit_diverges_keeps_the_others(tmp_path, monkeypatch, in_batches):
    def fails_with_the_second(build, target, recipe, listener):
        if recipe.seed + recipe.starts > 1 and recipe.iterations > 4:
            raise Diverged("the fit diverged at iteration 5")
        return fit(build, target, recipe, listener)

    monkeypatch.setattr(experiment, "fit", fails_with_the_second)
    path = tmp_path / "sweep.csv"
    run(path, k="4", targets="whole")
    ends = {(row["start"], row["iterations"]): row["ended"] for row in rows(path)}
    assert (ends["1", "6"], ends["2", "4"], ends["2", "6"]) == ("iterations", "iterations", "diverged")


def test_a_fit_that_fails_is_reported_and_tried_again_next_time(tmp_path, monkeypatch):
    def fails(build, target, recipe, listener):
        raise MemoryError("no room")

    heard = []
    one = course(tmp_path / "sweep.csv", k="4", targets="whole")
    with monkeypatch.context() as patch:
        patch.setattr(experiment, "fit", fails)
        one.run(dict.fromkeys(one.missing(), 1.0), Alone(), hear=heard.append)
    assert [progress.result.failure for progress in heard] == ["MemoryError: no room"] * 2
    assert len(one.missing()) == 2


def test_a_file_of_another_sweep_is_refused(tmp_path, unbroken):
    path = tmp_path / "sweep.csv"
    path.write_bytes(unbroken.read_bytes())
    with pytest.raises(UplappError, match=r"holds a sweep with seed 0, and this one has 3; give another"):
        course(path, seed=3)
    with pytest.raises(UplappError, match="holds a sweep with image head, and this one has other"):
        course(path, picture=Picture("other", PICTURE.pixels))
    with pytest.raises(UplappError, match="holds a sweep with digest"):
        course(path, picture=Picture("head", PICTURE.pixels * 0.5))


@pytest.mark.parametrize("text", ["notes", "a,b\n1,2\n", "\n"])
def test_a_file_that_is_no_table_of_a_sweep_is_refused_and_left(text, tmp_path):
    path = tmp_path / "sweep.csv"
    path.write_text(text)
    with pytest.raises(UplappError, match="is not a table of this sweep; give another --out"):
        course(path)
    assert path.read_text() == text


def test_a_setting_that_needs_too_much_memory_is_refused(tmp_path):
    large = Picture("large", np.zeros((1, 5000, 5000), np.float32))
    with pytest.raises(UplappError, match="with k 512 needs"):
        course(tmp_path / "sweep.csv", picture=large, k="512")


def test_a_dear_fit_is_estimated_to_take_longer(tmp_path, monkeypatch):
    monkeypatch.setattr(experiment, "PROBE_S", 0.05)
    one = course(tmp_path / "sweep.csv", k="4,64,256", starts=1, targets="whole")
    cheap, middle, dear = estimate_seconds(one.missing())
    assert 0 < cheap <= middle <= dear
    assert cheap < dear
    assert estimate_seconds([]) == []


def test_a_slice_of_k_space_that_lacks_a_part_is_refused(tmp_path):
    kspace = kspace_of(head(64, 64))
    kspace[:, :, 10:30:2] = 0
    with pytest.raises(UplappError, match=r"part\.h5 lacks a part of its k-space"):
        open_picture(write_fastmri(tmp_path / "part.h5", kspace[None, 0]))


@pytest.mark.slow
def test_processes_come_to_the_rows_of_one(tmp_path, unbroken):
    assert run(tmp_path / "sweep.csv", Processes(2)) == lines(unbroken)


@pytest.fixture
def scheduler():
    distributed = pytest.importorskip("distributed", reason="spreading fits needs distributed")
    options = {"processes": False, "protocol": "tcp", "host": "127.0.0.1", "dashboard_address": ":0"}
    threads = torch.get_num_threads()
    with distributed.LocalCluster(n_workers=1, threads_per_worker=2, **options) as cluster:
        yield cluster.scheduler_address
    torch.set_num_threads(threads)


@pytest.mark.slow
def test_a_scheduler_comes_to_the_rows_of_one_process(scheduler, tmp_path, unbroken):
    crew = Scheduler(scheduler)
    assert crew.count == 1
    assert run(tmp_path / "sweep.csv", crew) == lines(unbroken)


def test_the_name_of_a_picture_is_no_formula_in_the_table(tmp_path):
    table = Ledger(tmp_path / "sweep.csv", {"image": "=cmd.png"}, ["k"], ["psnr"])
    table.add([{"k": "8", "psnr": "30.0"}])
    assert "'=cmd.png" in table.path.read_text()
