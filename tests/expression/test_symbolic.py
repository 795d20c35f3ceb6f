import numpy as np
import pytest
import sympy

from pikan.expression.evaluate import evaluate
from pikan.expression.functions import FUNCTIONS
from pikan.expression.parse import parse
from pikan.expression.symbolic import to_sympy


@pytest.mark.parametrize("function", sorted(set(FUNCTIONS) - {"laplacian"}))
def test_sympy_gives_every_function_the_same_value(function):
    arguments = ", ".join(["x/3", "0.5 - x"][: FUNCTIONS[function]])
    tree = parse(f"2*{function}({arguments})^2 - x/7")
    for x in (-1.25, 0.5):
        ours = evaluate(tree, {"x": complex(x).real}, np)
        if np.isfinite(ours):
            symbolic = to_sympy(tree).subs(sympy.Symbol("x", real=True), sympy.Rational(x))
            assert ours == pytest.approx(float(symbolic.evalf(30)), rel=1e-14)


def test_whole_numbers_stay_exact():
    assert to_sympy(parse("1/3 + 1/6")) == sympy.Rational(1, 2)


def test_the_laplacian_stays_a_name():
    assert str(to_sympy(parse("laplacian(u) + 1"))) == "laplacian(u) + 1"


def test_constants_are_sympys():
    assert to_sympy(parse("sin(pi) + log(e)")) == 1


def test_a_minus_is_a_minus():
    x, t = sympy.symbols("x t", real=True)
    assert to_sympy(parse("-x - -t*x")) == -x + t * x
    assert to_sympy(parse("-0.5")) == sympy.Float("-0.5")
