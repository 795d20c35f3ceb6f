"""The rows that come back span the null space, and are in reduced echelon form."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pikan.linalg.null_space import echelon_null_space


@given(st.integers(0, 999), st.integers(1, 8), st.integers(1, 8), st.integers(0, 8))
def test_the_rows_are_all_that_the_matrix_makes_zero(seed, rows, columns, rank):
    random = np.random.default_rng(seed)
    rank = min(rank, rows, columns)
    # Orthonormal factors: the rank is not in doubt.
    left = np.linalg.qr(random.normal(size=(rows, rank)))[0]
    right = np.linalg.qr(random.normal(size=(columns, rank)))[0]
    found = echelon_null_space(left @ right.T, cutoff=1e-9)
    assert found.shape == (columns - rank, columns)
    # The pivots of random rows are not small: these are as independent as they come.
    assert np.abs(left @ (right.T @ found.T)).max(initial=0.0) <= 1e-8 * np.abs(found).max(
        initial=1.0
    )
    pivots = [int(np.flatnonzero(row)[0]) for row in found]
    assert pivots == sorted(set(pivots))
    np.testing.assert_allclose(found[:, pivots], np.eye(len(found)), atol=1e-12)


def test_entries_and_directions_below_the_cutoff_are_zero():
    matrix = np.diag([1.0, 1e-10, 1.0])
    np.testing.assert_array_equal(echelon_null_space(matrix, cutoff=1e-9), [[0.0, 1.0, 0.0]])
    assert len(echelon_null_space(matrix, cutoff=1e-11)) == 0
    slanted = np.array([[1.0, -1e-5, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(
        echelon_null_space(slanted, cutoff=1e-9), [[1.0, 1e5, 0.0]], rtol=1e-9
    )
    np.testing.assert_array_equal(
        echelon_null_space(slanted[1:], cutoff=1e-9), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    )
