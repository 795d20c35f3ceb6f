"""The smallest part of a formula without a value is named, with what leaves it without one."""

import numpy as np
import pytest

from pikan.expression.parse import parse
from pikan.expression.undefined_parts import undefined_part

VALUES = {"x": np.array([1.0, 2.0, 3.0]), "u": np.array([0.25, -0.5, -1.0]), "a": 2.0}


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("a + x*u^1.5 - 3", "u^1.5 has no value where u = -0.5"),
        ("sqrt(a*u + x) + log(u)", "log(u) has no value where u = -0.5"),
        ("exp(sqrt(x - a))", "sqrt(x - a) has no value where a = 2 and x = 1"),
        ("x/(a - x)", "x/(a - x) has no value where a = 2 and x = 2"),
        ("u + log(0)", "log(0) has no value"),
    ],
)
def test_the_first_part_without_a_value_is_named(formula, sentence):
    assert undefined_part(parse(formula), VALUES) == sentence


def test_formulas_that_have_values_are_passed_over():
    assert undefined_part(parse("x^1.5 + abs(u)^0.5 + log(a)"), VALUES) is None
