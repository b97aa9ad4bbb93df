"""Sparse codes of many vectors in one dictionary, and dictionaries that follow the codes.

Vectors are rows, real or complex: x is nearly codes @ atoms. As in Rubinstein et al. (2008) `gram` are the
inner products of the atoms, `alpha` those of the atoms with the residual.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Vectors that are coded at the same time, so that what is in use fits a processor's cache.
BLOCK = 2048
# A chosen atom whose part outside the span of the others is smaller, squared, brings nothing but rounding.
LEAST_NEW = 1e-6
# Vectors that have all their atoms are set aside where so few others are left.
MANY_FINISHED = 0.8
# So little in the normal equations of a dictionary keeps two atoms that go together apart.
RIDGE = 1e-6


def cosine_atoms(side: int, dtype: torch.dtype = torch.complex64) -> Tensor:
    """The products of two cosines (side^2,side^2), an orthonormal dictionary of patches."""
    place = torch.arange(side, dtype=torch.float64)
    waves = torch.cos(math.pi / side * place[:, None] * (place[None, :] + 0.5))
    waves = waves / waves.norm(dim=1, keepdim=True)
    return torch.kron(waves, waves).to(dtype)


def batch_omp(
    vectors: Tensor,
    atoms: Tensor,
    most: int,
    error: float = 0.0,
    check: Callable[[], None] = lambda: None,
) -> Tensor:
    """Codes (N,K) of vectors (N,n) in atoms (K,n) of unit norm, by orthogonal matching pursuit.

    A vector gets atoms until the norm of its residual is at most `error`, but not more than `most`. `check`
    is called for each block of vectors, and may raise.
    Source: Rubinstein et al. (2008), batch OMP; with the triangle of Cholesky.
    """
    gram = atoms @ atoms.mH
    codes = vectors.new_zeros(len(vectors), len(atoms))
    energy = _energies(vectors)
    open_ = torch.nonzero(energy > error**2)[:, 0]
    for rows in torch.split(open_, BLOCK):
        check()
        codes[rows] = _pursue(vectors[rows] @ atoms.mH, energy[rows], gram, most, error**2)
    return codes


@dataclass(frozen=True, eq=False)
class Pursuit:
    """The state of N vectors: products (N,K) with all atoms, energies (N,) of residuals, what was taken.

    `atoms` are t places (N,). `corners` are the columns of the triangle R of the atoms, G = R^H R, each with
    its products (N,) above the diagonal and the diagonal; `parts` (N,) solve R^H parts = products.
    """

    products: Tensor
    energy: Tensor
    atoms: tuple[Tensor, ...] = ()
    corners: tuple[tuple[Tensor, ...], ...] = ()
    parts: tuple[Tensor, ...] = ()

    def of(self, rows: Tensor) -> "Pursuit":
        """Give the state of some of the vectors."""
        corners = tuple(tuple(one[rows] for one in corner) for corner in self.corners)
        atoms, parts = (tuple(one[rows] for one in each) for each in (self.atoms, self.parts))
        return Pursuit(self.products[rows], self.energy[rows], atoms, corners, parts)

    def take(self, atom: Tensor, gram: Tensor, goal: float) -> "Pursuit":
        """Add an atom (N,) to the code of each vector. A vector whose error is at the goal stays as it is."""
        corner: list[Tensor] = []
        size, part = torch.ones_like(self.energy), _pick(self.products, atom)
        for earlier, column, done in zip(self.atoms, self.corners, self.parts, strict=True):
            product = gram[atom, earlier]
            for above, other in zip(column, corner, strict=False):
                product = product - above.conj() * other
            corner.append(product / column[-1])
            size = size - _sizes(corner[-1])
            part = part - corner[-1].conj() * done
        new = (size > LEAST_NEW) & (self.energy > goal)
        length = torch.where(new, size, 1).sqrt().to(part.dtype)
        part = torch.where(new, part / length, 0)
        return Pursuit(
            self.products,
            self.energy - _sizes(part),
            (*self.atoms, atom),
            (*self.corners, (*corner, length)),
            (*self.parts, part),
        )

    def codes(self) -> Tensor:
        """The codes (N,K) that solve R codes = parts, from the last atom to the first."""
        values: list[Tensor] = []
        for place in range(len(self.parts) - 1, -1, -1):
            value = self.parts[place]
            for corner, later in zip(self.corners[:place:-1], values, strict=True):
                value = value - corner[place] * later
            values.append(value / self.corners[place][place])
        places = torch.stack(self.atoms[::-1], dim=1)
        # An atom that was taken twice brought nothing the second time.
        return torch.zeros_like(self.products).scatter_add_(1, places, torch.stack(values, dim=1))


def _pursue(products: Tensor, energy: Tensor, gram: Tensor, most: int, goal: float) -> Tensor:
    """The codes (N,K) of one block, by the products (N,K) of its vectors with the atoms."""
    all_codes = torch.zeros_like(products)
    rows = torch.arange(len(products), device=products.device)
    state, alpha = Pursuit(products, energy), products
    for _ in range(min(most, len(gram))):
        state = state.take(_sizes(alpha).argmax(dim=1), gram, goal)
        codes = state.codes()
        unfinished = torch.nonzero(state.energy > goal)[:, 0]
        if len(unfinished) < MANY_FINISHED * len(rows):
            all_codes[rows] = codes
            rows, state, codes = rows[unfinished], state.of(unfinished), codes[unfinished]
        if not len(rows):
            break
        alpha = torch.addmm(state.products, codes, gram, alpha=-1)
    all_codes[rows] = codes
    return all_codes


def _pick(table: Tensor, column: Tensor) -> Tensor:
    """The value (N,) in one column of each row of a table (N,K)."""
    return table.gather(1, column[:, None])[:, 0]


def _sizes(values: Tensor) -> Tensor:
    """The squared magnitudes of real or complex values."""
    if not values.is_complex():
        return values.square()
    return values.real.square() + values.imag.square()


def _energies(vectors: Tensor) -> Tensor:
    """The squared norms (N,) of vectors (N,n)."""
    return _sizes(vectors).sum(dim=1)


def follow_codes(vectors: Tensor, codes: Tensor, atoms: Tensor) -> Tensor:
    """The atoms (K,n) of unit norm that explain vectors (N,n) best with the codes (N,K) that they have.

    Atoms that no vector used become the vectors that are explained worst.
    Source: Engan et al. (1999), method of optimal directions.
    """
    normal = codes.mH @ codes
    size = normal.diagonal().real
    ridge = RIDGE * size.max().clamp_min(torch.finfo(size.dtype).tiny)
    eye = torch.eye(len(atoms), dtype=normal.dtype, device=normal.device)
    fresh = torch.linalg.solve(normal + ridge * eye, codes.mH @ vectors)
    unused = torch.nonzero(size <= ridge)[:, 0]
    if len(unused):
        residual = _energies(vectors - codes @ atoms)
        worst = residual.topk(min(len(unused), len(vectors))).indices
        fresh[unused[: len(worst)]] = vectors[worst]
    length = _energies(fresh).sqrt()[:, None]
    return torch.where(length > torch.finfo(length.dtype).tiny, fresh / length, atoms)
