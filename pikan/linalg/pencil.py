"""Real eigenvalues of a pencil of two small matrices; NumPy alone."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

# Imaginary parts below this part of the largest eigenvalue are rounding.
_ROUNDING = 1e-9


class RealPencil(NamedTuple):
    """Eigenvalues, and a left eigenvector for each by rows."""

    values: Float[np.ndarray, " n"]
    rows: Float[np.ndarray, "n n"]


def real_pencil(
    mass: Float[np.ndarray, "n n"], matrix: Float[np.ndarray, "n n"]
) -> RealPencil | None:
    """Those y with y M⁻¹ A = λ y; None where M is singular, or not all are real and independent.

    Source: Golub and Van Loan 2013, Matrix Computations, section 7.7.

    >>> found = real_pencil(np.eye(2), np.array([[0.0, 4.0], [1.0, 0.0]]))
    >>> sorted(found.values.round(12).tolist())
    [-2.0, 2.0]
    """
    size = len(mass)
    if np.linalg.matrix_rank(mass) < size:
        return None
    values, columns = np.linalg.eig(np.linalg.solve(mass, matrix).T)
    largest = np.abs(values).max(initial=0.0)
    real = np.abs(np.imag(values)).max(initial=0.0) <= _ROUNDING * largest
    if not real or np.linalg.matrix_rank(columns) < size:
        return None
    return RealPencil(np.real(values), np.real(columns).T)


def symmetric_values(
    mass: Float[np.ndarray, " n"], matrix: Float[np.ndarray, "n n"]
) -> Float[np.ndarray, " n"]:
    """Those λ with A x = λ M x in rising order, A symmetric, M a positive diagonal.

    >>> symmetric_values(np.array([1.0, 4.0]), np.diag([2.0, 4.0])).tolist()
    [1.0, 2.0]
    """
    scale = 1.0 / np.sqrt(mass)
    return np.linalg.eigvalsh(scale[:, None] * matrix * scale)
