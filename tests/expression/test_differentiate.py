import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import assume, given

from pikan.expression.differentiate import JOINT, UNARY, differentiate
from pikan.expression.evaluate import evaluate
from pikan.expression.functions import FUNCTIONS, OF_DERIVATIVES
from pikan.expression.parse import parse
from pikan.expression.tree import Call, Name, Negative, Number, Operation, names
from tests.expression.formulas import trees
from tests.expression.to_sympy import to_sympy

POINT = {"x": 0.3, "t": 0.71, "nu": 1.25, "u": 0.6, "u_xx": -0.4}
DIGITS = 60

PLAIN = {
    "abs": abs,
    "step": lambda x: mpmath.mpf(x >= 0),
    "bessel_j0": lambda x: mpmath.besselj(0, x),
    "bessel_j1": lambda x: mpmath.besselj(1, x),
    "bessel_j": lambda order, x: mpmath.besselj(int(order), x),
    "minimum": min,
    "maximum": max,
}
# What high precision raises where a formula has no finite value.
NO_VALUE = ZeroDivisionError, OverflowError, ValueError, TypeError, mpmath.libmp.NoConvergence


def precise(tree, point):
    """A slow twin of `evaluate`, in high precision."""
    match tree:
        case Number(number):
            return mpmath.mpf(number)
        case Name("pi"):
            return +mpmath.pi
        case Name(name):
            return mpmath.mpf(point[name])
        case Negative(operand):
            return -precise(operand, point)
        case Operation(operator, left, right):
            a, b = precise(left, point), precise(right, point)
            return {
                "+": lambda: a + b,
                "-": lambda: a - b,
                "*": lambda: a * b,
                "/": lambda: a / b,
                "**": lambda: a**b,
            }[operator]()
        case Call("select", (left, right, below, otherwise)):
            chosen = precise(left, point) < precise(right, point)
            return precise(below if chosen else otherwise, point)
        case Call("scaled", (weight, factor)):
            first = precise(weight, point)
            return first * precise(factor, point) if first else first
        case Call("power_log", (base, exponent, Number(count))):
            a, b = precise(base, point), precise(exponent, point)
            return a if a == 0 and b > 0 else a**b * mpmath.log(a) ** int(count)
        case Call(function, arguments):
            values = [precise(argument, point) for argument in arguments]
            return (PLAIN.get(function) or getattr(mpmath, function))(*values)


