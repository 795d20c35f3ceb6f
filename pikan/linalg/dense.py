"""Dense factorizations and least squares that come back from every matrix.

Where a matrix is not finite, or LAPACK finds no result, the result is not finite either: whoever
needs it sees that in the numbers that follow, and says that a solution diverged.
"""

from collections.abc import Callable
from math import nan
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

# Each inverse iteration leaves less of all but the smallest singular value; its order suffices.
ITERATIONS = 4


class LeastSquaresSolution(NamedTuple):
    """The least-squares solution, and how many independent columns it stands on."""

    solution: Float[Tensor, " p"]
    rank: int


def scaled_least_squares(
    matrix: Float[Tensor, "r p"], right: Float[Tensor, " r"], cutoff: float
) -> LeastSquaresSolution:
    """The x of least |matrix · x - right|, each column measured in its own length.

    Singular values of the scaled matrix below `cutoff` times the largest count as zero; among the
    solutions that are then left it is the shortest in scaled columns. One step of iterative
    refinement. Cost: 4 r p² operations, and some 20 p³ more where columns are dependent.

    Source: Björck 1996, Numerical Methods for Least Squares Problems, chapter 2.

    >>> scaled_least_squares(torch.eye(2), torch.tensor([3.0, 4.0]), cutoff=1e-6)
    LeastSquaresSolution(solution=tensor([3., 4.]), rank=2)
    """
    lengths = column_lengths(matrix)
    scaled = matrix / lengths
    solve, rank = solver(scaled, cutoff)
    first = solve(right)
    refined = first + solve(right - scaled @ first)
    return LeastSquaresSolution(refined / lengths, rank)


def column_lengths(matrix: Float[Tensor, "r p"]) -> Float[Tensor, " p"]:
    """The Euclidean length of each column, one for a column of zeros."""
    lengths = torch.linalg.vector_norm(matrix, dim=0)
    return torch.where(lengths > 0.0, lengths, torch.ones_like(lengths))


Solve = Callable[[Float[Tensor, "r ..."]], Float[Tensor, "p ..."]]


def least_squares(
    matrix: Float[Tensor, "*n r p"], right: Float[Tensor, "*n r k"], cutoff: float
) -> Float[Tensor, "*n p k"]:
    """The X of least |matrix · X - right|, the shortest where columns are dependent.

    Singular values below `cutoff` times the largest count as zero.

    >>> least_squares(torch.ones(2, 2), torch.tensor([[2.0], [4.0]]), cutoff=1e-6)
    tensor([[1.5000],
            [1.5000]])
    """
    if matrix.ndim > 2:
        each = zip(matrix.flatten(0, -3), right.flatten(0, -3), strict=True)
        found = [least_squares(one, beside, cutoff) for one, beside in each]
        return torch.stack(found).view(*matrix.shape[:-2], *found[0].shape)
    solve, _ = solver(matrix, cutoff)
    return solve(right)


def solver(matrix: Float[Tensor, "r p"], cutoff: float) -> tuple[Solve, int]:
    """The pseudo-inverse of `matrix` as a function, and its numerical rank."""
    Q, R = torch.linalg.qr(matrix)
    rows, columns = R.shape
    if rows == columns and smallest_singular_value(R) > cutoff * float(torch.linalg.norm(R)):
        return lambda right: solve_triangle(R, Q.mT @ right), columns
    U, sizes, V = svd(R)
    rank = int((sizes > cutoff * sizes.max()).sum()) if bool(sizes.isfinite().all()) else len(sizes)
    left, right_vectors = Q @ U[:, :rank], V[:rank].mT / sizes[:rank]
    return lambda right: right_vectors @ (left.mT @ right), rank


def tall_solver(matrix: Float[Tensor, "*n r p"]) -> Solve:
    """The pseudo-inverses of matrices of full column rank, as a function of right sides."""
    Q, R = torch.linalg.qr(matrix)
    return lambda right: torch.linalg.solve_triangular(R, Q.mT @ right, upper=True)


def orthonormal(
    matrix: Float[Tensor, "r p"],
) -> tuple[Float[Tensor, "r p"], Float[Tensor, "p p"]]:
    """Q and R of matrix = Q R: its columns made orthonormal one after the other.

    >>> orthonormal(torch.tensor([[3.0], [4.0]]))[0].abs()
    tensor([[0.6000],
            [0.8000]])
    """
    return torch.linalg.qr(matrix)


