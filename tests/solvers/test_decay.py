"""Coefficients that decay tell how many are missing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pikan.solvers.decay import coefficient_decay, next_degree, tail_size


def geometric(ratio, degree, every=1):
    """ratio^-k, with only each `every`-th coefficient there, as odd and even functions have."""
    orders = torch.arange(degree + 1, dtype=torch.float64)
    return torch.where(orders % every == 0, ratio**-orders, torch.zeros_like(orders))


@given(ratio=st.floats(1.15, 20), every=st.integers(1, 2), tolerance=st.sampled_from([1e-6, 1e-14]))
def test_a_geometric_decay_ends_near_the_least_degree_that_will_do(ratio, every, tolerance):
    degree = 8
    for _ in range(40):
        higher = next_degree(geometric(ratio, degree, every), tolerance)
        if higher == degree:
            break
        degree = higher
    least = math.log(1 / tolerance) / math.log(ratio)
    assert tail_size(geometric(ratio, degree, every)) <= tolerance
    # The last step may go three degrees too far, the tail is three long, the start is at 8.
    assert degree <= max(8, 1.1 * least + 7)


@pytest.mark.parametrize("degree", [4, 8, 20])
def test_what_has_decayed_keeps_its_degree_and_what_has_not_begun_to_grows_by_half(degree):
    assert next_degree(geometric(1e3, degree), 1e-6) == degree
    assert next_degree(torch.ones(degree + 1), 1e-6) == degree + max(3, degree // 2)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=40), st.sampled_from([1e-2, 1e-9]))
def test_a_degree_never_falls_and_at_most_doubles(sizes, tolerance):
    degree = len(sizes) - 1
    higher = next_degree(torch.tensor(sizes, dtype=torch.float64), tolerance)
    assert degree <= higher <= max(2 * degree, degree + 3)


def test_the_chebyshev_series_of_runges_function_is_predicted():
    # 1 / (1 + 25 x²): ratio (1 + sqrt(26)) / 5, Trefethen 2013, chapter 8.
    nodes = np.polynomial.chebyshev.chebpts1(400)
    series = np.polynomial.chebyshev.chebfit(nodes, 1 / (1 + 25 * nodes**2), 300)
    start = torch.from_numpy(np.abs(series[:41]))
    found = start
    for _ in range(10):
        found = torch.from_numpy(np.abs(series[: next_degree(found, 1e-12) + 1]))
    least = int(np.flatnonzero(np.abs(series) > 1e-12).max())
    assert least <= len(found) - 1 <= 1.1 * least + 6


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_profile_is_the_largest_of_each_order_relative_to_each_unknown(axis):
    sizes, unknowns = (3, 4, 2), 2
    drawn = np.random.default_rng(0).normal(size=(*sizes, unknowns)) * [1.0, 1e-6]
    found = coefficient_decay(torch.from_numpy(drawn.reshape(-1, unknowns)), sizes, axis)
    for order in range(sizes[axis]):
        plain = max(
            np.abs(np.take(drawn[..., k], order, axis)).max() / np.abs(drawn[..., k]).max()
            for k in range(unknowns)
        )
        assert float(found[order]) == pytest.approx(plain, rel=1e-14)


def test_an_unknown_that_is_zero_has_no_tail():
    coefficients = torch.zeros(9, 2, dtype=torch.float64)
    coefficients[0, 0] = 5.0
    assert coefficient_decay(coefficients, (9,), 0).tolist() == [1.0] + [0.0] * 8
