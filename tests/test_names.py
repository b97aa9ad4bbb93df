"""Names that others rely on stay where they are."""

from importlib import import_module

import pytest

TABLES = {
    "uplapp.imaging.losses:LOSSES": "l1 l2 ssim ms_ssim lpips_l2 flip flip_gray adaptive vgg upl",
    "uplapp.imaging.metrics:METRICS": "psnr ssim ms_ssim vif lpips flip l1 l2 sis",
    "uplapp.imaging.networks:NETWORKS": "unet resnet crn segmenter",
    "uplapp.imaging.physics:DEGRADATIONS": "noise undersampling projection",
    "uplapp.imaging.restorers:RESTORERS": "network nlm wavelet tv zero_filled",
    "uplapp.imaging.tasks:TASKS": "denoise mri xray",
    "uplapp.imaging.training:LEARNERS": "supervised segmentation",
    "uplapp.study.presentations:PRESENTATIONS": "pairs rating",
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_holds_the_names_that_others_rely_on(table):
    module, _, name = table.partition(":")
    assert set(TABLES[table].split()) <= set(getattr(import_module(module), name))