def triangular_factor(matrix: Float[Tensor, "*n r p"]) -> Float[Tensor, "*n q p"]:
    """The R of matrix = Q R, upper triangular, so that RᵀR = matrixᵀ matrix.

    >>> triangular_factor(torch.tensor([[3.0], [4.0]])).abs()
    tensor([[5.]])
    """
    return torch.linalg.qr(matrix, mode="r").R


def eigenvalues(matrix: Float[Tensor, "p p"]) -> Complex[Tensor, " p"]:
    """The eigenvalues of a square matrix, in no order; NaN where it is not finite.

    >>> eigenvalues(torch.tensor([[2.0]]))
    tensor([2.+0.j])
    """
    if not bool(matrix.isfinite().all()):
        return torch.full_like(matrix[0], torch.nan) + 0j
    return torch.linalg.eigvals(matrix)


def svd(
    matrix: Float[Tensor, "r p"],
) -> tuple[Float[Tensor, "r q"], Float[Tensor, " q"], Float[Tensor, "q p"]]:
    """U, the singular values and Vᵀ, as many as the shorter side.

    By QR iteration where divide and conquer does not converge, which is quicker.
    """
    try:
        found = torch.linalg.svd(matrix, full_matrices=False)
        if bool(found.S.isfinite().all()):
            return found.U, found.S, found.Vh
    except RuntimeError:
        pass
    import scipy.linalg  # slow to import, and seldom needed

    try:
        whole = matrix.cpu().numpy()
        parts = scipy.linalg.svd(whole, full_matrices=False, lapack_driver="gesvd")
        left, sizes, right = (torch.from_numpy(part).to(matrix) for part in parts)
    except (ValueError, np.linalg.LinAlgError):
        sizes = matrix.new_full((min(matrix.shape),), nan)
        left = torch.full_like(matrix[:, : len(sizes)], nan)
        right = torch.full_like(matrix[: len(sizes)], nan)
    return left, sizes, right


def damped_least_squares(
    matrix: Float[Tensor, "*n r p"],
    right: Float[Tensor, "*n r"],
    damping: float | Float[Tensor, "*n"],
) -> Float[Tensor, "*n p"]:
    """The x of least |matrix · x - right|² + damping |x|², by QR of both, one above the other.

    >>> damped_least_squares(torch.eye(2), torch.tensor([2.0, 4.0]), damping=1.0).round(decimals=5)
    tensor([1., 2.])
    """
    return damped_triangle(matrix, right, damping).solution()


