import math

import numpy as np
import pytest
from hypothesis import given

from pikan.expression.evaluate import evaluate
from pikan.expression.parse import parse
from pikan.expression.tree import Name, Number, fold, names, operands, size, substitute, text
from tests.expression.formulas import trees

POINT = {"x": 0.3, "t": -0.7, "nu": 1.25, "u": 2.0, "u_xx": -3.5}


def finite_inside(tree):
    """Whether no part of the formula overflows or divides by zero, which folding may remove."""
    inside = all(map(finite_inside, operands(tree)))
    return inside and math.isfinite(evaluate(tree, POINT, np))


@given(trees)
def test_folding_keeps_the_value_and_never_grows_a_formula(tree):
    small = fold(tree)
    assert size(small) <= size(tree)
    assert names(small) <= names(tree)
    if finite_inside(tree):
        before, after = evaluate(tree, POINT, np), evaluate(small, POINT, np)
        # Folding moves signs only, and computes with the same numbers.
        assert after == pytest.approx(before, rel=1e-9, abs=1e-12)


@given(trees)
def test_substituting_values_is_evaluating(tree):
    numbers = {name: Number(number) for name, number in POINT.items()}
    constant = substitute(tree, numbers)
    assert names(constant) <= {"pi"}
    before, after = evaluate(tree, POINT, np), evaluate(constant, {}, np)
    assert after == before or (math.isnan(after) and math.isnan(before))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("0 + x", "x"),
        ("x*1 + 0*t", "x"),
        ("1*x + t*0", "x"),
        ("x*(-1)", "-x"),
        ("(-x)*t", "-(x*t)"),
        ("(-x)/t", "-(x/t)"),
        ("x/1", "x"),
        ("1.5/4", "0.375"),
        ("1.5/-4", "-0.375"),
        ("7/2", "7/2"),
        ("3 - 5", "-2"),
        ("x - 0", "x"),
        ("0 - x", "-x"),
        ("x - (-t)", "x + t"),
        ("2^10", "1024"),
        ("2^0.5*x", "1.4142135623730951*x"),
        ("-(2 - 5)", "3"),
        ("0/x", "0"),
        ("x - x", "0"),
        ("2*3 + 4", "10"),
        ("1/3", "1/3"),
        ("6/3", "2"),
        ("1/0", "1/0"),
        ("x^1", "x"),
        ("x^0", "1"),
        ("0^-1", "0**(-1)"),
        ("(-8)^0.5", "(-8)**0.5"),
        ("10^100^1", "1e+100"),
        ("x + (-t)", "x - t"),
        ("-(-x)", "x"),
        ("(-1)*x", "-x"),
        ("x*(-t)", "-(x*t)"),
    ],
)
def test_folding(formula, expected):
    assert text(fold(parse(formula))) == expected


@pytest.mark.parametrize(
    "formula",
    [
        "x*(-t)",
        "x - (-t)",
        "2**(-x)",
        "(-x)**2",
        "-x**2",
        "-(x + t)",
        "-(x*t)",
        "-x*t",
        "-2*x",
        "x - (t - u)",
        "x - t - u",
        "x/(t/u)",
        "x/t/u",
        "x/(t*u)",
        "(x**t)**u",
        "x**t**u",
        "(x + t)*u",
        "x + t*u",
        "minimum(x, t + 1)",
    ],
)
def test_parentheses_are_written_where_they_are_needed(formula):
    assert text(parse(formula)) == formula


def test_substitution_is_simultaneous():
    swapped = substitute(parse("x - t"), {"x": Name("t"), "t": Name("x")})
    assert text(swapped) == "t - x"


def test_names_are_all_names_and_no_functions():
    assert names(parse("sin(pi*x) + u_xx*nu")) == {"pi", "x", "u_xx", "nu"}


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (999999999999999.0, "999999999999999"),
        (-999999999999999.0, "-999999999999999"),
        (1e15, "1000000000000000.0"),
        (0.5, "0.5"),
        (-0.0, "0"),
    ],
)
def test_whole_numbers_are_shown_without_a_point_while_all_their_digits_are_known(number, shown):
    assert text(Number(number)) == shown
