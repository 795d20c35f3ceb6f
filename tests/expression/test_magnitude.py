"""The size of a formula's terms bounds its value, and tells how much of them has canceled."""

import math

import numpy as np
import pytest
from hypothesis import given

from pikan.expression.evaluate import evaluate
from pikan.expression.magnitude import magnitude
from pikan.expression.parse import parse
from tests.expression.formulas import trees

POINT = {"x": 3.0, "t": -0.5, "nu": 1.25, "u": 2.0, "u_xx": -3.5}


@given(trees)
def test_no_value_is_larger_than_its_terms(tree):
    size, value = magnitude(tree, POINT), evaluate(tree, POINT, np)
    if math.isfinite(size) and math.isfinite(value):
        assert size >= abs(value) * (1 - 1e-12)


def test_factors_of_known_names_count_as_they_are():
    known = {"x", "nu"}
    assert magnitude(parse("(x - 2.5)*(u - 1) + x - 2.5"), POINT, known) == 0.5 * 3.0 + 5.5
    assert magnitude(parse("(x - 2.5)/nu*(x - nu)"), POINT, known) == 0.5 / 1.25 * 1.75


@pytest.mark.parametrize(
    ("formula", "size"),
    [
        ("x - x", 6.0),
        ("x + t", 3.5),
        ("-(x + t)", 3.5),
        ("(x - x)*(x + t)", 21.0),
        ("(x - x)*t", 3.0),
        ("(x - x)/t", 12.0),
        ("x/(t + t)", 3.0),
        ("(x + t)^2", 6.25),
        ("t^3", 0.125),
        ("minimum(t, x)", 0.5),
        ("t", 0.5),
        ("-4", 4.0),
    ],
)
def test_terms_add_up_and_factors_multiply(formula, size):
    assert magnitude(parse(formula), POINT) == size


def test_each_point_has_its_own_size():
    x = np.array([-2.0, 0.0, 1.0])
    np.testing.assert_array_equal(magnitude(parse("x - x*2"), {"x": x}), 3 * np.abs(x))


def test_what_is_not_finite_comes_back_in_silence():
    assert magnitude(parse("1/0"), POINT) == math.inf
    assert math.isnan(magnitude(parse("x + 0/0"), POINT))
    x = np.array([0.0, 1e300])
    np.testing.assert_array_equal(magnitude(parse("1/x"), {"x": x}), [math.inf, 1e-300])
    np.testing.assert_array_equal(magnitude(parse("x*x"), {"x": x}), [0.0, math.inf])
