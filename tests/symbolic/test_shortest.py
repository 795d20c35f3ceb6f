"""Formulas as they come off a network are given in the form that people write."""

import numpy as np
import pytest
import sympy

from pikan.symbolic.refit import ConstantSamples
from pikan.symbolic.shortest import shortest

A, B, C = symbols = sympy.symbols("a b c", real=True)
CASES = {
    "-0.612616297945603*(-0.408085780346311*a + b + 0.408085780346311)**2"
    " + 0.612616297945603*(0.408085780346311*a + b - 0.408085780346311)**2": A * B - B,
    "-0.438968967495268*(-a + 0.569516340588916*log(b))**2"
    " + 0.438968967495268*(a + 0.569516340588916*log(b))**2": A * sympy.log(B),
    "1/2 - tanh(log(a)/2 + log(b)/2)/2": 1 / (1 + A * B),
    "0.189596998292098*a*exp(-2*atanh(0.379193996584197*b - 1)) - 0.810403001707902*Abs(a)": A / B
    - A,
    "2*sqrt(a)*cos(b) + a + 2*cos(b)**2 - cos(2*b)": 1 + A + 2 * sympy.sqrt(A) * sympy.cos(B),
    "sqrt(a**2*c**2 + b**2*c**2)/(4*pi)": C * sympy.sqrt(A**2 + B**2) / (4 * sympy.pi),
}


def samples(expression, lower, upper):
    inputs = np.random.default_rng(0).uniform(lower, upper, (300, 3))
    values = sympy.lambdify(symbols, expression, "numpy")(*inputs.T)
    return ConstantSamples(symbols, inputs, values[:, None])


@pytest.mark.parametrize("text", CASES)
def test_a_formula_is_given_in_its_shortest_equal_form(text):
    given = sympy.sympify(text, locals={one.name: one for one in symbols})
    found = shortest(given, samples(CASES[text], 0.6, 3.0))
    assert sympy.simplify(found - CASES[text]) == 0
    assert sympy.count_ops(found) <= sympy.count_ops(CASES[text]) + 1


def test_no_form_is_taken_that_leaves_more_of_the_values():
    given = 0.3137 * sympy.sin(1.7312 * A) + 0.01234 * B
    found = shortest(given, samples(given, -1.0, 1.0))
    values = [sympy.lambdify(symbols, one)(0.3, 0.4, 0.5) for one in (given, found)]
    assert values[0] == pytest.approx(values[1], rel=1e-12)


def test_sizes_stay_where_their_inside_changes_its_sign():
    given = 1.0 * sympy.Abs(A) + B
    found = shortest(given, samples(given, -1.0, 1.0))
    assert found.has(sympy.Abs)
