"""Null space of a small matrix, by NumPy alone: checking a file does not wait for torch."""

import numpy as np
from jaxtyping import Float

# A pivot among orthonormal rows; below it is what rounding leaves of 0.
_INDEPENDENT = 1e-6


def echelon_null_space(matrix: Float[np.ndarray, "r p"], cutoff: float) -> Float[np.ndarray, "k p"]:
    """A basis of the x with matrix · x = 0, as rows in reduced echelon form.

    Singular values and entries below `cutoff` are zero. The form is a function of the null space:
    whichever basis of it LAPACK finds, the rows are the same.

    >>> echelon_null_space(np.array([[1.0, 1.0, 0.0]]), cutoff=1e-9)
    array([[ 1., -1.,  0.],
           [ 0.,  0.,  1.]])
    """
    rows, columns = matrix.shape
    _, sizes, vectors = np.linalg.svd(matrix, full_matrices=rows < columns)
    unseen = np.append(sizes, [0.0] * (columns - len(sizes))) < cutoff
    found, done = vectors[unseen], 0
    for column in range(columns):
        pivots = np.abs(found[done:, column])
        if not np.any(pivots > _INDEPENDENT):
            found[done:, column] = 0.0
            continue
        pivot = done + int(np.argmax(pivots))
        found[[done, pivot]] = found[[pivot, done]]
        found[done] /= found[done, column]
        others = np.arange(len(found)) != done
        found[others] -= np.outer(found[others, column], found[done])
        done += 1
    return np.where(np.abs(found) > cutoff, found, 0.0)
