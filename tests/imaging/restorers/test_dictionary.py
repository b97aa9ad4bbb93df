"""Sparse codes: by hand, as the pursuit is defined, as others have it, and atoms that follow them."""

import numpy as np
import pytest
import torch

from uplapp.errors import Cancelled
from uplapp.imaging.restorers import dictionary
from uplapp.imaging.restorers.dictionary import batch_omp, cosine_atoms, follow_codes

KINDS = pytest.mark.parametrize("dtype", [torch.float64, torch.complex128, torch.complex64], ids=str)


def draw(*shape: int, dtype: torch.dtype = torch.complex128, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def unit_atoms(count: int, length: int, dtype: torch.dtype = torch.complex128) -> torch.Tensor:
    atoms = draw(count, length, dtype=dtype, seed=1)
    return atoms / atoms.norm(dim=1, keepdim=True)


def pursue(vector: np.ndarray, atoms: np.ndarray, most: int, error: float) -> np.ndarray:
    """Orthogonal matching pursuit as it is defined: least squares anew for each atom."""
    chosen: list[int] = []
    code, residual = np.zeros(len(atoms), vector.dtype), vector
    while len(chosen) < most and np.linalg.norm(residual) > error:
        chosen.append(int(np.abs(atoms.conj() @ residual).argmax()))
        values = np.linalg.lstsq(atoms[chosen].T, vector)[0]
        residual = vector - values @ atoms[chosen]
        code[:] = 0
        code[chosen] = values
    return code


def test_two_atoms_by_hand():
    atoms = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    # The second atom fits (1.2, 1.6 + .5) best; what it leaves, the first explains only with its help.
    vector = 2 * atoms[1] + 0.25 * atoms[0]
    torch.testing.assert_close(batch_omp(vector[None], atoms, 2), torch.tensor([[0.25, 2.0]]))
    torch.testing.assert_close(batch_omp(vector[None], atoms, 1), torch.tensor([[0.0, 2.15]]))


def test_of_an_orthonormal_dictionary_the_largest_products_are_kept():
    atoms, vectors = cosine_atoms(4, torch.complex128), draw(50, 16)
    products = vectors @ atoms.mH
    least = products.abs().sort(dim=1).values[:, -3:-2]
    codes = batch_omp(vectors, atoms, 3)
    torch.testing.assert_close(codes, torch.where(products.abs() >= least, products, 0))


@KINDS
@pytest.mark.parametrize(("most", "error"), [(4, 0.0), (8, 2.0), (1, 0.0)])
def test_the_codes_are_those_of_the_pursuit_as_it_is_defined(dtype, most, error):
    atoms, vectors = unit_atoms(20, 12, dtype), draw(60, 12, dtype=dtype)
    codes = batch_omp(vectors, atoms, most, error)
    expected = [pursue(vector, atoms.numpy(), most, error) for vector in vectors.numpy()]
    tolerance = 1e-3 if dtype == torch.complex64 else 1e-9
    np.testing.assert_allclose(codes.numpy(), np.stack(expected), atol=tolerance)


def test_the_codes_are_those_of_scikit_learn():
    omp = pytest.importorskip("sklearn.linear_model").orthogonal_mp_gram
    atoms, vectors = unit_atoms(36, 36, torch.float64), draw(40, 36, dtype=torch.float64)
    outside = omp((atoms @ atoms.T).numpy(), (atoms @ vectors.T).numpy(), n_nonzero_coefs=5)
    np.testing.assert_allclose(batch_omp(vectors, atoms, 5).numpy(), outside.T, atol=1e-9)


@KINDS
def test_a_residual_is_small_enough_or_has_all_its_atoms_and_is_orthogonal_to_them(dtype):
    atoms, vectors = unit_atoms(36, 36, dtype), draw(300, 36, dtype=dtype)
    codes = batch_omp(vectors, atoms, 6, 4.5)
    residual, used = vectors - codes @ atoms, codes != 0
    count = used.sum(dim=1)
    assert ((residual.norm(dim=1) <= 4.5 + 1e-4) | (count == 6)).all()
    assert 0 < int((count < 6).sum()) < 300
    products = (residual @ atoms.mH)[used]
    torch.testing.assert_close(products, torch.zeros_like(products), atol=1e-4, rtol=0)


def test_the_size_of_blocks_does_not_change_the_codes(monkeypatch):
    atoms, vectors = unit_atoms(20, 12), draw(50, 12)
    whole = batch_omp(vectors, atoms, 4, 2.0)
    monkeypatch.setattr(dictionary, "BLOCK", 7)
    torch.testing.assert_close(batch_omp(vectors, atoms, 4, 2.0), whole)


def test_nothing_has_no_codes_and_atoms_that_are_the_same_are_used_once():
    atoms = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    codes = batch_omp(torch.tensor([[0.0, 0.0, 0.0], [2.0, 1.0, 0.0]]), atoms, 2)
    torch.testing.assert_close(codes @ atoms, torch.tensor([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))
    assert torch.isfinite(codes).all()


def test_a_check_that_raises_ends_the_work_between_blocks(monkeypatch):
    monkeypatch.setattr(dictionary, "BLOCK", 10)
    calls = []

    def check() -> None:
        calls.append(len(calls))
        if len(calls) == 2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled, match="stopped"):
        batch_omp(draw(50, 12), unit_atoms(20, 12), 4, 0.0, check)
    assert calls == [0, 1]


def test_the_cosines_are_orthonormal_and_the_first_is_flat():
    atoms = cosine_atoms(6)
    torch.testing.assert_close(atoms @ atoms.mH, torch.eye(36, dtype=torch.complex64))
    torch.testing.assert_close(atoms[0], torch.full((36,), 1 / 6, dtype=torch.complex64))


def test_the_atoms_that_follow_are_the_directions_of_least_squares():
    vectors, codes = draw(200, 12), draw(200, 6, seed=2)
    atoms = follow_codes(vectors, codes, unit_atoms(6, 12))
    expected = np.linalg.lstsq(codes.numpy(), vectors.numpy())[0]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(atoms.numpy(), expected, atol=1e-4)  # a ridge keeps them apart


def test_an_atom_that_nobody_uses_becomes_the_vector_that_is_explained_worst():
    vectors = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 5.0], [0.0, 1.0, 0.0]])
    atoms = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    codes = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    followed = follow_codes(vectors, codes, atoms)
    torch.testing.assert_close(followed, torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))


def test_atoms_learn_the_dictionary_that_made_the_vectors():
    true = unit_atoms(8, 12, torch.float64)
    generator = torch.Generator().manual_seed(3)
    codes = torch.zeros(600, 8, dtype=torch.float64)
    places = torch.rand(600, 8, generator=generator).argsort(dim=1)[:, :2]
    codes.scatter_(1, places, torch.randn(600, 2, dtype=torch.float64, generator=generator))
    vectors = codes @ true
    atoms = true + 0.2 * draw(8, 12, dtype=torch.float64, seed=4)
    atoms = atoms / atoms.norm(dim=1, keepdim=True)
    errors = []
    for _ in range(8):
        sparse = batch_omp(vectors, atoms, 2)
        errors.append(float((vectors - sparse @ atoms).norm()))
        atoms = follow_codes(vectors, sparse, atoms)
    assert errors[-1] < 0.2 * errors[0]
