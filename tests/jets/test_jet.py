"""Jets: closures, products and compositions, against plain polynomials and nested autograd."""

from math import comb

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.jets.jet import Jet, bell, chain_rule, closure, compose, coordinates, multiply

multi_indices = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=4
)


@given(multi_indices)
def test_a_closure_holds_all_below_and_nothing_else(wanted):
    closed = closure(wanted)
    assert closed[0] == (0, 0, 0)
    assert set(wanted) <= set(closed)
    assert list(closed) == sorted(set(closed), key=lambda index: (sum(index), index))
    for index in closed:
        assert any(all(i <= j for i, j in zip(index, top, strict=True)) for top in wanted)
        for axis, order in enumerate(index):
            assert order == 0 or (*index[:axis], order - 1, *index[axis + 1 :]) in closed


def nested(function, points, index):
    """The slow twin: one derivative after the other by autograd."""
    inputs = points.clone().requires_grad_()
    value = function(inputs)
    for axis, order in enumerate(index):
        for _ in range(order):
            (slopes,) = torch.autograd.grad(value.sum(), inputs, create_graph=True)
            value = slopes[:, axis]
    return value.detach()


@pytest.mark.parametrize("top", [(4, 0), (2, 2), (1, 3), (3, 1)])
def test_products_and_compositions_have_the_derivatives_of_nested_autograd(top):
    points = torch.rand(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    indices = closure([top])
    x = coordinates(points, indices)
    left, right = (Jet(indices, x.values[..., axis : axis + 1]) for axis in (0, 1))
    inner = multiply(multiply(left, right), left)
    derivatives = torch.stack([torch.exp(inner.values[0])] * (sum(top) + 1)).unsqueeze(-1)
    outer = compose(derivatives, inner)[..., 0, 0]
    for place, index in enumerate(indices):
        expected = nested(lambda z: torch.exp(z[:, 0] ** 2 * z[:, 1]), points, index)
        # Sums of at most 15 products of numbers that agree to a few units in the last place.
        torch.testing.assert_close(outer[place], expected, rtol=1e-13, atol=1e-13)


def test_set_partitions_of_one_variable_are_counted_by_stirling():
    indices = closure([(6,)])
    factors = bell(chain_rule(indices), torch.ones(7, dtype=torch.float64))

    def stirling(n, k):
        if k in (0, n):
            return int(n == k or k != 0)
        return k * stirling(n - 1, k) + stirling(n - 1, k - 1)

    for n in range(1, 7):
        for k in range(1, n + 1):
            assert factors[k - 1][n - k].item() == stirling(n, k)


def test_coordinates_know_their_own_derivatives():
    points = torch.tensor([[0.5, -2.0]])
    jet = coordinates(points, closure([(2, 0), (0, 1)]))
    assert jet.indices == ((0, 0), (0, 1), (1, 0), (2, 0))
    assert jet.values[:, 0].tolist() == [[0.5, -2.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]


def test_powers_follow_the_binomial_theorem():
    indices = closure([(5,)])
    points = torch.tensor([[1.5]], dtype=torch.float64)
    x = coordinates(points, indices)
    cube = multiply(multiply(x, x), x)
    expected = [comb(3, k) * [1, 1, 2, 6, 0, 0][k] * 1.5 ** max(3 - k, 0) for k in range(6)]
    assert cube.values[:, 0, 0].tolist() == expected
