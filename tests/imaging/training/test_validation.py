"""Looking at validation images: the same pairs each time, and nothing in the training changes."""

from dataclasses import replace

import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, weights
from uplapp.imaging.files.pictures import encode_png, read_image
from uplapp.imaging.files.samples import sample_path
from uplapp.imaging.physics import crop_centre
from uplapp.imaging.tasks import TASKS
from uplapp.imaging.training.learners import Supervised
from uplapp.imaging.training.log import read_log
from uplapp.imaging.training.run import log_path, train
from uplapp.imaging.training.validation import Validation


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.photograph_folder(tmp_path_factory.mktemp("photographs"))


def read(folder, **options):
    return Validation.read(TASKS["denoise"], folder, side_px=64, **options)


class Copy(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.one = torch.nn.Parameter(torch.ones(()))

    def forward(self, image):
        return image * self.one


def test_pairs_are_the_centres_of_the_first_images(folder):
    [batch] = read(folder, count=1).batches
    image = read_image(sample_path("astronaut")).with_channels(3)
    height, width = image.shape[-2:]
    top, left = (height - 64) // 2, (width - 64) // 2
    assert torch.equal(batch.clean[0], image[:, top : top + 64, left : left + 64])


def test_every_reading_gives_the_same_pairs_each_with_noise_of_its_own(folder):
    first, again = (torch.cat([batch.seen for batch in read(folder).batches]) for _ in range(2))
    assert torch.equal(first, again)
    noise = [batch.seen - batch.clean for batch in read(folder).batches]
    assert not torch.allclose(noise[0], noise[1], atol=1e-3)


def test_a_small_image_is_looked_at_whole():
    image = torch.rand(3, 20, 100, generator=torch.Generator().manual_seed(0))
    assert crop_centre(image, (64, 64)).shape == (3, 20, 64)


def test_a_network_that_does_nothing_scores_as_the_noise_does(tmp_path):
    (tmp_path / "grey.png").write_bytes(encode_png(torch.full((3, 64, 64), 0.5)))
    learner = Supervised(SPEC, ALONE)
    learner.network = Copy()
    scores = read(tmp_path).look(learner, "float32")
    # Sigma 25 of 255; the standard error of a mean square of 12,288 samples is 1.3%, or 0.06 dB.
    assert scores.loss == pytest.approx((25 / 255) ** 2, rel=0.05)
    assert scores.psnr == pytest.approx(20.17, abs=0.2)


@pytest.mark.parametrize("loss", ["l2", "adaptive", "upl"])
def test_looking_changes_no_weight_and_no_generator(loss, folder, tmp_path):
    options = {"resample": True} if loss == "upl" else {}
    spec = changed(SPEC, loss=loss, loss_options=options)
    blind = train(spec, tiny.photographs(), tmp_path / "blind", ALONE)
    before = torch.get_rng_state()
    seeing = train(spec, tiny.photographs(), tmp_path / "seeing", ALONE, None, read(folder, every=1))
    assert torch.equal(weights(seeing.learner.network), weights(blind.learner.network))
    assert torch.equal(torch.get_rng_state(), before)
    assert seeing.learner.network.training


def test_parts_keep_their_own_mode_and_no_gradient_is_left(folder):
    learner = Supervised(SPEC, ALONE)
    network = learner.network
    frozen = next(iter(network.children())).eval()
    read(folder).look(learner, "bfloat16")
    assert network.training
    assert not frozen.training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_scores_stand_in_the_log_at_their_steps_and_at_the_end(folder, tmp_path):
    heard = []
    spec = changed(SPEC, schedule=replace(TINY, steps=7))
    train(spec, tiny.photographs(), tmp_path, ALONE, heard.append, read(folder, every=3))
    assert [progress.step for progress in heard if progress.scores] == [3, 6, 7]
    rows = read_log(log_path(tmp_path, spec))
    assert [row["step"] for row in rows if row["validation_psnr"]] == ["3", "6", "7"]
    assert [float(row["validation_psnr"]) for row in rows] == pytest.approx(
        [progress.scores.psnr for progress in heard if progress.scores], abs=1e-4
    )
