"""Errors are the norms they are called, on points that training does not use."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pikan.geometry.box import Box
from pikan.references.data import ReferenceData
from pikan.report.errors import by_chunks, check_points, distance, errors, floating
from tests.stated import stated


def test_exact_values_have_no_error(boxed):
    problem = boxed(formulas={"u": "sin(x)*y"})
    found = errors(problem, problem.exact.values)
    assert found["u"].maximum == found["u"].rmse == found["u"].relative_l2 == 0.0
    assert (found["u"].against, found["u"].points) == ("exact", 164**2)


def test_a_constant_offset_has_that_error_in_all_norms(boxed):
    problem = boxed(formulas={"u": "2"})
    found = errors(problem, lambda points: np.full((len(points), 1), 2.5))["u"]
    assert (found.maximum, found.rmse, found.relative_l2) == pytest.approx((0.5, 0.5, 0.25))


def test_the_mean_square_of_a_straight_line_is_a_third(boxed):
    problem = boxed(coordinates=("x",), formulas={"u": "1"})
    found = errors(problem, lambda points: 1 + points)["u"]
    # On N + 1 equidistant points the mean of x^2 is (2 N + 1) / (6 N).
    assert found.rmse**2 == pytest.approx((2 * 1009 + 1) / (6 * 1009), rel=1e-13)


def test_without_a_known_solution_there_are_no_errors(boxed):
    assert errors(boxed(), lambda points: points[:, :1]) == {}


def test_data_are_compared_where_they_lie(boxed):
    places = np.random.default_rng(0).random((50, 2))
    problem = replace(boxed(), exact=ReferenceData(places, {"u": places[:, 0]}, None))
    found = errors(problem, lambda points: points[:, :1])["u"]
    assert (found.maximum, found.against, found.points) == (0.0, "reference", 50)


def test_only_known_unknowns_are_compared_and_each_with_its_own(boxed):
    problem = boxed(unknowns=("u", "v"), formulas={"v": "x"})
    found = errors(problem, lambda points: np.stack([0 * points[:, 0], points[:, 0]], axis=1))
    assert set(found) == {"v"}
    assert found["v"].maximum == 0.0


def test_an_unknown_that_nothing_pins_is_compared_up_to_a_constant(boxed):
    problem = boxed(formulas={"u": "x"}, pinned=False)
    assert floating(problem) == {"u"}
    assert errors(problem, lambda points: points[:, :1] + 7)["u"].maximum < 1e-14


def test_a_condition_on_the_value_pins_an_unknown(boxed):
    problem = boxed(formulas={"u": "x"})
    assert floating(problem) == frozenset()
    assert errors(problem, lambda points: points[:, :1] + 7)["u"].maximum == 7.0


def test_the_scale_is_one_where_the_truth_is_zero():
    assert distance(np.full(4, 0.5), np.zeros(4), "exact").relative_l2 == 0.5


def test_a_diverged_solution_has_no_finite_error(boxed):
    problem = boxed(formulas={"u": "x"})
    found = errors(problem, lambda points: np.full((len(points), 1), np.inf))
    assert not np.isfinite(found["u"].rmse)


@pytest.mark.parametrize(("dimension", "count"), [(1, 1010), (2, 164**2), (3, 38**3)])
def test_grids_hold_their_corners(dimension, count):
    box = Box(("x", "y", "z")[:dimension], (-1.0,) * dimension, (3.0,) * dimension)
    points = check_points(box)
    assert points.shape == (count, dimension)
    assert points.min() == -1.0
    assert points.max() == 3.0


@given(st.integers(2, 1008))
def test_no_training_grid_shares_an_inner_point(intervals):
    training = np.arange(1, intervals) / intervals
    mine = check_points(Box(("x",), (0.0,), (1.0,)))[:, 0]
    assert np.abs(training[:, None] - mine).min() > 1e-9


def test_many_coordinates_are_covered_evenly():
    points = check_points(Box(tuple("abcde"), (0.0,) * 5, (2.0,) * 5))
    assert points.shape == (2**14, 5)
    np.testing.assert_allclose(points.mean(axis=0), 1.0, atol=1e-3)


def test_a_corner_in_which_conditions_contradict_each_other_counts_nothing():
    problem = stated("""
domain: {x: [0, 1], y: [0, 1]}
unknowns: [u]
equations: [laplacian(u) = 0]
conditions:
  - {where: y = 0, that: u = 0}
  - {where: x = 0, that: u = 1}
  - {where: [x = 1, y = 1], that: u = 2/pi*atan(y/(x + 1e-300))}
exact: {u: 2/pi*atan(y/(x + 1e-300))}
""")

    def other_in_the_corner(points):
        values = problem.exact.values(points)
        values[(points == 0).all(axis=1)] = 1.0
        return values

    assert errors(problem, other_in_the_corner)["u"].maximum == 0.0
    assert errors(problem, lambda x: problem.exact.values(x) + 1)["u"].points == 163**2


def test_chunks_give_what_one_call_gives():
    points = np.random.default_rng(0).random((10_000, 2))
    np.testing.assert_array_equal(by_chunks(np.sin, points), np.sin(points))
