"""The table of restorers: kinds, what they take, how their options are set."""

import pytest
import torch

from tests.imaging.scans import head
from uplapp.described import options_of
from uplapp.errors import Cancelled, UnknownName, UplappError
from uplapp.imaging.case import Case
from uplapp.imaging.evaluation.candidates import methods_of, of_methods, settings_of
from uplapp.imaging.physics import DEGRADATIONS
from uplapp.imaging.restorers import RESTORERS
from uplapp.imaging.restorers.classical import TotalVariation
from uplapp.imaging.tasks import TASKS

METHODS = [(task, method) for task in TASKS for method in methods_of(task)]


def test_the_methods_of_each_task_are_those_that_take_its_measurements():
    fitted = ["deep_decoder", "conv_decoder", "deep_image_prior"]
    assert methods_of("denoise") == ["nlm", "wavelet", "tv", *fitted]
    assert methods_of("inpaint") == ["biharmonic", "tv", *fitted]
    assert methods_of("superresolution") == ["bicubic", "tv", *fitted]
    assert methods_of("mri") == ["zero_filled", "wavelet", "tv", "sense", "dlmri", *fitted]
    assert methods_of("xray") == []
    assert methods_of("volume") == ["nlm", "wavelet", "tv", "gaussian"]
    assert RESTORERS["network"].kind == "network"


@pytest.mark.parametrize(("task", "method"), METHODS)
def test_every_method_restores_a_case_of_every_task_that_it_takes(task, method):
    row = TASKS[task]
    clean = torch.from_numpy(head(128, 112)).float().expand(row.channels_out, 128, 112).clone()
    if row.axes == 3:
        clean = clean[:, None].repeat(1, 12, 1, 1)
    case = Case("x", task, row.degrade().measure(clean), clean)
    heard = []

    def watch(share, text, preview):
        heard.append(share)
        return True

    quick = {"iterations": 6, "k": 8} if RESTORERS[method].kind == "fitted" else {}
    restored = RESTORERS.build(method, **quick).restore(case, watch)
    assert restored.shape == clean.shape
    assert restored.dtype == torch.float32
    assert 0 <= restored.min() <= restored.max() <= 1
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert torch.equal(restored, RESTORERS.build(method, **quick).restore(case, watch))
    error, before = ((image.clamp(0, 1) - clean).square().mean() for image in (restored, case.seen))
    # With one coil SENSE has nothing to unfold, and its weight makes the image darker by a hundredth.
    assert error <= 1.01 * before or quick


@pytest.mark.parametrize("method", ["deep_decoder", "conv_decoder", "deep_image_prior"])
def test_a_fit_that_is_watched_is_cancelled_as_any_restoration_is(method):
    clean = torch.from_numpy(head(80, 72)).float()[None]
    case = Case("x", "denoise", TASKS["denoise"].degrade().measure(clean), clean)
    with pytest.raises(Cancelled):
        RESTORERS.build(method, k=4, iterations=5).restore(case, lambda share, text, preview: False)


@pytest.mark.parametrize("side", [16, 33, 64, 120])
@pytest.mark.parametrize("method", ["tv", "wavelet", "sense", "dlmri"])
def test_compressed_sensing_takes_slices_of_any_size(method, side):
    clean = torch.linspace(0, 1, side).expand(1, side + 5, side).clone()
    case = Case("x", "mri", TASKS["mri"].degrade(acceleration=2).measure(clean), clean)
    assert RESTORERS.build(method).restore(case).shape == clean.shape


@pytest.mark.parametrize("name", RESTORERS)
def test_a_method_takes_kinds_that_there_are(name):
    entry, kinds = RESTORERS[name], {row.build.operator for row in DEGRADATIONS.values()}
    assert set(entry.operators) <= kinds
    assert entry.takes("projections", 2) == (entry.operators == ())
    assert not entry.takes("pixels", 7)


@pytest.mark.parametrize("name", [name for name, entry in RESTORERS.items() if entry.kind != "network"])
def test_every_option_of_a_method_has_a_label_and_help(name):
    assert all(one.label and one.help for one in options_of(RESTORERS[name].build))


def test_settings_go_to_every_method_that_has_them_or_to_the_one_that_is_named():
    names = ["tv", "wavelet", "zero_filled"]
    assert settings_of(names, ["weight=0.01", "tv.sigma=3"]) == {
        "tv": {"weight": 0.01, "sigma": 3.0},
        "wavelet": {"weight": 0.01},
        "zero_filled": {},
    }
    assert settings_of(names, ["weight=auto"])["tv"] == {"weight": None}


@pytest.mark.parametrize(
    ("names", "text", "sentence"),
    [
        (
            ["tv"],
            "speed=3",
            "'--set speed=3' sets nothing here; the options are: tv.sigma, tv.weight, tv.maps",
        ),
        (["tv"], "nlm.sigma=3", "sets nothing here"),
        (["tv"], "weight", "sets nothing here"),
        (["zero_filled"], "weight=1", "the options are: none"),
        ([], "weight=1", "the options are: none"),
        (["tv"], "weight=heavy", "weight is 'heavy'; it needs a number from 0 up"),
        (["tv"], "weight=-1", "weight is -1.0; it needs a number from 0 up"),
    ],
)
def test_a_setting_that_sets_nothing_is_refused(names, text, sentence):
    with pytest.raises(UplappError, match=sentence):
        settings_of(names, [text])


def test_candidates_of_methods_build_what_they_say():
    [candidate] = of_methods(["tv"], {"tv": {"weight": 0.01}})
    assert candidate.build() == TotalVariation(weight=0.01)
    assert candidate.facts == {"method": "tv", "checkpoint": None, "loss": None, "consistency": None}


@pytest.mark.parametrize(
    ("names", "settings", "sentence"),
    [
        (["network"], {}, "'network' needs a checkpoint; name one instead"),
        (["tv"], {"tv": {"speed": 3}}, "has no option 'speed'"),
        (["tv"], {"tv": {"weight": -1}}, "weight is -1"),
    ],
)
def test_methods_that_cannot_be_had_are_refused(names, settings, sentence):
    with pytest.raises(UplappError, match=sentence):
        of_methods(names, settings)


def test_an_unknown_method_lists_the_choices():
    with pytest.raises(
        UnknownName, match="unknown method 'magic'; choose one of: bicubic, biharmonic, conv_decoder"
    ):
        of_methods(["magic"])
