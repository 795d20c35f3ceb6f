"""Bounds from interval arithmetic hold everywhere on a box."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pikan.expression.enclosure import enclosure
from pikan.expression.evaluate import evaluate
from pikan.expression.functions import FUNCTIONS
from pikan.expression.parse import parse

FORMULAS = [
    "exp(-((x - 4.3)/0.02)^2)",
    "sin(3*x)*(1 - tanh((x^2 - 20)/1e-2)^2)",
    "1e-6/((x - pi)^2 + 1e-12)",
    "exp(-(x^2 - 8.6*x + 18.49)/4e-2)",
    "cosh(x)/sinh(y + 2)",
    "x*x - y*y + (x - 5)^3",
    "1/(x - 3.3)",
    "(x - 5)^(-3)",
    "(x + 1)^y",
    "2^x - x^0.5",
    "minimum(x, y^2) + maximum(sin(x), cos(y))",
    "asin(x/20) + acos(y/30) - atan(x*y)",
    "sech((x - y)/0.1) + erf(x - y) - erfc(x)",
    "sqrt(x*y + 1) - log(x + 0.001) + abs(x - y)",
    "sign(x - 4) + step(4.05 - y) + tan(x)",
    "bessel_j0(20*x) + bessel_j1(3*x - y)",
]
COORDINATES = {"x": 0, "y": 1}


def bounds(formula, lower, upper):
    return enclosure(parse(formula), COORDINATES, {}, np.array([lower]), np.array([upper]))


def on(formula, points):
    named = {name: points[:, axis] for name, axis in COORDINATES.items()}
    with np.errstate(all="ignore"):
        return np.broadcast_to(evaluate(parse(formula), named, np), len(points))


def test_every_function_of_the_language_is_enclosed():
    said = " ".join(FORMULAS)
    assert all(f"{name}(" in said for name in FUNCTIONS)


@pytest.mark.parametrize("formula", FORMULAS)
@settings(max_examples=25)
@given(
    corner=st.tuples(st.floats(0, 10), st.floats(0, 10)),
    exponents=st.tuples(st.floats(-9, 0.5), st.floats(-9, 0.5)),
    shares=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=4),
)
def test_values_lie_within_the_bounds(formula, corner, exponents, shares):
    lower = np.array(corner)
    upper = lower + 10.0 ** np.array(exponents)
    points = np.clip(lower + np.array(shares) * (upper - lower), lower, upper)
    values = on(formula, np.vstack([lower, upper, points]))
    value = bounds(formula, lower, upper).value
    # Values are rounded too, and by more where terms cancel; bounds hold for exact ones.
    rounding = 1e-13 * np.nanmax(np.abs(values), initial=1.0)
    known = values[np.isfinite(values)]
    assert np.all(known >= value.lower - rounding)
    assert np.all(known <= value.upper + rounding)


@given(st.floats(0.5, 9.5), st.floats(-12, -1))
def test_rounding_goes_outward(middle, exponent):
    """On a box around a number the exact value, in fifty digits, lies within the bounds."""
    half = 10.0**exponent
    value = bounds(
        "exp(-((x - 4.3)/0.02)^2) + sin(300*x)/x", [middle - half, 0], [middle + half, 1]
    )
    with mpmath.workdps(50):
        x = mpmath.mpf(middle)
        exact = (
            mpmath.exp(-(((x - mpmath.mpf(4.3)) / mpmath.mpf(0.02)) ** 2)) + mpmath.sin(300 * x) / x
        )
        assert mpmath.mpf(value.value.lower[0]) <= exact <= mpmath.mpf(value.value.upper[0])


@pytest.mark.parametrize("formula", ["sin(x)*exp(-y)", "x/(1 + y^2)", "tanh(3*x - y)", "x^3*y"])
def test_slopes_lie_within_their_bounds(formula):
    rng = np.random.default_rng(0)
    lower = rng.uniform(0, 2, 2)
    upper = lower + rng.uniform(0, 1, 2)
    points = lower + (upper - lower) * rng.uniform(0.01, 0.99, (200, 2))
    found = bounds(formula, lower, upper)
    for axis, step in enumerate(np.eye(2) * 1e-6):
        slopes = (on(formula, points + step) - on(formula, points - step)) / 2e-6
        below, above = found.slopes[axis]
        assert np.all((slopes >= below - 1e-7) & (slopes <= above + 1e-7))


def test_a_square_that_is_written_out_is_enclosed_to_second_order():
    """Natural extension alone is off by the width of the box; the mean-value form by its square."""
    wide = [
        np.diff(bounds("x^2 - 8.6*x + 18.49", [4.3, 0], [4.3 + h, 1]).value, axis=0)[0, 0]
        for h in (1e-2, 1e-3)
    ]
    assert wide[1] < wide[0] / 50


@pytest.mark.parametrize(
    ("formula", "box"),
    [
        ("1/x", ([-1.0, 0.0], [1.0, 1.0])),
        ("tan(x)", ([1.0, 0.0], [2.0, 1.0])),
        ("log(x)", ([0.0, 0.0], [1.0, 1.0])),
    ],
)
def test_a_pole_has_no_bounds(formula, box):
    value = bounds(formula, *box).value
    assert not np.isfinite(value.upper - value.lower).any()
