"""Numbers are recognized where their digits suffice, and left alone otherwise."""

from math import exp, pi, sqrt

import numpy as np
import pytest
import sympy

from pikan.symbolic.constants import recognize
from pikan.symbolic.refit import ConstantSamples, refit_constants, values_at


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (pi, "pi"),
        (-(pi**2) / 10, "-pi**2/10"),
        (sqrt(2), "sqrt(2)"),
        (0.1, "1/10"),
        (1 / 24, "1/24"),
        (2 * pi, "2*pi"),
        (1 / sqrt(2 * pi), "sqrt(2)/(2*sqrt(pi))"),
        (-3.0, "-3"),
    ],
)
def test_known_numbers_are_recognized_by_eight_digits(value, name):
    assert str(recognize(value * (1 + 1e-9), 1e-8 * abs(value))) == name


def test_numbers_are_hardly_ever_recognized_by_chance():
    values = np.random.default_rng(0).uniform(0.5, 5.0, 300)
    for tolerance in (1e-2, 1e-4, 1e-6):
        found = sum(recognize(float(value), tolerance) is not None for value in values)
        assert found <= 0.06 * len(values)


def known(expression: sympy.Expr, error: float = 0.0) -> ConstantSamples:
    x = sympy.Symbol("x", real=True)
    inputs = np.linspace(-1, 1, 200)[:, None]
    values = values_at(expression, (x,), inputs)
    return ConstantSamples((x,), inputs, (values + error * np.cos(37 * inputs[:, 0]))[:, None])


@pytest.mark.parametrize("error", [0.0, 1e-9, 1e-6])
def test_an_expression_is_refit_and_its_numbers_are_recognized(error):
    x = sympy.Symbol("x", real=True)
    truth = sympy.exp(-sympy.pi * x / 2) + sympy.Rational(1, 3)
    started = sympy.Float(0.9) * sympy.exp(-sympy.Float(1.6) * x) + sympy.Float(0.4)
    assert refit_constants(started, known(truth, error)) == truth


def test_numbers_that_mean_nothing_are_left_as_they_are():
    x = sympy.Symbol("x", real=True)
    truth = sympy.Float(1.2345678) * sympy.sin(sympy.Float(exp(0.3)) * x)
    started = sympy.Float(1.0) * sympy.sin(sympy.Float(1.2) * x)
    found = refit_constants(started, known(truth))
    assert sorted(float(n) for n in found.atoms(sympy.Float)) == pytest.approx(
        [1.2345678, exp(0.3)], rel=1e-12
    )