class DampedTriangle(NamedTuple):
    """R and c with RᵀR = matrixᵀ matrix + damping and Rᵀc = matrixᵀ right."""

    triangle: Float[Tensor, "*n p p"]
    right: Float[Tensor, "*n p"]

    def solution(self) -> Float[Tensor, "*n p"]:
        """The x of least |matrix · x - right|² + damping |x|²."""
        right = self.right[..., None]
        return torch.linalg.solve_triangular(self.triangle, right, upper=True).squeeze(-1)

    def normal_solution(self, right: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
        """The x with (matrixᵀ matrix + damping) x = right, of one matrix alone.

        Source: Björck 1996, Numerical Methods for Least Squares Problems, section 2.9.5
        (semi-normal equations).
        """
        return solve_triangle(self.triangle, solve_triangle(self.triangle, right, transposed=True))


def damped_triangle(
    matrix: Float[Tensor, "*n r p"],
    right: Float[Tensor, "*n r"],
    damping: float | Float[Tensor, "*n"],
) -> DampedTriangle:
    """The triangle of the matrix and √damping times the unit matrix below it."""
    columns = matrix.shape[-1]
    # In one go: by way of torch's own precision a number would lose half its digits.
    root = torch.as_tensor(damping**0.5, dtype=matrix.dtype, device=matrix.device)
    ridge = root[..., None, None]
    below = (torch.eye(columns).to(matrix) * ridge).expand(*matrix.shape[:-2], -1, -1)
    above = torch.cat([matrix, right[..., None]], dim=-1)
    stacked = torch.cat([above, torch.nn.functional.pad(below, (0, 1))], dim=-2)
    R = torch.linalg.qr(stacked, mode="r").R[..., :columns, :]
    return DampedTriangle(R[..., :-1], R[..., -1])


def solve_positive_definite(
    matrix: Float[Tensor, "*n p p"], right: Float[Tensor, "*n p"]
) -> Float[Tensor, "*n p"]:
    """The x with matrix · x = right, by Cholesky; not finite where one is not positive definite."""
    factor, faults = torch.linalg.cholesky_ex(matrix)
    found = torch.cholesky_solve(right[..., None], factor).squeeze(-1)
    return torch.where((faults == 0)[..., None], found, nan)


def solve_semidefinite(
    matrix: Float[Tensor, "p p"], right: Float[Tensor, "p k"]
) -> Float[Tensor, "p k"]:
    """The X with matrix · X = right, by Cholesky; the shortest one where that finds no factors.

    >>> solve_semidefinite(torch.diag(torch.tensor([2.0, 4.0])), torch.ones(2, 1))
    tensor([[0.5000],
            [0.2500]])
    """
    factor, faults = torch.linalg.cholesky_ex(matrix)
    if int(faults) == 0:
        return torch.cholesky_solve(right, factor)
    return least_squares(matrix, right, len(matrix) * torch.finfo(matrix.dtype).eps)


def solve_square(
    matrix: Float[Tensor, "*n p p"], right: Float[Tensor, "*n p"]
) -> Float[Tensor, "*n p"]:
    """The x with matrix · x = right, by LU; not finite where a matrix is singular."""
    found, faults = torch.linalg.solve_ex(matrix, right)
    return torch.where((faults == 0)[..., None], found, nan)


def inverse(matrix: Float[Tensor, "p p"]) -> Float[Tensor, "p p"]:
    """The inverse; not finite where there is none."""
    found = torch.linalg.inv_ex(matrix)
    return found.inverse if int(found.info) == 0 else torch.full_like(matrix, nan)


def eigenvectors(
    matrix: Float[Tensor, "p p"],
) -> tuple[Complex[Tensor, " p"], Complex[Tensor, "p p"]]:
    """The eigenvalues, and the eigenvectors as columns."""
    try:
        values, vectors = torch.linalg.eig(matrix)
    except RuntimeError:
        wide = torch.complex(matrix, matrix)
        values, vectors = torch.full_like(wide[0], nan), torch.full_like(wide, nan)
    return values, vectors


def solve_triangle(
    R: Float[Tensor, "p p"], right: Float[Tensor, "p ..."], transposed: bool = False
) -> Float[Tensor, "p ..."]:
    """The x with R x = right, R upper triangular; with Rᵀ in its place if `transposed`."""
    triangle, columns = R.mT if transposed else R, right.reshape(len(right), -1)
    found = torch.linalg.solve_triangular(triangle, columns, upper=not transposed)
    return found.view(right.shape)


def smallest_singular_value(R: Float[Tensor, "p p"]) -> float:
    """An estimate from above by inverse iteration, a few per cent off; zero where R is singular.

    >>> round(smallest_singular_value(torch.diag(torch.tensor([1.0, 0.5]))), 3)
    0.5
    """
    direction = torch.ones_like(R[0]) / len(R) ** 0.5
    growth = torch.ones_like(direction[0])
    for _ in range(ITERATIONS):
        grown = solve_triangle(R, solve_triangle(R, direction, transposed=True))
        growth = torch.linalg.vector_norm(grown)
        if not bool(growth.isfinite()):
            return 0.0
        direction = grown / growth
    return float(growth.rsqrt())


Whiten = Callable[..., Tensor]


def whitening(covariance: Float[Tensor, "r r"]) -> Whiten | None:
    """Multiplication by the inverse of the Cholesky factor C of a covariance, C Cᵀ.

    Rows with that covariance have unit noise after it; with True behind, it is by the inverse of
    Cᵀ. None where the covariance is not positive definite.
    """
    factor, faults = torch.linalg.cholesky_ex(covariance)
    if int(faults) or not bool(factor.isfinite().all()):
        return None

    def whiten(right: Float[Tensor, "r ..."], transposed: bool = False) -> Float[Tensor, "r ..."]:
        return solve_triangle(factor.mT, right, transposed=not transposed)

    return whiten