def difference(tree, point, name):
    """A central difference, good to 20 digits or so; None at kinks, poles and jumps."""
    step = mpmath.mpf(10) ** (-DIGITS // 3)
    moved = [{**point, name: mpmath.mpf(point[name]) + sign * step} for sign in (-1, 0, 1)]
    try:
        before, here, after = (precise(tree, there) for there in moved)
    except NO_VALUE:
        return None
    if not all(isinstance(each, mpmath.mpf) and abs(each) < 1e6 for each in (before, here, after)):
        return None
    left, right = (here - before) / step, (after - here) / step
    return (left + right) / 2 if abs(left - right) < 1e-9 and abs(left) < 1e6 else None


def agrees(tree, name):
    """Whether a formula's derivative is its central difference, None where that makes no sense."""
    with mpmath.workdps(DIGITS):
        expected = difference(tree, POINT, name)
        if expected is None:
            return None
        slope = differentiate(tree, name)
        try:
            found = precise(slope, POINT)
        except NO_VALUE:
            return False
        near = isinstance(found, mpmath.mpf) and abs(found - expected) <= 1e-12 * (
            1 + abs(expected)
        )
        return bool(near) and math.isfinite(evaluate(slope, POINT, np))


def bounded(tree):
    """Whether no number in the tree is so large or small that a difference of 1e-20 is lost."""
    match tree:
        case Number(number):
            return number == 0 or 1e-3 < abs(number) < 1e3
        case Name():
            return True
        case Negative(operand):
            return bounded(operand)
        case Operation(_, left, right):
            return bounded(left) and bounded(right)
        case Call(_, arguments):
            return all(map(bounded, arguments))


def moderate(tree):
    """Whether every part of the tree has a value for which high precision stays cheap."""
    parts = {Negative: lambda t: (t.operand,), Operation: lambda t: (t.left, t.right)}
    inside = {Call: lambda t: t.arguments, **parts}.get(type(tree), lambda t: ())(tree)
    return abs(evaluate(tree, POINT, np)) < 1e3 and all(map(moderate, inside))


@given(trees)
def test_the_derivative_is_the_limit_of_differences(tree):
    assume(bounded(tree) and moderate(tree))
    assert agrees(tree, "x") is not False


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_has_the_derivatives_of_its_differences(function):
    inner = "x*t - nu/9"[: None if FUNCTIONS[function] == 1 else 3]
    arguments = ", ".join([inner, "x^2"][: FUNCTIONS[function]])
    tree = parse(f"{function}({arguments})")
    for wanted in ("x", "t", "x", "x"):
        assert agrees(tree, wanted) is True
        tree = differentiate(tree, wanted)


def test_every_function_has_a_derivative():
    assert {*UNARY, *JOINT} == {*FUNCTIONS, *OF_DERIVATIVES}


@pytest.mark.parametrize(
    ("formula", "point", "derivatives"),
    [
        ("bessel_j1(x)", 0, [1 / 2, 0, -3 / 8, 0, 5 / 16]),
        ("bessel_j1(x^2)/3", 0, [0, 1 / 3]),
        ("x*sqrt(x)", 0, [0]),
        ("sqrt(x)^3", 0, [0]),
        ("sqrt(x^5)", 0, [0, 0]),
        ("sqrt(x^4)", 0, [0, 2, 0]),
        ("sqrt(x)*sqrt(x)", 0, [1, 0]),
        ("(x^3)^(1/3)", 0, [1, 0]),
        ("x^2*sqrt(abs(x))", 0, [0, 0]),
        ("abs(x)^(m - 2)*x", 0, [0]),
        ("sin(x)*sqrt(sin(x))", 0, [0]),
        ("x^1.5*sqrt(1 - x)^3", 1, [0]),
        ("x^2/(1 + sqrt(x))", 0, [0]),
        ("x^(x + 2)", 0, [0, 2]),
        ("0.5^x", 0, [-math.log(2), math.log(2) ** 2]),
        ("x^zero", 0, [0, 0]),
        ("x^one", 0, [1, 0, 0]),
        ("x^two", 0, [0, 2, 0]),
        ("minimum(1/x, 10)", 0, [0, 0]),
        ("maximum(log(x), -5)", 0, [0, 0]),
        ("maximum(sqrt(x), 1 + x)", -1 / 2, [1, 0]),
        ("exp(-1/x^2)", 0, [0, 0, 0]),
        ("exp(-1/(1 - x^2))*x", 1, [0, 0]),
        ("tanh(1/x^2) + erf(1/x^2) - erfc(1/x^4) + sech(1/x)", 0, [0, 0]),
        ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", 500, [0, 0]),
        ("1e-200/(1e-200 + 1e-200*x^2)", 1, [-1 / 2, 1 / 2]),
    ],
)
def test_a_derivative_is_finite_where_it_has_a_value(formula, point, derivatives):
    tree = parse(formula)
    constants = {"zero": 0.0, "one": 1.0, "two": 2.0, "m": 2.5}
    for expected in derivatives:
        tree = differentiate(tree, "x")
        for library in (np, torch):
            x = library.asarray([point], dtype=library.float64)
            found = evaluate(tree, {**constants, "x": x}, library)
            assert float(np.ravel(found)[0]) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        "x^x",
        "2^x",
        "(x*t)^(x + 1)",
        "x/(1 + t*x)^3",
        "1/x",
        "x^-2",
        "e^(x*t)",
        "sqrt(x)^3",
        "x^0.5",
    ],
)
def test_second_derivatives_agree_with_an_independent_algebra(formula):
    import sympy

    tree = parse(formula)
    found = evaluate(differentiate(differentiate(tree, "x"), "t"), POINT, np)
    oracle = sympy.diff(to_sympy(tree), sympy.Symbol("x", real=True), sympy.Symbol("t", real=True))
    exact = {sympy.Symbol(name, real=True): sympy.Rational(repr(v)) for name, v in POINT.items()}
    # Rounding of a handful of operations.
    assert found == pytest.approx(float(oracle.subs(exact).evalf(30)), rel=1e-13, abs=1e-14)


@pytest.mark.parametrize(
    ("formula", "name", "derivative"),
    [
        ("u_t + u*u_x - nu*u_xx", "u_x", "u"),
        ("u_t + u*u_x - nu*u_xx", "u_xx", "-nu"),
        ("u_t + u*u_x - nu*u_xx", "u_t", "1"),
        ("u^3", "u", "3*u^2"),
        ("sin(x)*u", "u", "sin(x)"),
        ("u/2 + x", "u", "1/2"),
        ("pi^2*x", "u", "0"),
        ("(x - u)*3", "u", "-3"),
    ],
)
def test_derivatives_are_folded(formula, name, derivative):
    assert differentiate(parse(formula), name) == parse(derivative)


def test_a_derivative_by_an_absent_name_is_zero():
    assert differentiate(parse("exp(x^2)*log(t)/erf(x)"), "u") == Number(0.0)


def test_powers_of_zero_stay_finite():
    for formula in ("x^2", "x^1", "(x - 0)^3"):
        slope = evaluate(differentiate(parse(formula), "x"), {"x": 0.0}, np)
        assert slope == (1.0 if formula == "x^1" else 0.0)


def test_a_long_product_can_be_differentiated_twice():
    tree = parse("*".join(["x"] * 20))
    twice = differentiate(differentiate(tree, "x"), "x")
    assert evaluate(twice, {"x": 1.0}, np) == 20 * 19
    assert names(twice) == {"x"}
