"""Sparse systems of equations."""

import numpy as np
from jaxtyping import Float
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu


def sparse_solve(matrix: csc_array, right: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The x with matrix · x = right, by sparse LU; not finite where the matrix is singular.

    Rows and columns are scaled, for a symmetric matrix with a positive diagonal to ones on it.
    """
    sizes = np.sqrt(np.abs(matrix.diagonal()))
    scale = 1.0 / np.where(sizes > 0, sizes, 1.0)
    scaled = matrix.multiply(scale[:, None]).multiply(scale[None]).tocsc()
    if not np.isfinite(scaled.data).all():
        return np.full_like(right, np.nan)
    try:
        found = splu(scaled).solve(scale * right)
    except RuntimeError:  # exactly singular
        return np.full_like(right, np.nan)
    return scale * found
