"""Tensor-product operators: mode products, and fast diagonalization of their sums."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Complex, Float, Inexact
from torch import Tensor

from pikan.linalg.dense import eigenvectors, svd

Factors = tuple[Tensor, ...]
"""A product of matrices, or of vectors: one for each coordinate."""
Solve = Callable[[Tensor], Tensor]

# Parts of matrices below this share of them are rounding.
_ROUNDING = 1e-13
# Eigenvectors nearer to dependent than this cost more digits than corrections bring back.
_DEPENDENT = 1e8


def mode_product(matrix: Inexact[Tensor, "_ b"], tensor: Tensor, axis: int) -> Tensor:
    """A matrix applied along one axis of a tensor."""
    return (tensor.movedim(axis, -1) @ matrix.mT).movedim(-1, axis)


def mode_products(factors: Factors, tensor: Tensor) -> Tensor:
    """A matrix applied along each axis of a tensor."""
    for axis, matrix in enumerate(factors):
        tensor = mode_product(matrix, tensor, axis)
    return tensor


def product_of_vectors(tensor: Tensor) -> Factors | None:
    """The vectors whose outer product a tensor is; None if it is none but for rounding.

    >>> product_of_vectors(torch.tensor([[2.0, 4.0], [3.0, 6.0]]))
    (tensor([4., 6.]), tensor([0.5000, 1.0000]))
    """
    size = tensor.abs()
    if not bool(size.any()):
        return tuple(torch.zeros_like(tensor.select(0, 0).new_zeros(n)) for n in tensor.shape)
    place = torch.unravel_index(size.argmax(), tensor.shape)
    top = tensor[place]
    lines = [
        tensor.movedim(axis, 0)[(slice(None), *(p for k, p in enumerate(place) if k != axis))]
        for axis in range(tensor.ndim)
    ]
    vectors = (lines[0], *(line / top for line in lines[1:]))
    off = (outer_product(vectors) - tensor).abs().max()
    return vectors if bool(off <= _ROUNDING * size.max()) else None


def outer_product(vectors: Sequence[Tensor]) -> Tensor:
    """The tensor of all products of the entries of vectors."""
    return reduce(lambda left, right: left[..., None] * right, vectors)


def lu(matrix: Float[Tensor, "n n"]) -> Solve:
    """The solution of a system in all coordinates at once, by LU."""
    factored = torch.linalg.lu_factor_ex(matrix)

    def solve(right: Tensor) -> Tensor:
        return torch.linalg.lu_solve(factored.LU, factored.pivots, right.reshape(-1, 1)).view(
            right.shape
        )

    return solve


class _Spectrum(NamedTuple):
    """All matrices M of one coordinate at once: `left` M_k `right` is the diagonal `values[k]`."""

    left: Tensor
    right: Tensor
    values: Tensor
    condition: float


def fast_diagonalization(terms: Sequence[Factors]) -> Solve | None:
    """The solution of (sum over k of M_k1 x M_k2 x ...) v = r for square matrices.

    All coordinates but one need matrices with common eigenvectors, as two matrices in all have;
    then a system along that one is left for each combination of eigenvectors. None where there
    are more, or eigenvectors are too near to dependent.

    Source: Lynch, Rice and Thomas 1964, doi 10.1007/BF01386067.
    """
    dimension = len(terms[0])
    stacks = [torch.stack([factors[axis] for factors in terms]) for axis in range(dimension)]
    others: dict[int, _Spectrum] = {}
    for axis in range(dimension):
        found = _spectrum(stacks, axis) if len(others) < dimension - 1 else None
        if found is not None and found.condition < _DEPENDENT:
            others[axis] = found
    if len(others) < dimension - 1:
        return None
    (direct,) = (axis for axis in range(dimension) if axis not in others)
    ones = stacks[0].new_ones(len(terms), 1)
    weights = reduce(
        lambda made, one: (made[:, :, None] * one.values[:, None, :]).flatten(1),
        others.values(),
        ones,
    )
    systems = torch.einsum("kj,kab->jab", weights, stacks[direct].to(weights))
    factored = torch.linalg.lu_factor_ex(systems)

    def solve(right: Tensor) -> Tensor:
        moved = right.to(weights)
        for axis, one in others.items():
            moved = mode_product(one.left.to(weights), moved, axis)
        columns = moved.movedim(direct, -1)
        found = torch.linalg.lu_solve(
            factored.LU, factored.pivots, columns.reshape(len(systems), -1, 1)
        )
        found = found.view(columns.shape).movedim(-1, direct)
        for axis, one in others.items():
            found = mode_product(one.right.to(weights), found, axis)
        return found.real

    return solve


def _spectrum(stacks: Sequence[Float[Tensor, "k _ _"]], axis: int) -> _Spectrum | None:
    """The common eigenvectors along one axis; None where not one or two matrices are at work.

    What is at work along an axis are not the terms' own matrices but what the other coordinates
    tell apart: u_xx + u_x + u_yy has two along x, the sum of the first two and one.
    """
    own, triangle = _triangle(stacks[axis])
    told = reduce(
        lambda made, other: torch.linalg.qr((made[:, None] * other).flatten(0, 1)).R,
        [_triangle(stack)[1] for k, stack in enumerate(stacks) if k != axis],
    )
    directions, sizes, _ = svd(triangle @ told.mT)
    rank = int((sizes > _ROUNDING * sizes[0]).sum())
    if not 1 <= rank <= 2:
        return None
    weights = directions[:, :rank].mT @ triangle
    size = stacks[axis].shape[-1]
    basis = [(own @ directions[:, k]).view(size, size) for k in range(rank)]
    if rank == 1:
        identity = torch.eye(size).to(own)
        left = torch.linalg.inv_ex(basis[0]).inverse
        return _Spectrum(left, identity, weights[0][:, None].expand(-1, size), 1.0)
    worse = torch.linalg.cond(torch.stack(basis), "fro").tolist()
    first = worse.index(min(worse))
    if not worse[first] < 1.0 / _ROUNDING:
        return None
    base, other = basis[first], basis[1 - first]
    values, right = eigenvectors(torch.linalg.solve_ex(base, other).result)
    if not bool(values.imag.any()):
        values, right = values.real, right.real
    condition = float(torch.linalg.cond(right, "fro"))
    left = torch.linalg.inv_ex(base.to(right) @ right).inverse
    weights = weights.to(values)
    return _Spectrum(
        left, right, weights[first][:, None] + weights[1 - first][:, None] * values, condition
    )


def _triangle(
    stack: Float[Tensor, "k _ _"],
) -> tuple[Float[Tensor, "_ q"], Float[Tensor, "q k"]]:
    """Orthonormal matrices and the weights with which the stacked ones are sums of them."""
    found = torch.linalg.qr(stack.flatten(1).mT)
    return found.Q, found.R


def sylvester(first: Factors, second: Factors) -> Solve:
    """The solution of A_1 W M_2ᵀ + M_1 W A_2ᵀ = R, from (A, M) of each of two coordinates.

    By Schur forms of A⁻¹ M, which are bounded operators where A holds derivatives: smooth modes
    keep their digits however small a cell is, which those of M⁻¹ A lose. Not finite where an A is
    singular.

    Source: Bartels and Stewart 1972, doi 10.1145/361573.361582.
    """
    import scipy.linalg  # slow to import, and seldom needed

    solves, triangles, turns = list[Solve](), list[np.ndarray](), list[np.ndarray]()
    for number, (derivative, mass) in enumerate((first, second)):
        factored = torch.linalg.lu_factor_ex(derivative)
        solves.append(lambda right, f=factored: torch.linalg.lu_solve(f.LU, f.pivots, right))
        compact = solves[-1](mass)
        if not bool(compact.isfinite().all()):
            return lambda right: torch.full_like(right, torch.nan)
        found = scipy.linalg.schur((compact.mT if number else compact).numpy(force=True))
        triangles.append(found[0])
        turns.append(found[1])
    solver = scipy.linalg.get_lapack_funcs(("trsyl",), triangles)[0]

    def solve(right: Tensor) -> Tensor:
        inner = solves[1](solves[0](right).mT).mT.numpy(force=True)
        turned = turns[0].T @ inner @ turns[1]
        found, scale, _ = solver(*triangles, turned)
        return torch.from_numpy(turns[0] @ (found / scale) @ turns[1].T).to(right)

    return solve


class DiagonalForm(NamedTuple):
    """A matrix as right · diag(values) · left, left being the inverse of right."""

    values: Complex[Tensor, " p"]
    right: Complex[Tensor, "p p"]
    left: Complex[Tensor, "p p"]


def diagonal_form(matrix: Float[Tensor, "p p"]) -> DiagonalForm:
    """The eigenvalues and eigenvectors; not finite where these are dependent."""
    values, right = eigenvectors(matrix)
    return DiagonalForm(values, right, torch.linalg.inv_ex(right).inverse)


def shifted_sylvester(first: Factors, second: Factors) -> Callable[[Tensor, Tensor], Tensor]:
    """The solutions of c M_1 W M_2ᵀ + A_1 W M_2ᵀ + M_1 W A_2ᵀ = R for several numbers c.

    From (A, M) of each of two coordinates, by eigenvectors of A⁻¹ M; for c [s] and R [s n m]. Not
    finite where an A is singular or eigenvectors are dependent.
    """
    lefts, rights, values = list[Tensor](), list[Tensor](), list[Tensor]()
    for derivative, mass in (first, second):
        factored = torch.linalg.lu_factor_ex(derivative)
        identity = torch.eye(len(mass)).to(mass)
        inverted = torch.linalg.lu_solve(factored.LU, factored.pivots, identity)
        found, vectors = eigenvectors(inverted @ mass)
        if not bool(found.imag.any()):
            found, vectors = found.real, vectors.real
        lefts.append(torch.linalg.inv_ex(vectors).inverse @ inverted.to(vectors))
        rights.append(vectors)
        values.append(found)

    def solve(shifts: Tensor, right: Tensor) -> Tensor:
        across, along = values[0][:, None], values[1]
        scales = shifts[:, None, None] * across * along + across + along
        turned = _apply(lefts[0], _apply(lefts[1], right.mT).mT) / scales
        return _apply(rights[0], _apply(rights[1], turned.mT).mT)

    return solve


def _apply(matrix: Tensor, stack: Tensor) -> Tensor:
    """A matrix, real or complex, applied to real or complex columns."""
    if matrix.is_complex() or not stack.is_complex():
        return matrix @ stack.to(torch.promote_types(matrix.dtype, stack.dtype))
    return torch.complex(matrix @ stack.real, matrix @ stack.imag)
