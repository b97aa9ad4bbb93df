"""Fits within jobs: they are heard, stopped, thrown away, and say how they came to their pictures."""

import json
import math

import numpy as np
import pytest
import torch

from tests.imaging.scans import head
from uplapp.errors import Cancelled
from uplapp.imaging.case import Case, Subject, make_case
from uplapp.imaging.evaluation.candidates import of_methods
from uplapp.imaging.evaluation.fits import FULL_SCALE
from uplapp.imaging.evaluation.job import Job, run_job
from uplapp.imaging.evaluation.provenance import describe_job, result_files
from uplapp.imaging.evaluation.text import format_job
from uplapp.imaging.fitting import Curve, State
from uplapp.imaging.physics import GaussianNoise, of_pixels

SMALL = {"k": 8, "l": 2, "s": 4, "iterations": 12}


def case_of(degraded: bool = True) -> Case:
    clean = torch.from_numpy(head(40, 36)).float()[None]

    def measure(drawn):
        return of_pixels(clean) if drawn is None else drawn.measure(clean)

    return make_case(Subject("head", clean, measure), "denoise", GaussianNoise(25) if degraded else None)


def run(case: Case | None = None, watch=lambda *_: True, hear=lambda *_: True, **options) -> Job:
    return run_job(
        case or case_of(), of_methods(["deep_decoder"], {"deep_decoder": SMALL | options}), watch, hear
    )


def test_every_iteration_is_heard_and_the_end_of_the_fit():
    heard = []
    run(hear=lambda label, state: heard.append((label, state)) or True)
    assert {label for label, _ in heard} == {"Deep Decoder"}
    assert [state.iteration for _, state in heard[:-1]] == list(range(1, 13))
    assert heard[-1] == ("Deep Decoder", None)
    assert heard[0][1].picture.shape == (1, 40, 36)
    assert heard[0][1].text == "iteration 1 of 12", "which sets up, and says nothing of the speed of others"
    assert "per second" in heard[1][1].text


def test_a_fit_that_is_stopped_keeps_what_it_has_and_the_job_goes_on():
    names = ["deep_decoder", "nlm"]
    candidates = of_methods(names, {"deep_decoder": SMALL | {"iterations": 5000, "held_out": 0}})
    job = run_job(case_of(), candidates, hear=lambda label, state: state is None or state.iteration < 7)
    assert [result.name for result in job.results] == names
    assert (job.results[0].fit.iterations, job.results[0].fit.ended) == (7, "stopped")
    assert job.results[0].fit.sentence.startswith("was stopped by hand at iteration 7 of 5,000; it keeps")
    assert job.results[1].fit is None


@pytest.mark.parametrize("calls", [1, 5, 40])
def test_a_fit_is_thrown_away_within_an_iteration(calls):
    shares, states = [], []

    def watch(share, text, preview):
        shares.append(share)
        return len(shares) < calls

    with pytest.raises(Cancelled):
        run(watch=watch, hear=lambda label, state: states.append(state) or True, iterations=5000)
    assert len(shares) == calls
    assert shares == sorted(shares)
    assert len(states) < calls / 5


def test_being_able_to_stop_changes_no_bit():
    alone = of_methods(["deep_decoder"], {"deep_decoder": SMALL})[0].build().restore(case_of())
    np.testing.assert_array_equal(run().results[0].samples.squeeze(), (alone[0] * 255).round().byte().numpy())


@pytest.mark.parametrize("known", [True, False])
def test_several_starts_have_a_map_of_their_deviation_and_a_plain_word(known):
    job = run(case_of(degraded=known), starts=2)
    fit = job.results[0].fit
    files = result_files(job)
    facts = json.loads(files["head-provenance.json"])["results"][0]["fit"]
    assert "head-deep_decoder-deviation.png" in files
    assert job.deviations()["deep_decoder"].levels.shape == (40, 36)
    painted = fit.deviation.levels.mean() / 255 * FULL_SCALE  # what is above the scale is cut off
    assert 0 < painted <= 1.02 * fit.deviation.mean
    assert facts["measured_against"] == ("reference" if known else "mean of the starts")
    assert facts["coefficient_of_variation"] == pytest.approx(fit.stability.cv, abs=1e-6)
    assert facts["unstable"] == fit.stability.unstable
    assert "stable: the PSNRs of the starts against" in format_job(job)


def test_one_start_has_neither():
    job = run()
    facts = describe_job(job, {})["results"][0]["fit"]
    assert job.deviations() == {}
    assert (facts["coefficient_of_variation"], facts["deviation_mean"]) == (None, None)
    assert (facts["iterations"], facts["ended"], facts["kept"]) == (
        12,
        "iterations",
        [job.results[0].fit.best[0]],
    )
    assert "**Deep Decoder** did all its 12 iterations; it keeps the picture of iteration" in format_job(job)


@pytest.mark.parametrize(
    ("left", "held_out", "words"),
    [
        (40, math.nan, "about 40 s left"),
        (360, 0.1, "at most 6 min left"),
        (9000, math.nan, "about 2.5 h left"),
    ],
)
def test_a_state_says_how_far_the_fit_is_and_how_long_it_takes(left, held_out, words):
    state = State(340, 1900, 0.1, held_out, 4.21, left, None, Curve())
    assert state.text == f"iteration 340 of 1,900, 4.2 per second, {words}"
