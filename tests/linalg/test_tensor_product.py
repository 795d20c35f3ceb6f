"""Sums of products of matrices are solved as the matrix of all coordinates at once would be."""

from functools import reduce

import pytest
import torch

from pikan.linalg.tensor_product import (
    fast_diagonalization,
    lu,
    outer_product,
    product_of_vectors,
    sylvester,
)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near_identity(size, seed):
    return torch.eye(size, dtype=torch.float64) + 0.1 * drawn(size, size, seed=seed)


def operators(*sizes):
    """The sum of one operator for each coordinate, among them one of two matrices."""
    ones = [torch.eye(size, dtype=torch.float64) for size in sizes]
    terms = []
    for axis, size in enumerate(sizes):
        for part in range(2):
            own = near_identity(size, 10 * axis + part)
            terms.append(tuple(own if k == axis else one for k, one in enumerate(ones)))
    return terms


@pytest.mark.parametrize("sizes", [(5,), (4, 7), (6, 3, 5)])
def test_one_coordinate_after_the_other_gives_what_all_at_once_give(sizes):
    terms = operators(*sizes)
    matrix = sum(reduce(torch.kron, factors) for factors in terms)
    right = drawn(*sizes, seed=5)
    expected = torch.linalg.solve(matrix, right.flatten()).view(sizes)
    torch.testing.assert_close(fast_diagonalization(terms)(right), expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(lu(matrix)(right), expected, rtol=1e-12, atol=1e-14)


def test_matrices_without_common_eigenvectors_are_not_separated():
    terms = [(drawn(4, 4, seed=2 * k), drawn(5, 5, seed=2 * k + 1)) for k in range(3)]
    assert fast_diagonalization(terms) is None


def test_vectors_are_found_where_a_tensor_is_their_product():
    vectors = drawn(3, seed=1), drawn(4, seed=2), drawn(2, seed=3)
    product = outer_product(vectors)
    torch.testing.assert_close(outer_product(product_of_vectors(product)), product)
    assert product_of_vectors(product + torch.ones_like(product)) is None
    assert not outer_product(product_of_vectors(torch.zeros(2, 3))).any()


def test_one_matrix_along_a_coordinate_is_inverted_once_for_all_terms():
    # Along x all three terms have one matrix, and along y three that have no common eigenvectors.
    along_x = near_identity(4, 1)
    terms = [(along_x, near_identity(6, 10 + k)) for k in range(3)]
    matrix = sum(torch.kron(*factors) for factors in terms)
    right = drawn(4, 6, seed=5)
    expected = torch.linalg.solve(matrix, right.flatten()).view(4, 6)
    torch.testing.assert_close(fast_diagonalization(terms)(right), expected, rtol=1e-10, atol=1e-12)


def test_eigenvectors_that_are_nearly_dependent_are_not_used():
    jordan = torch.tensor([[1.0, 1.0], [0.0, 1.0 + 1e-12]], dtype=torch.float64)
    one = torch.eye(2, dtype=torch.float64)
    both = [(jordan, one), (one, jordan), (one, one)]
    solve = fast_diagonalization(both)
    # Along one coordinate a system is solved as it is, the other needs eigenvectors.
    assert solve is None


def test_a_sylvester_equation_has_the_solution_of_the_whole_system():
    generator = torch.Generator().manual_seed(0)
    made = [
        torch.rand(n, n, dtype=torch.float64, generator=generator) + k * n * torch.eye(n)
        for n, k in ((4, 1), (4, 0), (6, 1), (6, 0))
    ]
    right = torch.rand(4, 6, dtype=torch.float64, generator=generator)
    found = sylvester((made[0], made[1]), (made[2], made[3]))(right)
    whole = torch.kron(made[0], made[3]) + torch.kron(made[1], made[2])
    torch.testing.assert_close(found.flatten(), torch.linalg.solve(whole, right.flatten()))


def solved(terms):
    """What all coordinates at once give, and what one after the other gives."""
    matrix = sum(reduce(torch.kron, factors) for factors in terms)
    sizes = [len(one) for one in terms[0]]
    right = drawn(*sizes, seed=5)
    expected = torch.linalg.solve(matrix, right.flatten()).view(sizes)
    solve = fast_diagonalization(terms)
    assert solve is not None
    return solve(right), expected


def test_the_better_conditioned_matrix_along_a_coordinate_is_inverted():
    # By far the largest part along x is singular; the identity beside it is not.
    singular = 100.0 * torch.diag(torch.tensor([1.0, 2.0, 3.0, 0.0], dtype=torch.float64))
    one, other = (torch.eye(size, dtype=torch.float64) for size in (4, 6))
    found, expected = solved([(singular, other), (one, near_identity(6, 3))])
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
