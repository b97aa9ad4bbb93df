"""The shipped studies: their metrics are the printed ones, under the names of the votes."""

import pytest

from uplapp.analysis.agreement.agreement import agreement
from uplapp.analysis.reading.published import PUBLISHED, published, published_metrics
from uplapp.analysis.scoring import analyse
from uplapp.errors import UnknownName
from uplapp.values import Method


def value(name, metric, condition):
    metrics = published_metrics(name)
    return metrics.values[metrics.names.index(metric), 0, metrics.conditions.index(condition)]


@pytest.mark.parametrize("name", PUBLISHED)
def test_votes_and_metrics_name_the_same_conditions(name):
    assert published_metrics(name).conditions == tuple(sorted(published(name).conditions))
    assert published_metrics(name).notes == ()


@pytest.mark.parametrize(
    ("name", "metric", "condition", "printed"),
    [
        ("denoising", "psnr", "l2", 32.05),
        ("denoising", "l1", "Adaptive", 18.60 / 1000),
        ("denoising", "lpips", "LPIPS+l2", 0.0500),
        ("mri", "ms_ssim_knee", "MS-SSIM", 0.9595),
        ("mri", "flip_brain", "FLIP", 0.1842),
    ],
)
def test_values_are_the_printed_ones(name, metric, condition, printed):
    assert value(name, metric, condition) == pytest.approx(printed)


@pytest.mark.parametrize("name", ["denoising", "mri"])
def test_printed_psnr_and_l2_order_the_networks_nearly_alike(name):
    """A row typed into the wrong column would not: PSNR of the mean error lies near the mean PSNR."""
    metrics = published_metrics(name)
    by_name = dict(zip(metrics.names, metrics.values[:, 0], strict=True))
    psnr = [values for metric, values in by_name.items() if metric.startswith("psnr")]
    l2 = [values for metric, values in by_name.items() if metric.startswith("l2")]
    for some, errors in zip(psnr, l2, strict=True):
        assert ((some[:, None] - some) * (errors[:, None] - errors) <= 1e-6).all()


def test_lpips_agrees_with_the_observers_of_the_denoising_study_and_psnr_does_not():
    scores = analyse(published("denoising"), Method(bootstraps=100))
    result = agreement(scores, published_metrics("denoising")).table.set_index("metric")
    assert result.loc["lpips", "spearman"] == pytest.approx(27 / 35)
    assert result.loc["psnr", "spearman"] == pytest.approx(-15 / 35)


def test_an_unknown_study_lists_the_choices():
    with pytest.raises(UnknownName, match="choose one of: denoising, mri"):
        published_metrics("ct")
