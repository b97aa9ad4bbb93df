"""Optimisers: PyTorch's own Muon and Adam as oracles, and what holds for a kernel."""

from dataclasses import replace

import pytest
import torch

from tests.imaging import tiny
from tests.imaging.tiny import ALONE, SPEC, TINY, changed, weights
from uplapp.errors import Cancelled, UplappError
from uplapp.imaging.recipes.optimisers import OPTIMISERS, Muon, orthogonalise
from uplapp.imaging.recipes.spec import Schedule
from uplapp.imaging.training.run import train

STEPS = 7


def gradients(*shape):
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(shape, generator=generator) for _ in range(STEPS)]


def walk(make, start, slopes):
    parameter = torch.nn.Parameter(start.clone())
    optimiser = make([parameter])
    for slope in slopes:
        parameter.grad = slope.clone()
        optimiser.step()
    return parameter.detach()


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_a_matrix_steps_as_by_the_muon_of_pytorch(shape):
    start = torch.zeros(shape)
    ours = walk(lambda p: Muon(p, lr=0.01), start, gradients(*shape))
    oracle = {"lr": 0.01, "momentum": 0.95, "weight_decay": 0.0, "adjust_lr_fn": "match_rms_adamw"}
    theirs = walk(lambda p: torch.optim.Muon(p, **oracle), start, gradients(*shape))
    # Both turn in bfloat16, ours from an unscaled sum of gradients: digits differ, not where they lead.
    assert torch.nn.functional.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.999
    assert ours.norm().item() == pytest.approx(theirs.norm().item(), rel=5e-3)


@pytest.mark.parametrize("shape", [(12,), ()])
def test_a_vector_steps_as_by_adam(shape):
    start = torch.zeros(shape)
    ours = walk(lambda p: Muon(p, lr=0.01, beta2=0.99), start, gradients(*shape))
    theirs = walk(lambda p: OPTIMISERS.build("adam", parameters=p, lr=0.01), start, gradients(*shape))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-7)


def test_a_kernel_steps_as_the_matrix_of_its_rows_in_any_layout():
    slopes = gradients(8, 6, 3, 3)
    kernel, last = (
        walk(
            lambda p: Muon(p, lr=0.01),
            torch.zeros(8, 6, 3, 3),
            [slope.to(memory_format=layout) for slope in slopes],
        )
        for layout in (torch.contiguous_format, torch.channels_last)
    )
    matrix = walk(lambda p: Muon(p, lr=0.01), torch.zeros(8, 54), [slope.flatten(1) for slope in slopes])
    assert torch.equal(kernel.flatten(1), matrix)
    assert torch.equal(last, kernel)


@pytest.mark.parametrize("shape", [(24, 200), (200, 24), (30, 30)])
def test_an_orthogonalised_matrix_keeps_its_directions_and_loses_its_lengths(shape):
    matrix = gradients(*shape)[0] @ torch.diag(torch.logspace(-1, 1, shape[1]))
    left, lengths, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = orthogonalise(matrix)
    along = (left.T @ turned @ right.T).diagonal()
    long = lengths > lengths.max() / 100
    # The polynomial leaves singular values between .7 and 1.2 (Jordan et al.).
    assert ((along[long] > 0.6) & (along[long] < 1.3)).all()
    aligned = torch.nn.functional.cosine_similarity(turned.flatten(), (left @ right).flatten(), dim=0)
    assert aligned > 0.9


def test_a_gradient_of_zero_moves_nothing():
    start = torch.ones(4, 6)
    assert torch.equal(walk(lambda p: Muon(p, lr=0.1), start, [torch.zeros(4, 6)] * 3), start)


def test_a_step_does_not_depend_on_the_scale_of_the_loss():
    slopes = gradients(10, 30)
    small, large = (
        walk(lambda p: Muon(p, lr=0.01), torch.zeros(10, 30), [scale * slope for slope in slopes])
        for scale in (2.0**-10, 2.0**10)
    )
    torch.testing.assert_close(small, large)


@pytest.mark.parametrize("stop_at", [1, 7])
def test_a_run_by_muon_that_was_stopped_ends_with_the_weights_of_an_unbroken_one(stop_at, tmp_path):
    photographs = tiny.photographs()
    spec = changed(SPEC, schedule=replace(TINY, optimiser="muon"))
    unbroken = train(spec, photographs, tmp_path / "unbroken", ALONE)
    with pytest.raises(Cancelled, match=f"stopped at step {stop_at}"):
        train(spec, photographs, tmp_path / "broken", ALONE, lambda progress: progress.step < stop_at)
    resumed = train(spec, photographs, tmp_path / "broken", ALONE)
    assert torch.equal(weights(resumed.learner.network), weights(unbroken.learner.network))
    assert not torch.equal(
        weights(unbroken.learner.network), weights(train(SPEC, photographs, tmp_path, ALONE).learner.network)
    )


def test_an_unknown_optimiser_lists_the_choices():
    with pytest.raises(UplappError, match="unknown optimiser 'sgd'; choose one of: adam, muon"):
        Schedule(optimiser="sgd")
