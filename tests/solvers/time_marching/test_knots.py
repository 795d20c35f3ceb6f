"""A spline's own last derivative tells its error, and where its knots belong."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import BSpline, make_lsq_spline

from pikan.solvers.time_marching.knots import equidistribute, errors, integrals, roughness


def spline(function, knots, degree):
    """The best spline in the least-squares sense on many points."""
    cells = [np.linspace(a, b, 40) for a, b in pairwise(knots)]
    points = np.unique(np.concatenate(cells))
    ends = [knots[0]] * degree, [knots[-1]] * degree
    return make_lsq_spline(
        points, function(points), np.concatenate([ends[0], knots, ends[1]]), degree
    )


def true_error(function, knots, degree):
    points = np.linspace(knots[0], knots[-1], 5003)
    return float(np.abs(spline(function, knots, degree)(points) - function(points)).max())


def told(function, knots, degree):
    """The roughness as the spline itself tells it."""
    last = spline(function, knots, degree).derivative(degree)
    return roughness(knots, last((knots[1:] + knots[:-1]) / 2)[:, None])


SMOOTH = {
    "sine": lambda x: np.sin(3 * x),
    "exponential": np.exp,
    "bump": lambda x: 1 / (3 + x**2),
}


@given(
    degree=st.integers(1, 9),
    cells=st.lists(st.floats(0.1, 1), min_size=3, max_size=12),
    factor=st.floats(0.1, 10),
)
def test_the_roughness_of_a_power_is_its_constant_derivative(degree, cells, factor):
    knots = np.concatenate([[0.0], np.cumsum(cells)])
    # f = factor x^(p+1) / (p+1)! has the last derivative factor x, which a spline has on average.
    last = factor * (knots[1:] + knots[:-1])[:, None] / 2
    np.testing.assert_allclose(roughness(knots, last), factor, rtol=1e-10)


def test_the_roughest_of_several_splines_counts():
    knots = np.linspace(0.0, 1.0, 5)
    last = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, -3.0], [1.0, -3.0]])
    found = roughness(knots, last)
    # Cells of 4, 12, 12 and 0, of which the third would vanish with its neighbor.
    means = [4**0.75 * 12**0.25, 12**0.75 * 4**0.25, 1.2, 0.0]
    np.testing.assert_allclose(found, means)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("degree", [3, 5, 7])
def test_a_spline_tells_a_bound_of_its_error_from_its_roughness(name, degree):
    knots = np.linspace(-1.0, 1.0, 17)
    rough = told(SMOOTH[name], knots, degree)
    found = true_error(SMOOTH[name], knots, degree)
    assert found < errors(knots, rough, degree).max()
    # Favard's constant is for the worst function of that roughness. The error of one whose last
    # derivative varies slowly is a Bernoulli polynomial in each cell, 2 (h / 2π)^(p+1).
    smooth = 2 * (np.diff(knots).max() / (2 * math.pi)) ** (degree + 1) * rough.max()
    assert 0.3 < found / smooth < 3


@pytest.mark.parametrize("degree", [3, 7])
@pytest.mark.parametrize("width", [0.1, 0.01])
def test_knots_follow_a_layer_until_the_error_is_what_was_asked(width, degree):
    def layer(x):
        return np.tanh((x - 0.3) / width)

    knots, tolerance = np.linspace(-1.0, 1.0, 17), 1e-6
    for _ in range(12):
        knots = equidistribute(knots, told(layer, knots, degree), degree, tolerance, 400)
    assert 0.02 < true_error(layer, knots, degree) / tolerance < 5
    finest = np.diff(knots).argmin()
    assert abs((knots[finest] + knots[finest + 1]) / 2 - 0.3) < 3 * width
    # Even cells as fine as the finest would be many more.
    assert len(knots) - 1 < 0.5 * 2.0 / np.diff(knots).min()


@given(degree=st.integers(1, 9), cells=st.lists(st.floats(0.1, 1), min_size=1, max_size=8))
def test_integrals_are_those_of_the_splines(degree, cells):
    knots = np.concatenate([[0.0], np.cumsum(cells)])
    ends = np.full(degree, knots[0]), np.full(degree, knots[-1])
    padded = np.concatenate([ends[0], knots, ends[1]])
    nodes, weights = np.polynomial.legendre.leggauss(degree)
    found = 0.0
    for a, b in pairwise(knots):
        points = (a + b) / 2 + (b - a) / 2 * nodes
        values = BSpline.design_matrix(points, padded, degree).toarray()
        found = found + (b - a) / 2 * weights @ values
    np.testing.assert_allclose(integrals(knots, degree), found, rtol=1e-12)


@given(degree=st.integers(1, 9), rate=st.floats(0, 4))
def test_new_cells_share_the_error_evenly(degree, rate):
    old = np.linspace(0.0, 1.0, 2001)
    size = (40 * math.pi) ** (degree + 1)
    middles = (old[1:] + old[:-1]) / 2
    new = equidistribute(old, size * np.exp(rate * middles), degree, 1.0, 10_000)
    ends = size * np.exp(rate * new)
    # The error of a cell lies between those for the roughness at its ends; the number of cells
    # is rounded up.
    rounded = (1 - 1 / (len(new) - 1)) ** (degree + 1)
    assert (errors(new, ends[1:], degree) > 0.99 * rounded).all()
    assert (errors(new, ends[:-1], degree) < 1.01).all()


@given(st.integers(1, 9))
def test_half_the_width_of_cells_is_2_to_the_order_more_accurate(degree):
    old = np.linspace(0.0, 1.0, 101)
    rough = np.full(100, (40 * math.pi) ** (degree + 1))
    coarse = equidistribute(old, rough, degree, 1.0, 10**6)
    fine = equidistribute(old, rough, degree, 1.0 / 2 ** (degree + 1), 10**6)
    assert len(fine) - 1 == pytest.approx(2 * (len(coarse) - 1), abs=1)


@given(
    rough=st.lists(st.floats(0, 1e12), min_size=4, max_size=30),
    degree=st.integers(1, 9),
    most=st.integers(6, 50),
)
def test_knots_increase_between_the_same_ends_within_bounds(rough, degree, most):
    old = np.linspace(-1.0, 1.0, len(rough) + 1)
    new = equidistribute(old, np.array(rough), degree, 1e-8, most)
    assert (new[0], new[-1]) == (-1.0, 1.0)
    assert (np.diff(new) > 0).all()
    assert 6 <= len(new) - 1 <= most


def test_cells_beside_a_layer_are_graded():
    rough = np.zeros(64)
    rough[32] = 1e12
    new = equidistribute(np.linspace(-1.0, 1.0, 65), rough, 3, 1e-6, 1000)
    widths = np.diff(new)
    layer = widths.min()
    middles = (new[1:] + new[:-1]) / 2
    beside = widths[np.abs(middles - (1 / 64 + 2 / 64)).argmin()]
    assert layer < beside < layer / 0.25
    assert math.isclose(widths.sum(), 2.0)


def test_no_cell_is_so_narrow_that_it_has_no_width():
    rough = np.array([1e-3, 1e200, 1e-3])
    found = equidistribute(np.array([-1.0, 0.5, 0.5 + 1e-15, 1.0]), rough, 5, 1e-9, 10_000)
    assert (np.diff(found) > 0).all()
    assert (found[0], found[-1]) == (-1.0, 1.0)
